// A run, or all runs of a thread, as a chat: who said what, each tool call with its result, sub-agents as boxes, questions with answers.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { List, type ListHandle } from "./list";
import type { Json, Rec } from "../data/wire";
import type { Run } from "../model/run";
import { clip, safe } from "../model/safe";
import { standsFor } from "../model/tree";
import { fms } from "../model/units";
import { Entry } from "./entry";
import { ErrorBox } from "./cards";
import { entriesOf, isHuman, type Talk } from "./talk";
import { route } from "./state";
import { Content, Markdown } from "./values";

type Item = { key: string; run: Run; kind: "sep"; text: string } | { key: string; run: Run; kind: "said"; message: Rec; t: number } | { key: string; run: Run; kind: "human"; text: string } | { key: string; run: Run; kind: "talk"; talk: Talk } | { key: string; run: Run; kind: "end" };

function items(runs: Run[]): Item[] {
  const out: Item[] = [];
  runs.forEach((run, i) => {
    const before = runs[i - 1];
    if (before) {
      const gap = (run.row.started ?? 0) - ((before.row.started ?? 0) + before.dur);
      out.push({ key: `${run.key}-sep`, run, kind: "sep", text: `${isHuman(run) ? `a human answered after ${fms(Math.max(0, gap))}` : `the same thread, ${fms(Math.max(0, gap))} later`} · run ${run.row.id.slice(0, 8)}${isHuman(run) ? " goes on" : ""}` });
    }
    const input = run.resolve((run.fields.input ?? null) as Json);
    const inner = input && typeof input === "object" && !Array.isArray(input) ? input : {};
    if ("resume" in inner) out.push({ key: `${run.key}-human`, run, kind: "human", text: typeof inner.resume === "string" ? inner.resume : JSON.stringify(inner.resume, null, 1) });
    else if (Array.isArray(inner.messages)) fresh(inner.messages as Json[], before).forEach((m, k) => out.push({ key: `${run.key}-in${k}`, run, kind: "said", message: m, t: 0 }));
    else if (input != null) out.push({ key: `${run.key}-in`, run, kind: "said", message: { role: "user", content: input }, t: 0 });
    for (const talk of entriesOf(run)) out.push({ key: `${run.key}-${talk.nodes[0]!.id}`, run, kind: "talk", talk });
    if (run.status === "crashed" || run.fields.error) out.push({ key: `${run.key}-end`, run, kind: "end" });
  });
  return out;
}

/** A thread's later runs are given the whole history again: only what is new to the reader is said once more. */
function fresh(messages: Json[], before: Run | undefined): Rec[] {
  const all = messages.map((m) => (typeof m === "object" && m !== null && !Array.isArray(m) ? m : ({ role: Array.isArray(m) ? String(m[0]) : "user", content: Array.isArray(m) ? (m[1] ?? "") : m } as Rec)));
  if (!before || all.length < 3) return all.slice(-30);
  const lastAnswer = all.map((m) => m.role).lastIndexOf("assistant");
  return all.slice(lastAnswer + 1);
}

export function Conversation({ runs, here, version = 0 }: { runs: Run[]; here: string; version?: number }) {
  const list = useMemo(() => items(runs), [runs, version, runs.map((r) => r.lines.length).join()]);
  const box = useRef<ListHandle>(null);
  const { step } = route();
  const at = step === null ? list.findIndex((i) => i.run.key === here) : list.findIndex((i) => i.kind === "talk" && i.run.key === here && i.talk.nodes.some((n) => standsFor(n, step) || within(n.kids, step)));
  const first = useRef(true);
  useEffect(() => {
    if (at > 0 || !first.current) box.current?.scrollToIndex(Math.max(0, at), { align: step === null ? "start" : "nearest" });
    first.current = false;
  }, [at, here]);
  return (
    <div class="conv" tabIndex={0} aria-label="conversation">
      <List handle={box} data={list} itemSize={60}>
        {(i: Item) => <div class={`cw${i === list[0] ? " top" : ""}`} key={i.key}><One i={i} isHere={i.run.key === here} /></div>}
      </List>
    </div>
  );
}

const within = (nodes: { x: { no: number }; kids: unknown[] }[], no: number): boolean => nodes.some((n) => n.x.no === no || within(n.kids as typeof nodes, no));

function One({ i, isHere }: { i: Item; isHere: boolean }) {
  switch (i.kind) {
    case "sep":
      return <div class="rsep">{i.text}</div>;
    case "human":
      return <Said t="0" who="a human, resuming"><Markdown text={i.text} /></Said>;
    case "said":
      return <Said t="0" who={i.message.role === "user" ? "" : safe(String(i.message.role))}><Content v={i.message.content} /></Said>;
    case "talk":
      return <Entry run={i.run} talk={i.talk} isHere={isHere} />;
    default: {
      const e = i.run.fields.error as Rec | undefined;
      return e ? <div class="inbox"><ErrorBox e={{ ...e, stack: null }} /></div> : <div class="rsep k-err">✕ the process died here</div>;
    }
  }
}

export function Said({ t, who, children }: { t: string; who: string; children: preact.ComponentChildren }) {
  const [isLong, long] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const [isCut, cut] = useState(false);
  useEffect(() => cut((box.current?.scrollHeight ?? 0) > 330), []);
  return (
    <div class="cv user">
      <span class="ti">{t}</span>
      <div class="bx2">
        {who && <div class="who">{clip(who, 60)}</div>}
        <div ref={box} class={isLong && isCut ? "shut" : ""}>{children}</div>
        {isCut && <button class="link" onClick={() => long(!isLong)}>{isLong ? "show all of it" : "show less"}</button>}
      </div>
    </div>
  );
}
