// One run: its head, the strip, the tree with the waterfall or the conversation, and the step.
import { useEffect, useMemo, useState } from "preact/hooks";
import { to } from "../data/route";
import { axis } from "../model/axis";
import type { Run } from "../model/run";
import { clip, one, plain, safe } from "../model/safe";
import { search } from "../model/search";
import { fails } from "../model/step";
import { ends } from "../model/texts";
import { build, groupsOf, lines as rowsOf, placeOf, type Line } from "../model/tree";
import { ago, fbytes, fms, ftok, fusd, NONE, plural, WORD } from "../model/units";
import { Conversation } from "./conversation";
import { Detail, POST } from "./detail";
import { Icon } from "./icons";
import { PostMortem } from "./postmortem";
import { fitting, Skeleton } from "./runs";
import { outcome } from "./runrow";
import { go, press, route, set, store, useKeys } from "./state";
import { Strip } from "./strip";
import { toast } from "./toast";
import { Toolbar } from "./toolbar";
import { chooseStep, seek, Tree } from "./tree";
import { useWidth } from "./width";

/** Loads a run, and says how far that is. */
export function useRun(key: string): { run: Run | null | undefined; part: number; failed: string } {
  const [state, set] = useState<{ key: string; run: Run | null | undefined; part: number; failed: string }>({ key, run: store().runAtHand(key), part: 0, failed: "" });
  useEffect(() => {
    let isWanted = true;
    const at = store().runAtHand(key);
    set({ key, run: at, part: 0, failed: "" });
    if (!at)
      store().run(key, (part) => isWanted && set({ key, run: undefined, part, failed: "" })).then(
        (run) => isWanted && set({ key, run, part: 1, failed: "" }),
        (error: unknown) => isWanted && set({ key, run: undefined, part: 0, failed: error instanceof Error ? error.message : String(error) }),
      );
    return () => void (isWanted = false);
  }, [key]);
  return state.key === key ? state : { run: undefined, part: 0, failed: "" };
}

export function RunView() {
  const key = route().id;
  const { run, part, failed } = useRun(key);
  useKeys({ Escape: () => go(to("runs")) });
  useEffect(() => {
    store().watch(run ?? null);
    return () => store().watch(null);
  }, [run]);
  if (failed) return <div class="emp"><b>This run cannot be read.</b>{safe(failed)}</div>;
  if (run === null) return <div class="emp"><b>This run is not in the log.</b>It may have been pruned, or the link is from another log. <a href={to("runs")}>All runs</a></div>;
  if (!run) return <div class="opening">{part > 0 && <div class="foot" role="status">Reading the run{part > 1 ? `: ${fbytes(part)}` : ""} …</div>}<Skeleton /></div>;
  return <Opened key={run.key} run={run} />;
}

