// The steps as a tree, with the waterfall on the same rows.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { List, type ListHandle } from "./list";
import type { Axis } from "../model/axis";
import { grown, lost } from "../model/prompts";
import type { Run } from "../model/run";
import { clip, plain, safe } from "../model/safe";
import { add, bad, fails, noSum, type Sum } from "../model/step";
import { routeText, texts } from "../model/texts";
import { hasErrorBelow, placeOf, type Line } from "../model/tree";
import { fms, ftok, fusd, NONE, plural, short, tickLabel } from "../model/units";
import { Bars } from "./bars";
import { Icon } from "./icons";
import { memo } from "./react";
import { set } from "./state";
import { Text } from "./values";
import { useWidth } from "./width";

interface Props {
  run: Run;
  A: Axis;
  lines: Line[];
  hits: ReadonlySet<number>;
  step: number | null;
  flip: (n: Line) => void;
  choose: (no: number) => void;
  version: number; // grows when lines have come
}

const GROUP_LOOKED_AT = 100; // members of a folded row whose prompts are compared

/** The ticks whose labels have room beside each other. */
function spread(A: Axis): number[] {
  let at = -100;
  return A.ticks.filter((t) => {
    const isKept = A.X(t) < 84 && A.X(t) - at >= 28;
    if (isKept) at = A.X(t);
    return isKept;
  });
}

export function Tree({ run, A, lines, hits, step, flip, choose, version }: Props) {
  const width = useWidth();
  const box = useRef<ListHandle>(null);
  const current = step === null ? -1 : placeOf(lines, step);
  const before = useRef(-1);
  useEffect(() => {
    if (current >= 0 && current !== before.current) box.current?.scrollToIndex(current, { align: "nearest" });
    before.current = current;
  }, [current, lines.length]);
  const rows = useMemo(() => [...lines, null], [lines]);
  const grid = useMemo(() => A.ticks.map((t) => `linear-gradient(var(--line),var(--line)) ${A.X(t)}% 0/1px 100% no-repeat`).join(","), [A]);
  const chosen = step === null ? undefined : run.steps.get(step);
  const cursor = chosen ? A.X(chosen.t) : -1;
  return (
    <div class="tree" role="tree" aria-label="steps" tabIndex={0} aria-activedescendant={step !== null ? `step${step}` : undefined} style={{ "--at": `${cursor}%` }} data-cursor={cursor >= 0 && cursor <= 100 ? "" : undefined}>
      <div class="tg hd" aria-hidden="true">
        <span class="num n">#</span>
        <span class="first">Step, asked → answered</span>
        <span class="ax">{spread(A).map((t) => <span key={t} style={{ left: `${A.X(t)}%` }}>{tickLabel(t)}</span>)}</span>
        <span class="num">Tokens in/out</span>
        <span class="num money">Cost</span>
        <span class="num">Took</span>
      </div>
      {lines.length > 0 ? (
        <List handle={box} data={rows} itemSize={width <= 760 ? 44 : width >= 2300 ? 23 : 22}>
          {(n: Line | null, i: number) => n === null ? <End key="end" run={run} /> : (
            <StepRow key={n.id} run={run} n={n} A={A} grid={grid} i={i} size={lines.length} isCurrent={i === current} isHit={hitsRow(n, hits)} flip={flip} choose={choose} version={run.status === "running" ? version : 0} />
          )}
        </List>
      ) : (
        <div class="emp"><b>{run.all.length ? "No step fits." : "This run has no steps."}</b>{run.all.length ? "Its error came from the run itself: see the post-mortem." : ""}</div>
      )}
    </div>
  );
}

const hitsRow = (n: Line, hits: ReadonlySet<number>): boolean => hits.size > 0 && (hits.has(n.x.no) || (!!n.via && hits.has(n.via.no)) || (n.fold === true && !!n.members?.some((m) => hits.has(m.x.no))));

