// Over the filtered runs: calls, errors, tokens, cost and durations over time and by model, tool, node, name; each mark leads to its runs.
import { useEffect, useMemo, useState } from "preact/hooks";
import { to } from "../data/route";
import type { Figures, Row } from "../data/wire";
import { quoted } from "../model/query";
import { clip, plain, safe } from "../model/safe";
import { bins, callGroups, costs, extent, failed, groups, quantile, toldCalls, toldGroups, total, type CallGroup, type Group } from "../model/stats";
import { fms, ftok, fusd, NONE, short } from "../model/units";
import { Chart, type Series } from "./chart";
import { QueryBar } from "./querybar";
import { fitting } from "./runs";
import { asked } from "./runrow";
import { StatusIcon } from "./icons";
import { go, route, store, useKeys } from "./state";
import { Text } from "./values";

const COLOURS = ["--accent", "--accent-2", "--accent-3", "--faint"];

export function Stats() {
  const s = store();
  const r = route();
  const rows = useMemo(() => fitting(), [s.rows, s.phrases, r.q, r.span?.join()]);
  const c = costs(rows);
  useKeys({ Escape: () => go(to("runs", "", "", { q: r.q, span: r.span })) });
  return (
    <>
      <div class="qbar">
        <QueryBar rows={s.rows} hint="filter: the same words as in the list" />
        <span class="sum" role="status"><b>{rows.length.toLocaleString("en")}</b> runs · <b>{total(rows, (x) => x.llm_calls).toLocaleString("en")}</b> model calls · <b>{total(rows, (x) => x.tool_calls).toLocaleString("en")}</b> tool calls{c.cost != null && <> · <b>{c.partly ? "≥ " : ""}{fusd(c.cost)}</b></>}</span>
      </div>
      {!s.state.prices && s.source.live && <div class="notice calm"><span>Costs need the extra <b>query</b>, which knows prices: <code class="mono">pip install "steplog[query]"</code>, then start <code class="mono">steplog view</code> again.</span></div>}
      {rows.length ? <Boards rows={rows} /> : <div class="emp"><b>{s.loaded ? "No run fits." : "Reading the log …"}</b></div>}
    </>
  );
}

function Boards({ rows }: { rows: Row[] }) {
  const s = store();
  const [from, until] = extent(rows, s.now);
  const parts = useMemo(() => bins(rows, from, until, 66), [rows]);
  const times = parts.map((b) => b.from);
  const pick = (i: number): void => go(to("runs", "", "", { q: route().q, span: [parts[i]!.from, parts[i + 1]?.from ?? until] }));
  const models = groups(rows, (r) => r.models).filter((g) => g.cost > 0).slice(0, 3).map((g) => g.name);
  const bad = rows.filter(failed).length;
  const common = { times, pick };
  const of = (f: (rows: Row[]) => number | null): (number | null)[] => parts.map((b) => (b.rows.length ? f(b.rows) : null));
  const costOf = (m: string): Series => ({ label: short(m), color: COLOURS[models.indexOf(m)]!, values: of((x) => total(x, (r) => r.calls[`llm ${m}`]?.cost)) });
  return (
    <div class="st">
      <div class={`tiles${models.length ? " four" : ""}`}>
        <Chart {...common} title="Runs" note={<><b class={bad ? "k-err" : ""}>✕ {bad} failed</b> at the foot of each bar</>} format={ftok} series={[{ label: "failed", color: "--err", values: of((x) => x.filter(failed).length) }, { label: "fine", color: "--faint", values: of((x) => x.filter((r) => !failed(r)).length) }]} />
        {models.length > 0 && <Chart {...common} title="Cost" note={models.map((m) => <span class="key"><i style={{ background: `var(${COLOURS[models.indexOf(m)]})` }} />{short(safe(m))} {fusd(total(rows, (r) => r.calls[`llm ${m}`]?.cost))}</span>)} format={fusd} series={models.map(costOf)} />}
        <Chart {...common} title="Duration of a run" note="log scale · ─ median   ┄ 95th percentile" log format={fms} series={[{ label: "median", color: "--accent", line: true, values: of((x) => quantile(times_(x), 0.5)) }, { label: "95th percentile", color: "--ink-3", line: true, dash: [4, 3], values: of((x) => quantile(times_(x), 0.95)) }]} />
        <Chart {...common} title="Tokens" note="input, and output on top of it" format={ftok} series={[{ label: "input", color: "--faint", values: of((x) => total(x, (r) => r.usage.input_tokens)) }, { label: "output", color: "--ink", values: of((x) => total(x, (r) => r.usage.output_tokens)) }]} />
      </div>
      <Tables rows={rows} />
    </div>
  );
}

