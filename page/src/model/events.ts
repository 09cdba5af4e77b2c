// What a line says of itself before anything else: when it was written, and what happened. Read once for each line of a long run.
import type { Json } from "../data/wire";

// The lines of a run have few different seconds, and reading a date costs more than the rest of a line.
let second = "";
let secondMs = NaN;

/** Milliseconds since 1970; NaN if a `ts` says none. */
export const stamp = (ts: Json | undefined): number => {
  if (typeof ts !== "string") return NaN;
  if (second === "" || !ts.startsWith(second)) {
    second = ts.slice(0, 19);
    secondMs = Date.parse(second + "Z");
  }
  const micros = Number(ts.slice(20, 26));
  return Number.isFinite(micros) ? secondMs + micros / 1e3 : secondMs;
};

// What happened, by the word of the line: few words, many lines.
const EVENTS = new Map<Json | undefined, [string, string]>();

/** `llm.end` as its kind and what became of it. */
export function eventOf(ev: Json | undefined): [string, string] {
  let found = EVENTS.get(ev);
  if (!found) {
    found = String(ev).split(".") as [string, string];
    if (EVENTS.size < 200) EVENTS.set(ev, found);
  }
  return found;
}
