// A chart over time, drawn by uPlot; a click on it leads to the runs of that time.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { timeTicks } from "./histogram";
import { useWidth } from "./width";

export interface Series {
  label: string;
  values: (number | null)[];
  color: string; // name of a CSS variable
  line?: boolean;
  dash?: number[];
}

const variable = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Stacked bars, or lines; `series` from the foot up. */
export function Chart({ title, note, times, series, format, log, theme, pick }: { title: string; note: preact.ComponentChildren; times: number[]; series: Series[]; format: (v: number) => string; log?: boolean; theme: string; pick: (i: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth();
  useEffect(() => {
    const at = box.current!;
    const stacked = stack(series);
    const ink = variable("--ink-3");
    const ticks = timeTicks(times[0]!, times.at(-1)! + (times[1] ?? 0) - times[0]!).slice(0, 9);
    const axis = { stroke: ink, grid: { stroke: variable("--line"), width: 1 }, ticks: { show: false }, font: `10px ${variable("--sans")}` };
    const plot = new uPlot(
      {
        width: at.clientWidth, height: 128, padding: [8, 2, 0, 2], legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
        scales: { x: { time: true }, y: { distr: log ? 3 : 1, range: (_u, lo, hi) => (log ? [Math.max(1, 10 ** Math.floor(Math.log10(Math.max(lo || 1, 1)))), 10 ** Math.ceil(Math.log10(Math.max(hi || 10, 10)))] : [0, hi > 0 ? hi * 1.05 : 1]) } },
        axes: [{ ...axis, size: 20, gap: 2, splits: () => ticks.map((k) => k.t / 1000), values: () => ticks.map((k) => k.label) }, { ...axis, size: 54, gap: 3, filter: log ? (_u, v) => v.map((n) => (n != null && Number.isInteger(+Math.log10(n).toFixed(9)) ? n : null)) : undefined, grid: log ? { ...axis.grid, filter: (_u: uPlot, v: number[]) => v.map((n) => (Number.isInteger(+Math.log10(n).toFixed(9)) ? n : null)) } : axis.grid, splits: log ? undefined : (_u, _i, _lo, hi) => [0, hi / 2.1, hi / 1.05], values: (_u, v) => v.map((n) => (n == null ? "" : format(n))) }],
        series: [
          {},
          ...[...stacked].reverse().map((s) =>
            s.line
              ? { stroke: variable(s.color), width: 1.6, dash: s.dash, points: { show: true, size: 3.5, fill: variable(s.color), width: 0 }, spanGaps: false }
              : { stroke: variable(s.color), fill: variable(s.color), width: 0, points: { show: false }, paths: uPlot.paths.bars!({ size: [0.88, 60], align: 1 }) },
          ),
        ],
      },
      [times.map((t) => t / 1000), ...[...stacked].reverse().map((s) => s.values)] as uPlot.AlignedData,
      at,
    );
    plot.over.addEventListener("click", () => plot.cursor.idx != null && pick(plot.cursor.idx));
    return () => plot.destroy();
  }, [series.map((s) => s.values.join()).join("|"), times.join(), width, theme]);
  return (
    <div class="tile">
      <h3>{title}<span>{note}</span></h3>
      <div class="ch" ref={box} role="img" aria-label={`${title} over time: ${series.map((s) => `${s.label}, at most ${format(Math.max(0, ...s.values.map((v) => v ?? 0)))}`).join("; ")}`} />
    </div>
  );
}

function stack(series: Series[]): Series[] {
  const base: number[] = [];
  return series.map((s) => (s.line ? s : { ...s, values: s.values.map((v, i) => (base[i] = (base[i] ?? 0) + (v ?? 0))) }));
}
