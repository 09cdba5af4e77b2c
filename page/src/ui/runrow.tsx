// One row of the list: status, when, name, asked → answered, marks, steps, duration, tokens, cost, model, thread.
import type { Row } from "../data/wire";
import { clip, plain, safe } from "../model/safe";
import { failed } from "../model/stats";
import { ago, fms, ftok, fusd, NONE, plural, short } from "../model/units";
import { StatusIcon } from "./icons";
import { sums, type Group } from "./runs";
import { memo } from "./react";
import { store } from "./state";
import { Text } from "./values";

/** What a run is at, or was at when it died: in a tool, waiting for a model. */
export const inside = (kind: string, name: string): string => (kind === "llm" ? `waiting for ${short(name) || "a model"}` : `inside ${name || kind}`);

/** What a run came to, in its row's words. */
export function outcome(r: Row, now: number): { text: string; cls: string } {
  const doing = r.doing?.at(-1);
  switch (r.status) {
    case "running":
      return { text: doing ? `running, ${inside(doing.kind, doing.name).replace(/^inside/, "in")}${doing.started ? ` since ${fms(Math.max(0, now - doing.started))}` : ""}` : "running", cls: "s-running" };
    case "crashed":
      return { text: doing ? `the process died ${inside(doing.kind, doing.name)}${doing.what ? `(${doing.what})` : ""}` : "the process died", cls: "k-err" };
    case "interrupted":
      return { text: r.asks ? `asks: ${r.asks}` : "waits for a human", cls: "s-interrupted" };
    case "error":
      return { text: r.error ? `${r.error.type}: ${r.error.message}` : "failed", cls: "k-err" };
    case "cancelled":
      return { text: r.answer || "cancelled", cls: "faint" };
    case "unfinished":
      return { text: r.answer || "no end in the log; written on another machine", cls: "faint" };
    default:
      if (!r.answer && r.content === "none") return { text: r.chars ? `${ftok(r.chars[1])} characters answered` : "no content kept", cls: "faint" };
      return { text: r.answer, cls: "" };
  }
}

export function asked(r: Row): string {
  if (r.question) return r.question;
  if (r.content === "none") return r.chars?.[0] ? `${ftok(r.chars[0])} characters asked` : "no content kept";
  return r.resumes ? "⤷ goes on" : "";
}

interface Props {
  r: Row;
  i: number;
  now: number;
  wide: boolean;
  isCurrent: boolean;
  isChosen: boolean;
  open: () => void;
  toggle: () => void;
}

export const RunRow = memo(
  ({ r, i, now, wide, isCurrent, isChosen, open, toggle }: Props) => {
    const until = Math.min(now, store().until);
    const out = outcome(r, until);
    const when = ago(r.started, now);
    const isOpenEnd = r.status === "crashed" || r.status === "unfinished";
    return (
      <div class={`rg rr${isCurrent ? " cur" : ""}${isChosen ? " sel" : ""}`} role="row" aria-rowindex={i + 1} aria-selected={isChosen} data-key={r.key} onClick={open}>
        <span class={`ckc pstat${r.status === "ok" ? " qt" : ""}`} role="gridcell" onClick={(e) => { e.stopPropagation(); toggle(); }}>
          <StatusIcon status={r.status} />
          <span class="ck" role="checkbox" aria-checked={isChosen} aria-label="select">{isChosen ? "✓" : ""}</span>
        </span>
        <span class="dim pwh ell" role="gridcell" title={r.started ? new Date(r.started).toISOString() : ""}>{wide ? when : when.replace(" ago", "").replace(/^([A-Z]\w+) \d+ /, "$1 ")}</span>
        <span class="ell pnm b" role="gridcell" title={safe(r.program)}><bdi>{safe(r.name) || <i class="faint">no name</i>}</bdi><span class="onlyp"> · {fms(r.ms)}{r.cost == null ? "" : ` · ${fusd(r.cost)}`}</span></span>
        <span class="qa" role="gridcell">
          <span class="qq ell dim" dir="auto"><Text>{clip(plain(asked(r)), 220)}</Text></span>
          <span class="arr">→</span>
          <span class={`aa ell ${out.cls}`} dir="auto"><Text>{clip(plain(out.text), 260)}</Text></span>
          {(r.labels ?? []).slice(0, 3).map((label) => <span class="mk lb" key={label} title={safe(label)}>{safe(clip(label, 20))}</span>)}
        </span>
        <span class="ph mks" role="gridcell"><Marks r={r} /></span>
        <span class="ph" role="gridcell"><Spark sp={r.spark} n={r.steps} /></span>
        <span class="ph" role="gridcell"><DurationBar ms={r.status === "running" && r.started ? until - r.started : (r.ms ?? 0)} isBad={failed(r)} /></span>
        <span class={`num ph${r.status === "running" ? " s-running" : ""}`} role="gridcell">{r.status === "running" && r.started ? fms(until - r.started) : `${isOpenEnd && r.ms != null ? "≥ " : ""}${fms(r.ms)}`}</span>
        <Tokens r={r} />
        <span class={`num ph money${r.cost == null ? " faint" : ""}`} role="gridcell" title={r.cost == null && r.llm_calls ? `no price is known for ${r.models.join(", ") || "its model"}` : ""}>{r.cost == null ? NONE : `${r.unpriced || r.untold ? "≥ " : ""}${fusd(r.cost)}`}</span>
        <span class="ell ph dim" role="gridcell" title={r.models.join(", ")}>{safe(r.models.map(short).join(" + "))}</span>
        <span class="ell ph mono faint" role="gridcell">{safe(r.thread ?? "")}</span>
      </div>
    );
  },
  // A running row tells how long it has been running; the others change only with their data.
  (a, b) => a.r === b.r && a.i === b.i && a.isCurrent === b.isCurrent && a.isChosen === b.isChosen && a.wide === b.wide && (a.now === b.now || (a.r.status !== "running" && ago(a.r.started, a.now) === ago(b.r.started, b.now))),
);

