// What went into a step and what came out of it, in a few words: what a row says.
import type { Json, Rec } from "../data/wire";
import { last, minus, numbers, ranges } from "./ranges";
import type { Run } from "./run";
import { clip, one } from "./safe";
import { under, type Step } from "./step";

const isRec = (v: unknown): v is Rec => typeof v === "object" && v !== null && !Array.isArray(v);
const HEAD = 2000; // characters of a text that a row may need

/** A marker that stands in a value's place, in words; undefined if the value is none. */
export function markerText(v: Rec): string | undefined {
  const keys = Object.keys(v);
  if (keys.length !== 1) return undefined;
  const held = v[keys[0]!] as Rec;
  switch (keys[0]) {
    case "$cut":
    case "$text": {
      const head = held?.head;
      return typeof head === "string" ? head + "…" : head ? asText(head) + "…" : `${held?.chars ?? held?.bytes ?? held?.items ?? "?"} not kept`;
    }
    case "$blob":
      return `[${held?.type ?? "bytes"}]`;
    case "$type":
      return `<${String(held)}>`;
    case "$num":
      return String(held);
    default:
      return undefined;
  }
}

/** Any value as text: strings as they are, the texts of content blocks, markers in words, else JSON. */
export function asText(v: Json | undefined): string {
  if (v == null) return "";
  if (typeof v === "string") return v;
  if (typeof v !== "object") return String(v);
  if (Array.isArray(v)) {
    if (v.length && v.every((b) => isRec(b) && typeof b.type === "string")) return (v as Rec[]).map(blockText).filter(Boolean).join(" ");
    return head(v);
  }
  return markerText(v) ?? head(v);
}

function head(v: Json): string {
  const text = JSON.stringify(v) ?? "";
  return text.length > HEAD ? text.slice(0, HEAD) : text;
}

function blockText(b: Rec): string {
  const type = String(b.type);
  if (type === "thinking" || type === "reasoning" || type === "redacted_thinking" || type === "tool_use" || type === "tool_call") return "";
  if (b.text != null) return asText(b.text);
  if (type === "refusal") return `refused: ${asText(b.refusal)}`;
  if (type.includes("image")) return "[image]";
  if (type.includes("audio") || type.includes("file") || type.includes("document")) return `[${type}]`;
  return head(b);
}

export function messageText(m: Rec | null | undefined): string {
  if (!m) return "";
  if (m.missing) return `(message ${m.m} is not in the log)`;
  return [asText(m.content), refusalBeside(m)].filter(Boolean).join(" ");
}

/** With which words a model refused, where they stand beside its content. */
export function refusalBeside(m: Rec): string {
  const words = asText((m.extra as Rec | null | undefined)?.refusal);
  return words && `refused: ${words}`;
}

export const callsOf = (m: Rec | null | undefined): Rec[] => (Array.isArray(m?.tool_calls) ? (m.tool_calls as Json[]).filter(isRec) : []);

export function argText(args: Json | undefined): string {
  if (args == null) return "";
  if (!isRec(args)) return clip(asText(args), 200);
  const marker = markerText(args);
  if (marker !== undefined) return marker;
  const keys = Object.keys(args);
  if (keys.length === 1 && typeof args[keys[0]!] === "string") return `“${clip(args[keys[0]!], 120)}”`;
  return keys.slice(0, 12).map((k) => `${k}: ${clip(args[k] === null ? "null" : asText(args[k]), 60)}`).join(", ");
}

export const callText = (c: Rec): string => `${c.name ?? "?"}(${argText(c.args)})`;

/** A value of a run's input or output in a few words: of messages, and of a graph's state, the last message; of a mapping that only holds a text, that. */
export function brief(v: Json | undefined): string {
  const held = isRec(v) && Object.keys(v).length >= 1 && Array.isArray(v.messages) ? v.messages : v;
  const final = Array.isArray(held) ? held.at(-1) : held;
  if (isRec(final) && "role" in final) return messageText(final);
  if (Array.isArray(final) && final.length === 2 && final.every((s) => typeof s === "string")) return String(final[1]);
  const [only, more] = isRec(v) && markerText(v) === undefined ? Object.values(v) : [];
  return typeof only === "string" && more === undefined ? only : asText(v);
}