function Opened({ run }: { run: Run }) {
  const r = route();
  const width = useWidth();
  const [tick, again] = useState(0);
  useEffect(() => {
    if (run.status !== "running" || !store().source.live) return;
    const timer = setInterval(() => {
      run.join(store().until);
      again((n) => n + 1);
    }, run.all.length > 5000 ? 3000 : 500);
    return () => clearInterval(timer);
  }, [run, run.status]);
  const version = run.lines.length + tick * 1e-6 + (run.status === "running" ? run.dur * 1e-9 : 0);

  const tree = useMemo(() => build(run, r.rows), [run, r.rows, run.lines.length, run.status]);
  const groups = useMemo(() => (r.step === null ? null : groupsOf(tree.kids)), [tree, r.step === null]);
  const group = (r.step !== null && groups?.get(r.step)) || "";
  const within = r.folded.includes(group) ? "" : group;
  // The same set for as long as the same groups are open: another one would make all rows anew at each step of the cursor.
  const opened = useMemo(() => new Set(within ? [...r.opened, within] : r.opened), [r.opened.join("."), within]);
  const lines = useMemo(() => rowsOf(tree, { rows: r.rows, onlyErrors: r.errors, agent: r.agent, folded: new Set(r.folded), opened }), [tree, r.errors, r.agent, r.folded.join("."), opened]);
  const A = useMemo(() => axis(run, r.idle, r.zoom), [run, r.idle, r.zoom?.join(), run.dur, run.lines.length]);
  const hits = useHits(run, r.find);
  const isPhone = width <= 760;
  const hasPost = POST.includes(run.status);
  const step = r.step ?? (hasPost ? null : (run.llms.findLast((x) => !x.agent)?.no ?? null));
  const x = step === null ? undefined : run.steps.get(step);

  const choose = (no: number): void => chooseStep(no, isPhone);
  const flip = (n: Line): void => {
    const isGroup = n.loop !== undefined || n.similar !== undefined;
    const without = (list: string[]): string[] => list.filter((id) => id !== n.id);
    if (isGroup) set({ opened: n.fold ? [...without(r.opened), n.id] : without(r.opened), folded: n.fold ? without(r.folded) : [...without(r.folded), n.id], ...(!n.fold ? { step: n.x.no } : {}) });
    else set({ folded: n.fold ? without(r.folded) : [...r.folded, n.id] });
  };
  const move = (d: number): void => {
    const next = seek(lines, step, d, () => true);
    if (next) set({ step: next.x.no });
  };
  const jump = (d: number, what: string, ok: (n: Line) => boolean): void => {
    // Beyond the last one it goes on from the other end.
    const next = seek(lines, step, d, ok) ?? seek(lines, null, d, ok);
    if (next) set({ step: next.members ? (next.members.find((m) => hits.has(m.x.no)) ?? next).x.no : next.x.no });
    else toast(`No ${what} in these rows.`);
  };
  const isHit = (n: Line): boolean => hits.has(n.x.no) || (!!n.via && hits.has(n.via.no)) || !!n.members?.some((m) => hits.has(m.x.no));
  const current = (): Line | undefined => (step === null ? undefined : lines[placeOf(lines, step)]);
  const fold = (isShut: boolean): void => {
    const n = current();
    if (!n) return;
    if (n.fold !== null && n.fold !== isShut) flip(n);
    else if (isShut) {
      const parent = seek(lines, step, -1, (m) => m.depth < n.depth);
      if (parent) set({ step: parent.x.no });
    } else move(1);
  };
  const beside = (d: number): void => {
    const list = fitting();
    const next = list[list.findIndex((row) => row.key === run.key) + d];
    if (next) go(to("run", next.key, "", { pane: r.pane }));
    else toast(d < 0 ? "This is the newest run." : "This is the oldest run.");
  };
  useKeys({
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1), h: () => fold(true), ArrowLeft: () => fold(true), l: (e) => (x && current()?.fold != null ? fold(false) : press("L", e)), ArrowRight: () => fold(false),
    e: () => jump(1, "error", (n) => fails(n.x) || n.tries.length > 0), E: () => jump(-1, "error", (n) => fails(n.x) || n.tries.length > 0),
    n: () => jump(1, "hit", isHit), N: () => jump(-1, "hit", isHit), c: () => set({ pane: "chat" }), t: () => set({ pane: "tree" }), p: () => set({ step: null, sheet: isPhone }),
    "[": () => beside(-1), "]": () => beside(1), i: () => set({ idle: !r.idle }), z: () => set({ zoom: null }), Home: () => lines[0] && set({ step: lines[0].x.no }), End: () => lines.at(-1) && set({ step: lines.at(-1)!.x.no }),
    Escape: () => (r.sheet ? set({ sheet: false }) : r.find ? set({ find: "" }) : r.zoom ? set({ zoom: null }) : r.agent ? set({ agent: 0 }) : go(to("runs"))),
    Enter: () => x && set({ sheet: isPhone }),
  });
  const at = (t: number): void => {
    const under = lines.findLast((n) => n.x.kind !== "agent" && n.x.kind !== "node" && n.x.t <= t + run.dur * 0.003 && n.x.t + (n.x.ms || 0) >= t - run.dur * 0.003);
    if (under) choose(under.x.no);
  };

  // On a phone the cause stands above the steps; the rest of the post-mortem is a sheet.
  const isBrief = isPhone && hasPost && !r.sheet;
  const thread = <Threaded run={run} version={run.lines.length} />;
  return (
    <>
      <Head run={run} beside={beside} />
      <Strip run={run} A={A} step={step} zoom={(zoom) => set({ zoom })} jump={at} version={run.lines.length} />
      <Toolbar run={run} A={A} hidden={tree.hidden} hits={hits} next={() => jump(1, "hit", isHit)} />
      {run.damage.length > 0 && <div class="notice">⚠ <span>{plural(run.damage.length, "line")} of this run's log cannot be read: {safe(clip(run.damage[0], 160))} <a href={to("health")}>How the log is</a></span></div>}
      <div class={`panes${r.sheet ? " det" : ""}`}>
        <div class="left">{r.pane === "tree" ? <Tree run={run} A={A} lines={lines} hits={hits} step={step} flip={flip} choose={choose} version={version} /> : thread}</div>
        {width >= 2300 && r.pane === "tree" && <div class="mid">{thread}</div>}
        <div class={`right${isBrief ? " brief" : ""}`} id="detail" tabIndex={-1} role="region" aria-label="step" key={(!isBrief && step) || "post"}>
          {isPhone && <button class="btn back" onClick={() => set(r.sheet ? { sheet: false } : { sheet: true, step: null })}>{r.sheet ? <><Icon name="left" />Steps</> : "Why"}</button>}
          {x && !isBrief ? <Detail run={run} x={x} lines={lines} step={move} /> : <PostMortem run={run} />}
        </div>
      </div>
    </>
  );
}

