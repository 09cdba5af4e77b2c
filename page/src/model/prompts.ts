// How a prompt differs from the one before it, in the few words that a row has room for: by what it grew, and what it lost.
import { count, minus, numbers, ranges, type Ranges } from "./ranges";
import type { Run } from "./run";
import { clip, one, safe } from "./safe";
import { messageSize } from "./shares";
import type { Step } from "./step";
import { ftok, plural } from "./units";

const LEAST_TOKENS = 1000; // growth that is worth a word …
const LEAST_CHARACTERS = 4000; // … where no provider told tokens
const LEAST_SHARE = 0.3; // … of what the prompt was before
const LOOKED_AT = 60; // new messages whose sizes are compared
const COUNTED = 3000;

/** How many messages of each role there are, in words. */
export function byRole(run: Run, some: Ranges, at: number): string {
  const by: Record<string, number> = {};
  let seen = 0;
  for (const n of numbers(some, COUNTED)) {
    const role = run.messages.roleOf(n, at);
    by[role] = (by[role] ?? 0) + 1;
    seen++;
  }
  const more = count(some) - seen;
  return Object.entries(by).map(([role, n]) => `${n} ${safe(role)}`).join(", ") + (more > 0 ? `, ${more} more` : "");
}

/** "+12.4k tokens, most of it from search" of a model call whose prompt grew a lot; empty of the others. */
export function grown(run: Run, x: Step): string {
  if (x.kind !== "llm" || !x.prev) return "";
  const isTold = x.tin >= 0 && x.prev.tin >= 0;
  if (isTold && x.tin - x.prev.tin < Math.max(LEAST_TOKENS, x.prev.tin * LEAST_SHARE)) return "";
  const fresh = [...numbers(minus(ranges(x.prompt), ranges(x.prev.prompt)), LOOKED_AT)];
  const sizes = fresh.map((m) => ({ m, size: messageSize(run, m, x.lines[0]) }));
  const characters = sizes.reduce((n, s) => n + s.size, 0);
  if (!isTold && characters < LEAST_CHARACTERS) return "";
  const most = sizes.reduce((a, b) => (b.size > a.size ? b : a), { m: 0, size: 0 });
  const from = most.size > characters / 2 ? `, most of it ${sender(run, most.m, x)}` : "";
  return `+${isTold ? `${ftok(x.tin - x.prev.tin)} tokens` : `${ftok(characters)} characters`}${from}`;
}

function sender(run: Run, m: number, x: Step): string {
  const message = run.message(m, x.lines[0]);
  if (message.role === "tool") return `from ${clip(safe(one(message.name ?? run.toolOf(String(message.tool_call_id ?? ""))?.name ?? "a tool")), 24)}`;
  return message.role === "user" ? "said by the user" : message.role === "system" ? "a system message" : "an answer";
}

/** Messages of the call before that a model is no longer sent, in words; of several calls, what the one lost that lost most. */
export function lost(run: Run, calls: readonly Step[]): string {
  let [gone, from]: [Ranges, Step | null] = [[], null];
  for (const x of calls) {
    const less = x.kind === "llm" && x.prev ? minus(ranges(x.prev.prompt), ranges(x.prompt)) : [];
    if (count(less) > count(gone)) [gone, from] = [less, x.prev];
  }
  if (!from) return "";
  const words = `− ${plural(count(gone), "message")}`;
  return calls.length > 1 ? `${words} inside` : `${words}: ${byRole(run, gone, from.lines[0]!)}`;
}
