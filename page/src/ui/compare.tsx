// Two runs side by side: totals, the first divergence on screen, differences in words.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { List, type ListHandle } from "./list";
import { to } from "../data/route";
import type { Difference } from "../data/wire";
import { align, entries, said, same, told, words, type Entry, type Pair, type Word } from "../model/diff";
import type { Run } from "../model/run";
import { clip, plain, safe } from "../model/safe";
import { bad } from "../model/step";
import { ends } from "../model/texts";
import { ago, fms, ftok, fusd, NONE, plural } from "../model/units";
import { Icon, StatusIcon } from "./icons";
import { Skeleton } from "./runs";
import { useRun } from "./runview";
import { go, route, store, useKeys } from "./state";
import { toast } from "./toast";
import { Text } from "./values";

const KEPT = 3; // equal steps that stay before a difference

type Item = { kind: "pair"; pair: Pair; i: number } | { kind: "equal"; pairs: Pair[]; from: number } | { kind: "first"; pair: Pair };

export function Compare() {
  const r = route();
  const a = useRun(r.id);
  const b = useRun(r.other);
  useKeys({ Escape: () => go(to("runs")) });
  if (a.run === null || b.run === null || !r.id || !r.other) return <div class="emp"><b>Two runs are needed.</b>One of them is not in the log. Select two rows of <a href={to("runs")}>the list</a> and press c.</div>;
  if (!a.run || !b.run) return <div class="opening"><Skeleton /></div>;
  return <Asked a={a.run} b={b.run} key={`${a.run.key} ${b.run.key}`} />;
}

/** What `steplog diff` says, from the server or from the file. */
function Asked({ a, b }: { a: Run; b: Run }) {
  const [found, take] = useState<Difference | null>();
  useEffect(() => void store().source.difference(a.key, b.key).then(take, () => take(null)), []);
  return found === undefined ? <div class="opening"><Skeleton /></div> : <Both a={a} b={b} found={found} />;
}

function Both({ a, b, found }: { a: Run; b: Run; found: Difference | null }) {
  const [opened, open] = useState<ReadonlySet<number>>(new Set());
  const pairs = useMemo(() => (found ? told(a, b, found) : align(entries(a), entries(b))), [a, b, found]);
  const first = pairs.findIndex((p) => !same(p));
  const whole = found?.first && !found.first[0] && !found.first[1] ? found.first[2] : "";
  const list = useMemo(() => items(pairs, first, opened), [pairs, opened]);
  const box = useRef<ListHandle>(null);
  useEffect(() => {
    const at = list.findIndex((i) => i.kind === "first");
    if (at > 0) box.current?.scrollToIndex(Math.max(0, at - KEPT - 1), { align: "start" });
  }, [pairs]);
  const place = useRef(-1);
  const jump = (d: number): void => {
    const differs = (i: Item): boolean => i.kind === "pair" && !same(i.pair);
    let at = place.current < 0 ? box.current!.findItemIndex(box.current!.scrollOffset) : place.current;
    for (at += d; at >= 0 && at < list.length; at += d) {
      if (!differs(list[at]!)) continue;
      place.current = at;
      box.current?.scrollToIndex(at, { align: "center" });
      return;
    }
    toast(d > 0 ? "No further difference." : "No difference above.");
  };
  useKeys({ n: () => jump(1), N: () => jump(-1), j: () => jump(1), k: () => jump(-1), s: () => go(to("compare", b.key, a.key)) });
  const count = (ok: (p: Pair) => boolean): number => pairs.filter(ok).length;
  return (
    <>
      <div class="rh cmp"><Side run={a} label="A" /><Side run={b} label="B" /></div>
      <Totals a={a} b={b} />
      <div class="tb">
        <span>
          <b>{count(same)}</b> equal · <b class="k-err">{count((p) => !!p[0] && !!p[1] && !same(p))}</b> differ · <b>{count((p) => !p[1])}</b> only in A · <b>{count((p) => !p[0])}</b> only in B
        </span>
        <span class="sp" />
        <span class="faint hidep">{found ? "as steplog diff says it" : "aligned by this page"}; durations and ids are not compared</span>
        <button class="btn" onClick={() => go(to("compare", b.key, a.key))}>Swap <kbd>s</kbd></button>
        <button class="btn" onClick={() => jump(1)}>Next difference <kbd>n</kbd></button>
      </div>
      <div class="tree cgs" tabIndex={0} aria-label="steps side by side">
        {whole && <div class="fdiv">{first < 0 ? "The only divergence" : "They part at once"}: {WHOLE[whole] ?? whole}</div>}
        {first < 0 && !whole && <div class="emp"><b>The two runs took the same steps.</b>Each asked and answered the same.</div>}
        <List handle={box} data={list} itemSize={23} onScroll={() => (place.current = -1)}>
          {(i: Item) => <One i={i} key={keyOf(i)} a={a} b={b} open={(from) => open(new Set([...opened, from]))} />}
        </List>
      </div>
    </>
  );
}

const WHOLE: Record<string, string> = { input: "what the run was asked", status: "how the run ended", output: "what the run gave back" };
// What the words beside it show anyway.
const SHOWN = new Set(["answer", "arguments", "result", "query", "documents", "missing"]);

const keyOf = (i: Item): string => (i.kind === "pair" ? `p${i.i}` : i.kind === "equal" ? `e${i.from}` : "first");