function End({ run }: { run: Run }) {
  const error = run.fields.error as { type?: string; message?: string } | undefined;
  const place = run.lines.length ? run.lines.place(run.lines.length - 1) : null;
  if (run.status === "crashed" && place) return <div class="ends"><b>✕ The log ends here</b><span class="dim">, after line {place[1]}, {fms(run.last)} into the run. Nothing was written after.</span></div>;
  if (error && run.status === "error") return <div class="ends ell"><b>✕ Run ended: {safe(String(error.type))} </b><span class="dim"><Text>{clip(error.message, 160)}</Text></span></div>;
  return <span />;
}

interface RowProps {
  run: Run;
  n: Line;
  A: Axis;
  grid: string;
  i: number;
  size: number;
  isCurrent: boolean;
  isHit: boolean;
  flip: (n: Line) => void;
  choose: (no: number) => void;
  version: number;
}

const StepRow = memo(
  ({ run, n, A, grid, i, size, isCurrent, isHit, flip, choose }: RowProps) => {
    const x = n.x;
    const isBad = bad(x);
    const at = `${n.depth + 1}`;
    return (
      <div
        id={`step${x.no}`} class={`tg tr ${x.kind}${isCurrent ? " cur" : ""}${isBad ? " er" : ""}${isHit ? " hit" : ""}`} role="treeitem" aria-level={Number(at)} aria-setsize={size} aria-posinset={i + 1}
        aria-expanded={n.fold === null ? undefined : !n.fold} aria-selected={isCurrent} onClick={() => choose(x.no)}
      >
        <span class="n">{x.no}</span>
        <span class="c">
          {n.lanes.slice(-24).map((l) => <i class={`gd${l ? ` l${l}` : ""}`} />)}
          <span class="tw" onClick={(e) => { if (n.fold !== null) { e.stopPropagation(); flip(n); } }}>{n.fold === null ? "" : n.fold ? "▸" : "▾"}</span>
          <span class={`ik${x.lane ? ` ln-${x.lane}` : ""}`}><Icon name={x.kind} class={x.lane ? "" : `k-${isBad ? "err" : x.kind}`} /></span>
          <span class="nm ell">{nameOf(n)}</span>
          <Chips n={n} run={run} />
          <What run={run} n={n} />
          {n.hidden > 0 && <span class="mk" title={`${n.hidden} graph nodes folded`}>+{n.hidden}</span>}
        </span>
        <span class="bc" style={{ background: grid }}>
          <Bars A={A} n={n} isGone={run.status === "crashed"} />
        </span>
        <Numbers n={n} />
        <span class={`num pms${isBad ? " k-err" : x.status === "running" ? " s-running" : ""}`}>{took(n)}</span>
      </div>
    );
  },
  (a, b) =>
    a.run === b.run && a.n.x === b.n.x && a.n.fold === b.n.fold && a.n.members?.length === b.n.members?.length && a.n.kids.length === b.n.kids.length && a.n.depth === b.n.depth && a.n.hidden === b.n.hidden &&
    a.A === b.A && a.isCurrent === b.isCurrent && a.isHit === b.isHit && a.version === b.version && a.size === b.size && a.i === b.i,
);

function nameOf(n: Line): string {
  const x = n.x;
  if (x.kind === "llm") return short(safe(x.name)) || "model";
  if (x.kind === "interrupt") return "asks a human";
  if (x.kind === "resume") return "resumed";
  return safe(x.name) || x.kind;
}

