// The step on the right: what it was asked and answered, why it failed, what changed, its raw lines.
import type { ComponentChildren } from "preact";
import type { Json, Rec } from "../data/wire";
import { ownTime } from "../model/axis";
import { has, ranges } from "../model/ranges";
import type { Run } from "../model/run";
import { clip, plain, safe } from "../model/safe";
import { bad, type Step, under } from "../model/step";
import { asText, callsOf, callerOf, messageText, questionText, refusalBeside, result, routeText, texts } from "../model/texts";
import type { Line } from "../model/tree";
import { fms, ftok, fusd, WORD } from "../model/units";
import { CallCard, ErrorBox } from "./cards";
import { CopyMenu } from "./copy";
import { Icon, StatusIcon } from "./icons";
import { Prompt } from "./messages";
import { Notes } from "./note";
import { RawLines } from "./raw";
import { href, press, set } from "./state";
import { ContextShares, ToolDefs, Usage } from "./usage";
import { Content, Fold, JsonTree, Markdown, Text, Value } from "./values";

export function Sec({ title, right, children }: { title: ComponentChildren; right?: ComponentChildren; children: ComponentChildren }) {
  return <section class="sec"><h3><span>{title}</span>{right != null && right !== "" && <span class="r">{right}</span>}</h3>{children}</section>;
}

export function FoldSec({ title, right, children, open }: { title: ComponentChildren; right?: ComponentChildren; children: () => ComponentChildren; open?: boolean }) {
  return <section class="sec"><Fold open={open} head={<><h3>{title}</h3>{right != null && <span class="r ell">{right}</span>}</>}>{() => <div class="in">{children()}</div>}</Fold></section>;
}

/** The states of a run that has a post-mortem. */
export const POST = ["error", "crashed", "interrupted", "cancelled", "unfinished"];
const KIND: Record<string, string> = { llm: "model call", node: "graph node", interrupt: "question to a human", retriever: "retrieval", chain: "runnable", denied: "tool call that was denied" };

export function Detail({ run, x, lines, step }: { run: Run; x: Step; lines: Line[]; step: (d: number) => void }) {
  const f = run.stepFields(x);
  const error = f.error as Rec | undefined;
  const own = ownTime(x);
  const node = x.up?.kind === "node" ? x.up.name : x.node;
  return (
    <>
      <div class="dh">
        <div class="r1">
          <Icon name={x.kind} class={`k-${bad(x) ? "err" : x.kind}`} />
          <span class="b ell">{safe(x.name) || x.kind}</span>
          <span class="faint nowrap">{KIND[x.kind] ?? x.kind} · step {x.no}</span>
          <span class="sp" />
          {POST.includes(run.status) && <button class="btn hidep" onClick={() => set({ step: null })}>{run.status === "interrupted" ? "Why it waits" : "Post-mortem"} <kbd>p</kbd></button>}
          <button class="btn sq" aria-label="label or note" title="label or note  l" onClick={(e) => press("L", e)}><Icon name="note" /></button>
          <CopyMenu run={run} x={x} />
          <button class="btn sq" aria-label="previous step" title="previous step  k" onClick={() => step(-1)}><Icon name="left" /></button>
          <button class="btn sq" aria-label="next step" title="next step  j" onClick={() => step(1)} disabled={lines.at(-1)?.x === x}><Icon name="right" /></button>
        </div>
        <div class="r2">
          <span class={`s-${x.status} how`}><StatusIcon status={x.status} /> {WORD[x.status] ?? safe(x.status)}</span>
          {!x.point && (
            <span>
              <b>{x.done ? "" : "≥ "}{fms(x.ms)}</b>
              {x.first > 0 ? <span class="faint"> · first token after {fms(x.first)}</span> : x.kids.some((k) => !k.point) ? <span class="faint"> · own {fms(own)}, waiting {fms(x.ms - own)}</span> : null}
            </span>
          )}
          <span class="faint">+{fms(x.t)}</span>
          {x.agent && <span>in <a href={href({ step: x.agent.no })}>{safe(x.agent.name)}</a></span>}
          {x.askedBy > 0 && <span>asked by <a href={href({ step: x.askedBy })}>step {x.askedBy}</a></span>}
          {node && <span class="faint">node {safe(node)}</span>}
          {f.cached === true && <span class="mk">answered from a cache</span>}
          {x.ending && <span class="mk w">{safe(clip(x.ending, 40))}</span>}
          {x.implied && <span class="mk w" title="The framework never sent this end; it is inferred from what ended around it.">end inferred</span>}
        </div>
        <Notes key={x.no} run={run.row.id} step={x.no} keys />
      </div>
      {error && <section class="sec"><ErrorBox e={error} /></section>}
      <Attempts run={run} x={x} />
      <Body run={run} x={x} f={f} />
      <Meta run={run} x={x} f={f} />
      <RawLines run={run} at={x.lines} />
    </>
  );
}