function items(pairs: Pair[], first: number, opened: ReadonlySet<number>): Item[] {
  const out: Item[] = [];
  for (let i = 0; i < pairs.length; ) {
    if (i === first) out.push({ kind: "first", pair: pairs[i]! });
    let end = i;
    while (end < pairs.length && same(pairs[end]!)) end++;
    const kept = end < pairs.length ? KEPT : 0;
    if (end - i > kept + 1 && !opened.has(i)) {
      out.push({ kind: "equal", pairs: pairs.slice(i, end - kept), from: i });
      i = end - kept;
    }
    for (; i < end; i++) out.push({ kind: "pair", pair: pairs[i]!, i });
    if (end < pairs.length) {
      if (end === first && out.at(-1)?.kind !== "first") out.push({ kind: "first", pair: pairs[end]! });
      out.push({ kind: "pair", pair: pairs[end]!, i: end });
      i = end + 1;
    }
  }
  return out;
}

function One({ i, a, b, open }: { i: Item; a: Run; b: Run; open: (from: number) => void }) {
  if (i.kind === "equal") return <button class="eqf" onClick={() => open(i.from)}>▸ {plural(i.pairs.length, "equal step")}</button>;
  if (i.kind === "first") {
    const e = (i.pair[0] ?? i.pair[1])!;
    return <div class="fdiv" id="first">First divergence: step {e.x.no}{e.x.agent ? `, in ${safe(e.x.agent.name)}` : ""}: {i.pair[2][0] === "missing" ? "only one of them has it" : `other ${i.pair[2][0]}`}</div>;
  }
  const [p, q] = i.pair;
  const isSame = same(i.pair);
  let [x, y]: [Word[], Word[]] = [[[p ? said(p) : "", false]], [[q ? said(q) : "", false]]];
  if (!isSame && p && q) [x, y] = words(clip(said(p), 900), clip(said(q), 900));
  const sign = isSame ? "=" : p && q ? "≠" : p ? "−" : "+";
  return (
    <div class="cg">
      <span class="n">{p?.x.no}</span>
      <Cell e={p} of={x} wrap={!isSame} kind="del" run={a} differs={i.pair[2]} />
      <div class={`cx mono${isSame ? "" : " d"}`} role="img" aria-label={isSame ? "equal" : p && q ? "differ" : p ? "only in A" : "only in B"}>{sign}</div>
      <Cell e={q} of={y} wrap={!isSame} kind="ins" run={b} />
      <span class="n">{q?.x.no}</span>
    </div>
  );
}

function Cell({ e, of, wrap, kind, run, differs = [] }: { e: Entry | null; of: Word[]; wrap: boolean; kind: "del" | "ins"; run: Run; differs?: string[] }) {
  if (!e) return <div class="cl miss" aria-label="no such step" />;
  const K = kind;
  return (
    <a class={`cl${wrap ? " wrap" : ""}`} href={to("run", run.key, "", { step: e.x.no })}>
      <span class="ik"><Icon name={e.x.kind} class={`k-${bad(e.x) ? "err" : e.x.kind}`} /></span>
      {e.x.agent && <span class="nm dim">{safe(e.x.agent.name)} ›</span>}
      {e.x.kind !== "llm" && <span class="b nm">{safe(e.x.name)}</span>}
      {differs.filter((d) => !SHOWN.has(d)).map((d) => <span class="mk w" key={d}>other {d}</span>)}
      <span class={wrap ? "" : "ell"} dir="auto">{of.map(([text, differs]) => (differs ? <K><Text>{text}</Text></K> : <Text>{wrap ? text : clip(text, 200)}</Text>))}</span>
    </a>
  );
}

function Side({ run, label }: { run: Run; label: string }) {
  const [asked, answered] = ends(run);
  return (
    <div class="side">
      <div class="who"><span class="mk b">{label}</span><StatusIcon status={run.status} /><b>{safe(run.row.name)}</b><a class="mono" href={to("run", run.key)}>{run.row.id.slice(0, 8)}</a><span class="faint hidep">{ago(run.row.started, store().now)}</span></div>
      <div class="ell big" dir="auto" title={safe(answered.slice(0, 2000))}><Text>{clip(plain(answered || asked), 300)}</Text></div>
    </div>
  );
}

function Totals({ a, b }: { a: Run; b: Run }) {
  const of = (r: Run): [string, number | null, (n: number | null) => string, "share" | "count"][] => [
    ["took", r.row.ms ?? r.last, fms, "share"],
    ["steps", r.all.length, ftok, "count"],
    ["model calls", r.llms.length, ftok, "count"],
    ["tool calls", r.tools, ftok, "count"],
    ["tokens in", r.total.told ? r.total.tin : null, ftok, "share"],
    ["tokens out", r.total.told ? r.total.tout : null, ftok, "share"],
    ...(a.total.priced || b.total.priced ? ([["cost", r.total.priced ? r.total.cost : null, fusd, "share"]] as [string, number | null, (n: number | null) => string, "share"][]) : []),
    ["errors", r.errors, ftok, "count"],
  ];
  const other = of(b);
  return (
    <div class="tot">
      {of(a).map(([name, v, show, how], i) => {
        const w = other[i]![1];
        const d = v == null || w == null ? null : w - v;
        const delta = d == null ? "" : d === 0 ? "=" : `${d > 0 ? "+" : "−"}${how === "count" || !v ? show(Math.abs(d)) : `${Math.round((Math.abs(d) / v) * 100)} %`}`;
        return <div key={name}><span>{name}</span><div class="v"><b>{v == null ? NONE : show(v)}</b><span class="faint">→</span><b>{w == null ? NONE : show(w)}</b><span class="dl">{delta}</span></div></div>;
      })}
    </div>
  );
}