const times_ = (rows: Row[]): number[] => rows.filter((r) => r.ms != null && r.status !== "running").map((r) => Math.max(1, r.ms!));

const BY = ["name", "model", "tool"] as const;
type Asked = Partial<Record<(typeof BY)[number], Figures[]>> & { isKnown?: boolean };

/** What `steplog stats` says of these runs, where a server can be asked. */
function useFigures(rows: Row[]): Asked {
  const s = store();
  const [found, take] = useState<Asked>({});
  const isAll = rows.length === s.rows.length && !s.waiting.length && !s.older;
  const keys = rows.map((r) => r.key).join();
  const runs = rows.filter((r) => r.status === "running").length;
  useEffect(() => {
    if (!s.source.live || s.state.reading) return;
    let isWanted = true;
    const ask = async (): Promise<void> => {
      for (const by of BY) {
        const told = await s.source.figures(by, isAll ? null : rows.map((r) => r.key));
        if (!isWanted) return;
        if (!told) return take({ isKnown: true });
        take((before) => ({ ...before, [by]: told.groups, isKnown: by === "tool" }));
      }
    };
    ask().catch(() => isWanted && take({ isKnown: true }));
    return () => void (isWanted = false);
  }, [isAll ? rows.length : keys, runs, !!s.state.reading]);
  return found;
}

function Tables({ rows }: { rows: Row[] }) {
  const told = useFigures(rows);
  const calls = useMemo(() => callGroups(rows), [rows]);
  const names = groups(rows, (r) => [r.name]);
  const isCounting = store().source.live && !told.isKnown;
  return (
    <div class="tiles two" aria-busy={isCounting}>
      <GroupTable title="By name" note={isCounting ? "counting …" : "a name leads to its runs"} word="name" of={told.name ? toldGroups(names, told.name) : names} />
      <CallTable title="Model calls" note="duration of a call, not of a run" word="model" of={told.model ? toldCalls("llm", "model", told.model) : calls.filter((c) => c.kind === "llm")} hasTokens />
      <CallTable title="Tool calls" note="each call, by name" word="tool" of={told.tool ? toldCalls("tool", "tool", told.tool) : calls.filter((c) => c.kind === "tool")} />
      {calls.some((c) => c.kind === "node") && <CallTable title="Graph nodes" note="with what they call" word="" of={calls.filter((c) => c.kind === "node")} />}
      <Top title="Slowest" rows={rows} of={(r) => (r.status === "running" ? undefined : r.ms)} show={fms} />
      <Top title="Dearest" rows={rows} of={(r) => r.cost} show={fusd} />
      <Failing rows={rows} />
    </div>
  );
}

const FEW = 8;

function More({ n, more }: { n: number; more: () => void }) {
  return n > 0 ? <button class="faint link" onClick={more}>▸ {n} more</button> : null;
}

const leads = (word: string, name: string): string => to("runs", "", "", { q: `${route().q} ${word}:${quoted(name)}`.trim(), span: route().span });

function Bar({ n, bad, most }: { n: number; bad: number; most: number }) {
  return <div class="bar"><i style={{ width: `${(n / most) * 100}%` }} />{bad > 0 && <i class="e" style={{ width: `${Math.max(1, (bad / most) * 100)}%` }} />}</div>;
}

/** A duration; of many runs only about so long is known without the log's own figures. */
const took = (g: CallGroup, ms: number | null): string => (ms == null ? NONE : `${g.about ? "≈ " : ""}${fms(ms)}`);
const share = (bad: number, n: number): string => (bad ? `${bad} (${Math.max(1, Math.round((bad / n) * 100))} %)` : "0");

