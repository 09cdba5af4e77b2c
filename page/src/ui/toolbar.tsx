// The switches of a run: tree or conversation, which rows, only errors, only an agent, idle folded, search in everything.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Axis } from "../model/axis";
import type { Run } from "../model/run";
import { safe } from "../model/safe";
import { fms, plural } from "../model/units";
import { Icon } from "./icons";
import { route, set } from "./state";

function errorLabel(run: Run): string {
  const inFlight = run.status === "crashed" ? run.flight.length : 0;
  if (inFlight) return `${inFlight} in flight`;
  return [run.errors ? plural(run.errors, "error") : "", run.retries ? plural(run.retries, "retry", "retries") : ""].filter(Boolean).join(", ");
}

export function Toolbar({ run, A, hidden, hits, next }: { run: Run; A: Axis; hidden: number; hits: ReadonlySet<number>; next: () => void }) {
  const r = route();
  const errors = errorLabel(run);
  const agents = run.agents.slice(0, 200);
  const idle = A.all.reduce((n, g) => n + g[1] - g[0], 0);
  const agent = r.agent ? run.steps.get(r.agent) : undefined;
  return (
    <div class="tb" role="toolbar" aria-label="what is shown">
      <div class="seg" role="group" aria-label="view">
        <button aria-pressed={r.pane === "tree"} title="t" onClick={() => set({ pane: "tree" })}>Tree</button>
        <button aria-pressed={r.pane === "chat"} title="c" onClick={() => set({ pane: "chat" })}>Conversation</button>
      </div>
      {r.pane === "tree" && (
        <>
          <div class="seg" role="group" aria-label="rows">
            {([["calls", "Calls"], ["nodes", "With nodes"], ["all", "All"]] as const).map(([k, word]) => <button key={k} aria-pressed={r.rows === k} onClick={() => set({ rows: k })}>{word}</button>)}
          </div>
          {hidden > 0 && <span class="faint hidep hiden nowrap" title="graph nodes whose only work is the call inside them">+{plural(hidden, "node")} folded</span>}
          <button class={`btn${r.errors ? " on-err" : ""}`} aria-pressed={r.errors} disabled={!errors} onClick={() => set({ errors: !r.errors })}>{errors ? <><Icon name="error" />{errors}</> : "No errors"}</button>
          {agents.length > 0 && (
            <select class="btn" aria-label="only this agent" value={String(r.agent)} onChange={(e) => set({ agent: Number(e.currentTarget.value) })}>
              <option value="0">All agents</option>
              {agents.map((x) => <option key={x.no} value={String(x.no)}>{safe(x.name)} ({x.no})</option>)}
              {r.agent > 0 && !agents.includes(agent!) && <option value={String(r.agent)}>step {r.agent}</option>}
            </select>
          )}
          {(idle > 0 || r.idle) && <button class={`btn${r.idle ? " on" : ""}`} aria-pressed={r.idle} title="i" onClick={() => set({ idle: !r.idle })}>{r.idle ? "Idle folded" : `Fold ${fms(idle)} idle`}</button>}
          {r.zoom && <button class="btn on" title="z" onClick={() => set({ zoom: null })}>Zoomed to {fms(r.zoom[1] - r.zoom[0])} ×</button>}
        </>
      )}
      <span class="sp" />
      <Search find={r.find} hits={hits} next={next} />
    </div>
  );
}

function Search({ find, hits, next }: { find: string; hits: ReadonlySet<number>; next: () => void }) {
  const [typed, type] = useState(find);
  const box = useRef<HTMLInputElement>(null);
  const later = useRef(0);
  useEffect(() => type(find), [find]);
  return (
    <label class="q">
      <Icon name="search" class="faint" />
      <input
        id="find" ref={box} value={typed} placeholder="Search everything in this run" aria-label="search everything in this run" spellcheck={false} autocomplete="off"
        onInput={(e) => {
          const words = e.currentTarget.value;
          type(words);
          clearTimeout(later.current);
          later.current = window.setTimeout(() => set({ find: words }), 220);
        }}
        onKeyDown={(e) => {
          e.stopPropagation();
          if (e.key === "Enter") {
            clearTimeout(later.current);
            if (typed !== find) set({ find: typed });
            next();
          } else if (e.key === "Escape") box.current?.blur();
        }}
      />
      {find ? <span class="faint nowrap" role="status">{plural(hits.size, "step")}</span> : <kbd class="hidep">/</kbd>}
    </label>
  );
}
