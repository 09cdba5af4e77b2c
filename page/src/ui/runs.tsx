// The list of runs: asked and answered on one line each, newest first, under the query line and the histogram.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { List, type ListHandle } from "./list";
import { to } from "../data/route";
import type { Row } from "../data/wire";
import { matcher } from "../model/matching";
import { parse } from "../model/query";
import { costs, failed, total } from "../model/stats";
import { safe } from "../model/safe";
import { ago, fbytes, ftok, fusd, plural } from "../model/units";
import { Histogram } from "./histogram";
import { NoteBox } from "./note";
import { Preview } from "./preview";
import { QueryBar } from "./querybar";
import { GroupRow, RunRow } from "./runrow";
import { go, route, set, store, useKeys } from "./state";
import { useWidth } from "./width";

export interface Group {
  name: string;
  rows: Row[];
}
export type Item = Row | Group;
export const isGroup = (i: Item): i is Group => "rows" in i;

const SORTS: Record<string, (r: Row) => number> = {
  when: (r) => r.started ?? 0,
  took: (r) => r.ms ?? -1,
  tokens: (r) => (r.usage.input_tokens ?? 0) + (r.usage.output_tokens ?? 0),
  cost: (r) => r.cost ?? -1,
  steps: (r) => r.steps,
};

// Where somebody was in the list, when they come back to it.
const memory = { at: 0, offset: 0, chosen: new Set<string>() };

export function fitting(): Row[] {
  const { q, span } = route();
  const s = store();
  const fits = matcher(q, s.now, (phrase) => s.phrase(phrase));
  return s.rows.filter((r) => fits(r) && (!span || (r.started != null && r.started >= span[0] && r.started <= span[1])));
}

function items(rows: Row[], group: string, sort: string): Item[] {
  const by = SORTS[sort.replace(/^-/, "")] as ((r: Row) => number) | undefined;
  const sorted = by && sort !== "when" ? [...rows].sort((a, b) => (by(b) - by(a)) * (sort.startsWith("-") ? -1 : 1)) : rows;
  if (!group) return sorted;
  const groups = new Map<string, Row[]>();
  for (const r of sorted) {
    const name = group === "thread" ? r.thread || "" : r.name;
    (groups.get(name) ?? groups.set(name, []).get(name)!).push(r);
  }
  return [...groups].sort((a, b) => Number(!a[0]) - Number(!b[0])).flatMap(([name, of]) => (of.length > 1 || group === "name" ? [{ name: name || "no thread", rows: of }, ...of] : of));
}