function Tokens({ r }: { r: Row }) {
  const [read, wrote] = [r.usage.input_tokens, r.usage.output_tokens];
  // What nobody told is unknown, and not 0: of calls that failed, of one that still runs, of a run without any.
  if (read == null && wrote == null) return <span class="num ph faint" role="gridcell">{NONE}</span>;
  return <span class="num ph" role="gridcell">{r.untold ? "≥ " : ""}{ftok(read)}<span class="faint"> / {ftok(wrote)}</span></span>;
}

function Marks({ r }: { r: Row }) {
  return (
    <>
      {r.loop && <span class="mk w" title={`the same call ${r.loop} times in a row`}>×{r.loop}</span>}
      {r.retries > 0 && <span class="mk" title={plural(r.retries, "retry", "retries")}>↻{r.retries}</span>}
      {r.finish?.includes("cut") && <span class="mk w" title="an answer was cut off">✂</span>}
      {r.masked && <span class="mk" title={`${plural(r.masked, "secret")} masked`}>▮{r.masked}</span>}
      {r.status === "crashed" && r.doing && <span class="mk e" title="steps in flight when the process died">⊘{r.doing.length}</span>}
      {r.resumes && <span class="mk" title="goes on from another run">⤷</span>}
    </>
  );
}

const SPARKS: Record<string, string> = { t: "t", r: "r", h: "h", x: "x" };

function Spark({ sp, n }: { sp: string; n: number }) {
  return (
    <span class="spark" role="img" aria-label={`${n} steps`} title="steps in order: tall = model, short = tool, full height = failed, dot = human">
      {[...sp].slice(0, 28).map((c, i) => <i key={i} class={SPARKS[c] ?? ""} />)}
    </span>
  );
}

function DurationBar({ ms, isBad }: { ms: number; isBad: boolean }) {
  const w = Math.max(3, Math.min(100, (Math.log10(Math.max(10, ms) / 100) / Math.log10(1200)) * 100));
  return <span class="bar" title="log scale, 0.1 s to 2 min"><i class={isBad ? "e" : ""} style={{ width: `${w}%` }} /></span>;
}

export function GroupRow({ group, isCurrent, open }: { group: Group; isCurrent: boolean; open: () => void }) {
  const bad = group.rows.filter(failed).length;
  return (
    <div class={`gr${isCurrent ? " cur" : ""}`} role="row" onClick={open}>
      <b class="mono" role="gridcell">{safe(group.name)}</b>
      <span class="dim" role="gridcell">{plural(group.rows.length, "run")}</span>
      {bad > 0 && <span class="k-err">✕ {bad} failed</span>}
      <span class="faint">{sums(group.rows)}</span>
      <span class="faint last">last {ago(group.rows[0]!.started, store().now)}</span>
    </div>
  );
}
