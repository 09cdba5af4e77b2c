// The messages of a prompt: new ones open, carried ones and those no longer sent folded.
import { useState } from "preact/hooks";
import type { Rec } from "../data/wire";
import { byRole } from "../model/prompts";
import { count, minus, numbers, ranges, type Ranges } from "../model/ranges";
import type { Run } from "../model/run";
import { clip, one, plain, safe } from "../model/safe";
import type { Step } from "../model/step";
import { callsOf, callText, messageText } from "../model/texts";
import { ftok, plural } from "../model/units";
import { CallCard } from "./cards";
import { href } from "./state";
import { Content, Fold, Text } from "./values";

const MOST = 100;

/** What the model was sent, and what changed since the call before. */
export function Prompt({ run, x }: { run: Run; x: Step }) {
  const all = ranges(x.prompt);
  const before = x.prev ? ranges(x.prev.prompt) : null;
  const fresh = before ? minus(all, before) : all;
  const old = minus(all, fresh);
  const gone = before ? minus(before, all) : [];
  const at = x.lines[0]!;
  const edited = [...numbers(fresh, 500)].filter((n) => isEdit(run, n)).length;
  return (
    <section class="sec">
      <h3>
        <span>
          <b class="ink">{plural(count(all), "message")}</b>
          {x.prev ? <>, <b class="accent">{count(fresh)} new</b> since <a href={href({ step: x.prev.no })}>step {x.prev.no}</a></> : <span class="thin"> · first call of {safe(x.agent?.name || run.row.name || "the run")}</span>}
        </span>
        {x.prev && <span class="r">+{count(fresh) - edited} added · {count(gone)} removed · {edited} edited</span>}
      </h3>
      {count(old) > 0 && <Fold head={<span class="dim">{count(old)} carried over: <span class="faint">{byRole(run, old, at)}</span></span>}>{() => <Several run={run} of={old} x={x} />}</Fold>}
      {count(gone) > 0 && (
        <Fold head={<span><b class="k-err">− {count(gone)} no longer sent</b><span class="faint">: {byRole(run, gone, x.prev!.lines[0]!)}{x.prev!.tin >= 0 && x.tin >= 0 ? `, ${ftok(x.prev!.tin)} → ${ftok(x.tin)} tokens` : ""}</span></span>}>
          {() => <Several run={run} of={gone} x={x.prev!} />}
        </Fold>
      )}
      <Several run={run} of={fresh} x={x} isNew={!!x.prev} open />
    </section>
  );
}

function isEdit(run: Run, n: number): boolean {
  const at = run.messages.lineOf(n);
  return at !== undefined && run.lines.raw(at).includes(`"m":${n},"like":`);
}

function Several({ run, of, x, isNew = false, open = false }: { run: Run; of: Ranges; x: Step; isNew?: boolean; open?: boolean }) {
  const [shown, more] = useState(open ? 30 : MOST);
  const n = count(of);
  return (
    <>
      {[...numbers(of, shown)].map((m) => {
        const message = run.resolve(run.message(m, x.lines[0]), x.lines[0]) as Rec;
        return <MessageRow key={m} run={run} m={m} message={message} x={x} isNew={isNew} open={open && (isNew || message.role !== "system" || n < 3)} />;
      })}
      {n > shown && <button class="btn more" onClick={() => more(shown + MOST)}>{(n - shown).toLocaleString("en")} more messages</button>}
    </>
  );
}

const FAILED = /^\w*(Error|Exception): /;

export function MessageRow({ run, m, message, x, isNew, open }: { run: Run; m: number; message: Rec; x?: Step; isNew: boolean; open: boolean }) {
  const role = String(message.role);
  const text = messageText(message);
  const calls = callsOf(message);
  const label = <div class={`ro r-${role.replace(/\W/g, "")}`}>{safe(role)}<small>m {m}</small></div>;
  if (message.missing) return <div class="msg">{label}<div class="k-err">Its line is lost: the log has a gap here.</div></div>;
  const name = role === "tool" ? String(message.name ?? run.toolOf(String(message.tool_call_id ?? ""))?.name ?? "") : "";
  const body = (
    <>
      <Content v={message.content} />
      {calls.map((c, i) => <CallCard key={i} run={run} call={c} from={run.askerOf(m)} />)}
    </>
  );
  if (!open)
    return (
      <div class="msg">
        {label}
        <Fold head={<span class="ell" dir="auto">{name && <b>{safe(name)}  </b>}<Text>{clip(plain(one(text.slice(0, 800))) || calls.map(callText).join("  "), 160)}</Text></span>}>{() => body}</Fold>
      </div>
    );
  const isBad = message.status === "error" || (role === "tool" && FAILED.test(text));
  return (
    <div class={`msg${isNew ? " new" : ""}`}>
      {label}
      <div class="held">
        {role === "tool" && <div class={`b small${isBad ? " k-err" : ""}`}>{isBad ? "✕ " : ""}{safe(name)}</div>}
        {body}
        {!text && !calls.length && <span class="faint">{message.content == null || message.content === "" ? (x && run.row.content === "none" ? "content not kept" : "empty") : ""}</span>}
      </div>
    </div>
  );
}