export function Runs() {
  const s = store();
  const r = route();
  const width = useWidth();
  const rows = useMemo(() => fitting(), [s.rows, s.phrases, r.q, r.span?.join()]);
  const list = useMemo(() => items(rows, r.group, r.sort), [rows, r.group, r.sort]);
  const [at, move] = useState(Math.min(memory.at, Math.max(0, list.length - 1)));
  const [chosen, choose] = useState(memory.chosen);
  const box = useRef<ListHandle>(null);
  useEffect(() => {
    if (memory.offset) box.current?.scrollTo(memory.offset);
  }, []);
  useEffect(() => move(memory.at = Math.min(at, Math.max(0, list.length - 1))), [list.length]);

  const jump = (i: number): void => {
    const n = Math.max(0, Math.min(list.length - 1, i));
    move((memory.at = n));
    box.current?.scrollToIndex(n, { align: "nearest" });
  };
  const open = (item: Item | undefined): void => {
    if (item && !isGroup(item)) go(to("run", item.key));
    else if (item && r.group === "thread" && item.rows[0]?.thread) go(to("thread", item.rows[0].thread, "", { pane: "chat" }));
  };
  const toggle = (item: Item | undefined): void => {
    if (!item || isGroup(item)) return;
    const next = new Set(chosen);
    if (!next.delete(item.key)) next.add(item.key);
    choose((memory.chosen = next));
  };
  const compare = (): void => {
    const two = [...chosen].sort((a, b) => (s.row(a)?.started ?? 0) - (s.row(b)?.started ?? 0));
    if (two.length === 2) go(to("compare", two[0], two[1]));
  };
  const [isNoting, note] = useState(false);
  const noted = [...chosen].length ? [...chosen] : list[at] && !isGroup(list[at]!) ? [(list[at] as Row).key] : [];
  const next = (d: number, ok: (r: Row) => boolean): void => {
    for (let i = at + d; i >= 0 && i < list.length; i += d) if (!isGroup(list[i]!) && ok(list[i] as Row)) return jump(i);
  };
  useKeys({
    j: () => jump(at + 1), ArrowDown: () => jump(at + 1), k: () => jump(at - 1), ArrowUp: () => jump(at - 1),
    Home: () => jump(0), End: () => jump(list.length - 1), PageDown: () => jump(at + 20), PageUp: () => jump(at - 20),
    Enter: () => open(list[at]), l: () => note(true), L: () => note(true), x: () => toggle(list[at]), c: compare,
    e: () => next(1, failed), E: () => next(-1, failed), Escape: () => chosen.size && choose((memory.chosen = new Set())),
    o: () => s.showWaiting(),
  });

  const c = costs(rows);
  const bad = rows.filter(failed).length;
  return (
    <>
      <div class="qbar">
        <QueryBar rows={s.rows} hint={'status:error  tool:search  model:gpt  min-ms:2000  thread:t7  since:2h  "exact words"'} />
        <span class="sum" role="status">
          <b>{rows.length.toLocaleString("en")}</b> of {plural(s.rows.length, "run")} · <b class={bad ? "s-error" : ""}>{bad}</b> failed
          {c.cost != null && <> · <b>{c.partly ? "≥ " : ""}{fusd(c.cost)}</b></>}
          {c.cost != null && c.partly > 0 && <span class="hidep faint" title="No price is known for their model, or the provider told no token counts."> ({c.partly} partly unknown)</span>}
        </span>
        <div class="seg hidep" role="group" aria-label="group by">
          {(["", "thread", "name"] as const).map((g) => (
            <button key={g} aria-pressed={r.group === g} onClick={() => set({ group: g })}>{g || "time"}</button>
          ))}
        </div>
      </div>
      {s.rows.length > 0 && <Histogram rows={r.span ? s.rows.filter(matcher(r.q, s.now, (p) => s.phrase(p))) : rows} />}
      {parse(r.q).wrong && <div class="notice" role="alert">⚠ <span>The filter fits no run: {safe(parse(r.q).wrong)}.</span></div>}
      {s.waiting.length > 0 && <button class="news" onClick={() => s.showWaiting()}>Show {plural(s.waiting.length, "new run")} <kbd>o</kbd></button>}
      <div class="panes">
        <div class="rt" role="grid" aria-label="runs" aria-rowcount={list.length} tabIndex={0}>
          <Header sort={r.sort} />
          {list.length > 0 ? (
            <List handle={box} data={list} itemSize={width <= 760 ? 78 : 26} onScroll={(y) => (memory.offset = y)}>
              {(item: Item, i: number) =>
                isGroup(item) ? (
                  <GroupRow key={`g${item.name}`} group={item} isCurrent={i === at} open={() => open(item)} />
                ) : (
                  <RunRow key={item.key} r={item} i={i} now={s.now} wide={width >= 1700} isCurrent={i === at} isChosen={chosen.has(item.key)} open={() => { move((memory.at = i)); open(item); }} toggle={() => { move((memory.at = i)); toggle(item); }} />
                )
              }
            </List>
          ) : (
            <Nothing />
          )}
        </div>
        {width >= 2300 && list[at] && !isGroup(list[at]!) && <Preview row={list[at] as Row} />}
      </div>
      {isNoting && noted.length > 0 && (
        <div class="cmpbar noting">
          <span><b>{noted.length === 1 ? safe(s.row(noted[0]!)?.name ?? "") || "1 run" : plural(noted.length, "run")}</b></span>
          <NoteBox runs={[...new Set(noted.map((key) => s.row(key)?.id ?? key))]} step={null} close={() => note(false)} />
        </div>
      )}
      {chosen.size > 0 && !isNoting && (
        <div class="cmpbar" role="status">
          <span><b>{chosen.size}</b> selected</span>
          <button class="btn" onClick={() => note(true)}>Label <kbd>l</kbd></button>
          <button class={`btn${chosen.size === 2 ? " pri" : ""}`} disabled={chosen.size !== 2} onClick={compare}>Compare <kbd>c</kbd></button>
          <button class="btn" onClick={() => choose((memory.chosen = new Set()))}>Clear</button>
        </div>
      )}
      {s.state.reading && <Reading />}
      {s.older > 0 && <div class="foot" role="status">The newest {plural(s.rows.length, "run")} are listed; {plural(s.older, "older run")} are not, and no filter looks into them. <button class="link" onClick={() => s.listMore()}>List {Math.min(s.older, 20_000).toLocaleString("en")} more</button>, or ask <code class="mono">steplog ls</code>.</div>}
    </>
  );
}

