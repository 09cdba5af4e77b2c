// The whole run in one line: a lane for each agent, failures and retries marked, prompt sizes below. Click to jump, drag to zoom.
import { useMemo, useRef, useState } from "preact/hooks";
import type { Axis } from "../model/axis";
import type { Run } from "../model/run";
import { bad, fails, type Step } from "../model/step";
import { fms, ftok, tickLabel } from "../model/units";

interface Piece {
  a: number;
  b: number;
  cls: string;
}

const FINEST = 0.12; // percent; finer pieces are joined
const MOST_LANES = 5;
const MOST_MARKS = 120;

/** Agents that never work at once share a lane. */
function lanes(run: Run): Map<number, number> {
  const ends: number[] = [Infinity];
  const of = new Map<number, number>([[0, 0]]);
  for (const x of run.agents) {
    let lane = ends.findIndex((end, i) => i > 0 && end <= x.t);
    if (lane < 0) lane = ends.length < MOST_LANES ? ends.length : MOST_LANES - 1;
    ends[lane] = Math.max(ends[lane] === Infinity ? 0 : (ends[lane] ?? 0), x.t + x.ms);
    of.set(x.no, lane);
  }
  return of;
}

function pieces(steps: Step[], X: (t: number) => number): Piece[] {
  const out: Piece[] = [];
  for (const x of steps) {
    const a = X(x.t);
    const b = Math.max(X(x.t + x.ms), a + FINEST);
    const cls = bad(x) ? "err" : x.kind === "llm" ? "llm" : x.kind === "tool" ? "tool" : "ret";
    const before = out.at(-1);
    if (before && a - before.b < FINEST && (b - a < FINEST * 2 || before.b - before.a < FINEST * 2) && (before.cls === cls || (before.cls !== "err" && cls !== "err"))) before.b = Math.max(before.b, b);
    else out.push({ a, b, cls });
  }
  return out;
}

export function Strip({ run, A, step, zoom, jump, version }: { run: Run; A: Axis; step: number | null; zoom: (z: [number, number] | null) => void; jump: (t: number) => void; version: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [drag, dragged] = useState<[number, number] | null>(null);
  const drawn = useMemo(() => draw(run, A), [run, A, version]);
  // Hundreds of marks, which a step of the cursor does not change.
  const picture = useMemo(() => (
    <svg viewBox="0 0 100 52" preserveAspectRatio="none" role="img" aria-label={drawn.label}>
      {drawn.bands.map((b) => <rect x={b.a} width={Math.max(0, b.b - b.a)} y={b.y} height={drawn.height} class={`f-lane-${b.cls}`} />)}
      {drawn.lanes.flatMap((lane) => lane.pieces.map((p) => <rect x={p.a} width={Math.max(FINEST, p.b - p.a - 0.06)} y={lane.y} height={drawn.height} class={`f-${p.cls}`} />))}
      {drawn.prompts.map((p) => <><rect x={p.a} width={p.w} y={50 - p.h} height={p.h} class="f-line-2" /><rect x={p.a} width={p.w} y={50 - p.h} height={p.fresh} class="f-ink-3" /></>)}
    </svg>
  ), [drawn]);
  const chosen = step === null ? undefined : run.steps.get(step);
  const share = (e: PointerEvent): number => {
    const r = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(100, ((e.clientX - r.left - 12) / Math.max(1, r.width - 24)) * 100));
  };
  const time = (percent: number): number => {
    // X grows with time: halving finds the moment, folded gaps and all.
    let [a, b] = [A.from, A.to];
    for (let i = 0; i < 50; i++) [a, b] = A.X((a + b) / 2) < percent ? [(a + b) / 2, b] : [a, (a + b) / 2];
    return a;
  };
  return (
    <div
      class="strip" ref={box} title={drawn.title}
      onPointerDown={(e) => { box.current!.setPointerCapture(e.pointerId); dragged([share(e), share(e)]); }}
      onPointerMove={(e) => drag && dragged([drag[0], share(e)])}
      onPointerUp={(e) => {
        if (!drag) return;
        const [a, b] = [Math.min(drag[0], share(e)), Math.max(drag[0], share(e))];
        dragged(null);
        if (b - a < 0.6) jump(time(b));
        else zoom([time(a), time(b)]);
      }}
      onDblClick={() => zoom(null)}
    >
      {picture}
      <div class="marks">
        {drawn.marks.map((m) => <span class={m.cls} style={{ left: `${m.x}%`, marginLeft: m.x > 97 ? "-15px" : "0" }}>{m.sign}</span>)}
        {chosen && <i class="win" style={{ left: `${Math.max(0, A.X(chosen.t))}%`, width: `${Math.max(0.15, A.X(chosen.t + chosen.ms) - Math.max(0, A.X(chosen.t)))}%` }} />}
        {drag && <i class="win zoomed" style={{ left: `${Math.min(...drag)}%`, width: `${Math.abs(drag[1] - drag[0])}%` }} />}
        {A.ticks.filter((t) => t > 0).map((t) => <span class="tk faint" style={{ left: `${A.X(t)}%` }}>{tickLabel(t)}</span>)}
        {A.gaps.map((g) => <><i class="bk" style={{ left: `${A.X(g[0])}%`, width: `${A.X(g[1]) - A.X(g[0])}%` }} /><span class="gap faint" style={{ left: `${A.X(g[1])}%` }}>{fms(g[1] - g[0])} idle, folded</span></>)}
      </div>
    </div>
  );
}

