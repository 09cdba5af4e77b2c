// Two runs side by side: their steps aligned, the first divergence, differences in words.
import type { Difference } from "../data/wire";
import type { Run } from "./run";
import { plain, clip } from "./safe";
import type { Step } from "./step";
import { texts } from "./texts";

export interface Entry {
  readonly x: Step;
  readonly run: Run;
  readonly asked: string;
  readonly answered: string;
  readonly key: string; // equal where the same was asked
  readonly soft: string; // equal where the same kind of step stands at the same place
}
/** Two steps that stand in one place, or one that the other run does not have, and what differs. */
export type Pair = [a: Entry | null, b: Entry | null, differs: string[]];

const MOST_CELLS = 6_000_000;
const CALLS = new Set(["llm", "tool", "retriever", "embedding", "rerank"]);

/** The calls of a run, in order: nodes another framework would not have, and what agents did stands in their calls. */
export const entries = (run: Run): Entry[] => run.all.filter((x) => CALLS.has(x.kind)).map((x) => entry(run, x));

/** An entry whose words are taken from the lines when somebody looks: of two long runs few are ever on the screen. */
function entry(run: Run, x: Step): Entry {
  let known: [string, string] | undefined;
  const both = (): [string, string] => (known ??= texts(run, x));
  const soft = `${x.agent?.name ?? ""}/${x.kind}${x.kind === "tool" ? x.name : ""}`;
  return {
    x, run, soft,
    get asked() { return both()[0]; },
    get answered() { return both()[1]; },
    get key() { return `${soft}|${both()[x.kind === "llm" ? 1 : 0]}`; },
  };
}

/** The pairs as `steplog diff` says them. */
export function told(a: Run, b: Run, found: Difference): Pair[] {
  const of = (run: Run, no: number | null): Entry | null => {
    const x = no === null ? undefined : run.steps.get(no);
    return x ? entry(run, x) : null;
  };
  return found.pairs.map(([p, q, differs]) => [of(a, p), of(b, q), differs]);
}

export const same = (p: Pair): boolean => !p[2].length;

function pair(p: Entry | null, q: Entry | null): Pair {
  if (!p || !q) return [p, q, ["missing"]];
  const isSame = p.key === q.key && (p.x.kind === "llm" || clip(p.answered, 400) === clip(q.answered, 400));
  return [p, q, isSame ? [] : [p.key === q.key ? "result" : p.x.kind === "llm" ? "answer" : "arguments"]];
}

/** Aligned here, where nobody can be asked: equal steps first, then the same kind of step of the same agent. */
export function align(a: Entry[], b: Entry[]): Pair[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start]!.key === b[start]!.key) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end)!.key === b.at(-1 - end)!.key) end++;
  const head = a.slice(0, start).map((e, i): Pair => pair(e, b[i]!));
  const tail = end ? a.slice(-end).map((e, i): Pair => pair(e, b[b.length - end + i]!)) : [];
  return [...head, ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)), ...tail];
}

/** Runs too long for a table are cut where both have a step that each of them has only once, and aligned in between. */
function aroundAnchors(a: Entry[], b: Entry[]): Pair[] {
  const anchors = rising(once(a), once(b));
  // Without any they are paired in order; what differs still shows.
  if (!anchors.length) return Array.from({ length: Math.max(a.length, b.length) }, (_, i): Pair => pair(a[i] ?? null, b[i] ?? null));
  const out: Pair[] = [];
  let [i, j] = [0, 0];
  for (const [p, q] of [...anchors, [a.length, b.length] as [number, number]]) {
    for (const found of align(a.slice(i, p), b.slice(j, q))) out.push(found);
    if (p < a.length) out.push(pair(a[p]!, b[q]!));
    [i, j] = [p + 1, q + 1];
  }
  return out;
}

/** The places of what stands once only. */
function once(some: Entry[]): Map<string, number> {
  const found = new Map<string, number>();
  some.forEach((e, i) => found.set(e.key, found.has(e.key) ? -1 : i));
  return found;
}

