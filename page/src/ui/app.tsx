// The frame: the bar on top, the view that the address names, the keys.
import { useEffect, useState } from "preact/hooks";
import { to } from "../data/route";
import { safe } from "../model/safe";
import { ago, fms } from "../model/units";
import { Compare } from "./compare";
import { HealthView } from "./health";
import { Icon } from "./icons";
import { Runs } from "./runs";
import { RunView } from "./runview";
import { go, pressed, route, store, useChanges, useKeys } from "./state";
import { Stats } from "./stats";
import { turnTheme } from "./theme";
import { Thread } from "./thread";
import { Toast } from "./toast";

export function App() {
  useChanges();
  const [isHelp, help] = useState(false);
  const [, tick] = useState(0);
  const s = store();
  const r = route();
  useEffect(() => void document.documentElement.classList.toggle("nocost", s.loaded && !s.rows.some((x) => x.cost != null)), [s.loaded, s.rows]);
  useEffect(() => {
    addEventListener("keydown", pressed);
    addEventListener("click", follow);
    return () => {
      removeEventListener("keydown", pressed);
      removeEventListener("click", follow);
    };
  }, []);
  useEffect(() => {
    // "41 s" grows; only where something on the page tells it.
    const timer = setInterval(() => r.view === "runs" && s.source.live && tick((n) => n + 1), s.rows.some((x) => x.status === "running") ? 1000 : 20_000);
    return () => clearInterval(timer);
  }, [r.view, s.rows]);
  useEffect(() => {
    const name = r.view === "run" ? (s.row(r.id)?.name ?? "run") : r.view === "runs" ? "" : r.view === "thread" ? r.id : r.view;
    document.title = name ? `${safe(name)} · steplog` : "steplog";
  }, [r.view, r.id, s.rows]);
  useEffect(() => {
    if (r.view !== "run") s.watch(null);
  }, [r.view]);
  useKeys({
    "?": () => help(!isHelp), g: waitForSecond, "/": () => document.getElementById("find")?.focus(), d: turnTheme,
  });
  const View = { runs: Runs, run: RunView, thread: Thread, compare: Compare, stats: Stats, health: HealthView }[r.view];
  return (
    <>
      <Top help={() => help(!isHelp)} />
      <States />
      <main id="view"><View key={r.view + (r.view === "run" ? r.id : "")} /></main>
      <Toast />
      {isHelp && <Help close={() => help(false)} />}
    </>
  );
}

/** Links of ours are followed here: in a notebook's frame the address is not ours. */
function follow(e: MouseEvent): void {
  const link = (e.target as HTMLElement).closest("a");
  const where = link?.getAttribute("href");
  if (!where?.startsWith("#")) return;
  if (e.metaKey || e.ctrlKey || e.shiftKey || e.button) return;
  e.preventDefault();
  go(where);
}

let second: ((e: KeyboardEvent) => void) | null = null;

function waitForSecond(): void {
  if (second) return;
  second = (e) => {
    const where = { r: "runs", s: "stats", h: "health" }[e.key] as "runs" | "stats" | "health" | undefined;
    stop();
    if (where) {
      e.stopPropagation();
      e.preventDefault();
      go(to(where));
    }
  };
  const stop = (): void => {
    if (second) removeEventListener("keydown", second, true);
    second = null;
  };
  addEventListener("keydown", second, true);
  setTimeout(stop, 900);
}

