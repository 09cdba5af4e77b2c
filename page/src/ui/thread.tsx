// One conversation: all runs of a thread in one column.
import { useEffect, useState } from "preact/hooks";
import { to } from "../data/route";
import type { Run } from "../model/run";
import { safe } from "../model/safe";
import { plural } from "../model/units";
import { Conversation } from "./conversation";
import { Detail } from "./detail";
import { PostMortem } from "./postmortem";
import { Skeleton, sums } from "./runs";
import { RunRow } from "./runrow";
import { go, route, set, store, useKeys } from "./state";
import { useWidth } from "./width";

const MOST = 30;

export function Thread() {
  const s = store();
  const r = route();
  const width = useWidth();
  const rows = s.thread(r.id);
  const shown = rows.slice(-MOST);
  const [runs, got] = useState<Run[]>([]);
  const last = shown.at(-1);
  const wanted = shown.map((x) => `${x.key}${x.steps}${x.status}`).join();
  useEffect(() => {
    let isWanted = true;
    void (async () => {
      const all: Run[] = [];
      for (const row of shown) {
        const run = await s.run(row.key).catch(() => null);
        if (!isWanted) return;
        if (run) all.push(run);
        got([...all]);
      }
    })();
    return () => void (isWanted = false);
  }, [r.id, wanted]);
  useKeys({ Escape: () => go(to("runs")) });
  if (!rows.length) return s.loaded ? <div class="emp"><b>No run of this thread is here.</b><a href={to("runs")}>All runs</a></div> : <Skeleton />;
  const here = runs.find((x) => x.key === r.other) ?? runs.at(-1);
  const x = here && r.step !== null ? here.steps.get(r.step) : undefined;
  return (
    <>
      <div class="rh">
        <div class="t">
          <div class="line"><h1 class="ell">{safe(r.id)}</h1></div>
          <div class="a">{plural(rows.length, "run")} of one conversation · {sums(rows)}{rows.length > MOST ? ` · the newest ${MOST} are shown` : ""}</div>
        </div>
      </div>
      <div class="panes">
        <div class="left">{here ? <Conversation runs={runs} here={here.key} /> : <Skeleton />}</div>
        <div class="right" role="region" aria-label="runs of the thread">
          <div class="short" role="grid" aria-label="runs">
            {[...shown].reverse().map((row, i) => <RunRow key={row.key} r={row} i={i} now={s.now} wide={false} isCurrent={row.key === here?.key} isChosen={false} open={() => go(to("run", row.key, "", { pane: width <= 760 ? "chat" : "tree" }))} toggle={() => {}} />)}
          </div>
          {here && (x ? <Detail run={here} x={x} lines={[]} step={() => set({ step: null })} /> : last && ["error", "crashed", "interrupted"].includes(here.status) ? <PostMortem run={here} /> : null)}
        </div>
      </div>
    </>
  );
}
