// How the log is: each segment, what is missing and why, what was cut and masked; what `steplog doctor` says.
import { useEffect } from "preact/hooks";
import { to } from "../data/route";
import type { Health } from "../data/wire";
import { safe } from "../model/safe";
import { fbytes, ftok, plural } from "../model/units";
import { Skeleton } from "./runs";
import { go, store, useKeys } from "./state";

const SAYS: Record<string, string> = {
  clean: "closed in order", live: "being written", crashed: "its process died", unfinished: "written on another machine, no end", damaged: "damaged", gap: "lines are missing", empty: "empty", read: "read", unreadable: "cannot be read",
};

export function HealthView() {
  const s = store();
  useEffect(() => void s.examine(), []);
  useKeys({ Escape: () => go(to("runs")) });
  const h = s.health;
  if (h === undefined) return <div class="opening"><div class="foot" role="status">Reading every line of the log …</div><Skeleton /></div>;
  if (h === null) return <div class="st"><Notices />{s.state.notices.length ? null : <div class="emp"><b>{s.source.live ? "The log cannot be examined now." : "A file of runs knows nothing of the log it came from."}</b>Ask <code class="mono">steplog doctor</code> where the log is.</div>}</div>;
  const masked = Object.values(h.masked).reduce((n, k) => n + k, 0);
  const lines = h.segments.reduce((n, x) => n + x.lines, 0);
  const bytes = h.segments.reduce((n, x) => n + x.bytes, 0);
  return (
    <div class="st">
      <div class={`pm ${h.whole ? "calm" : ""}`}>
        <h2>{headline(h)}</h2>
        <p>
          {plural(h.segments.length, "segment")}, {lines ? `${plural(lines, "line")}, ` : ""}{fbytes(bytes)}. {h.partly ? "The log was too large to be read whole when this file was written: steplog doctor reads every line." : h.whole ? h.verdict === "unclosed" ? "As far as anybody can tell, every line is here and sound: what has no end cannot say how many there were." : "Every line that was acknowledged is here and sound." : "What is missing or damaged stands below; everything else can be trusted."}
          {masked > 0 && ` ${plural(masked, "secret")} masked (${Object.entries(h.masked).map(([k, n]) => `${n} ${k}`).join(", ")}).`}
          {h.cut > 0 && ` ${plural(h.cut, "value")} cut.`}
        </p>
      </div>
      <Notices />
      {!!h.findings?.length && <Board title="Worth a look">{h.findings.map((x) => <tr><td class="wraps">{safe(x)}</td></tr>)}</Board>}
      {h.holes.length > 0 && <Board title="Missing lines">{h.holes.map((x) => <tr><td class="mono">{safe(x.writer)}</td><td class="num">{x.first} to {x.last}</td><td>{safe(x.reason) || "no reason is in the log"}</td><td class="faint">{safe(x.after)} – {safe(x.before)}</td><td class="el faint">{safe(x.file)}</td></tr>)}</Board>}
      {h.lost.length > 0 && <Board title="Lines that could not be written">{h.lost.map((x) => <tr><td class="mono">{safe(x.writer)}</td><td class="num">{ftok(x.count)}</td><td>{safe(x.reason ?? "")}</td><td class="faint">{safe(x.first_ts ?? "")} – {safe(x.last_ts ?? "")}</td></tr>)}</Board>}
      {h.faults.length > 0 && <Board title="Failures of steplog itself">{h.faults.map((x) => <tr><td class="faint">{safe(x.ts ?? "")}</td><td>{safe(x.where ?? "")}</td><td class="el">{safe(JSON.stringify(x.error ?? ""))}</td></tr>)}</Board>}
      <Board title="Segments">
        {h.segments.map((x) => (
          <>
            <tr key={x.file}>
              <td class="mono el">{safe(x.file)}</td>
              <td class={/damaged|gap|unreadable/.test(x.state) ? "k-err b" : x.state === "crashed" ? "k-retry" : ""}>{SAYS[x.state] ?? safe(x.state)}</td>
              <td class="num">{x.lines ? plural(x.lines, "line") : ""}</td>
              <td class="num">{fbytes(x.bytes)}</td>
              <td class="faint hidep">{x.first && `${safe(x.first)} – ${safe(x.last.slice(11))}`}</td>
            </tr>
            {x.damages.slice(0, 8).map((d) => <tr><td /><td colSpan={4} class="k-err wraps">{safe(d)}</td></tr>)}
            {x.damages.length > 8 && <tr><td /><td colSpan={4} class="faint">{x.damages.length - 8} more: <code class="mono">steplog doctor</code></td></tr>}
          </>
        ))}
      </Board>
      <p class="faint">Read by steplog {safe(h.version)}. The same in a terminal: <code class="mono">steplog doctor {safe(s.state.path)}</code></p>
    </div>
  );
}

function headline(h: Health): string {
  if (!h.whole) return "This log is not whole.";
  if (h.partly) return "Nothing is known to be missing.";
  if (h.verdict !== "unclosed") return "This log is whole.";
  return h.segments.some((x) => x.state === "crashed") ? "No line is missing; a process died while it wrote." : "No line is missing; it is not closed yet.";
}

function Notices() {
  return <>{store().state.notices.map((n) => <div class="notice inset">⚠ <span>{safe(n)}</span></div>)}</>;
}

function Board({ title, children }: { title: string; children: preact.ComponentChildren }) {
  return <div class="tile"><h3>{title}</h3><table class="w"><tbody>{children}</tbody></table></div>;
}