const COLUMNS: [string, string, string?][] = [
  ["", ""], ["When", "", "when"], ["Name", ""], ["Asked → answered", ""], ["Marks", "num"], ["Steps", "", "steps"], ["Took", "", "took"], ["", ""],
  ["Tokens in / out", "num", "tokens"], ["Cost", "num money", "cost"], ["Model", ""], ["Thread", ""],
];

function Header({ sort }: { sort: string }) {
  const now = sort.replace(/^-/, "") || "when";
  const isUp = sort.startsWith("-");
  return (
    <div class="rg hd" role="row">
      {COLUMNS.map(([title, cls, key]) => (
        <span role="columnheader" key={title} class={cls} aria-sort={key && key === now ? (isUp ? "ascending" : "descending") : undefined}>
          {key ? <button class={key === now ? "srt" : ""} onClick={() => set({ sort: key === now ? (isUp ? (key === "when" ? "" : key) : `-${key}`) : key === "when" ? "" : key })}>{title}{key === now ? (isUp ? " ↑" : " ↓") : ""}</button> : title}
        </span>
      ))}
    </div>
  );
}

function Reading() {
  const { read, total: all } = store().state.reading!;
  return <div class="foot" role="status">Reading older runs: {fbytes(read)} of {fbytes(all)}. The newest are here.</div>;
}

function Nothing() {
  const s = store();
  const path = safe(s.state.path);
  if (!s.loaded) return <Skeleton />;
  if (s.rows.length) {
    const newest = s.rows[0]!;
    return (
      <div class="emp">
        <b>No run fits.</b>
        {plural(s.rows.length, "run")} in {path}; the newest began {ago(newest.started, s.now)}. <button class="link" onClick={() => set({ q: "", span: null })}>Remove the filter</button>, or press Backspace in the query.
      </div>
    );
  }
  if (s.state.gone) return <div class="emp"><b>{path} is not there.</b>The page looks again all the time: as soon as there is a log, it shows here.</div>;
  return <div class="emp"><b>No runs yet in {path}.</b>Record one: <code class="mono">steplog run agent.py</code>. It appears here while it runs.</div>;
}

export const Skeleton = () => (
  <div class="skel" aria-label="loading">
    {[72, 58, 81, 40, 66, 75, 52].map((w, i) => (
      <div key={i}><i class="sk" style={{ width: "12px" }} /><i class="sk" style={{ width: "60px" }} /><i class="sk" style={{ width: `${w}%` }} /></div>
    ))}
  </div>
);

export const sums = (rows: Row[]): string => {
  const c = costs(rows);
  return `${ftok(total(rows, (r) => r.usage.input_tokens))} tokens · ${c.cost == null ? "cost unknown" : (c.partly ? "≥ " : "") + fusd(c.cost)}`;
};
