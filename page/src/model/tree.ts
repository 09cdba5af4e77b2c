// What is drawn of a run: plumbing hoisted, agents merged with the tool that calls them, retries, loops and long stretches folded.
import type { Run } from "./run";
import { fails, NO_KIDS, type Step } from "./step";

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
const NO_NODES: Node[] = []; // what most steps have under them: one empty list for all of a long run
const isPlumbing = (x: Step): boolean => x.kind === "node" || x.kind === "chain";

/** The display tree. */
export function build(run: Run, rows: Rows): { kids: Node[]; hidden: number } {
  const make = (x: Step, via?: Step): Node => {
    if (!x.kids.length) return { id: String(x.no), x, via, kids: NO_NODES, hidden: 0, tries: NO_KIDS };
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
        else for (const n of below) out.push(n);
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
  const out: Node[] = [];
  for (let i = 0; i < kids.length; ) {
    const same = repeats(kids, isSame, i, 3);
    const found = same ?? repeats(kids, isSimilar, i, LEAST_SIMILAR);
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

const isCall = (n: Node): boolean => !n.kids.length && (n.x.kind === "tool" || n.x.kind === "llm" || n.x.kind === "retriever");
const isSimilar = (a: Node, b: Node): boolean => a.x.kind === b.x.kind && a.x.name === b.x.name && isCall(a) && isCall(b);
const isSame = (a: Node, b: Node): boolean => a.x.sign === b.x.sign && isSimilar(a, b);

function repeats(kids: Node[], alike: (a: Node, b: Node) => boolean, i: number, least: number): { period: number; n: number } | null {
  for (const period of [1, 2, 3]) {
    if (!holdsOther(kids, i, period)) continue;
    let n = 1;
    const again = (): boolean => {
      for (let j = 0; j < period; j++) if (!alike(kids[i + j]!, kids[i + n * period + j]!)) return false;
      return true;
    };
    while (i + (n + 1) * period <= kids.length && again()) n++;
    if (n >= least) return { period, n };
  }
  return null;
}

/** Whether a stretch holds other calls than a model's: models alone repeat for other reasons. */
function holdsOther(kids: Node[], i: number, period: number): boolean {
  for (let j = i; j < i + period && j < kids.length; j++) if (kids[j]!.x.kind !== "llm") return true;
  return false;
}

const below = new WeakMap<Node[], boolean>();

/** Whether something failed below a row; looked at once for each list of rows. */
export function hasErrorBelow(n: { kids: Node[] }): boolean {
  if (!n.kids.length) return false;
  let found = below.get(n.kids);
  if (found === undefined) below.set(n.kids, (found = n.kids.some(hasError)));
  return found;
}

/** Whether something failed in a row or below it. */
export const hasError = (n: Node): boolean => fails(n.x) || n.tries.length > 0 || hasErrorBelow(n);

// Written out, as copying an object by `...` takes ten times as long: a run may have 100,000 rows.
const line = (n: Node, depth: number, lanes: string[], fold: boolean | null): Line => ({ id: n.id, x: n.x, via: n.via, kids: n.kids, hidden: n.hidden, tries: n.tries, loop: n.loop, similar: n.similar, members: n.members, depth, lanes, fold });

/** The rows, as they stand below each other. */
export function lines(tree: { kids: Node[] }, shown: Shown): Line[] {
  const out: Line[] = [];
  const go = (nodes: Node[], depth: number, lanes: string[]): void => {
    for (const n of nodes) {
      const isGroup = n.loop !== undefined || n.similar !== undefined;
      const isFolded = shown.onlyErrors ? false : isGroup ? !shown.opened.has(n.id) : shown.folded.has(n.id);
      const isOther = shown.agent !== 0 && n.x.no !== shown.agent && n.x.agent?.no !== shown.agent;
      if (!(shown.onlyErrors && !hasError(n)) && !isOther) out.push(line(n, depth, lanes, n.kids.length ? isFolded : null));
      if (n.kids.length && !isFolded) go(n.kids, isOther ? depth : depth + 1, isOther ? lanes : [...lanes, n.x.kind === "agent" ? n.x.lane : ""]);
    }
  };
  go(tree.kids, 0, []);
  return out;
}

/** The folded groups that hide steps, by the step: those to be opened when it is chosen. */
export function groupsOf(nodes: Node[]): Map<number, string> {
  const found = new Map<number, string>();
  const go = (some: Node[]): void => {
    for (const n of some) {
      for (const m of n.members ?? []) if (!found.has(m.x.no)) found.set(m.x.no, n.id);
      if (n.kids.length && !n.members) go(n.kids);
    }
  };
  go(nodes);
  return found;
}

const places = new WeakMap<Line[], Map<number, number>>();

/** The place of the row that stands for a step: its own, its caller's, or that of a folded member; -1 if none does. */
export function placeOf(lines: Line[], no: number): number {
  let known = places.get(lines);
  if (!known) places.set(lines, (known = placesOf(lines)));
  return known.get(no) ?? -1;
}

function placesOf(lines: Line[]): Map<number, number> {
  const found = new Map<number, number>();
  const put = (no: number, at: number): void => void (found.has(no) || found.set(no, at));
  const stand = (n: Node, at: number): void => {
    put(n.x.no, at);
    if (n.via) put(n.via.no, at);
    for (const t of n.tries) put(t.no, at);
  };
  lines.forEach((n, at) => {
    if (!n.members) stand(n, at);
    else if (n.fold !== false) for (const m of n.members) stand(m, at);
  });
  return found;
}

/** Whether a row stands for a step: its own, its caller's, or that of a folded member. */
export function standsFor(n: Node & { fold?: boolean | null }, no: number): boolean {
  if (n.members) return n.fold !== false && n.members.some((m) => standsFor(m, no));
  return n.x.no === no || n.via?.no === no || n.tries.some((t) => t.no === no);
}
