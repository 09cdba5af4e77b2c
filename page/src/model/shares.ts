// What a prompt is made of, by the characters of its messages; a long one in pieces, so that the page stays awake.
import type { Json, Rec } from "../data/wire";
import { count, last, numbers, ranges } from "./ranges";
import type { Run } from "./run";
import type { Step } from "./step";
import { messageText } from "./texts";

export interface Shares {
  system: number;
  question: number;
  history: number;
  tools: number;
}

const AT_ONCE = 200; // messages that are looked at before anything is drawn
const PIECE_MS = 8;
const MOST = 200_000;

/** The shares, where the prompt is so short that nobody waits for them; else null. */
export function sharesNow(run: Run, x: Step): Shares | null {
  const prompt = ranges(x.prompt);
  if (count(prompt) > AT_ONCE) return null;
  const found = nothing();
  for (const n of numbers(prompt)) put(found, run, x, n, last(prompt));
  return found;
}

/** The shares of a long prompt; null if meanwhile nobody wants them any more. */
export async function sharesSoon(run: Run, x: Step, alive: () => boolean): Promise<Shares | null> {
  const prompt = ranges(x.prompt);
  const found = nothing();
  let until = 0; // the first piece comes after what is drawn now
  for (const n of numbers(prompt, MOST)) {
    if (performance.now() > until) {
      await new Promise((go) => setTimeout(go, 0));
      if (!alive()) return null;
      until = performance.now() + PIECE_MS;
    }
    put(found, run, x, n, last(prompt));
  }
  return found;
}

const nothing = (): Shares => ({ system: 0, question: 0, history: 0, tools: 0 });

function put(found: Shares, run: Run, x: Step, n: number, final: number | undefined): void {
  const role = run.messages.roleOf(n, x.lines[0]);
  const size = messageSize(run, n, x.lines[0]);
  found[role === "system" ? "system" : role === "tool" ? "tools" : n === final && role === "user" ? "question" : "history"] += size;
}

/** The characters of a message as it was at that line. */
export const messageSize = (run: Run, m: number, at?: number): number => run.messages.sizeOf(m, () => sizeOf(run.resolve(run.message(m, at), at) as Rec));

const held = (content: Json | undefined, mark: string, unit: string): number | undefined => {
  const size = ((content as Rec | null)?.[mark] as Rec | undefined)?.[unit];
  return typeof size === "number" ? size : undefined;
};

function sizeOf(m: Rec): number {
  const calls = m.tool_calls ? JSON.stringify(m.tool_calls).length : 0;
  return held(m.content, "$cut", "bytes") ?? held(m.content, "$text", "chars") ?? messageText(m).length + calls;
}
