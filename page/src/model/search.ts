// Search in everything a run holds, also what no row shows: over the raw lines, in pieces, so that the page stays awake.
import type { Run } from "./run";

/** The steps in whose lines the words stand; step 0 is the run itself. `told` hears of each piece. */
export async function search(run: Run, words: string, told: (hits: Set<number>, done: boolean) => void, alive: () => boolean): Promise<void> {
  const wanted = JSON.stringify(words).slice(1, -1).toLowerCase();
  const hits = new Set<number>();
  let until = performance.now() + 25;
  for (let at = 0; at < run.lines.length; at++) {
    if (at % 32 === 0 && performance.now() > until) {
      told(new Set(hits), false);
      await new Promise((go) => setTimeout(go, 0));
      if (!alive()) return;
      until = performance.now() + 25;
    }
    const text = run.lines.text(at);
    const where = text.toLowerCase().indexOf(wanted, text.indexOf("{"));
    // What stands in the envelope (times, numbers) is no content.
    if (where >= 0 && where > text.indexOf('"ev":')) hits.add((run.lines.parse(at).step as number | undefined) ?? 0);
  }
  told(hits, true);
}
