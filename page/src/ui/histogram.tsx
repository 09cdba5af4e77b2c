// Runs over time: failed ones at the foot of each bar, a span to be brushed.
import { useRef, useState } from "preact/hooks";
import type { Row } from "../data/wire";
import { bins, extent, failed } from "../model/stats";
import { clock, dayOf, dayStart, monthOf } from "../model/units";
import { route, set, store } from "./state";

const HEIGHT = 41;

/** Where days, hours or minutes begin, so that a handful of them fit. */
export function timeTicks(from: number, until: number): { t: number; label: string }[] {
  const span = until - from;
  const out: { t: number; label: string }[] = [];
  if (span > 1.6 * 8.64e7) {
    const days = Math.max(1, Math.ceil(span / 8.64e7 / 8));
    for (let t = dayStart(from) + 8.64e7, n = 0; t < until; t += 8.64e7, n++) if (n % days === 0) out.push({ t: dayStart(t + 4e6), label: `${dayOf(t + 4e6)} ${monthOf(t + 4e6)}` });
  } else {
    const step = [6e4, 3e5, 6e5, 1.8e6, 3.6e6, 7.2e6, 1.44e7, 2.16e7].find((s) => span / s <= 8) ?? 2.16e7;
    const zero = dayStart(from);
    for (let t = zero + Math.ceil((from - zero) / step) * step; t < until; t += step) out.push({ t, label: t === dayStart(t) ? dayOf(t) : clock(t) });
  }
  return out;
}

export function Histogram({ rows }: { rows: readonly Row[] }) {
  const [drag, dragged] = useState<[number, number] | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const [from, until] = extent(rows, store().now);
  const n = 132;
  const bars = bins(rows, from, until, n).map((b) => {
    const bad = b.rows.filter(failed).length;
    return [b.rows.length - bad, bad] as const;
  });
  const most = Math.max(4, ...bars.map((b) => b[0] + b[1]));
  const at = (t: number): number => ((t - from) / (until - from)) * 100;
  const share = (e: PointerEvent): number => {
    const r = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (e.clientX - r.left) / r.width));
  };
  const time = (part: number): number => from + part * (until - from);
  const span = drag ? ([time(Math.min(...drag)), time(Math.max(...drag))] as const) : route().span;
  const label = `${rows.length} runs over time, ${bars.reduce((k, b) => k + b[1], 0)} of them failed; the most in one bar are ${Math.max(...bars.map((b) => b[0] + b[1]))}`;
  return (
    <div
      class="hist" ref={box}
      onPointerDown={(e) => { box.current!.setPointerCapture(e.pointerId); dragged([share(e), share(e)]); }}
      onPointerMove={(e) => drag && dragged([drag[0], share(e)])}
      onPointerUp={(e) => {
        if (!drag) return;
        const [a, b] = [Math.min(drag[0], share(e)), Math.max(drag[0], share(e))];
        dragged(null);
        set({ span: b - a < 0.004 ? null : [time(a), time(b)] });
      }}
    >
      <svg viewBox={`0 0 ${n} 58`} preserveAspectRatio="none" role="img" aria-label={label}>
        {bars.map(([fine, bad], i) => {
          const e = (bad / most) * HEIGHT;
          const a = (fine / most) * HEIGHT;
          return (
            <g key={i}>
              {bad > 0 && <rect class="f-err" x={i + 0.08} width={0.84} y={HEIGHT - e} height={e} />}
              {fine > 0 && <rect class="f-faint" x={i + 0.08} width={0.84} y={Math.max(0, HEIGHT - e - a - (bad ? 1 : 0))} height={a} />}
            </g>
          );
        })}
      </svg>
      {timeTicks(from, until).map((k) => (
        <span class="tick faint" key={k.t} style={{ left: `${at(k.t)}%` }}>{k.label}</span>
      ))}
      <span class="most faint hidep">most {most} a bar</span>
      {span && (
        <div class="brush" style={{ left: `${at(span[0])}%`, width: `${Math.max(0.2, at(span[1]) - at(span[0]))}%` }} />
      )}
    </div>
  );
}
