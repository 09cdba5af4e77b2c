// Two runs side by side: their steps aligned, the first divergence, differences in words.
import type { Difference } from "../data/wire";
import type { Run } from "./run";
import { plain, clip } from "./safe";
import type { Step } from "./step";
import { texts } from "./texts";

export interface Entry {
  x: Step;
  run: Run;
  asked: string;
  answered: string;
  key: string; // equal where the same was asked
  soft: string; // equal where the same kind of step stands at the same place
}
/** Two steps that stand in one place, or one that the other run does not have, and what differs. */
export type Pair = [a: Entry | null, b: Entry | null, differs: string[]];

const MOST_CELLS = 6_000_000;
const CALLS = new Set(["llm", "tool", "retriever", "embedding", "rerank"]);

/** The calls of a run, in order: nodes another framework would not have, and what agents did stands in their calls. */
export const entries = (run: Run): Entry[] => run.all.filter((x) => CALLS.has(x.kind)).map((x) => entry(run, x));

function entry(run: Run, x: Step): Entry {
  const [asked, answered] = texts(run, x);
  const soft = `${x.agent?.name ?? ""}/${x.kind}${x.kind === "tool" ? x.name : ""}`;
  return { x, run, asked, answered, key: `${soft}|${x.kind === "llm" ? answered : asked}`, soft };
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

const score = (p: Entry, q: Entry): number => (p.key === q.key ? 3 : p.soft === q.soft ? 1 : -9);

function middle(a: Entry[], b: Entry[]): Pair[] {
  const [n, m] = [a.length, b.length];
  // Runs too long for a table are paired in order; what differs still shows.
  if (n * m > MOST_CELLS) return Array.from({ length: Math.max(n, m) }, (_, i): Pair => pair(a[i] ?? null, b[i] ?? null));
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