function Body({ run, x, f }: { run: Run; x: Step; f: Rec }) {
  switch (x.kind) {
    case "llm":
      return <ModelCall run={run} x={x} f={f} />;
    case "tool":
      return <Tool run={run} x={x} f={f} />;
    case "agent":
      return <Agent run={run} x={x} />;
    case "retriever":
    case "rerank":
      return <Retrieval run={run} x={x} />;
    case "interrupt":
      return <><Sec title="Question"><div class="body b big" dir="auto"><Text>{questionText(run.field(x, "value"))}</Text></div></Sec><Sec title="As it was asked" right={<span class="mono">{safe(String(f.id ?? "").slice(0, 8))}</span>}><Value v={run.field(x, "value")} /></Sec></>;
    case "denied":
      return <><Sec title="Why it did not happen">{<Content v={run.answer(x)?.content ?? null} />}</Sec><Sec title="Arguments" right={<span class="mono">{safe(x.call)}</span>}><Args v={run.field(x, "args")} /></Sec></>;
    case "resume":
      return <Sec title="Answered by a human"><Value v={run.resolve((run.fields.input ?? null) as Json)} /></Sec>;
    default:
      return <Fields run={run} x={x} f={f} />;
  }
}

function ModelCall({ run, x, f }: { run: Run; x: Step; f: Rec }) {
  const m = run.answer(x);
  const others = Array.isArray(f.candidates) ? f.candidates.length : 0;
  return (
    <>
      {m ? (
        <Sec title="Answer" right={<>{others > 0 && `one of ${others + 1} · `}{safe(String(f.finish_reason ?? ""))}</>}>
          {m.missing ? <div class="k-err">Its line is lost: the log has a gap here.</div> : <Content v={m.content} />}
          {callsOf(m).map((c, i) => <CallCard key={i} run={run} call={c} from={x} />)}
          {safe(refusalBeside(m) || refusalBeside(f))}
          {!messageText(m) && !callsOf(m).length && <span class="faint">{run.row.content === "none" ? "content not kept" : "empty"}</span>}
        </Sec>
      ) : (
        !f.error && <Sec title="Answer">{x.status === "running" ? <span class="s-running">The model is still answering.</span> : x.done ? <span class="faint">{run.row.content === "none" || f.chars != null ? `not kept${f.chars != null ? `: ${ftok(f.chars as number)} characters` : ""}` : "none"}</span> : <div class="k-err b">None: the call was in flight when the log ended.</div>}</Sec>
      )}
      {x.prompt ? <Prompt run={run} x={x} /> : null}
      <Usage x={x} f={f} />
      <ContextShares run={run} x={x} />
      <ToolDefs run={run} x={x} f={f} />
      <Parameters x={x} f={f} />
    </>
  );
}

function Parameters({ x, f }: { x: Step; f: Rec }) {
  const params = (f.params ?? {}) as Rec;
  const all: [string, Json | undefined][] = [...Object.entries(params), ["provider", f.provider], ["response_id", f.response_id], ["finish_reason", f.finish_reason], ["attempt", x.attempt], ["model", f.model]];
  const told = all.filter(([, v]) => v != null);
  return (
    <FoldSec title="Parameters" right={safe([...Object.entries(params).map(([k, v]) => `${k} ${asText(v)}`), f.provider ? asText(f.provider) : ""].filter(Boolean).join(" · "))}>
      {() => <dl class="kv">{told.map(([k, v]) => <><dt>{safe(k)}</dt><dd class="mono">{safe(asText(v))}</dd></>)}</dl>}
    </FoldSec>
  );
}

