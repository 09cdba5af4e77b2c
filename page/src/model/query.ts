// The query line: the same words as the command line's options, `status:error tool:search min-ms:2000 "exact phrase"`.
import type { Row } from "../data/wire";
import { WORD } from "./units";

export interface Term {
  text: string; // as written
  key: string | null;
  value: string;
}

export const KEYS: Record<string, string> = {
  status: "error, ok, crashed, interrupted, running …",
  name: "the run's name",
  model: "a model it asked",
  tool: "a tool it called",
  thread: "its conversation",
  program: "the program that ran it",
  "min-ms": "took at least so long",
  "max-ms": "took at most so long",
  "min-cost": "cost at least so many dollars",
  "min-tokens": "at least so many tokens in and out",
  since: "begun since: 30m, 2h, 3d, 2026-11-23",
  until: "begun before",
  loops: "the same call at least so often in a row",
  error: "words of its error",
  label: "a label that was put on it",
  unlabelled: "yes: no label was put on it",
};

export function terms(q: string): Term[] {
  return (q.match(/(?:[\w-]+:)?"[^"]*"|\S+/g) ?? []).map((text) => {
    const at = text[0] === '"' ? -1 : text.indexOf(":");
    const key = at > 0 ? text.slice(0, at).toLowerCase() : null;
    if (key === null || !(key in KEYS)) return { text, key: null, value: text.replace(/"/g, "") };
    return { text, key, value: text.slice(at + 1).replace(/"/g, "") };
  });
}

const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** The time meant by `2h`, `3d` or `2026-11-23`; NaN if it is none. Dates without a zone are UTC, as on the command line. */
export function moment(value: string, now: number): number {
  const span = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(value);
  if (span) return now - Number(span[1]) * UNITS[span[2]!]!;
  return Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(value) || !value.includes("T") ? value : value + "Z");
}

/** What is wrong with a term; empty if it is fine. */
export function wrong(t: Term, now: number): string {
  if (t.key === "since" || t.key === "until") return Number.isNaN(moment(t.value, now)) ? `${t.value} is no time: write 30m, 2h, 3d or 2026-11-23` : "";
  if (t.key?.startsWith("m") && t.key.includes("-") && !Number.isFinite(Number(t.value || "x"))) return `${t.value} is no number`;
  return "";
}

export type Found = (phrase: string) => ReadonlySet<string> | undefined;

/** Whether a run fits all terms. `found` knows which runs have a phrase anywhere in their lines. */
export function matcher(q: string, now: number, found: Found = () => undefined): (r: Row) => boolean {
  const tests = terms(q).map((t) => test(t, now, found));
  return (r) => tests.every((f) => f(r));
}

function test(t: Term, now: number, found: Found): (r: Row) => boolean {
  const w = t.value.toLowerCase();
  const n = Number(t.value);
  switch (t.key) {
    case "status":
      return (r) => r.status === w || WORD[r.status] === w || (w === "failed" && r.status === "error");
    case "name":
      return (r) => r.name.toLowerCase().includes(w);
    case "model":
      return (r) => r.models.some((m) => m.toLowerCase().includes(w));
    case "tool":
      return (r) => r.tools.some((m) => m.toLowerCase().includes(w));
    case "thread":
      return (r) => (r.thread ?? "").toLowerCase() === w;
    case "program":
      return (r) => r.program.toLowerCase().includes(w);
    case "min-ms":
      return (r) => (r.ms ?? -1) >= n;
    case "max-ms":
      return (r) => r.ms != null && r.ms <= n;
    case "min-cost":
      return (r) => (r.cost ?? -1) >= n;
    case "min-tokens":
      return (r) => (r.usage.input_tokens ?? 0) + (r.usage.output_tokens ?? 0) >= n;
    case "since":
      return (r) => (r.started ?? 0) >= moment(t.value, now);
    case "until":
      return (r) => (r.started ?? Infinity) < moment(t.value, now);
    case "loops":
      return (r) => (r.loop ?? 0) >= (n || 2);
    case "label":
      return (r) => (r.labels ?? []).some((l) => l.toLowerCase() === w);
    case "unlabelled":
      return (r) => !r.labels?.length === (w !== "no");
    case "error":
      return (r) => !!r.error && `${r.error.type}: ${r.error.message}`.toLowerCase().includes(w);
    default: {
      const runs = found(t.value);
      return (r) => words(r).includes(w) || (runs?.has(r.key) ?? false);
    }
  }
}

const words = (r: Row): string =>
  `${r.name}\n${r.question}\n${r.answer}\n${r.id}\n${r.thread ?? ""}\n${r.asks ?? ""}\n${r.error ? `${r.error.type}: ${r.error.message}` : ""}`.toLowerCase();

/** What may follow where the cursor stands: keys, then the values that the runs at hand have. */
export function completions(typed: string, rows: readonly Row[]): string[] {
  const at = typed.indexOf(":");
  if (at < 0) return Object.keys(KEYS).filter((k) => k.startsWith(typed.toLowerCase())).map((k) => `${k}:`);
  const [key, start] = [typed.slice(0, at), typed.slice(at + 1).toLowerCase()];
  const counted = new Map<string, number>();
  for (const r of rows.slice(0, 5000)) for (const v of valuesOf(key, r)) counted.set(v, (counted.get(v) ?? 0) + 1);
  return [...counted]
    .filter(([v]) => v && v.toLowerCase().includes(start))
    .sort((a, b) => Number(b[0].toLowerCase().startsWith(start)) - Number(a[0].toLowerCase().startsWith(start)) || b[1] - a[1])
    .slice(0, 9)
    .map(([v]) => `${key}:${/\s/.test(v) ? `"${v}"` : v}`);
}

function valuesOf(key: string, r: Row): string[] {
  switch (key) {
    case "status":
      return [r.status];
    case "name":
      return [r.name];
    case "model":
      return r.models;
    case "tool":
      return r.tools;
    case "thread":
      return r.thread ? [r.thread] : [];
    case "program":
      return [r.program];
    case "error":
      return r.error ? [r.error.type] : [];
    case "label":
      return r.labels ?? [];
    case "unlabelled":
      return ["yes"];
    case "since":
    case "until":
      return ["1h", "1d", "7d"];
    default:
      return [];
  }
}
