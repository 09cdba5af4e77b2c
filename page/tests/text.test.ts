import { expect, test } from "vitest";
import { align, same, words, type Entry } from "../src/model/diff";
import { blocks, spans } from "../src/model/markdown";
import { count, minus, numbers, ranges } from "../src/model/ranges";
import { clip, masked, safe } from "../src/model/safe";
import { address, parse } from "../src/data/route";
import { fms, ftok, fusd } from "../src/model/units";

test("ranges stay ranges: a prompt of a million messages costs nothing", () => {
  expect(count(ranges("1-1000000,7"))).toBe(1_000_001);
  expect(minus(ranges("1-10,12"), ranges("3-4,8-20"))).toEqual([[1, 2], [5, 7]]);
  expect([...numbers(ranges("2,1,5-6"))]).toEqual([2, 1, 5, 6]);
  expect(ranges("what")).toEqual([]);
});

test("what turns a text around or is invisible is shown as what it is", () => {
  expect(safe("a\u202egnp.exe\u0000\u001b[31m")).toBe("a⟨RLO⟩gnp.exe␀␛[31m");
  expect(safe("x\u200by\ud800z")).toBe("x⟨ZWSP⟩y�z");
  expect(safe("tab\tand\nline")).toBe("tab\tand\nline");
  expect(safe("\u{e0041}\u{e0042}")).toBe("⟨A⟩⟨B⟩");
  expect(clip("🍵".repeat(10), 5)).not.toMatch(/[\ud800-\udbff]…/);
  expect(masked("key [masked:openai_key] end")).toEqual(["key ", "openai_key", " end"]);
});

test("markup stays text, links and images are told with their target", () => {
  expect(spans("<img src=x onerror=alert(1)>")).toEqual([{ kind: "text", text: "<img src=x onerror=alert(1)>" }]);
  expect(spans("[a](javascript:alert(1)) ![b](https://e.example/x.png)")).toMatchObject([{ kind: "link", target: "javascript:alert(1" }, { kind: "text" }, { kind: "image", target: "https://e.example/x.png" }]);
  expect(spans("a **b** `c*d*` *e*").map((s) => s.kind)).toEqual(["text", "strong", "text", "code", "text", "em"]);
});

test("blocks: headings, lists, tables, code that is never closed", () => {
  expect(blocks("# h\n\n- a\n- b\n\n|x|y|\n|-|-:|\n|1|2|\n\n```py\ncode").map((b) => b.kind)).toEqual(["h", "list", "table", "pre"]);
  expect(blocks("|x|\n".repeat(3)).every((b) => b.kind === "p")).toBe(true);
});

test("markdown of a megabyte of signs takes no time to speak of", () => {
  for (const sign of ["*", "`", "[", "_a", "**a", "![", "|", "[a](", "~~", "- ", "> "]) {
    const began = performance.now();
    blocks(sign.repeat(20_000));
    expect(performance.now() - began, sign).toBeLessThan(1500);
  }
});

test("the address is the whole state", () => {
  const hash = "#/run/8f3a?view=chat&step=3&rows=nodes&errors=1&agent=5&idle=fold&zoom=1.5-20&find=%22a+b%22&fold=1.2&open=x4";
  expect(address(parse(hash))).toBe(hash);
  expect(parse("#/thread/a%2Fb").id).toBe("a/b");
  expect(parse("#/run/%E0%A4%A").id).toBe("%E0%A4%A");
  expect(parse("").view).toBe("runs");
});

const entry = (key: string, soft = "tool"): Entry => ({ x: { no: 1, kind: "tool", name: "t" } as never, run: null as never, asked: key, answered: key, key, soft });

test("two runs are aligned: equal steps, then the same kind of step, then what only one has", () => {
  const a = ["1", "2", "3", "4", "9"].map((k) => entry(k));
  const b = ["1", "2", "x", "9"].map((k) => entry(k));
  const pairs = align(a, b);
  expect(pairs.filter(same).length).toBe(3);
  expect(pairs.filter((p) => p[0] && p[1] && !same(p)).length).toBe(1);
  expect(pairs.filter((p) => !p[1]).length).toBe(1);
});

test("differences are told in words", () => {
  const [x, y] = words("EUR 1.0 million a year", "EUR 1.1 million a year");
  expect(x.filter((w) => w[1]).map((w) => w[0])).toEqual(["1.0"]);
  expect(y.filter((w) => w[1]).map((w) => w[0])).toEqual(["1.1"]);
});

test("unknown is told as unknown, and zero only where it is zero", () => {
  expect([fms(undefined), ftok(null), fusd(undefined)]).toEqual(["–", "–", "–"]);
  expect([ftok(-1), ftok(2e9), ftok(999_999_999_999), fusd(0.00007), fusd(1e-7)]).toEqual(["–", "2B", "1000B", "$0.00007", "<$0.00001"]);
  expect([fms(0), ftok(0), fusd(0)]).toEqual(["0 ms", "0", "$0"]);
  expect([fms(25_560), fms(999.6), fms(61_000), fusd(0.000683), ftok(12_345)]).toEqual(["25.6 s", "1.00 s", "1 m 01 s", "$0.0007", "12.3k"]);
});

test("two runs too long for a table are aligned around what each has once, in a moment", () => {
  const many = (n: number, more: Record<number, string> = {}): Entry[] => Array.from({ length: n }, (_, i) => [...(more[i] ? [entry(more[i])] : []), entry(i % 7 ? `poll ${i % 3}` : `page ${i}`)]).flat();
  const began = performance.now();
  const pairs = align(many(20_000), many(20_000, { 5000: "extra", 12_001: "another" }));
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(pairs.filter((p) => !same(p)).map((p) => [p[0]?.key, p[1]?.key])).toEqual([[undefined, "extra"], [undefined, "another"]]);
});