function Tool({ run, x, f }: { run: Run; x: Step; f: Rec }) {
  const v = result(run, x);
  const asks = x.kids.find((k) => k.kind === "interrupt");
  const args = run.field(x, "args") ?? run.field(x, "input");
  return (
    <>
      {asks && <Sec title="Asks a human" right={<a href={href({ step: asks.no })}>step {asks.no}</a>}><div class="ask body b" dir="auto"><Text>{questionText(run.field(asks, "value"))}</Text></div></Sec>}
      {!f.error && x.done && x.status !== "interrupted" && <Sec title="Result" right={typeof v === "string" ? `${ftok(v.length)} characters` : ""}>{v == null ? <span class="faint">{f.chars != null || run.row.content === "none" ? "not kept" : "nothing"}</span> : <Content v={v} />}</Sec>}
      {!x.done && <Sec title="Result">{x.status === "running" ? <span class="s-running">It is still at work.</span> : <div class="k-err b">None. The tool was running when the log ended.</div>}</Sec>}
      {f.error != null && <WhereItWent run={run} x={x} />}
      <Sec title="Arguments" right={<span class="mono">{safe(x.call)}</span>}>{args == null ? <span class="faint">{run.row.content === "none" ? "not kept" : "none"}</span> : <Args v={args} />}</Sec>
    </>
  );
}

export function Args({ v }: { v: Json }) {
  if (typeof v !== "object" || v === null || Array.isArray(v) || "$cut" in v || "$text" in v) return <Value v={v} />;
  return (
    <div class="js mono args">
      {Object.entries(v).map(([k, a]) => (typeof a === "string" && a.length > 80 ? <div class="ln" key={k}><span class="k">{safe(k)}:</span><pre><Text>{a.slice(0, 20_000)}</Text></pre></div> : <JsonTree key={k} v={a} k={k} />))}
    </div>
  );
}

/** Who was told of an error, and what came of it. */
function WhereItWent({ run, x }: { run: Run; x: Step }) {
  const told = toldOf(run, x);
  return (
    <Sec title="Where it went">
      {told ? (
        <button class="tc" onClick={() => set({ step: told.no })}>
          <Icon name="llm" class="k-llm" />
          <span class="ell">shown to the model, which answered: <span class="dim"><Text>{clip(plain(texts(run, told)[1]), 120)}</Text></span></span>
          <span class="go">→ {told.no}</span>
        </button>
      ) : (
        <span class="dim">{run.status === "error" ? "Nobody caught it: it ended the run." : "No model was told of it; the run went on."}</span>
      )}
    </Sec>
  );
}

/** The first model call of the same agent that was shown what a step came to. */
function toldOf(run: Run, x: Step): Step | undefined {
  const m = x.call ? run.messages.resultOf(x.call) : undefined;
  return m === undefined ? undefined : run.llms.find((y) => y.t >= x.t && y.agent === x.agent && has(ranges(y.prompt), m));
}

function Agent({ run, x }: { run: Run; x: Step }) {
  const [asked, answered] = texts(run, x);
  const caller = callerOf(x);
  const s = x.sum;
  const own = ownTime(x);
  const facts: [string, string][] = [
    ["model calls", String(s?.calls ?? 0)],
    ["tokens in / out", s?.told ? `${s.told < s.calls ? "≥ " : ""}${ftok(s.tin)} / ${ftok(s.tout)}` : "–"],
    ["own time", fms(own)],
    ["waiting for its steps", fms(x.ms - own)],
  ];
  return (
    <>
      <Sec title="Answered">{answered ? <Markdown text={answered} /> : <span class="faint">{x.done ? "nothing" : "not yet"}</span>}</Sec>
      <Sec title="Asked" right={caller && <a href={href({ step: caller.no })}>by tool {safe(caller.name)}, step {caller.no}</a>}>{asked ? <Markdown text={asked} /> : <span class="faint">unknown</span>}</Sec>
      <Sec title={`Sum of its ${[...under(x)].length} steps`} right={s?.priced ? `${s.priced < s.calls ? "≥ " : ""}${fusd(s.cost)}` : "cost unknown"}><dl class="kv">{facts.map(([k, v]) => <><dt>{k}</dt><dd>{v}</dd></>)}</dl></Sec>
      <button class="btn inset" onClick={() => set({ agent: x.no })}>Only this agent's steps</button>
    </>
  );
}