/** [asked, answered] of a step, as its row says it. */
export function texts(run: Run, x: Step): [string, string] {
  switch (x.kind) {
    case "llm":
      return llmTexts(run, x);
    case "tool":
      return [argText(run.field(x, "args") ?? run.field(x, "input")), errorText(run, x) || (x.done ? resultText(run, x) : "")];
    case "agent":
      return agentTexts(run, x);
    case "denied":
      return [argText(run.field(x, "args")), messageText(run.answer(x))];
    case "interrupt":
      return ["", questionText(run.field(x, "value"))];
    case "resume":
      return ["", humanAnswer(run)];
    case "retry":
      return [`attempt ${x.attempt}`, errorText(run, x)];
    case "retriever": {
      const docs = run.field(x, "documents");
      return [asText(run.field(x, "query")), errorText(run, x) || (Array.isArray(docs) ? `${docs.length} documents: ${docs.slice(0, 3).map((d) => clip(asText((d as Rec).content), 60)).join(" · ")}` : "")];
    }
    case "embedding":
      return [`${run.field(x, "count") ?? "?"} texts`, run.field(x, "dimensions") ? `${run.field(x, "dimensions")} dimensions` : ""];
    case "rerank": {
      const docs = run.field(x, "documents");
      return [asText(run.field(x, "query")), Array.isArray(docs) ? `${docs.length} documents` : ""];
    }
    case "custom":
      return ["", asText(run.field(x, "data"))];
    default:
      return [brief(run.field(x, "input")), errorText(run, x) || [routeText(run, x), clip(brief(run.field(x, "output")), 400)].filter(Boolean).join(": ")];
  }
}

/** Where a conditional edge behind a node went. */
export function routeText(run: Run, x: Step): string {
  const route = run.field(x, "route");
  if (!Array.isArray(route) || !route.length) return "";
  const on = route.map(asText).filter((place) => place !== "__end__");
  return on.length ? `goes on at ${on.join(", ")}` : "ends here";
}

export function errorText(run: Run, x: Step): string {
  const e = run.stepFields(x).error as Rec | undefined;
  return isRec(e) ? `${e.type}: ${asText(e.message)}` : "";
}

function llmTexts(run: Run, x: Step): [string, string] {
  const prompt = ranges(x.prompt);
  let asked = "";
  const final = last(prompt);
  if (final !== undefined) {
    const m = run.message(final, x.lines[0]);
    if (m.role === "tool") {
      const fresh = minus(prompt, ranges(x.prev?.prompt));
      const n = [...numbers(fresh, 60)].filter((k) => run.message(k, x.lines[0]).role === "tool").length || 1;
      asked = n === 1 ? "1 result" : `${n} results`;
    } else asked = messageText(run.resolve(m, x.lines[0]) as Rec);
  }
  const error = errorText(run, x);
  if (error) return [asked, error];
  const m = run.answer(x);
  const calls = callsOf(m).map(callText).join("  ");
  const said = messageText(m);
  return [asked, x.done ? (said && calls ? `${calls}   “${clip(said, 90)}”` : said || calls) : ""];
}

export function resultText(run: Run, x: Step): string {
  return asText(result(run, x));
}

/** What a tool gave back. */
export function result(run: Run, x: Step): Json {
  const fields = run.stepFields(x);
  if (fields.message != null) return run.answer(x)?.content ?? "";
  if (fields.result !== undefined) return run.field(x, "result");
  return run.field(x, "output");
}

function agentTexts(run: Run, x: Step): [string, string] {
  const caller = callerOf(x);
  const args = caller ? (run.field(caller, "args") as Json) : run.field(x, "input");
  let asked = isRec(args) && typeof args.question === "string" ? args.question : caller ? argText(args) : brief(args);
  if (!asked) {
    const first = [...under(x)].find((y) => y.kind === "llm" && y.agent === x);
    if (first) asked = llmTexts(run, first)[0];
  }
  const error = errorText(run, x);
  if (error) return [asked, error];
  let final: Step | undefined;
  for (const y of under(x)) if (y.kind === "llm" && y.agent === x && y.message) final = y;
  return [asked, final ? messageText(run.answer(final)) || llmTexts(run, final)[1] : brief(run.field(x, "output"))];
}

/** The tool whose call is this agent's work. */
export function callerOf(x: Step): Step | null {
  const up = x.up?.kind === "node" ? x.up.up : x.up;
  return up?.kind === "tool" ? up : null;
}

export function questionText(v: Json): string {
  if (isRec(v)) for (const k of ["question", "message", "prompt", "description", "text"]) if (typeof v[k] === "string") return v[k];
  if (Array.isArray(v) && v.length === 1) return questionText(v[0]!);
  return one(asText(v));
}

/** What a human answered, where the run goes on from another. */
export function humanAnswer(run: Run): string {
  const input = run.resolve((run.fields.input ?? null) as Json);
  if (isRec(input) && "resume" in input) return asText(input.resume);
  return input == null ? "a human answered" : brief(input);
}

/** The first question of a run and its last answer. */
export function ends(run: Run): [string, string] {
  const input = run.resolve((run.fields.input ?? null) as Json);
  const asked = isRec(input) && "resume" in input ? `⤷ a human answered: “${asText(input.resume)}”` : brief(input);
  const final = run.llms.findLast((x) => !x.agent && x.message);
  return [asked || run.row.question, (final ? messageText(run.answer(final)) : "") || brief(run.resolve((run.fields.output ?? null) as Json)) || run.row.answer];
}
