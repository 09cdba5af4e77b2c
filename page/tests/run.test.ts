import { expect, test } from "vitest";
import type { Rec } from "../src/data/wire";
import { axis } from "../src/model/axis";
import { argText, brief, messageText, texts } from "../src/model/texts";
import { grown, lost } from "../src/model/prompts";
import { sharesNow, sharesSoon } from "../src/model/shares";
import { build, groupsOf, lines, placeOf, type Shown } from "../src/model/tree";
import { add, llm, run, tool } from "./helpers";

const shown: Shown = { rows: "calls", onlyErrors: false, agent: 0, folded: new Set(), opened: new Set() };
const said = (content: string, m: number, calls: Rec[] = []): Rec => ({ m, role: "assistant", content, ...(calls.length ? { tool_calls: calls } : {}) });

test("starts and ends are joined and children hang under their parents", () => {
  const r = run([{ ev: "run.start", name: "x" }, { ev: "node.start", step: 1, name: "a" }, ...tool(2, "t", {}, "ok", { parent: 1 }), { ev: "node.end", step: 1, ms: 5 }, { ev: "run.end", ms: 9 }]);
  expect(r.all.map((x) => [x.no, x.kind, x.up?.no ?? 0, x.done])).toEqual([[1, "node", 0, true], [2, "tool", 1, true]]);
});

test("a late real end counts over an implied one, whichever comes first", () => {
  const implied = { ev: "tool.end", step: 1, ms: 7, implied: true };
  const real = { ev: "tool.end", step: 1, ms: 3, status: "error", error: { type: "E", message: "late" } };
  for (const ends of [[implied, real], [real, implied]]) {
    const x = run([{ ev: "tool.start", step: 1, name: "t" }, ...ends]).all[0]!;
    expect([x.ms, x.status, x.failed, x.implied]).toEqual([3, "error", "E", false]);
  }
});

test("a step without an end is what its run's state makes of it", () => {
  for (const [status, is] of [["crashed", "crashed"], ["running", "running"], ["unfinished", "unfinished"]] as const) {
    const r = run([{ ev: "tool.start", step: 1, name: "t" }], { status });
    expect(r.all[0]!.status).toBe(is);
    expect(r.flight.map((x) => x.no)).toEqual([1]);
  }
});

test("parents in a circle hang on the run", () => {
  const r = run([{ ev: "node.start", step: 1, parent: 2, name: "a" }, { ev: "node.start", step: 2, parent: 1, name: "b" }, { ev: "node.start", step: 3, parent: 3, name: "c" }]);
  expect(r.kids.length).toBeGreaterThan(0);
  expect(new Set([...r.kids, ...r.kids.flatMap((k) => k.kids)]).size).toBe(3);
});

test("a message is what was written of it, as it was at that line: edits and amendments", () => {
  const r = run([
    { ev: "llm.start", step: 1, model: "m", prompt: "1", messages: [{ m: 1, role: "user", content: "hi" }] },
    { ev: "llm.start", step: 2, model: "m", prompt: "1-2", messages: [{ m: 1, set: { id: "x" } }, { m: 2, like: 1, content: "hello" }] },
  ]);
  expect(r.message(1, 0)).toEqual({ m: 1, role: "user", content: "hi" });
  expect(r.message(1, 1)).toEqual({ m: 1, role: "user", content: "hi", id: "x" });
  expect(r.message(2)).toMatchObject({ m: 2, role: "user", content: "hello" });
  expect(r.message(9)).toEqual({ m: 9, missing: true, role: "?" });
});

test("references stand inside arguments and contents, and one that leads to itself ends", () => {
  const r = run([
    { ev: "run.start", input: { question: "long text" } },
    ...llm(1, "", { m: 1, role: "assistant", content: { $same: [0, "input", "question"] } as never }),
    { ev: "tool.start", step: 2, name: "t", args: { q: { $same: [0, "input", "question"] }, all: { $m: "1" }, self: { $same: [2, "args"] } } },
  ]);
  expect(r.field(r.all[1]!, "args")).toMatchObject({ q: "long text", all: [{ content: "long text" }] });
  expect(JSON.stringify(r.field(r.all[1]!, "args"))).toContain("missing");
});

