// Which runs a query line means, by their rows; and what may follow where somebody types.
import type { Row } from "../data/wire";
import { moment } from "./moments";
import { parse, queryOf, quoted, WORDS, type Query } from "./query";

export type Found = (phrase: string) => ReadonlySet<string> | undefined;
type Check = (r: Row) => boolean;

/** Whether a run fits all of a line; one that cannot be understood fits none. `found` knows which runs hold a phrase. */
export function matcher(line: string, now: number, found: Found = () => undefined): Check {
  const query = parse(line);
  if (query.wrong) return () => false;
  const checks = checksOf(query, now, found);
  return (r) => checks.every((fits) => fits(r));
}

// What a run has of each word; `part`: a part of it is enough, capitals or not.
const VALUES: Record<string, { of: (r: Row) => readonly string[]; part?: boolean }> = {
  status: { of: (r) => [r.status] },
  name: { of: (r) => [r.name], part: true },
  thread: { of: (r) => [r.thread ?? ""] },
  model: { of: (r) => r.models, part: true },
  tool: { of: (r) => r.tools },
  tag: { of: (r) => r.tags ?? [] },
  meta: { of: (r) => r.meta ?? [] },
  error: { of: (r) => r.fails ?? [], part: true },
  finish: { of: (r) => r.finish ?? [] },
  label: { of: (r) => r.labels ?? [] },
};

function checksOf(q: Query, now: number, found: Found): Check[] {
  const checks: Check[] = [];
  for (const [word, choices] of Object.entries(q.choices)) {
    const values = VALUES[word];
    for (const choice of choices) checks.push(values ? fitting(choice, values.of, !!values.part) : holding(choice, found));
  }
  if (q.flags.includes("unlabelled")) checks.push((r) => !r.labels?.length);
  if (q.flags.includes("tool-failed")) {
    const tools = (q.choices.tool ?? []).map(oneOf);
    checks.push((r) => (r.failed ?? []).some((name) => tools.every((fits) => fits(name))));
  }
  for (const [word, n] of Object.entries(q.numbers)) checks.push((r) => MEASURES[word]!(r) >= n);
  for (const [word, text] of Object.entries(q.times)) {
    const at = moment(text, now);
    checks.push((r) => r.started != null && (word === "since" ? r.started >= at : r.started < at));
  }
  for (const word of q.without) {
    const inner = checksOf(queryOf([word]), now, found);
    checks.push((r) => !inner.every((fits) => fits(r)));
  }
  return checks;
}

const MEASURES: Record<string, (r: Row) => number> = {
  "min-ms": (r) => r.ms ?? 0,
  "min-tokens": (r) => (r.usage.input_tokens ?? 0) + (r.usage.output_tokens ?? 0),
  "min-cost": (r) => r.cost ?? 0,
};

function fitting(choice: string[], of: (r: Row) => readonly string[], isPart: boolean): Check {
  const wanted = choice.map((c) => c.toLowerCase());
  const fits = isPart ? (value: string): boolean => wanted.some((w) => value.toLowerCase().includes(w)) : oneOf(choice);
  return (r) => of(r).some(fits);
}

function oneOf(choice: string[]): (value: string) => boolean {
  const patterns = choice.map(glob);
  return (value) => choice.includes(value) || patterns.some((p) => p.test(value));
}

/** `*`, `?`, `[abc]` and `[!abc]`, as shells have them; the rest is what it is. */
function glob(pattern: string): RegExp {
  const source = pattern.replace(/\*+|\?|\[!?\]?[^\]]*\]|[\s\S]/gu, (part) => {
    if (part[0] === "*") return ".*";
    if (part === "?") return ".";
    if (part.length > 1 && part[0] === "[") return `[${part.slice(1, -1).replace(/[\\[\]^]/g, "\\$&").replace(/^!/, "^")}]`;
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  try {
    return new RegExp(`^(?:${source})$`, "su");
  } catch {
    return /[^\s\S]/; // a range that runs backwards fits nothing
  }
}

function holding(choice: string[], found: Found): Check {
  const phrases = choice.map((phrase) => ({ low: phrase.toLowerCase(), runs: found(phrase) }));
  return (r) => phrases.some((p) => texts(r).includes(p.low) || (p.runs?.has(r.key) ?? false));
}

const texts = (r: Row): string =>
  `${r.name}\n${r.question}\n${r.answer}\n${r.id}\n${r.thread ?? ""}\n${r.asks ?? ""}\n${r.error ? `${r.error.type}: ${r.error.message}` : ""}`.toLowerCase();

/** What may follow where the cursor stands: words, then the values that the runs at hand have. */
export function completions(typed: string, rows: readonly Row[]): string[] {
  const at = typed.indexOf(":");
  const sign = typed[0] === "-" ? "-" : "";
  if (at < 0) return Object.keys(WORDS).filter((k) => k.startsWith(typed.slice(sign.length).toLowerCase())).map((k) => `${sign}${k}:`);
  // Behind a comma, another value of the same choice.
  const from = Math.max(at, typed.lastIndexOf(",")) + 1;
  const word = typed.slice(sign.length, at).toLowerCase();
  const start = typed.slice(from).toLowerCase();
  const counted = new Map<string, number>();
  for (const r of rows.slice(0, 5000)) for (const v of offered(word, r)) counted.set(v, (counted.get(v) ?? 0) + 1);
  return [...counted]
    .filter(([v]) => v && v.toLowerCase().includes(start))
    .sort((a, b) => Number(b[0].toLowerCase().startsWith(start)) - Number(a[0].toLowerCase().startsWith(start)) || b[1] - a[1])
    .slice(0, 9)
    .map(([v]) => typed.slice(0, from) + quoted(v));
}

function offered(word: string, r: Row): readonly string[] {
  if (word === "error") return r.error ? [r.error.type] : [];
  if (word === "unlabelled" || word === "tool-failed") return ["yes"];
  if (word === "since" || word === "until") return ["1h", "1d", "yesterday", "7d"];
  return VALUES[word]?.of(r) ?? [];
}
