// Beside the list on a wide screen: the conversation of the run the cursor is on.
import { useEffect, useState } from "preact/hooks";
import { to } from "../data/route";
import type { Row } from "../data/wire";
import type { Run } from "../model/run";
import { safe } from "../model/safe";
import { ago } from "../model/units";
import { Conversation } from "./conversation";
import { StatusIcon } from "./icons";
import { go, store } from "./state";

const MOST = 20_000; // steps; a larger run is opened on purpose only

export function Preview({ row }: { row: Row }) {
  const [run, set] = useState<Run | null>(null);
  useEffect(() => {
    let isWanted = true;
    // Whoever runs through the list with a key held down loads nothing.
    const later = setTimeout(() => {
      if (row.steps < MOST) void store().run(row.key).then((r) => isWanted && set(r), () => {});
    }, 180);
    return () => {
      isWanted = false;
      clearTimeout(later);
    };
  }, [row.key]);
  return (
    <aside class="right look" aria-label="the run">
      <div class="dh">
        <div class="r1">
          <StatusIcon status={row.status} />
          <b class="ell">{safe(row.name)}</b>
          <span class="faint ell">{ago(row.started, store().now)} · {safe(row.program)} · {row.id.slice(0, 8)}</span>
          <span class="sp" />
          <button class="btn" onClick={() => go(to("run", row.key))}>Open <kbd>Enter</kbd></button>
        </div>
      </div>
      {run && run.key === row.key && <Conversation runs={[run]} here={run.key} />}
    </aside>
  );
}