function Chips({ n, run }: { n: Line; run: Run }) {
  const x = n.x;
  const some = n.members?.slice(0, GROUP_LOOKED_AT).map((m) => m.x) ?? [x];
  const gone = lost(run, some);
  const more = some.map((y) => grown(run, y)).find(Boolean);
  const ending = some.find((y) => y.ending)?.ending;
  const first = n.tries.find((t) => t.failed);
  return (
    <>
      {n.loop !== undefined && <span class="mk w b" title="the same calls, again and again">× {n.loop}</span>}
      {n.similar !== undefined && <span class="mk b" title="the same tools, each time with other arguments">{n.similar} similar</span>}
      {more && <span class="mk w ell" title={`its prompt grew since the call before: ${more}`}>{more}</span>}
      {gone && <span class="mk ell" title={`of the call before, no longer sent: ${gone.slice(2)}`}>{gone}</span>}
      {ending && <span class={`mk ${ending === "refused" ? "e" : "w"}`} title="how its answer ended">{safe(clip(ending, 24))}</span>}
      {x.kind === "denied" && <span class="mk w">denied</span>}
      {n.tries.length > 0 && <span class="mk w" title={first ? safe(first.failed) : ""}>↻ {plural(n.tries.length, "retry", "retries")}</span>}
      {n.fold && !bad(x) && hasErrorBelow(n) && <span class="mk e">✕ inside</span>}
      {fails(x) && x.kind !== "node" && <span class="mk e">{x.status === "crashed" ? "in flight" : "failed"}</span>}
      {x.status === "interrupted" && <span class="mk h">waits</span>}
      {x.status === "running" && !x.kids.some((k) => !k.done) && <span class="mk r">running</span>}
      {(x.status === "cancelled" || x.status === "abandoned") && <span class="mk">{x.status}</span>}
      {x.implied && run.status !== "crashed" && <span class="mk" title="the framework never sent this end">end inferred</span>}
    </>
  );
}

function What({ run, n }: { run: Run; n: Line }) {
  if (n.x.kind === "node" || n.x.kind === "chain") {
    if (!n.x.failed) return <span class="tx"><span class="as ell" dir="auto"><Text>{clip(routeText(run, n.x), 160)}</Text></span></span>;
  }
  let [asked, answered] = texts(run, n.x);
  if (n.similar !== undefined) {
    const tools = n.members!.filter((m) => m.x.kind !== "llm");
    const ends = [tools[0]!, tools.at(-1)!].map((m) => texts(run, m.x));
    asked = `${clip(ends[0]![0], 60)} … ${clip(ends[1]![0], 60)}`;
    answered = `${clip(ends[0]![1], 60)} … ${clip(ends[1]![1], 60)}`;
  }
  if (n.loop !== undefined) answered = `the same call ${n.loop} times: ${clip(answered, 160)}`;
  else if (n.x.kind !== "tool") answered = plain(answered.slice(0, 600));
  return (
    <span class="tx">
      {asked && <span class="as ell" dir="auto"><Text>{clip(asked, 200)}</Text></span>}
      {asked && answered && <span class="arr">→</span>}
      {answered && <span class="an ell" dir="auto"><Text>{clip(answered, 240)}</Text></span>}
    </span>
  );
}

function sumOf(n: Line): Sum | null {
  const x = n.x;
  if (x.kind === "node" || x.kind === "chain") return null;
  if (!n.members && x.kind !== "llm") return x.sum;
  const sum = noSum();
  for (const m of n.members ?? [n]) if (m.x.kind === "llm") add(sum, m.x);
  return sum.calls ? sum : null;
}

function Numbers({ n }: { n: Line }) {
  const s = sumOf(n);
  const isKnown = n.x.done || !!s?.told;
  return (
    <>
      <span class="num ptok dim">{!s || !isKnown ? "" : !s.told ? NONE : `${s.told < s.calls ? "≥ " : ""}${ftok(s.tin)} / ${ftok(s.tout)}`}</span>
      <span class="num pcost money dim">{!s || !isKnown ? "" : !s.priced ? NONE : `${s.priced < s.calls ? "≥ " : ""}${fusd(s.cost)}`}</span>
    </>
  );
}

function took(n: Line): string {
  const x = n.x;
  if (n.members) {
    const final = n.members.at(-1)!.x;
    return fms(final.t + final.ms - n.members[0]!.x.t);
  }
  if (x.point) return "";
  if (!x.done) return x.status === "running" ? fms(x.ms) : "no end";
  return fms(x.ms);
}

/** The row above or below, at which something holds; null if there is none. */
export function seek(lines: Line[], step: number | null, d: number, ok: (n: Line) => boolean): Line | null {
  let i = step === null ? (d > 0 ? -1 : lines.length) : placeOf(lines, step);
  for (i += d; i >= 0 && i < lines.length; i += d) if (ok(lines[i]!)) return lines[i]!;
  return null;
}

export const chooseStep = (no: number, isPhone: boolean): void => set({ step: no, ...(isPhone ? { sheet: true } : {}) });