function draw(run: Run, A: Axis) {
  const laneOf = lanes(run);
  const used = Math.max(1, ...[...laneOf.values()].map((n) => n + 1));
  const height = Math.min(9, 27 / used);
  const y = (lane: number): number => 5 + lane * (height + 1.5);
  const isInside = (x: Step): boolean => x.t + x.ms >= A.from && x.t <= A.to;
  const by: Step[][] = Array.from({ length: used }, () => []);
  for (const x of run.busy) if (isInside(x)) by[laneOf.get(x.agent?.no ?? 0) ?? 0]!.push(x);
  const top = run.llms.filter((x) => !x.agent && x.tin >= 0 && isInside(x));
  const most = top.reduce((n, x) => Math.max(n, x.tin), 1);
  const marked = run.all.filter((x) => (fails(x) || x.retried || x.kind === "interrupt" || x.kind === "retry" || x.kind === "denied") && isInside(x)).slice(0, MOST_MARKS);
  const agents = run.agents.filter(isInside).slice(0, 400);
  return {
    height,
    lanes: by.map((steps, i) => ({ y: y(i), pieces: pieces(steps, A.X) })),
    bands: agents.map((x) => ({ a: A.X(x.t), b: A.X(x.t + x.ms), y: y(laneOf.get(x.no)!), cls: x.lane })),
    prompts: thin(top, A).map((x) => {
      const h = (x.tin / most) * 12;
      return { a: A.X(x.t), w: Math.max(0.1, A.X(x.t + x.ms) - A.X(x.t) - 0.06), h, fresh: x.cached ? h * (1 - x.cached / Math.max(1, x.tin)) : 0 };
    }),
    marks: marked.map((x) => ({ x: A.X(x.t + (x.point ? 0 : x.ms)), cls: fails(x) ? "k-err" : x.kind === "interrupt" ? "k-interrupt" : "k-retry", sign: fails(x) ? "✕" : x.kind === "interrupt" ? "❚❚" : x.kind === "denied" ? "⊘" : "↻" })),
    title: `Above: who worked when, one lane for each agent. Below: the size of each prompt, its fresh part dark, up to ${ftok(most)} tokens. Click: the step there. Drag: zoom; double click: the whole run.`,
    label: `the whole run: ${run.llms.length} model calls, ${agents.length} agents, ${marked.length} failures, retries, denials and questions`,
  };
}

const thin = (steps: Step[], A: Axis): Step[] => {
  let at = -1;
  return steps.filter((x) => {
    const a = A.X(x.t);
    if (a - at < FINEST) return false;
    at = a;
    return true;
  });
};