function Top({ help }: { help: () => void }) {
  const s = store();
  const r = route();
  const isRuns = ["runs", "run", "compare", "thread"].includes(r.view);
  const link = (view: "runs" | "stats" | "health", word: string, is: boolean) => <a href={to(view, "", "", view === "health" ? {} : { q: r.view === "runs" || r.view === "stats" ? r.q : "" })} aria-current={is ? "page" : undefined}>{word}</a>;
  const where = r.view === "run" ? r.id.slice(0, 8) : r.view === "compare" ? "compare" : r.view === "thread" ? "thread" : "";
  return (
    <header id="top">
      <a class="brand" href={to("runs")}><Icon name="brand" />steplog</a>
      <nav aria-label="views">{link("runs", "Runs", isRuns)}{link("stats", "Stats", r.view === "stats")}{link("health", "Health", r.view === "health")}</nav>
      <span class="path ell" title={safe(s.state.path)}>{safe(s.state.path)}{where && <><span class="faint">  /  </span>{where}</>}</span>
      <span class="sp" />
      {s.source.live ? (
        <span class={`live${!s.up || s.state.gone ? " off" : ""}`} role="status" title={s.up ? "the page follows the log" : "the server does not answer"}><i /><span>{!s.up ? "not connected" : s.state.gone ? "log is gone" : "live"}</span></span>
      ) : (
        <span class="live file" title="one file, with its data inside: no server, no network"><span>file{s.state.content && s.state.content !== "full" ? `, content ${s.state.content}` : ""}</span></span>
      )}
      <button class="btn sq" aria-label="light or dark" title="light or dark  d" onClick={turnTheme}><Icon name="theme" /></button>
      <button class="btn sq" aria-label="keys" title="keys  ?" onClick={help}>?</button>
    </header>
  );
}

/** What somebody must know of the log as a whole, in a sentence. */
function States() {
  const s = store();
  const st = s.state;
  return (
    <>
      {!s.up && s.source.live && <div class="notice" role="status">⚠ <span><code class="mono">steplog view</code> does not answer any more. What was read is shown; start it again for a new link.</span></div>}
      {s.failed && <div class="notice" role="alert">⚠ <span>{safe(s.failed)}</span></div>}
      {st.gone && s.rows.length > 0 && <div class="notice" role="status">⚠ <span><b>{safe(st.path)}</b> is gone since {fms(Math.max(0, s.now - st.gone))}. What was read is shown; the page looks again each second.</span></div>}
      {!st.gone && st.notices.length > 0 && route().view !== "health" && <div class="notice" role="status">⚠ <span class="ell">{safe(st.notices[0]!)}{st.notices.length > 1 ? ` And ${st.notices.length - 1} more.` : ""}</span> <a class="nowrap" href={to("health")}>How the log is</a></div>}
      {st.more ? <div class="notice calm" role="status"><span>{st.more.toLocaleString("en")} more runs are in the log: <code class="mono">steplog view {safe(st.path)}</code> shows all of them. These are the newest, as of {ago(st.now, Date.now())}.</span></div> : null}
    </>
  );
}

const KEYS: [string, string][] = [
  ["j k", "next, previous row"], ["h l", "fold or parent, unfold"], ["Enter", "open"], ["e E", "next, previous error"], ["/", "filter, or search in everything of a run"], ["n N", "next, previous hit or difference"],
  ["c", "conversation; in the list: compare two"], ["t", "tree"], ["p", "post-mortem"], ["i", "fold idle time"], ["z", "the whole run again"], ["l L", "label or note: the step, the run, the selected runs"], ["x", "select a run"], ["o", "show new runs"],
  ["[ ]", "newer, older run"], ["g r", "runs"], ["g s", "stats"], ["g h", "health"], ["d", "light or dark"], ["Esc", "back"], ["?", "these keys"],
];

function Help({ close }: { close: () => void }) {
  useKeys({ Escape: close });
  return (
    <div class="ov" onClick={(e) => e.target === e.currentTarget && close()}>
      <div class="dlg" role="dialog" aria-modal="true" aria-label="keys" tabIndex={-1} ref={(el) => el?.focus()}>
        <h2>Keys</h2>
        <div class="keys">{KEYS.map(([k, what]) => <div key={k}><span class="dim">{what}</span><span>{k.split(" ").map((x) => <><kbd>{x}</kbd> </>)}</span></div>)}</div>
      </div>
    </div>
  );
}
