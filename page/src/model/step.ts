// One step of a run: what a row and a bar need of it at once. Its content is parsed when somebody looks.
import type { Rec } from "../data/wire";

export interface Step {
  no: number;
  kind: string;
  parent: number;
  up: Step | null;
  kids: Step[];
  deep: number; // how many steps are above it
  agent: Step | null;
  lane: string; // an agent's colour: a, b, c, d
  t: number; // ms since the run began
  ms: number; // of a step without end: up to the last line of the run
  done: boolean;
  point: boolean;
  implied: boolean;
  status: string;
  name: string;
  node: string;
  call: string; // call_id
  askedBy: number;
  attempt: number;
  passes: boolean; // its error came from another step
  retried: boolean; // it failed, and was tried again
  failed: string; // the type of its error
  ending: string; // why its answer ended, where that was not of itself: "cut off", "refused", or the provider's word
  wait: number; // of a retry: ms waited
  first: number; // ttft_ms
  tin: number; // -1 where no counts were told
  tout: number;
  cached: number;
  cost: number; // -1 unknown
  prompt: string;
  message: number; // the number of its answer
  sign: number; // a hash of what was asked of a tool, of what a model answered: equal calls have equal ones
  lines: number[];
  defs: boolean; // whether definitions of tools stand in its lines
  prev: Step | null; // the model call of the same agent before this one
  sum: Sum | null;
}

/** What the model calls under a step come to; `told` and `priced` of the `calls` are known. */
export interface Sum {
  calls: number;
  told: number;
  priced: number;
  tin: number; // -1 where no call told it
  tout: number;
  cost: number;
}

export const noSum = (): Sum => ({ calls: 0, told: 0, priced: 0, tin: -1, tout: -1, cost: 0 });

/** Adds what a model call came to. */
export function add(s: Sum, x: Step): void {
  s.calls++;
  if (x.tin >= 0 || x.tout >= 0) s.told++;
  if (x.tin >= 0) s.tin = Math.max(0, s.tin) + x.tin;
  if (x.tout >= 0) s.tout = Math.max(0, s.tout) + x.tout;
  if (x.cost >= 0) {
    s.priced++;
    s.cost += x.cost;
  }
}

/** The children of the many steps that have none: a list for each would be most of what a long run weighs. */
export const NO_KIDS: Step[] = [];
const NO_LINES: number[] = [];

export function newStep(no: number, kind: string): Step {
  return {
    no, kind, parent: 0, up: null, kids: NO_KIDS, deep: 0, agent: null, lane: "", t: 0, ms: 0, done: false, point: false, implied: false,
    status: "ok", name: "", node: "", call: "", askedBy: 0, attempt: 1, passes: false, retried: false, failed: "", ending: "", wait: 0, first: 0,
    tin: -1, tout: -1, cached: 0, cost: -1, prompt: "", message: 0, sign: 0, lines: NO_LINES, defs: false, prev: null, sum: null,
  };
}

export const bad = (x: Step): boolean => x.status === "error" || x.status === "crashed";

/** The failing step itself: not those its error passed through on the way up, nor what was tried again. */
export const fails = (x: Step): boolean => bad(x) && !x.passes && !x.retried;

/** An error, and not only a step that has no end. */
export const isError = (x: Step): boolean => x.status === "error" && fails(x) && x.kind !== "retry";

const WORK = new Set(["llm", "tool", "retriever", "embedding", "rerank"]);

/** Whether a step works itself, and does not only wait for those in it. */
export const works = (x: Step): boolean => WORK.has(x.kind) && !x.kids.some((k) => !k.point);

export function* under(x: Step): Generator<Step> {
  const stack = [...x.kids].reverse();
  while (stack.length) {
    const y = stack.pop()!;
    yield y;
    for (let i = y.kids.length - 1; i >= 0; i--) stack.push(y.kids[i]!);
  }
}

const text = (v: unknown): string => (typeof v === "string" ? v : "");
const num = (v: unknown, or: number): number => (typeof v === "number" ? v : or);

