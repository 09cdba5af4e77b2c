// Numbers of messages as the log writes them, "1-57,60": kept as ranges, since a prompt of 50,000 messages is one line.

export type Ranges = [number, number][];

export function ranges(text: unknown): Ranges {
  if (typeof text === "number") return [[text, text]];
  if (typeof text !== "string" || !text) return [];
  const found: Ranges = [];
  for (const part of text.split(",")) {
    const [low, high] = part.split("-").map(Number);
    if (Number.isInteger(low)) found.push([low!, Number.isInteger(high) ? high! : low!]);
  }
  return found;
}

export const count = (r: Ranges): number => r.reduce((n, [a, b]) => n + Math.max(0, b - a + 1), 0);

export const last = (r: Ranges): number | undefined => r.at(-1)?.[1];

export const has = (r: Ranges, n: number): boolean => r.some(([a, b]) => n >= a && n <= b);

/** The numbers, in order; at most `most` of them. */
export function* numbers(r: Ranges, most = Infinity): Generator<number> {
  for (const [a, b] of r) for (let n = a; n <= b; n++) if (most-- > 0) yield n; else return;
}

/** What of `r` is not in `without`, in the order of `r`. */
export function minus(r: Ranges, without: Ranges): Ranges {
  const cuts = [...without].sort((x, y) => x[0] - y[0]);
  const left: Ranges = [];
  for (const [a, b] of r) {
    let from = a;
    for (const [c, d] of cuts) {
      if (d < from || c > b) continue;
      if (c > from) left.push([from, c - 1]);
      from = Math.max(from, d + 1);
    }
    if (from <= b) left.push([from, b]);
  }
  return left;
}