function Retrieval({ run, x }: { run: Run; x: Step }) {
  const docs = run.field(x, "documents");
  const list = Array.isArray(docs) ? (docs as Rec[]).map((d, i) => ({ d, i })).sort((a, b) => (Number(b.d?.score ?? -Infinity) || 0) - (Number(a.d?.score ?? -Infinity) || 0) || a.i - b.i) : [];
  return (
    <>
      <Sec title="Query"><Value v={run.field(x, "query")} /></Sec>
      <Sec title={`${list.length} documents`} right={list.some((e) => e.d?.score != null) ? "by score" : ""}>
        {list.slice(0, 100).map(({ d, i }) => (
          <Fold key={i} class="doc" open={i < 2} head={<><span class="b num score">{typeof d?.score === "number" ? d.score.toFixed(3) : `${i + 1}`}</span><span class="ell" dir="auto"><Text>{clip(asText(d?.content) || asText(d?.id), 120)}</Text></span></>}>
            {() => <>{d?.content != null && <Content v={d.content} />}{d?.metadata != null && <div class="js mono"><JsonTree v={d.metadata} k="metadata" depth={1} /></div>}{d?.id != null && <div class="faint mono">{safe(String(d.id))}</div>}</>}
          </Fold>
        ))}
        {docs != null && !Array.isArray(docs) && <Value v={docs} />}
      </Sec>
    </>
  );
}

function Attempts({ run, x }: { run: Run; x: Step }) {
  const points = x.kids.filter((k) => k.kind === "retry");
  const before: Step[] = [];
  if (x.attempt > 1) for (const y of x.up?.kids ?? run.kids) if (y !== x && y.kind === x.kind && y.name === x.name && y.failed && y.attempt < x.attempt && y.t <= x.t) before.push(y);
  const failed = before.slice(-(x.attempt - 1));
  if (!points.length && !failed.length) return null;
  const row = (no: number, y: Step, waited: number | null) => {
    const e = run.stepFields(y).error as Rec | undefined;
    return <div class="notice inset"><span class="k-retry"><Icon name="retry" /></span><span><b>Attempt {no} failed</b><span class="faint"> after {fms(y.point ? y.t - x.t : y.ms)}{waited ? `, waited ${fms(waited)}` : ""}</span>{!y.point && <> · <a href={href({ step: y.no })}>step {y.no}</a></>}<br />{e && <Text>{`${e.type}: ${clip(e.message, 300)}`}</Text>}</span></div>;
  };
  return <Sec title={`Attempts ${points.length + failed.length + 1}`}>{failed.map((y, i) => row(y.attempt, y, (failed[i + 1] ?? x).t - y.t - y.ms))}{points.map((y) => row(Math.max(1, y.attempt - 1), y, y.wait))}</Sec>;
}

const SHOWN = new Set(["error", "name", "ms", "status", "implied", "messages", "message", "args", "result", "prompt", "tool_defs", "tools", "usage", "params", "value", "route", "documents", "query", "tags", "metadata", "checkpoint", "attempt", "asked_by", "call_id"]);

function Fields({ run, x, f }: { run: Run; x: Step; f: Rec }) {
  const names = Object.keys(f).filter((k) => !SHOWN.has(k));
  return (
    <>
      {x.kind === "node" && routeText(run, x) && <Sec title="Where it went on"><Text>{routeText(run, x)}</Text></Sec>}
      {f.input !== undefined && <Sec title="Input"><Value v={run.field(x, "input")} /></Sec>}
      {f.output !== undefined && <Sec title={x.kind === "node" ? "What it changed" : "Output"}><Value v={run.field(x, "output")} /></Sec>}
      {x.sum && <Sec title="Sum of its model calls" right={x.sum.priced ? fusd(x.sum.cost) : ""}><dl class="kv"><dt>model calls</dt><dd>{x.sum.calls}</dd><dt>tokens in / out</dt><dd>{x.sum.told ? `${ftok(x.sum.tin)} / ${ftok(x.sum.tout)}` : "–"}</dd></dl></Sec>}
      {names.some((k) => k !== "input" && k !== "output") && <Sec title="Fields"><div class="js mono">{names.filter((k) => k !== "input" && k !== "output").map((k) => <JsonTree key={k} v={run.field(x, k)} k={k} depth={1} />)}</div></Sec>}
    </>
  );
}

function Meta({ run, x, f }: { run: Run; x: Step; f: Rec }) {
  const entries = (["tags", "metadata", "checkpoint"] as const).filter((k) => f[k] != null);
  if (!entries.length) return null;
  return <FoldSec title="Tags, metadata, checkpoint" right={entries.join(", ")}>{() => <div class="js mono">{entries.map((k) => <JsonTree key={k} v={run.field(x, k)} k={k} depth={1} />)}</div>}</FoldSec>;
}
