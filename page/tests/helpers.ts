// Runs made of records, as the page is given them.
import type { Head, Rec, Row } from "../src/data/wire";
import { Run } from "../src/model/run";

const row: Row = { key: "8f3a1c2b4d5e6f70", id: "8f3a1c2b4d5e6f70", name: "test", status: "ok", steps: 0, llm_calls: 0, tool_calls: 0, errors: 0, retries: 0, usage: {}, untold: 0, unpriced: 0, models: [], tools: [], question: "", answer: "", program: "", spark: "", file: "a.jsonl", calls: {} };

export function run(records: Rec[], more: Partial<Row> = {}): Run {
  const head: Head = { run: row.key, row: { ...row, ...more }, files: ["a.jsonl"], writer: {} };
  const made = new Run(head);
  add(made, records);
  made.join(Date.parse("2026-11-23T03:13:10Z"));
  return made;
}

export function add(made: Run, records: Rec[]): void {
  const from = made.lines.length;
  const text = records.map((r, i) => {
    const n = from + i + 1;
    const ts = new Date(Date.UTC(2026, 10, 23, 3, 12, 59, n)).toISOString().replace("Z", "000Z");
    return `[0,${n}]\n${JSON.stringify({ seq: n, ts, run: row.id, ...r })}`;
  });
  made.take(made.lines.add(new TextEncoder().encode(text.join("\n") + "\n")));
}

export const tool = (step: number, name: string, args: Rec, result: string, more: Rec = {}): Rec[] => [
  { ev: "tool.start", step, name, args, ...more },
  { ev: "tool.end", step, ms: 1, result },
];

export const llm = (step: number, prompt: string, message: Rec, more: Rec = {}): Rec[] => [
  { ev: "llm.start", step, model: "m", prompt, ...more },
  { ev: "llm.end", step, ms: 2, message, usage: { input_tokens: 10, output_tokens: 2 } },
];
