// A chart over time, as elements; a click on it leads to the runs of that time.
import { useState } from "preact/hooks";
import { timeTicks } from "./histogram";

export interface Series {
  label: string;
  values: (number | null)[];
  color: string; // name of a CSS variable
  line?: boolean;
  dash?: number[];
}

const TALL = 100;

/** Where a value stands, from 0 at the foot to 1 at the top, and the marks of the axis. */
interface Scale {
  at: (v: number) => number;
  marks: number[];
}

function linear(most: number): Scale {
  const top = most > 0 ? most * 1.05 : 1;
  return { at: (v) => v / top, marks: most > 0 ? [0, most / 2, most] : [0] };
}

function logarithmic(least: number, most: number): Scale {
  const low = Math.max(0, Math.floor(Math.log10(Math.max(least, 1))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(most, 10))));
  const step = Math.ceil((high - low) / 4);
  const marks: number[] = [];
  for (let p = low; p <= high; p += step) marks.push(10 ** p);
  return { at: (v) => (Math.log10(Math.max(v, 10 ** low)) - low) / (high - low), marks };
}

interface Props {
  title: string;
  note: preact.ComponentChildren;
  times: number[];
  series: Series[];
  format: (v: number) => string;
  log?: boolean;
  pick: (i: number) => void;
}

/** Stacked bars, or lines; `series` from the foot up. */
export function Chart({ title, note, times, series, format, log, pick }: Props) {
  const [here, point] = useState(-1);
  const n = times.length;
  const stacked = stack(series);
  const all = stacked.flatMap((s) => s.values.filter((v) => v != null));
  const most = Math.max(0, ...all);
  const scale = log ? logarithmic(Math.min(most, ...all), most) : linear(most);
  const from = times[0]!;
  const width = (times[1] ?? from + 1) - from;
  const until = from + width * n;
  const y = (v: number): number => TALL * (1 - scale.at(v));
  const place = (e: MouseEvent): number => {
    const box = (e.currentTarget as Element).getBoundingClientRect();
    return Math.max(0, Math.min(n - 1, Math.floor(((e.clientX - box.left) / box.width) * n)));
  };
  const told = series.flatMap((s) => (s.values[here] == null ? [] : [`${s.label} ${format(s.values[here])}`]));
  return (
    <div class="tile">
      <h3>{title}<span>{here < 0 ? note : told.join(" · ") || "no runs"}</span></h3>
      <div class="ch" role="img" aria-label={`${title} over time: ${series.map((s) => `${s.label}, at most ${format(Math.max(0, ...s.values.map((v) => v ?? 0)))}`).join("; ")}`}>
        <div class="plot">
          {scale.marks.map((v) => <span class="mark" key={v} style={{ top: `${y(v)}%` }}><span class="faint">{format(v)}</span></span>)}
          <svg viewBox={`0 0 ${n} ${TALL}`} preserveAspectRatio="none" onClick={(e) => pick(place(e))} onMouseMove={(e) => point(place(e))} onMouseLeave={() => point(-1)}>
            <rect class="over" x={here} width={here < 0 ? 0 : 1} height={TALL} />
            {[...stacked].reverse().map((s) => (s.line ? <Line key={s.label} s={s} y={y} /> : <Bars key={s.label} s={s} y={y} />))}
          </svg>
          {timeTicks(from, until).map((k) => <span class="tick faint" key={k.t} style={{ left: `${((k.t - from) / (until - from)) * 100}%` }}>{k.label}</span>)}
        </div>
      </div>
    </div>
  );
}

function Bars({ s, y }: { s: Series; y: (v: number) => number }) {
  const d = s.values.map((v, i) => (v ? `M${i + 0.06} ${TALL}V${y(v).toFixed(2)}h.88V${TALL}z` : "")).join("");
  return <path d={d} style={{ fill: `var(${s.color})` }} />;
}

/** A line that breaks where nothing is known, with a dot at each value: the dots of a dot alone would else not be seen. */
function Line({ s, y }: { s: Series; y: (v: number) => number }) {
  const at = (v: number, i: number): string => `${i + 0.5} ${y(v).toFixed(2)}`;
  const line = s.values.map((v, i) => (v == null ? "" : `${s.values[i - 1] == null ? "M" : "L"}${at(v, i)}`)).join("");
  const dots = s.values.map((v, i) => (v == null ? "" : `M${at(v, i)}h0`)).join("");
  const style = { stroke: `var(${s.color})` };
  return (
    <>
      <path class="ln" d={line} style={style} stroke-dasharray={s.dash?.join(" ")} />
      <path class="ln dots" d={dots} style={style} />
    </>
  );
}

function stack(series: Series[]): Series[] {
  const base: number[] = [];
  return series.map((s) => (s.line ? s : { ...s, values: s.values.map((v, i) => (base[i] = (base[i] ?? 0) + (v ?? 0))) }));
}