test("a key named __proto__ is a key", () => {
  const r = run([]);
  r.lines.add(new TextEncoder().encode('[0,1]\n{"seq":1,"ts":"2026-11-23T03:12:59.001000Z","run":"8f3a1c2b4d5e6f70","step":1,"ev":"tool.start","name":"t","args":{"__proto__":{"polluted":true}}}\n'));
  r.take(0);
  r.join(0);
  const args = r.field(r.all[0]!, "args") as Rec;
  expect(Object.keys(args)).toEqual(["__proto__"]);
  expect(({} as Rec).polluted).toBeUndefined();
});

test("the same call again and again is one row with its number, unfolded all of them", () => {
  const steps = Array.from({ length: 9 }, (_, i) => [...llm(i * 2 + 1, "", said("", i + 1, [{ name: "get", args: { id: 1 } }])), ...tool(i * 2 + 2, "get", { id: 1 }, "no")]).flat();
  const tree = build(run(steps), "calls");
  expect(tree.kids.length).toBe(1);
  expect(tree.kids[0]!.loop).toBe(9);
  expect(lines(tree, { ...shown, opened: new Set([tree.kids[0]!.id]) }).length).toBe(19);
  expect(build(run(steps), "all").kids.length).toBe(18);
});

test("one tool with other arguments each time is similar; two are not", () => {
  const reads = (n: number) => Array.from({ length: n }, (_, i) => tool(i + 1, "read", { n: i }, `page ${i}`)).flat();
  expect(build(run(reads(13)), "calls").kids[0]!.similar).toBe(13);
  expect(build(run(reads(2)), "calls").kids.length).toBe(2);
});

test("an attempt that failed folds into the one that came after it", () => {
  const failed: Rec[] = [{ ev: "llm.start", step: 1, model: "m", prompt: "" }, { ev: "llm.end", step: 1, ms: 2, status: "error", error: { type: "RateLimit", message: "429" } }];
  const r = run([...failed, ...llm(2, "", said("at last", 1), { attempt: 2 })]);
  const tree = build(r, "calls");
  expect(tree.kids.map((k) => [k.x.no, k.tries.map((t) => t.no)])).toEqual([[2, [1]]]);
  expect([r.errors, r.retries]).toEqual([0, 1]);
});

test("graph nodes vanish, their calls move up and the count stands at the agent; a tool that is only an agent is that agent", () => {
  const r = run([
    { ev: "tool.start", step: 1, name: "delegate", args: { question: "why?" } },
    { ev: "agent.start", step: 2, parent: 1, name: "history" },
    { ev: "node.start", step: 3, parent: 2, name: "model" },
    ...llm(4, "", said("because", 1), { parent: 3 }),
    { ev: "node.end", step: 3, ms: 3 }, { ev: "agent.end", step: 2, ms: 4 }, { ev: "tool.end", step: 1, ms: 5, result: "because" },
  ]);
  const [top] = build(r, "calls").kids;
  expect([top!.x.no, top!.via?.no, top!.hidden, top!.kids[0]!.x.no]).toEqual([2, 1, 1, 4]);
  expect(texts(r, top!.x)).toEqual(["why?", "because"]);
});

test("lines that come later belong to the steps that were there", () => {
  const r = run([{ ev: "tool.start", step: 1, name: "t", args: { q: 1 } }], { status: "running" });
  add(r, [{ ev: "tool.end", step: 1, ms: 4, result: "found" }]);
  r.join(0);
  expect([r.all.length, r.all[0]!.done, texts(r, r.all[0]!)[1]]).toEqual([1, true, "found"]);
});

test("no wait is drawn where the log tells none, and idle time folds", () => {
  const r = run([...tool(1, "a", {}, "x"), ...tool(2, "b", {}, "y")], { ms: 10_000 });
  r.steps.get(2)!.t = 9_000;
  r.join(0);
  r.steps.get(2)!.t = 9_000;
  const A = axis(r, true, null);
  expect(A.gaps.length).toBe(1);
  expect(A.X(9_000) - A.X(2)).toBeLessThan(50);
  expect(axis(r, false, null).X(9_000)).toBeGreaterThan(80);
});

