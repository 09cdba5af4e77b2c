// What a model call's context was made of, what it used, and the tools it was offered.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Json, Rec } from "../data/wire";
import type { Run } from "../model/run";
import { clip, safe } from "../model/safe";
import type { Step } from "../model/step";
import { sharesNow, sharesSoon, type Shares as SharesOf } from "../model/shares";
import { asText } from "../model/texts";
import { ftok, fusd } from "../model/units";
import { FoldSec, Sec } from "./detail";
import { Fold, JsonTree } from "./values";

const num = (v: unknown): number => (typeof v === "number" ? v : 0);

function Shares({ parts, label, unit }: { parts: [string, number, string][]; label: string; unit: (n: number) => string }) {
  const some = parts.filter((p) => p[1] > 0);
  return (
    <>
      <div class="usage" role="img" aria-label={`${label}: ${some.map((p) => `${unit(p[1])} ${p[0]}`).join(", ")}`}>{some.map((p) => <i class={p[2]} style={{ flex: p[1] }} />)}</div>
      <div class="leg">{some.map((p) => <span><i class={p[2]} />{unit(p[1])} {p[0]}</span>)}</div>
    </>
  );
}

export function Usage({ x, f }: { x: Step; f: Rec }) {
  const u = f.usage as Rec | undefined;
  if (!u) return x.done && !f.error ? <Sec title="Usage"><span class="dim">Unknown: the provider told no token counts for this call.</span></Sec> : null;
  const [input, output, read, write, thought] = ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"].map((k) => num(u[k])) as [number, number, number, number, number];
  return (
    <Sec title="Usage" right={<b class="ink">{x.cost >= 0 ? fusd(x.cost) : "cost unknown"}</b>}>
      <Shares label="tokens" unit={ftok} parts={[["cached input", read, "u-cached"], ["written to the cache", write, "u-write"], ["fresh input", Math.max(0, input - read - write), "u-fresh"], ["reasoning", thought, "u-think"], ["answer", Math.max(0, output - thought), "u-answer"]]} />
    </Sec>
  );
}

/** Shares of the context by characters: counts of tokens per message are told by nobody. */
export function ContextShares({ run, x }: { run: Run; x: Step }) {
  const isKept = !!x.prompt && run.row.content !== "none";
  const now = useMemo(() => (isKept ? sharesNow(run, x) : null), [run, x, isKept]);
  const [soon, come] = useState<{ x: Step; by: SharesOf | null }>({ x, by: null });
  useEffect(() => {
    let isWanted = isKept && !now;
    if (isWanted) void sharesSoon(run, x, () => isWanted).then((by) => by && come({ x, by }));
    return () => void (isWanted = false);
  }, [run, x, isKept]);
  if (!isKept) return null;
  const by = now ?? (soon.x === x ? soon.by : null);
  if (!by) return <Sec title="What the context is made of"><span class="faint">Counting its messages …</span></Sec>;
  const defs = JSON.stringify(definitions(run, x)).length - 2;
  const total = by.system + by.question + by.history + by.tools + defs;
  if (total <= 0) return null;
  return (
    <Sec title="What the context is made of" right="shares of its characters">
      <Shares label="context" unit={(n) => `${Math.max(1, Math.round((n / total) * 100))} %`} parts={[["system", by.system, "c-system"], ["tool definitions", defs, "c-defs"], ["history", by.history, "c-history"], ["tool results", by.tools, "c-tools"], ["question", by.question, "c-question"]]} />
    </Sec>
  );
}

/** The definitions of the tools that a call was offered: written once in a run, by the first call that had them. */
export function definitions(run: Run, x: Step): Rec[] {
  const names = new Set(((run.stepFields(x).tools ?? []) as Json[]).map(String));
  const found = new Map<string, Rec>();
  for (const y of run.llms) {
    if (y.no > x.no || found.size === names.size) break;
    if (!y.defs) continue;
    const defs = run.field(y, "tool_defs");
    for (const d of Array.isArray(defs) ? (defs as Rec[]) : []) {
      const inner = (d.function ?? d) as Rec;
      if (names.has(String(inner.name))) found.set(String(inner.name), inner);
    }
  }
  return [...found.values()];
}

export function ToolDefs({ run, x, f }: { run: Run; x: Step; f: Rec }) {
  if (!Array.isArray(f.tools) || !f.tools.length) return null;
  return (
    <FoldSec title={`Tools ${f.tools.length}`} right={safe(f.tools.map(String).join(", "))}>
      {() =>
        definitions(run, x).map((d) => (
          <Fold key={String(d.name)} head={<span class="ell"><b class="ink">{safe(String(d.name))}</b>  {clip(safe(asText(d.description)), 90)}</span>}>
            {() => <div class="js mono">{d.description != null && <pre>{safe(asText(d.description))}</pre>}<JsonTree v={(d.parameters ?? d.input_schema ?? d) as Json} /></div>}
          </Fold>
        ))
      }
    </FoldSec>
  );
}
