// Search in everything a run holds, also what no row shows: over the raw lines, in pieces, so that the page stays awake.
import type { Run } from "./run";

const BLOCK = 256; // lines that are looked through at once: most blocks have nothing, and are done with in one step
const PIECE_MS = 25;

/** The steps in whose lines the words stand; step 0 is the run itself. `told` hears of each piece. */
export async function search(run: Run, words: string, told: (hits: Set<number>, done: boolean) => void, alive: () => boolean): Promise<void> {
  // As JSON writes them: a quote or a line break of the words stands escaped in the lines.
  const wanted = JSON.stringify(words).slice(1, -1).toLowerCase();
  const hits = new Set<number>();
  let until = performance.now() + PIECE_MS;
  for (let at = 0; at < run.lines.length; ) {
    const texts = run.lines.texts(at, BLOCK);
    if (texts.join("\n").toLowerCase().includes(wanted)) texts.forEach((text, i) => stands(text, wanted) && hits.add(stepOf(run, at + i)));
    at += texts.length;
    if (performance.now() > until && at < run.lines.length) {
      told(new Set(hits), false);
      await new Promise((go) => setTimeout(go, 0));
      if (!alive()) return;
      until = performance.now() + PIECE_MS;
    }
  }
  told(hits, true);
}

/** What stands in the envelope (times, numbers, names of events) is no content. */
const stands = (text: string, wanted: string): boolean => text.toLowerCase().indexOf(wanted, text.indexOf(",", text.indexOf('"ev":'))) >= 0;

const stepOf = (run: Run, at: number): number => (run.lines.parse(at).step as number | undefined) ?? 0;
