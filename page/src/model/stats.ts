// Sums, shares and percentiles over the runs at hand.
import type { Calls, Figures, Row } from "../data/wire";

export interface Group {
  name: string;
  runs: Row[];
  failed: number;
  cost: number;
  known: number; // runs whose cost is known
  unknown: boolean; // whether the cost is only a part
  median: number | null;
  high: number | null; // the 95th percentile
  tokens: number;
}

export interface CallGroup {
  kind: string;
  name: string;
  n: number;
  errors: number;
  input: number;
  output: number;
  cost: number | null;
  partly: boolean; // whether some calls have no price
  median: number | null;
  high: number | null;
  most: number | null; // the longest
  first: number | null; // median time to the first token
  about: boolean; // whether durations are only about so long
}

export const failed = (r: Row): boolean => r.status === "error" || r.status === "crashed";

/** As `steplog stats` says it: between two values by their distance. */
export function quantile(values: number[], p: number): number | null {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at % 1);
}

export const total = (rows: readonly Row[], of: (r: Row) => number | undefined): number => rows.reduce((n, r) => n + (of(r) ?? 0), 0);

/** What a set of runs cost: null if nothing is known of any, and whether that is all of it. */
export function costs(rows: readonly Row[]): { cost: number | null; partly: number } {
  const known = rows.filter((r) => r.cost != null);
  return { cost: known.length ? total(known, (r) => r.cost) : null, partly: rows.filter((r) => r.llm_calls > 0 && (r.cost == null || r.unpriced > 0 || r.untold > 0)).length };
}

export function groups(rows: readonly Row[], keys: (r: Row) => string[]): Group[] {
  const by = new Map<string, Row[]>();
  for (const r of rows) for (const k of keys(r)) (by.get(k) ?? by.set(k, []).get(k)!).push(r);
  return [...by]
    .map(([name, of]) => {
      const took = of.filter((r) => r.ms != null).map((r) => r.ms!);
      const c = costs(of);
      return {
        name, runs: of, failed: of.filter(failed).length, cost: c.cost ?? 0, known: of.filter((r) => r.cost != null).length, unknown: c.partly > 0,
        median: quantile(took, 0.5), high: quantile(took, 0.95), tokens: total(of, (r) => r.usage.input_tokens),
      };
    })
    .sort((a, b) => b.runs.length - a.runs.length || (a.name < b.name ? -1 : 1));
}

/** The middle of a bucket of durations: buckets grow by a fourth of a doubling. */
const middle = (bucket: number): number => 2 ** ((bucket + 0.5) / 4);

function bucketQuantile(buckets: Map<number, number>, p: number): number | null {
  const all = [...buckets].sort((a, b) => a[0] - b[0]);
  const n = all.reduce((sum, [, k]) => sum + k, 0);
  let seen = 0;
  for (const [b, k] of all) {
    seen += k;
    if (seen >= p * n) return middle(b);
  }
  return null;
}

interface Times {
  each: number[];
  buckets: Map<number, number>;
}

const addTo = (t: Times, more: Calls["took"]): void => {
  if (Array.isArray(more)) for (const ms of more) t.each.push(ms);
  else for (const b in more) t.buckets.set(Number(b), (t.buckets.get(Number(b)) ?? 0) + more[b]!);
};
const timeAt = (t: Times, p: number): number | null => (t.each.length ? quantile(t.each, p) : bucketQuantile(t.buckets, p));

/** Calls of each model, tool and node over all runs. */
export function callGroups(rows: readonly Row[]): CallGroup[] {
  const by = new Map<string, { n: number; errors: number; input: number; output: number; cost: number | null; took: Times; first: Times }>();
  for (const r of rows)
    for (const [key, c] of Object.entries(r.calls)) {
      let g = by.get(key);
      if (!g) by.set(key, (g = { n: 0, errors: 0, input: 0, output: 0, cost: null, took: { each: [], buckets: new Map() }, first: { each: [], buckets: new Map() } }));
      for (const k of ["n", "errors", "input", "output"] as const) g[k] += c[k] ?? 0;
      if (c.cost != null) g.cost = (g.cost ?? 0) + c.cost;
      addTo(g.took, c.took);
      addTo(g.first, c.first);
    }
  return [...by]
    .map(([key, { took, first, ...g }]) => ({
      ...g, kind: key.slice(0, key.indexOf(" ")), name: key.slice(key.indexOf(" ") + 1), partly: false, about: took.buckets.size > 0,
      median: timeAt(took, 0.5), high: timeAt(took, 0.95), most: timeAt(took, 1), first: timeAt(first, 0.5),
    }))
    .sort(byCount);
}

const byCount = (a: CallGroup, b: CallGroup): number => b.n - a.n || (a.name < b.name ? -1 : 1);

/** The same as the log's own figures say it. */
export const toldCalls = (kind: string, by: string, groups: readonly Figures[]): CallGroup[] =>
  groups
    .map((f) => ({
      kind, name: String(f[by] ?? ""), n: f.calls, errors: f.errors, input: f.input_tokens, output: f.output_tokens, cost: f.cost ?? null, partly: !!f.unpriced, about: false,
      median: f.ms?.p50 ?? null, high: f.ms?.p95 ?? null, most: f.ms?.max ?? null, first: f.ttft_ms?.p50 ?? null,
    }))
    .sort(byCount);

/** Groups of runs with the log's own figures. */
export function toldGroups(of: Group[], groups: readonly Figures[]): Group[] {
  const by = new Map(groups.map((f) => [String(f.name ?? ""), f]));
  return of.map((g) => {
    const f = by.get(g.name);
    return f ? { ...g, median: f.ms?.p50 ?? null, high: f.ms?.p95 ?? null, tokens: f.input_tokens, cost: f.cost ?? 0, known: f.cost == null ? 0 : g.runs.length, unknown: !!f.unpriced } : g;
  });
}

export interface Bin {
  from: number;
  rows: Row[];
}

/** The runs in equal parts of time. */
export function bins(rows: readonly Row[], from: number, until: number, n: number): Bin[] {
  const width = (until - from) / n || 1;
  const out: Bin[] = Array.from({ length: n }, (_, i) => ({ from: from + i * width, rows: [] }));
  for (const r of rows) if (r.started != null && r.started >= from && r.started <= until) out[Math.min(n - 1, Math.floor((r.started - from) / width))]!.rows.push(r);
  return out;
}

/** The span of time that the runs take up, a little wider. */
export function extent(rows: readonly Row[], now: number): [number, number] {
  let first = Infinity;
  let final = -Infinity;
  for (const r of rows) {
    if (r.started == null) continue;
    first = Math.min(first, r.started);
    final = Math.max(final, r.started);
  }
  if (first === Infinity) return [now - 3.6e6, now];
  const until = Math.max(final, Math.min(now, final + Math.max((final - first) * 0.3, 6e4)));
  const pad = Math.max((until - first) * 0.01, 3e4);
  return [first - pad, until + pad];
}
