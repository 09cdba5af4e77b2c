// The page's query line on the cases that the command line is tested on, too: neither can drift from the other.
import { expect, test } from "vitest";
import { completions, matcher } from "../src/model/matching";
import { moment } from "../src/model/moments";
import { parse, quoted, terms, WORDS } from "../src/model/query";
import type { Row } from "../src/data/wire";
import cases from "./query.json";

const plain: Row = { key: "", id: "", name: "", status: "ok", started: Date.UTC(2026, 10, 23), steps: 0, llm_calls: 0, tool_calls: 0, errors: 0, retries: 0, usage: {}, untold: 0, unpriced: 0, models: [], tools: [], question: "", answer: "", program: "", spark: "", file: "", calls: {} };
const rows = (cases.runs as unknown as Row[]).map((r): Row => ({ ...plain, ...r, key: r.name, labels: (cases.labels as Record<string, string[]>)[r.name] }));

/** A query as `steplog`'s own says it in JSON. */
function asJson(line: string): unknown {
  const q = parse(line);
  expect(q.wrong, line).toBe("");
  return { ...q.choices, ...Object.fromEntries(q.flags.map((f) => [f, true])), ...q.numbers, ...q.times, ...(q.without.length ? { without: q.without } : {}) };
}

test("the words are those of the command line", () => {
  expect(Object.keys(WORDS).sort()).toEqual([...cases.words].sort());
});

test.each(cases.meant as [string, unknown][])("%s means what it means there", (line, meant) => {
  expect(asJson(line)).toEqual(meant);
  expect(terms(line).map((t) => t.text).join(" ")).toBe(line);
});

test.each(cases.wrong)("%s is understood by neither, and fits nothing", (line) => {
  expect(parse(line).wrong).not.toBe("");
  expect(rows.filter(matcher(line, 0))).toEqual([]);
});

test.each(cases.moments as [string, string][])("%s is the same time", (text, at) => {
  expect(moment(text, Date.parse(cases.now))).toBe(Date.parse(at));
});

test.each(cases.fits as [string, string[]][])("%s fits the same runs", (line, names) => {
  expect(rows.filter(matcher(line, Date.parse(cases.now))).map((r) => r.name)).toEqual(names);
});

test("what may follow: words, behind a minus too, and values, behind a comma too", () => {
  expect(completions("-sta", rows)).toEqual(["-status:"]);
  expect(completions("tool:search,re", rows)).toEqual(["tool:search,refund"]);
  expect(completions("-tag:de", rows)).toEqual(["-tag:dev"]);
  expect(completions("meta:user", rows)).toEqual(["meta:user=u-17", "meta:user=u-2"]);
  expect(quoted('a "b" c')).toBe('"a \\"b\\" c"');
});
