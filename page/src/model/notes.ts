// Notes: which labels stand, and how a note is typed: `#label`, `-#label`, and the rest is text.
import type { Note, Noting } from "../data/wire";

/** The labels that stand on each run or on any of its steps, by the run's id. */
export function labelsOf(notes: readonly Note[]): Map<string, string[]> {
  const standing = new Map<string, Map<string, Set<string>>>();
  for (const note of notes) {
    const run = standing.get(note.run) ?? standing.set(note.run, new Map()).get(note.run)!;
    const place = String(note.step ?? "");
    const labels = run.get(place) ?? run.set(place, new Set()).get(place)!;
    for (const label of note.removed ?? []) labels.delete(label);
    for (const label of note.labels ?? []) labels.add(label);
  }
  const found = new Map<string, string[]>();
  for (const [run, places] of standing) {
    const labels = [...new Set([...places.values()].flatMap((l) => [...l]))];
    if (labels.length) found.set(run, labels);
  }
  return found;
}

/** What was typed, as a note on a run or a step of it; null if it says nothing. */
export function noting(typed: string, run: string, step: number | null): Noting | null {
  const labels: string[] = [];
  const removed: string[] = [];
  const text = typed
    .replace(/(^|\s)(-?)#([^\s,#]+),?/g, (_, lead: string, minus: string, label: string) => {
      (minus ? removed : labels).push(label);
      return lead;
    })
    .trim();
  if (!text && !labels.length && !removed.length) return null;
  return { run, ...(step !== null && { step }), ...(text && { text }), ...(labels.length && { labels }), ...(removed.length && { removed }) };
}