/** Takes one line of the step. A late real end counts over an implied one. */
export function take(x: Step, what: string, r: Rec, at: number): void {
  // A list that grows by `push` gets room for seventeen; nearly all steps have two lines.
  if (!x.lines.length) x.lines = [at];
  else if (x.lines.length < 2) x.lines = [x.lines[0]!, at];
  else x.lines.push(at);
  if (what === "end") {
    if (x.done && !x.point && r.implied === true) return;
    x.done = true;
    x.implied = r.implied === true;
    x.ms = num(r.ms, 0);
    x.status = text(r.status) || "ok";
    takeError(x, r);
  } else if (what === "point") {
    x.point = x.done = true;
    if (x.kind === "retry") takeError(x, r);
  }
  if (typeof r.parent === "number") x.parent ||= r.parent;
  x.name = text(r.name) || x.name || text(r.model);
  x.node = text(r.node) || x.node;
  x.call = text(r.call_id) || x.call;
  x.askedBy = num(r.asked_by, x.askedBy);
  x.attempt = num(r.attempt, x.attempt);
  x.wait = num(r.wait_ms, x.wait);
  x.first = num(r.ttft_ms, x.first);
  if (what === "start" && r.prompt != null) x.prompt = String(r.prompt);
  if (r.tool_defs) x.defs = true;
  if (what === "end") {
    x.ending = endingOf(r);
    takeAnswer(x, r);
  }
  if (what === "start" && x.kind !== "llm") x.sign = hash(r.args ?? r.query ?? r.input ?? null);
}

// The providers' words for an answer that is as the model wanted it, and for one that a limit cut off: those of the terminal.
const AS_WANTED = new Set(["", "stop", "end", "end_turn", "eos", "eos_token", "complete", "completed", "finished", "stop_sequence", "tool_calls", "tool_call", "tool_use", "function_call", "function_calls"]);
const CUT_OFF = new Set(["length", "max_tokens", "max_output_tokens", "model_length", "incomplete"]);

function endingOf(r: Rec): string {
  const word = text(r.finish_reason);
  const key = word.slice(word.lastIndexOf(".") + 1).toLowerCase();
  if (key === "refusal" || refuses(r) || refuses(r.message)) return "refused";
  return AS_WANTED.has(key) ? "" : CUT_OFF.has(key) ? "cut off" : word;
}

/** Whether a message, or a call's last line, holds words of refusal: in its content, or beside it. */
function refuses(v: unknown): boolean {
  const { extra, content } = (v ?? {}) as { extra?: Rec; content?: unknown };
  return !!extra?.refusal || (Array.isArray(content) && content.some((b) => (b as Rec | null)?.type === "refusal"));
}

/** A hash of a value; of a long one, of its beginning and its length. */
function hash(v: unknown): number {
  const text = JSON.stringify(v) ?? "";
  let h = 2166136261 ^ text.length;
  for (let i = 0; i < Math.min(text.length, 4000); i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

function takeError(x: Step, r: Rec): void {
  const e = r.error as Rec | undefined;
  if (!e || typeof e !== "object") return;
  x.failed = text(e.type) || "error";
  x.passes = typeof e.step === "number";
}

function takeAnswer(x: Step, r: Rec): void {
  const u = r.usage as Rec | undefined;
  if (u && typeof u === "object") {
    x.tin = num(u.input_tokens, x.tin);
    x.tout = num(u.output_tokens, x.tout);
    x.cached = num(u.cache_read_tokens, 0);
  }
  const m = r.message;
  if (m && typeof m === "object") {
    const calls = (m as Rec).tool_calls;
    x.sign = hash(Array.isArray(calls) ? calls.map((c) => [(c as Rec)?.name, (c as Rec)?.args] as unknown) : ((m as Rec).content ?? null));
  }
  x.message = typeof m === "number" ? m : m && typeof m === "object" ? num((m as Rec).m, 0) : 0;
}