test("lines that a broken connection brings again are taken once", () => {
  const r = run([{ ev: "tool.start", step: 1, name: "t" }], { status: "running" });
  const line = (n: number, rest: string): [number, number, string] => [0, n, `{"seq":${n},"ts":"2026-11-23T03:12:59.0${n}0000Z","run":"8f3a1c2b4d5e6f70",${rest}}`];
  const pushed = [line(2, '"step":1,"ev":"tool.end","ms":4,"result":"x"'), line(3, '"step":2,"ev":"tool.start","name":"u"')];
  r.more(pushed);
  r.more([...pushed, line(4, '"step":2,"ev":"tool.end","ms":1')]);
  r.join(0);
  expect(r.lines.length).toBe(4);
  expect(r.all.map((x) => x.lines.length)).toEqual([2, 2]);
});

test("a row is found by each step it stands for, and a folded group by each step that it hides", () => {
  const made = run([...Array.from({ length: 4 }, (_, i) => tool(i + 1, "read", { n: 1 }, "same")).flat(), ...tool(9, "write", {}, "done"), { ev: "tool.start", step: 10, name: "ask", args: {} }, { ev: "agent.start", step: 11, parent: 10, name: "helper" }, { ev: "agent.end", step: 11, ms: 1 }, { ev: "tool.end", step: 10, ms: 1 }]);
  const tree = build(made, "calls");
  const shut = lines(tree, shown);
  expect(shut.map((n) => n.id)).toEqual(["x1", "9", "11"]);
  expect([1, 3, 9, 10, 11, 12].map((no) => placeOf(shut, no))).toEqual([0, 0, 1, 2, 2, -1]);
  expect(groupsOf(tree.kids).get(3)).toBe("x1");
  const open = lines(tree, { ...shown, opened: new Set(["x1"]) });
  expect([1, 3, 9].map((no) => placeOf(open, no))).toEqual([1, 3, 5]);
});

test("of thousands of attempts each that failed and was tried again is marked, in one pass", () => {
  const failed = (step: number, attempt: number): Rec[] => [{ ev: "llm.start", step, model: "m", attempt }, { ev: "llm.end", step, ms: 1, status: "error", error: { type: "RateLimit" } }];
  const began = performance.now();
  const made = run(Array.from({ length: 10_000 }, (_, i) => failed(i + 1, i + 1)).flat());
  expect(made.retries).toBe(9_999);
  expect(made.steps.get(10_000)!.retried).toBe(false);
  expect(performance.now() - began).toBeLessThan(3_000);
});

test("the shares of a long prompt come in pieces, and are those of all its messages", async () => {
  const said = (m: number): Rec => ({ m, role: m === 1 ? "system" : m % 2 ? "tool" : "assistant", content: "x".repeat(10) });
  const made = run([{ ev: "run.start", input: { messages: Array.from({ length: 999 }, (_, i) => said(i + 1)) } }, ...llm(1, "1-999", { m: 1000, role: "assistant", content: "" }), ...llm(2, "1,3", { m: 1001, role: "assistant", content: "" })]);
  const [long, short] = [made.steps.get(1)!, made.steps.get(2)!];
  expect(sharesNow(made, long)).toBeNull();
  expect(await sharesSoon(made, long, () => true)).toEqual({ system: 10, question: 0, history: 4990, tools: 4990 });
  expect(await sharesSoon(made, long, () => false)).toBeNull();
  expect(sharesNow(made, short)).toEqual({ system: 10, question: 0, history: 0, tools: 10 });
});

test("a denied call, the way on and an answer that did not end of itself are told in words", () => {
  const ended = (step: number, reason: string, message: Rec = said("no", step)): Rec[] => [{ ev: "llm.start", step, model: "m", prompt: "" }, { ev: "llm.end", step, ms: 1, message, finish_reason: reason }];
  const r = run([
    { ev: "node.start", step: 1, name: "router" }, { ev: "node.end", step: 1, ms: 1, route: ["writer", "__end__"] },
    { ev: "node.start", step: 2, name: "writer" }, { ev: "node.end", step: 2, ms: 1, route: ["__end__"] },
    ...ended(3, "end_turn"), ...ended(4, "MAX_TOKENS"), ...ended(5, "content_filter"), ...ended(6, "stop", said([{ type: "refusal", refusal: "I will not." }] as never, 6)), ...ended(7, "pause_turn"),
    { ev: "denied.point", step: 8, name: "transfer", call_id: "c1", args: { amount: 9 }, asked_by: 3, message: { m: 20, role: "tool", content: "over the limit", tool_call_id: "c1" } },
  ]);
  expect([1, 2].map((no) => texts(r, r.steps.get(no)!)[1])).toEqual(["goes on at writer", "ends here"]);
  expect([3, 4, 5, 6, 7].map((no) => r.steps.get(no)!.ending)).toEqual(["", "cut off", "content_filter", "refused", "pause_turn"]);
  expect(texts(r, r.steps.get(6)!)[1]).toBe("refused: I will not.");
  expect(messageText({ role: "assistant", content: "", extra: { refusal: "No." } })).toBe("refused: No.");
  expect(texts(r, r.steps.get(8)!)).toEqual(["amount: 9", "over the limit"]);
  expect(r.toolOf("c1")!.kind).toBe("denied");
  expect(build(r, "calls").kids.map((n) => n.x.kind)).toContain("denied");
});