/** The longest row of common places that rises in both. */
function rising(a: Map<string, number>, b: Map<string, number>): [number, number][] {
  const tops: { at: [number, number]; before: unknown }[] = []; // the lowest end of a row of each length
  for (const [key, p] of a) {
    const q = b.get(key) ?? -1;
    if (p < 0 || q < 0) continue;
    let [low, high] = [0, tops.length];
    while (low < high) {
      const half = (low + high) >> 1;
      if (tops[half]!.at[1] < q) low = half + 1;
      else high = half;
    }
    tops[low] = { at: [p, q], before: tops[low - 1] };
  }
  const out: [number, number][] = [];
  for (let top = tops.at(-1); top; top = top.before as typeof top) out.push(top.at);
  return out.reverse();
}

const score = (p: Entry, q: Entry): number => (p.key === q.key ? 3 : p.soft === q.soft ? 1 : -9);

function middle(a: Entry[], b: Entry[]): Pair[] {
  const [n, m] = [a.length, b.length];
  if (n * m > MOST_CELLS) return aroundAnchors(a, b);
  const w = m + 1;
  const best = new Int32Array((n + 1) * w);
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--) {
      const s = score(a[i]!, b[j]!);
      best[i * w + j] = Math.max(best[(i + 1) * w + j]!, best[i * w + j + 1]!, s > 0 ? best[(i + 1) * w + j + 1]! + s : -1);
    }
  const out: Pair[] = [];
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    const s = i < n && j < m ? score(a[i]!, b[j]!) : -1;
    if (s > 0 && best[i * w + j] === best[(i + 1) * w + j + 1]! + s) out.push(pair(a[i++]!, b[j++]!));
    else if (j >= m || (i < n && best[(i + 1) * w + j]! >= best[i * w + j + 1]!)) out.push(pair(a[i++]!, null));
    else out.push(pair(null, b[j++]!));
  }
  return out;
}

export const said = (e: Entry): string => plain(e.x.kind === "llm" ? e.answered : [e.asked, e.answered].filter(Boolean).join(" → "));

/** Words of a text: `same`, or only here. */
export type Word = [text: string, isDifferent: boolean];

/** Both texts as words; whole where they have too little in common for that to help. */
export function words(a: string, b: string): [Word[], Word[]] {
  const A = a.split(/(\s+)/);
  const B = b.split(/(\s+)/);
  if (A.length * B.length > 160_000) return [[[a, true]], [[b, true]]];
  const w = B.length + 1;
  const L = new Uint16Array((A.length + 1) * w);
  for (let i = A.length - 1; i >= 0; i--)
    for (let j = B.length - 1; j >= 0; j--) L[i * w + j] = A[i] === B[j] ? L[(i + 1) * w + j + 1]! + 1 : Math.max(L[(i + 1) * w + j]!, L[i * w + j + 1]!);
  if (L[0]! < Math.min(A.length, B.length) * 0.5) return [[[a, true]], [[b, true]]];
  const x: Word[] = [];
  const y: Word[] = [];
  const put = (to: Word[], text: string, isDifferent: boolean): void => {
    const before = to.at(-1);
    if (before && before[1] === isDifferent) before[0] += text;
    else to.push([text, isDifferent]);
  };
  let [i, j] = [0, 0];
  while (i < A.length || j < B.length) {
    if (i < A.length && j < B.length && A[i] === B[j]) {
      put(x, A[i++]!, false);
      put(y, B[j++]!, false);
    } else if (j >= B.length || (i < A.length && L[(i + 1) * w + j]! >= L[i * w + j + 1]!)) put(x, A[i++]!, true);
    else put(y, B[j++]!, true);
  }
  return [joined(x), joined(y)];
}

/** A lone blank between two differing words belongs to them. */
function joined(w: Word[]): Word[] {
  const out: Word[] = [];
  for (let i = 0; i < w.length; i++) {
    const [text, differs] = w[i]!;
    const isDifferent = differs || (!text.trim() && !!w[i - 1]?.[1] && !!w[i + 1]?.[1]);
    const before = out.at(-1);
    if (before && before[1] === isDifferent) before[0] += text;
    else out.push([text, isDifferent]);
  }
  return out;
}
