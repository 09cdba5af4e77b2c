// The query line, word for word that of the command line: tests/query.json holds cases that both sides are tested on.
import { moment } from "./moments";

/** A word and what stands behind its colon, of which one value must fit; a bare phrase is `text`. */
export type Word = [string, string[]];

export interface Term {
  text: string; // as written
  word: string; // `-status` leaves out what fits
  choice: string[];
  wrong: string; // why it cannot be understood; empty if it can
}

export const WORDS: Record<string, string> = {
  status: "error, ok, crashed, interrupted, running …",
  name: "any part of the run's name",
  thread: "its conversation",
  model: "any part of a model it asked",
  tool: "a tool it called; * stands for anything",
  "tool-failed": "yes: one of those tools failed, or any",
  tag: "a tag it has",
  meta: "KEY=VALUE of its metadata",
  error: "any part of an error's type or message",
  finish: "why a model stopped; cut: the answer was cut off",
  label: "a label that was put on it",
  unlabelled: "yes: no label was put on it",
  text: "a phrase in anything it holds",
  "min-ms": "took at least so long",
  "min-tokens": "at least so many tokens in and out",
  "min-cost": "cost at least so many dollars",
  since: "begun since: 30m, 2h, 3d, yesterday, 2026-11-23",
  until: "begun before",
};

const ONE_EACH = new Set(["status", "name", "thread"]); // a run has one of them: a second word is another choice
const FLAGS = new Set(["tool-failed", "unlabelled"]);
const NUMBERS: Record<string, RegExp> = {
  "min-ms": /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i,
  "min-cost": /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i,
  "min-tokens": /^[+-]?\d+$/,
};
const TIMES = new Set(["since", "until"]);
const YES = new Set(["yes", "true", "1"]);

const KEY = /(-?[A-Za-z][A-Za-z-]*):/y;
const VALUE = /("(?:[^"\\]|\\.)*"|[^,\s"]+)(,|(?=\s|$))/ys;
const BARE = /\S+/y;

function matched(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}

/** The words of a line, each with what is wrong with it. */
export function terms(line: string): Term[] {
  const found: Term[] = [];
  for (let at = 0; at < line.length; ) {
    if (/\s/.test(line[at]!)) {
      at++;
      continue;
    }
    const [term, end] = termAt(line, at);
    found.push(term);
    at = end;
  }
  return found;
}

function termAt(line: string, start: number): [Term, number] {
  const key = matched(KEY, line, start);
  const isNot = !key && line.startsWith('-"', start);
  const word = key ? key[1]!.toLowerCase() : isNot ? "-text" : "text";
  let at = start + (key ? key[0].length : isNot ? 1 : 0);
  if (!key && line[at] !== '"') {
    const text = matched(BARE, line, at)![0];
    return [{ text, word, choice: [text], wrong: "" }, at + text.length];
  }
  const choice: string[] = [];
  for (let found = matched(VALUE, line, at); found; found = matched(VALUE, line, at)) {
    choice.push(found[1]![0] === '"' ? found[1]!.slice(1, -1).replace(/\\(.)/gs, "$1") : found[1]!);
    at += found[0].length;
    if (!found[2]) return [{ text: line.slice(start, at), word, choice, wrong: wrong(word, choice) }, at];
  }
  const end = at + (matched(BARE, line, at)?.[0].length ?? 0);
  return [{ text: line.slice(start, end), word, choice, wrong: `no value where "${line.slice(at, end)}" begins: write WORD:VALUE without a blank, blanks inside double quotes` }, end];
}

/** What is wrong with a word; empty if nothing is. */
function wrong(given: string, choice: string[]): string {
  const word = given.replace(/^-/, "");
  const value = choice.length === 1 ? choice[0]! : "";
  if (!(word in WORDS)) return `no word ${word}: there are ${Object.keys(WORDS).join(", ")}; in double quotes it is a text to look for`;
  if (FLAGS.has(word)) return YES.has(value.toLowerCase()) ? "" : `${word}:${choice.join(",")} means nothing: write ${word}:yes`;
  if (TIMES.has(word)) return Number.isNaN(moment(value, 0)) ? `${value || choice.join(",")} is no time: write 30m, 2h, 3d, yesterday, or 2026-11-23T03:12` : "";
  if (word in NUMBERS) return NUMBERS[word]!.test(value) && Number.isFinite(Number(value)) ? "" : `${choice.join(",")} is no number`;
  if (word === "meta") return choice.every((pair) => pair.includes("=")) ? "" : `meta:${choice.find((pair) => !pair.includes("="))} names no value: write meta:KEY=VALUE`;
  return "";
}

/** What a line asks for, by word; of one that cannot be understood, what is wrong. */
export interface Query {
  choices: Record<string, string[][]>;
  flags: string[];
  numbers: Record<string, number>;
  times: Record<string, string>;
  without: Word[];
  wrong: string;
}

export function parse(line: string): Query {
  const all = terms(line);
  return { ...queryOf(all.map((t) => [t.word, t.choice])), wrong: all.find((t) => t.wrong)?.wrong ?? "" };
}

export function queryOf(words: Word[]): Query {
  const found: Query = { choices: {}, flags: [], numbers: {}, times: {}, without: [], wrong: "" };
  for (const [word, choice] of words) {
    const value = choice[0] ?? "";
    if (word[0] === "-") found.without.push([word.slice(1), choice]);
    else if (FLAGS.has(word)) found.flags.push(word);
    else if (word in NUMBERS) found.numbers[word] = Number(value);
    else if (TIMES.has(word)) found.times[word] = value;
    else if (ONE_EACH.has(word)) found.choices[word] = [[...(found.choices[word]?.[0] ?? []), ...choice]];
    else (found.choices[word] ??= []).push(choice);
  }
  return found;
}

/** A value as a line has it behind a colon. */
export const quoted = (value: string): string => (/^[^\s",:\\]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`);
