// One entry of a conversation: an answer, a tool call with its result, a loop, sub-agents, a question to a human.
import { useState } from "preact/hooks";
import type { Rec } from "../data/wire";
import type { Run } from "../model/run";
import { clip, safe } from "../model/safe";
import { bad } from "../model/step";
import { argText, asText, result, resultText, texts } from "../model/texts";
import { standsFor, type Node } from "../model/tree";
import { fms, ftok, fusd, plural, short } from "../model/units";
import { ErrorBox } from "./cards";
import { Icon } from "./icons";
import { Question } from "./postmortem";
import { route, set } from "./state";
import { talks, type Talk } from "./talk";
import { Content, Fold, Markdown, Text, Value } from "./values";

const MOST = 60; // entries of a sub-agent that are drawn before somebody asks

const time = (t: number): string => (t < 50 ? "0" : t < 6e4 ? `+${(t / 1e3).toFixed(1)}` : `+${fms(t)}`);

function choose(run: Run, no: number, e: Event): void {
  if ((e.target as HTMLElement).closest("summary,button,a")) return;
  e.stopPropagation();
  if (run.key === route().id) set({ step: no, ...(innerWidth <= 760 ? { sheet: true } : {}) });
}

interface Props {
  run: Run;
  n: Node;
  isHere: boolean;
}

export function Entry({ run, talk, isHere }: { run: Run; talk: Talk; isHere: boolean }) {
  const n = talk.nodes[0]!;
  if (n.x.kind === "agent") return <Agents run={run} nodes={talk.nodes} isHere={isHere} />;
  return <Step run={run} n={n} isHere={isHere} />;
}

const cur = ({ n, isHere }: Props): string => (isHere && route().step !== null && standsFor(n, route().step!) ? " cur" : "");

function Step(p: Props) {
  const { run, n } = p;
  if (n.loop !== undefined) return <LoopCard {...p} />;
  switch (n.x.kind) {
    case "llm":
      return <Answer {...p} />;
    case "interrupt":
      return <div class={`cv${cur(p)}`} onClick={(e) => choose(run, n.x.no, e)}><span class="ti">{time(n.x.t)}</span><div class="bx2"><div class="ask"><div class="who k-interrupt"><Icon name="interrupt" />asks a human</div><Question run={run} x={n.x} /></div></div></div>;
    case "resume":
      return null;
    case "custom":
    case "retriever":
    case "tool":
    case "denied":
    case "node":
    case "embedding":
    case "rerank":
      return <><Call {...p} />{n.kids.length > 0 && <div class="nested"><Talks run={run} nodes={n.kids} isHere={p.isHere} /></div>}</>;
    default:
      return n.kids.length ? <Talks run={run} nodes={n.kids} isHere={p.isHere} /> : null;
  }
}

function Answer(p: Props) {
  const { run, n } = p;
  const x = n.x;
  const m = run.answer(x);
  const tried = n.tries.find((t) => t.failed);
  const error = run.stepFields(x).error as Rec | undefined;
  const isSilent = !!m && !asText(m.content) && !hasThought(m.content);
  if (isSilent && !error) {
    if (!tried) return null;
    return <div class="cv"><span class="ti">{time(tried.t)}</span><div class="bx2 dim"><span class="mk w">↻ retry</span> {safe(tried.failed)}: <Text>{clip(texts(run, tried)[1].replace(/^[^:]*: /, ""), 160)}</Text>; asked again, answered after {fms(x.t + x.ms - tried.t)}</div></div>;
  }
  return (
    <div class={`cv asst${cur(p)}`} onClick={(e) => choose(run, x.no, e)}>
      <span class="ti">{time(x.t)}</span>
      <div class="bx2">
        <div class="who"><Icon name="llm" class="k-llm" /><span>{short(safe(x.name))}</span>{x.ending && <span class="mk w">{safe(clip(x.ending, 24))}</span>}<span class="faint thin">{x.done ? fms(x.ms) : x.status === "running" ? "is answering …" : "no end"}</span>{tried && <span class="mk w">↻ after {clip(safe(tried.failed), 24)}</span>}</div>
        {error ? <ErrorBox e={error} /> : m ? <Content v={m.content} /> : !x.done && x.status !== "running" && <span class="k-err">in flight when the log ended</span>}
      </div>
    </div>
  );
}

const hasThought = (v: unknown): boolean => Array.isArray(v) && v.some((b) => b && typeof b === "object" && /thinking|reasoning/.test(String((b as Rec).type)));

