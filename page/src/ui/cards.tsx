// Pieces that several panes share: a tool call with what became of it, an error, a step as a link.
import type { Json, Rec } from "../data/wire";
import type { Run } from "../model/run";
import { clip, safe } from "../model/safe";
import type { Step } from "../model/step";
import { argText, asText } from "../model/texts";
import { fms } from "../model/units";
import { Icon } from "./icons";
import { href, set } from "./state";
import { Fold, Text } from "./values";

/** A call in a model's answer; a click goes to the tool's step. */
export function CallCard({ run, call, from }: { run: Run; call: Rec; from?: Step }) {
  const tool = run.toolOf(String(call.id ?? ""), from, call.name);
  const only = tool?.kids.find((k) => k.kind === "agent");
  const agent = only && tool!.kids.filter((k) => !k.point).length === 1 ? only : undefined;
  return (
    <button class="tc" onClick={() => tool && set({ step: (agent ?? tool).no })} disabled={!tool}>
      <Icon name={agent ? "agent" : "tool"} class={agent ? "k-agent" : "k-tool"} />
      <span class="b nm">{safe(String(agent?.name ?? call.name ?? "?"))}</span>
      <span class="ell dim" dir="auto"><Text>{argText(run.resolve((call.args ?? null) as Json))}</Text></span>
      <span class="go">
        {tool ? (
          <>
            {tool.status === "error" && <span class="k-err">failed  </span>}
            {tool.status === "interrupted" && <span class="k-interrupt">asks a human  </span>}
            {tool.kind === "denied" ? <span class="k-denied">denied</span> : tool.done ? fms(tool.ms) : tool.status === "running" ? "running" : "no end"} → {(agent ?? tool).no}
          </>
        ) : (
          "never ran"
        )}
      </span>
    </button>
  );
}

export function ErrorBox({ e }: { e: Rec }) {
  const stack = Array.isArray(e.stack) ? [...(e.stack as string[])].reverse() : [];
  const facts = [e.http_status && `HTTP ${e.http_status}`, e.code && `code ${e.code}`, e.request_id && `request ${e.request_id}`].filter(Boolean).join(" · ");
  return (
    <div class="err">
      <span class="ty">✕ {safe(String(e.type ?? "error"))}</span>
      {e.module != null && <span class="faint mono"> {safe(String(e.module))}</span>}
      <div class="body small" dir="auto"><Text>{asText(e.message).slice(0, 20_000)}</Text></div>
      {facts && <div class="dim">{safe(facts)}</div>}
      {stack.length > 0 && <Stack lines={stack.map(String)} />}
      {typeof e.step === "number" && <div class="dim">came from <a href={href({ step: e.step })}>step {e.step}</a></div>}
    </div>
  );
}

function Stack({ lines }: { lines: string[] }) {
  // Whoever reads a stack wants their own line: the innermost that is in no installed package.
  const own = lines.findIndex((l) => !/site-packages|dist-packages|\/lib\/python3|<frozen/.test(l));
  const key = own >= 0 ? own : 0;
  const shorter = (l: string): string => safe(l.replace(/^.*\/(site|dist)-packages\//, "…/"));
  return (
    <div class="stk">
      <div class="b">→ {shorter(lines[key]!)}</div>
      {lines.length > 1 && <Fold head={<span>{lines.length - 1} more {lines.length === 2 ? "line" : "lines"} of the stack</span>}>{() => <>{lines.map((l, i) => <div class={i === key ? "b" : ""}>{i === 0 ? "→ " : "  "}{shorter(l)}</div>)}</>}</Fold>}
    </div>
  );
}

/** A step on one line, as a link to it. */
export function StepCard({ x, text, at }: { x: Step; text: string; at: string }) {
  return (
    <button class="tc" onClick={() => set({ step: x.no })}>
      <Icon name={x.kind} class={`k-${x.kind}`} />
      <span class="b nm">{safe(x.name)}</span>
      <span class="ell dim" dir="auto"><Text>{clip(text, 200)}</Text></span>
      <span class="go">{at}</span>
    </button>
  );
}