/** All runs of the same thread that are at hand or small, in one column. */
export function Threaded({ run, version }: { run: Run; version: number }) {
  const s = store();
  const rows = run.row.thread ? s.thread(run.row.thread) : [];
  const keys = rows.slice(-20).map((r) => r.key);
  const [, again] = useState(0);
  useEffect(() => {
    for (const row of rows.slice(-20)) if (!s.runAtHand(row.key) && row.steps < 3000) void s.run(row.key).then(() => again((n) => n + 1), () => {});
  }, [keys.join()]);
  const runs = [...new Set([...keys.map((k) => s.runAtHand(k)).filter((x): x is Run => !!x), run])].sort((a, b) => (a.row.started ?? 0) - (b.row.started ?? 0));
  return <Conversation runs={runs} here={run.key} version={version} />;
}

function useHits(run: Run, words: string): ReadonlySet<number> {
  const [hits, found] = useState<ReadonlySet<number>>(new Set());
  useEffect(() => {
    let isWanted = true;
    if (!words) found(new Set());
    else void search(run, words, (h) => isWanted && found(h), () => isWanted);
    return () => void (isWanted = false);
  }, [run, words, run.lines.length]);
  return hits;
}

function Head({ run, beside }: { run: Run; beside: (d: number) => void }) {
  const row = run.row;
  const [question, answer] = useMemo(() => ends(run), [run, run.lines.length, run.status]);
  const t = run.total;
  const errors = run.errors;
  const isOpen = run.status === "crashed" || run.status === "unfinished";
  const about = run.status === "ok" ? answer : outcome(row, store().until).text;
  const Fact = ({ v, l, cls }: { v: string; l: string; cls?: string }) => <div class="fact"><b class={cls}>{v}</b><span>{l}</span></div>;
  const many = run.agents.length > 0;
  return (
    <div class="rh">
      <div class="t">
        <div class="line"><span class={`pill s-${row.status}`}><Icon name={row.status in WORD ? row.status : "unfinished"} />{WORD[row.status] ?? safe(row.status)}</span><h1 class="ell" dir="auto" title={safe(one(question).slice(0, 1000))}>{safe(one(question).slice(0, 400)) || safe(row.name)}</h1></div>
        <div class="a ell">
          <bdi class="b ink">{safe(row.name)}</bdi>
          <span class="faint"> · {ago(row.started, store().now)}{about || row.thread || row.parent_run ? " · " : ""}</span>
          {(row.labels ?? []).map((label) => <span class="mk lb" key={label}>{safe(clip(label, 40))}</span>)}
          {row.thread && <><a href={to("thread", row.thread, "", { pane: "chat" })} title="the whole thread">{safe(clip(row.thread, 40))}</a><span class="faint"> · </span></>}
          {row.parent_run && <><a href={to("run", row.parent_run, "", { step: row.parent_step ?? null })}>inside {row.parent_run.slice(0, 8)}</a><span class="faint"> · </span></>}
          <bdi>{safe(clip(plain(about), 300))}</bdi>
        </div>
      </div>
      <div class="facts">
        <Fact v={`${isOpen ? "≥ " : ""}${run.status === "running" ? fms(store().until - run.t0) : fms(row.ms ?? run.last)}`} l="took" />
        {([[run.all.length, "step"], [run.llms.length, "model call"], [run.tools, "tool call"]] as const).map(([n, word]) => <Fact v={n.toLocaleString("en")} l={n === 1 ? word : `${word}s`} />)}
        {t.calls > 0 && <><Fact v={t.told ? `${t.told < t.calls ? "≥ " : ""}${ftok(t.tin)} / ${ftok(t.tout)}` : NONE} l="tokens in / out" />
        <Fact v={t.tin > 0 && run.cached ? `${Math.round((run.cached / t.tin) * 100)} %` : NONE} l="of input cached" /></>}
        {t.priced > 0 && <Fact v={t.priced ? `${t.priced < t.calls ? "≥ " : ""}${fusd(t.cost)}` : NONE} l={many && t.priced ? dearest(run) : "cost"} />}
        <Fact v={String(errors)} l={errors === 1 ? "error" : "errors"} cls={errors ? "k-err" : ""} />
      </div>
      <div class="nav">
        <button class="btn sq" aria-label="newer run" title="newer run  [" onClick={() => beside(-1)}><Icon name="left" /></button>
        <button class="btn sq" aria-label="older run" title="older run  ]" onClick={() => beside(1)}><Icon name="right" /></button>
      </div>
    </div>
  );
}

/** Which sub-agent cost the most. */
function dearest(run: Run): string {
  const agents = run.agents.filter((x) => x.sum?.priced).sort((a, b) => b.sum!.cost - a.sum!.cost);
  return agents[0] ? `cost, ${fusd(agents[0].sum!.cost)} in ${clip(safe(agents[0].name), 14)}` : "cost";
}