function Call(p: Props) {
  const { run, n } = p;
  const x = n.x;
  const isBad = bad(x);
  const error = run.stepFields(x).error as Rec | undefined;
  const [asked, answered] = texts(run, x);
  const out = error ? `✕ ${error.type}: ${clip(error.message, 140)}` : x.kind === "denied" ? `denied: ${clip(answered, 160)}` : x.status === "interrupted" ? "stopped to ask" : x.done ? clip(answered, 170) : x.status === "running" ? "running …" : "no end: in flight when the log ended";
  return (
    <div class={`cv call${cur(p)}`} onClick={(e) => choose(run, x.no, e)}>
      <span class="ti" />
      <div class="bx2">
        <Fold class={`ctool${isBad ? " er" : ""}`} head={
          <>
            <Icon name={x.kind} class={`k-${isBad ? "err" : x.kind}`} />
            <span class={`nm${isBad ? " k-err" : ""}`}>{isBad ? "✕ " : ""}{safe(x.name) || x.kind}</span>
            <span class="ell"><span class="dim"><Text>{clip(asked, 160)}</Text></span>{out && <><span class="arr">  →  </span><span class={isBad ? "k-err" : ""}><Text>{out}</Text></span></>}</span>
            <span class="ms">{x.point ? "" : `${x.done ? "" : "≥ "}${fms(x.ms)}`}</span>
          </>
        }>
          {() => (
            <div class="in">
              <div class="js mono">{run.field(x, "args") != null && <Value v={run.field(x, "args")} />}</div>
              {error ? <ErrorBox e={error} /> : x.kind === "retriever" ? <Value v={run.field(x, "documents")} /> : <Content v={result(run, x)} />}
              <button class="link" onClick={() => set({ step: x.no })}>step {x.no}</button>
            </div>
          )}
        </Fold>
      </div>
    </div>
  );
}

function LoopCard({ run, n }: Props) {
  const m = n.members!;
  const final = m.at(-1)!.x;
  return (
    <div class="cv call">
      <span class="ti">{time(m[0]!.x.t)}</span>
      <div class="bx2">
        <Fold class="ctool" head={<><Icon name="tool" class="k-tool" /><span class="nm">{safe(n.x.name)}</span><span class="mk w">× {n.loop}</span><span class="ell dim"><Text>{argText(run.field(n.x, "args"))}</Text> → the same call again and again: <Text>{clip(resultText(run, n.x), 90)}</Text></span><span class="ms">{fms(final.t + final.ms - m[0]!.x.t)}</span></>}>
          {() => <div class="in"><Value v={result(run, n.x)} /></div>}
        </Fold>
      </div>
    </div>
  );
}

function Agents({ run, nodes, isHere }: { run: Run; nodes: Node[]; isHere: boolean }) {
  return (
    <>
      {nodes.length > 1 && <div class="parl">{nodes.length} agents at the same time</div>}
      <div class={`par${nodes.length > 1 ? " many" : ""}`}>{nodes.map((n) => <Agent key={n.id} run={run} n={n} isHere={isHere} />)}</div>
    </>
  );
}

function Agent({ run, n, isHere }: Props) {
  const x = n.x;
  const [asked] = texts(run, x);
  const s = x.sum;
  return (
    <div class={`sub l${x.lane}${cur({ run, n, isHere })}`}>
      <div class="sh" onClick={(e) => choose(run, x.no, e)}>
        <Icon name="agent" class={`ln-${x.lane}`} />
        <b>{safe(x.name)}</b>
        <span class="faint ell">{s ? `${plural(s.calls, "model call")}${s.told ? ` · ${s.told < s.calls ? "≥ " : ""}${ftok(s.tin)} tokens` : ""}${s.priced ? ` · ${fusd(s.cost)}` : ""}` : ""}</span>
        {bad(x) && <span class="mk e">{x.status === "error" ? "failed" : "no end"}</span>}
        <span class="faint ms">{fms(x.ms)}</span>
      </div>
      <div class="sb">
        {asked && <div class="cv user"><span class="ti">{time(x.t)}</span><div class="bx2"><Markdown text={asked} /></div></div>}
        <Talks run={run} nodes={n.kids} isHere={isHere} />
      </div>
    </div>
  );
}

function Talks({ run, nodes, isHere }: { run: Run; nodes: Node[]; isHere: boolean }) {
  const [shown, more] = useState(MOST);
  const all = talks(nodes);
  return (
    <>
      {all.slice(0, shown).map((t) => <Entry key={t.nodes[0]!.id} run={run} talk={t} isHere={isHere} />)}
      {all.length > shown && <button class="btn more" onClick={() => more(shown + 200)}>{(all.length - shown).toLocaleString("en")} more</button>}
    </>
  );
}
