// The time axis of a run: where a moment stands in percent, idle gaps folded, zoomed to a window.
import type { Run } from "./run";
import type { Step } from "./step";
import { niceStep } from "./units";

export interface Axis {
  X: (t: number) => number; // percent; beyond 0 and 100 when zoomed
  gaps: [number, number][]; // those that are folded
  all: [number, number][];
  from: number;
  to: number;
  ticks: number[];
}

/** When a retry's wait was over: only if the log tells `wait_ms`, since nothing is drawn as waiting without it. */
export const waitEnd = (x: Step, r: Step): number => Math.min(x.t + x.ms, r.t + r.wait);

export function axis(run: Run, foldIdle: boolean, zoom: [number, number] | null): Axis {
  const all = idle(run);
  const gaps = foldIdle ? all : [];
  const from = zoom ? zoom[0] : 0;
  const to = zoom ? Math.max(zoom[1], zoom[0] + 0.01) : run.dur;
  const cut = Math.max(run.dur - all.reduce((n, [a, b]) => n + b - a, 0), 1) * 0.03;
  const squeeze = (t: number): number => {
    let y = t;
    for (const [a, b] of gaps) {
      const kept = Math.min(cut, b - a);
      if (t >= b) y -= b - a - kept;
      else if (t > a) y -= (t - a) * (1 - kept / (b - a));
    }
    return y;
  };
  const y0 = squeeze(from);
  const span = Math.max(squeeze(to) - y0, 1e-6);
  const X = (t: number): number => Math.max(-5, Math.min(105, ((squeeze(t) - y0) / span) * 100));
  return { X, gaps, all, from, to, ticks: ticks(X, gaps, from, to, span) };
}

function ticks(X: (t: number) => number, gaps: [number, number][], from: number, to: number, span: number): number[] {
  const step = niceStep(span);
  const out: number[] = [];
  let at = -99;
  for (let t = Math.ceil(from / step - 1e-9) * step, n = 0; t < to - span * 0.015 && n < 400; t += step, n++) {
    const x = X(t);
    if (gaps.some((g) => t > g[0] && t < g[1]) || x - at < 9) continue;
    out.push(t);
    at = x;
  }
  return out;
}

/** Gaps in which no model and no tool works. */
function idle(run: Run): [number, number][] {
  const busy: [number, number][] = [];
  let isOrdered = true;
  for (const x of run.busy) {
    const r = x.kids.find((k) => k.kind === "retry");
    if (r && r.wait) {
      busy.push([x.t, r.t], [waitEnd(x, r), x.t + x.ms]);
      isOrdered = false;
    } else busy.push([x.t, x.t + x.ms]);
  }
  if (!isOrdered) busy.sort((a, b) => a[0] - b[0]);
  const gaps: [number, number][] = [];
  let end = 0;
  for (const [a, b] of busy) {
    if (a - end > run.dur * 0.045 && a - end > 400) gaps.push([end, a]);
    end = Math.max(end, b);
  }
  return gaps;
}

/** A step's own time: without that of the steps in it. */
export function ownTime(x: Step): number {
  const spans = x.kids.filter((k) => !k.point).map((k): [number, number] => [Math.max(k.t, x.t), Math.min(k.t + k.ms, x.t + x.ms)]);
  spans.sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let end = -Infinity;
  for (const [a, b] of spans) {
    if (b <= end) continue;
    covered += b - Math.max(a, end);
    end = b;
  }
  return Math.max(0, x.ms - covered);
}