test("a call without an id led to the next tool of its name before another model call, if there was one", () => {
  const asks = (step: number): Rec[] => [{ ev: "llm.start", step, model: "m", prompt: "" }, { ev: "llm.end", step, ms: 1, message: said("", step) }];
  const tool = (step: number): Rec[] => [{ ev: "tool.start", step, name: "list_files", args: {} }, { ev: "tool.end", step, ms: 1 }];
  const r = run([...asks(1), ...tool(2), ...asks(3), ...asks(4), ...tool(5)]);
  expect([1, 3, 4].map((no) => r.toolOf("c", r.steps.get(no)!, "list_files")?.no)).toEqual([2, undefined, 5]);
  expect(r.toolOf("c", r.steps.get(1)!, "other")).toBeUndefined();
});

test("which prompt grew, by what, and what it lost stands in a few words", () => {
  const asked = { messages: [{ m: 1, role: "system", content: "Be brief." }, { m: 2, role: "user", content: "Read it." }] };
  const told = (step: number, prompt: string, m: number, tokens: number): Rec[] => [{ ev: "llm.start", step, model: "m", prompt }, { ev: "llm.end", step, ms: 1, message: said("…", m), usage: { input_tokens: tokens, output_tokens: 1 } }];
  const r = run([{ ev: "run.start", input: asked }, ...told(1, "1-2", 3, 100), { ev: "tool.start", step: 2, name: "read_file", call_id: "c", args: {} }, { ev: "tool.end", step: 2, ms: 1, message: { m: 4, role: "tool", content: "x".repeat(9000), tool_call_id: "c" } }, ...told(3, "1-4", 5, 12_500), ...told(4, "1,5", 6, 90), ...told(5, "1,5-6", 7, 120)]);
  const words = (no: number): string[] => [grown(r, r.steps.get(no)!), lost(r, [r.steps.get(no)!])];
  expect(words(1)).toEqual(["", ""]);
  expect(words(3)).toEqual(["+12.4k tokens, most of it from read_file", ""]);
  expect(words(4)).toEqual(["", "− 3 messages: 1 user, 1 assistant, 1 tool"]);
  expect(words(5)).toEqual(["", ""]);
});

test("steps nested deeper than a browser's stack are drawn, the deepest beside each other", () => {
  for (const parent of [(i: number) => i, (i: number) => (i + 2 > 9000 ? 0 : i + 2)]) {
    const r = run(Array.from({ length: 9000 }, (_, i): Rec => ({ ev: "agent.start", step: i + 1, parent: parent(i), name: "a" })));
    const rows = lines(build(r, "calls"), { ...shown, onlyErrors: false });
    expect(rows.length).toBe(9000);
    expect(Math.max(...rows.map((n) => n.depth))).toBeLessThan(1010);
  }
});

test("an argument that is null says so, and a mapping that only holds a text is that text", () => {
  expect(argText({ to: null, subject: "Invoice" })).toBe("to: null, subject: Invoice");
  expect(argText({ to: null })).toBe("to: null");
  expect(brief({ question: "Why?" })).toBe("Why?");
  expect(brief({ question: "Why?", limit: 3 })).toBe('{"question":"Why?","limit":3}');
  expect(brief({ limit: 3 })).toBe('{"limit":3}');
  expect(brief({ $num: "NaN" })).toBe("NaN");
  expect(brief({ $type: "Order" })).toBe("<Order>");
});