function GroupTable({ title, note, word, of }: { title: string; note: string; word: string; of: Group[] }) {
  const [all, show] = useState(false);
  const most = Math.max(1, ...of.map((g) => g.runs.length));
  return (
    <div class="tile">
      <h3>{title}<span>{note}</span></h3>
      <table class="w">
        <thead><tr><th /><th class="num">Runs</th><th /><th class="num">Failed</th><th class="num">Median</th><th class="num">95th</th><th class="num">Tokens in</th><th class="num money">Cost</th></tr></thead>
        <tbody>
          {of.slice(0, all ? 200 : FEW).map((g) => (
            <tr key={g.name}>
              <td class="b el"><a href={leads(word, g.name)}>{safe(g.name) || "no name"}</a></td>
              <td class="num">{g.runs.length.toLocaleString("en")}</td>
              <td class="g"><Bar n={g.runs.length} bad={g.failed} most={most} /></td>
              <td class={`num ${g.failed ? "k-err" : "faint"}`}>{share(g.failed, g.runs.length)}</td>
              <td class="num">{fms(g.median)}</td>
              <td class="num dim">{fms(g.high)}</td>
              <td class="num">{g.tokens ? ftok(g.tokens) : NONE}</td>
              <td class="num money">{g.known ? `${g.unknown ? "≥ " : ""}${fusd(g.cost)}` : NONE}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {!all && <More n={of.length - FEW} more={() => show(true)} />}
    </div>
  );
}

function CallTable({ title, note, word, of, hasTokens }: { title: string; note: string; word: string; of: CallGroup[]; hasTokens?: boolean }) {
  const [all, show] = useState(false);
  const most = Math.max(1, ...of.map((g) => g.n));
  if (!of.length) return null;
  return (
    <div class="tile">
      <h3>{title}<span>{note}</span></h3>
      <table class="w">
        <thead><tr><th /><th class="num">Calls</th><th /><th class="num">Failed</th><th class="num">Median</th><th class="num">95th</th>{hasTokens && <th class="num">First token</th>}<th class="num">{hasTokens ? "Tokens in" : "Longest"}</th>{hasTokens && <th class="num money">Cost</th>}</tr></thead>
        <tbody>
          {of.slice(0, all ? 200 : FEW).map((g) => (
            <tr key={g.name}>
              <td class="b el">{word ? <a href={leads(word, g.name)}>{safe(g.name) || "no name"}</a> : safe(g.name)}</td>
              <td class="num">{ftok(g.n)}</td>
              <td class="g"><Bar n={g.n} bad={g.errors} most={most} /></td>
              <td class={`num ${g.errors ? "k-err" : "faint"}`}>{share(g.errors, g.n)}</td>
              <td class="num">{took(g, g.median)}</td>
              <td class="num dim">{took(g, g.high)}</td>
              {hasTokens && <td class="num">{took(g, g.first)}</td>}
              <td class="num">{hasTokens ? (g.input ? ftok(g.input) : NONE) : took(g, g.most)}</td>
              {hasTokens && <td class="num money">{g.cost == null ? NONE : `${g.partly ? "≥ " : ""}${fusd(g.cost)}`}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {!all && <More n={of.length - FEW} more={() => show(true)} />}
    </div>
  );
}

function Top({ title, rows, of, show }: { title: string; rows: Row[]; of: (r: Row) => number | undefined; show: (n: number) => string }) {
  const top = rows.filter((r) => of(r) != null).sort((a, b) => of(b)! - of(a)!).slice(0, FEW);
  if (!top.length) return null;
  return (
    <div class="tile">
      <h3>{title}</h3>
      <table class="w">
        <tbody>{top.map((r) => <tr key={r.key}><td class="s"><StatusIcon status={r.status} /></td><td class="b"><a href={to("run", r.key)}>{safe(r.name)}</a></td><td class="el dim"><Text>{clip(plain(asked(r)), 160)}</Text></td><td class="num">{show(of(r)!)}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

function Failing({ rows }: { rows: Row[] }) {
  const by = new Map<string, Row[]>();
  for (const r of rows.filter(failed)) {
    const key = r.error ? `${r.error.type}: ${clip(r.error.message, 70)}` : "the process died";
    (by.get(key) ?? by.set(key, []).get(key)!).push(r);
  }
  if (!by.size) return null;
  return (
    <div class="tile">
      <h3>Most failing</h3>
      <table class="w">
        <tbody>
          {[...by].sort((a, b) => b[1].length - a[1].length).slice(0, 12).map(([key, of]) => (
            <tr key={key}>
              <td class="s"><StatusIcon status={of[0]!.status} /></td>
              <td class="el"><a href={to("runs", "", "", { q: of[0]!.error ? `error:${quoted(of[0]!.error.type)}` : "status:crashed" })}><Text>{key}</Text></a></td>
              <td class="dim">{safe([...new Set(of.map((r) => r.name))].slice(0, 2).join(", "))}</td>
              <td class="num b">{of.length}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
