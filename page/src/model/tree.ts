// What is drawn of a run: plumbing hoisted, agents merged with the tool that calls them, retries, loops and long stretches folded.
import type { Run } from "./run";
import { fails, type Step } from "./step";

export interface Node {
  id: string;
  x: Step;
  via?: Step; // the tool whose only work this agent is
  kids: Node[];
  hidden: number; // graph nodes folded under it
  tries: Step[]; // attempts that failed before this one, and points that say so
  loop?: number; // how often the same calls were repeated
  similar?: number; // how often the same tools were called, with other arguments
  members?: Node[];
}

export interface Line extends Node {
  depth: number;
  lanes: string[];
  fold: boolean | null; // folded, unfolded, nothing to fold
}

export type Rows = "calls" | "nodes" | "all";

export interface Shown {
  rows: Rows;
  onlyErrors: boolean;
  agent: number; // only this agent's steps; 0 for all
  folded: Set<string>;
  opened: Set<string>;
}

const LEAST_SIMILAR = 6;
const isPlumbing = (x: Step): boolean => x.kind === "node" || x.kind === "chain";

/** The display tree. */
export function build(run: Run, rows: Rows): { kids: Node[]; hidden: number } {
  const make = (x: Step, via?: Step): Node => {
    const [kids, hidden] = flat(x.kids);
    return { id: String(x.no), x, via, kids: rows === "all" ? kids : fold(kids), hidden, tries: rows === "all" ? [] : x.kids.filter((k) => k.kind === "retry") };
  };
  const flat = (steps: Step[]): [Node[], number] => {
    let hidden = 0;
    const out: Node[] = [];
    for (const k of steps) {
      if (k.kind === "retry" && rows !== "all") continue;
      if ((k.kind === "node" && rows === "calls") || (k.kind === "chain" && rows !== "all")) {
        const [below, n] = flat(k.kids);
        hidden += n + 1;
        // A node without calls that failed by itself is the step that failed.
        if (!below.length && fails(k)) out.push(make(k));
        else out.push(...below);
      } else if (rows !== "all" && k.kind === "tool" && agentOnly(k)) out.push(make(agentOnly(k)!, k));
      else out.push(make(k));
    }
    return [rows === "all" ? out : retries(out), hidden];
  };
  const [kids, hidden] = flat(run.kids);
  return { kids: rows === "all" ? kids : fold(kids), hidden };
}

/** The agent that is all of a tool's work. */
function agentOnly(tool: Step): Step | null {
  let kids = tool.kids.filter((k) => !k.point);
  while (kids.length === 1 && isPlumbing(kids[0]!)) kids = kids[0]!.kids;
  return kids.length === 1 && kids[0]!.kind === "agent" ? kids[0]! : null;
}

/** An attempt that failed folds into the one that came after it. */
function retries(nodes: Node[]): Node[] {
  const out: Node[] = [];
  for (const n of nodes) {
    while (n.x.attempt > 1 && out.length) {
      const before = out.at(-1)!;
      if (before.x.kind !== n.x.kind || before.x.name !== n.x.name || !before.x.failed || before.x.attempt >= n.x.attempt) break;
      out.pop();
      n.tries = [...before.tries, before.x, ...n.tries];
    }
    out.push(n);
  }
  return out;
}

/** Repetitions of one to three calls, at least three times, become one row; long stretches of one tool do, too. */
function fold(kids: Node[]): Node[] {
  if (kids.length < 3) return kids;
  const signs: (string | null)[] = kids.map((k) => (k.kids.length || !["tool", "llm", "retriever"].includes(k.x.kind) ? null : k.x.kind + k.x.name + k.x.sign));
  const names = kids.map((k, i) => (signs[i] === null ? null : k.x.kind + k.x.name));
  const out: Node[] = [];
  for (let i = 0; i < kids.length; ) {
    const same = repeats(kids, signs, i, 3);
    const found = same ?? repeats(kids, names, i, LEAST_SIMILAR);
    if (!found) {
      out.push(kids[i++]!);
      continue;
    }
    const members = kids.slice(i, i + found.period * found.n);
    const tool = members.find((k) => k.x.kind !== "llm")!;
    out.push({ id: `x${members[0]!.x.no}`, x: tool.x, kids: members, members, hidden: 0, tries: [], ...(same ? { loop: found.n } : { similar: found.n }) });
    i += members.length;
  }
  return out;
}

function repeats(kids: Node[], signs: (string | null)[], i: number, least: number): { period: number; n: number } | null {
  for (const period of [1, 2, 3]) {
    if (!kids.slice(i, i + period).some((k) => k.x.kind !== "llm")) continue;
    let n = 1;
    const same = (): boolean => {
      for (let j = 0; j < period; j++) {
        const s = signs[i + j];
        if (s == null || s !== signs[i + n * period + j]) return false;
      }
      return true;
    };
    while (i + (n + 1) * period <= kids.length && same()) n++;
    if (n >= least) return { period, n };
  }
  return null;
}

/** Whether something failed in a row or below it. */
export function hasError(n: Node): boolean {
  const stack: Node[] = [n];
  while (stack.length) {
    const m = stack.pop()!;
    if (fails(m.x) || m.tries.length) return true;
    stack.push(...m.kids);
  }
  return false;
}

/** The rows, as they stand below each other. */
export function lines(tree: { kids: Node[] }, shown: Shown): Line[] {
  const out: Line[] = [];
  const go = (nodes: Node[], depth: number, lanes: string[]): void => {
    for (const n of nodes) {
      const isGroup = n.loop !== undefined || n.similar !== undefined;
      const isFolded = shown.onlyErrors ? false : isGroup ? !shown.opened.has(n.id) : shown.folded.has(n.id);
      const isOther = shown.agent !== 0 && n.x.no !== shown.agent && n.x.agent?.no !== shown.agent;
      if (!(shown.onlyErrors && !hasError(n)) && !isOther) out.push({ ...n, depth, lanes, fold: n.kids.length ? isFolded : null });
      if (n.kids.length && !isFolded) go(n.kids, isOther ? depth : depth + 1, isOther ? lanes : [...lanes, n.x.kind === "agent" ? n.x.lane : ""]);
    }
  };
  go(tree.kids, 0, []);
  return out;
}

/** The folded group that hides a step; to be opened when it is chosen. */
export function groupOf(nodes: Node[], no: number): string | null {
  for (const n of nodes) {
    if (n.members?.some((m) => m.x.no === no)) return n.id;
    const below = groupOf(n.kids, no);
    if (below) return below;
  }
  return null;
}

/** Whether a row stands for a step: its own, its caller's, or that of a folded member. */
export function standsFor(n: Node & { fold?: boolean | null }, no: number): boolean {
  if (n.members) return n.fold !== false && n.members.some((m) => standsFor(m, no));
  return n.x.no === no || n.via?.no === no || n.tries.some((t) => t.no === no);
}
