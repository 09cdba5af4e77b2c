// Copy a step: as a link, JSON, Python messages, Markdown, or the config to fork from there.
import { useEffect, useState } from "preact/hooks";
import type { Json, Rec } from "../data/wire";
import { numbers, ranges } from "../model/ranges";
import type { Run } from "../model/run";
import type { Step } from "../model/step";
import { asText, callsOf, callText, messageText, result, texts } from "../model/texts";
import { toast } from "./toast";

const ESCAPES: Record<string, string> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A value as Python writes it. */
export function python(v: Json): string {
  if (v === null) return "None";
  if (v === true) return "True";
  if (v === false) return "False";
  if (typeof v === "number") return Number.isFinite(v) ? String(v) : `float("${v}")`;
  if (typeof v === "string") return `"${v.replace(/[\\"\n\r\t]/g, (c) => ESCAPES[c]!).replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
  if (Array.isArray(v)) return `[${v.map(python).join(", ")}]`;
  return `{${Object.entries(v).map(([k, x]) => `${python(k)}: ${python(x)}`).join(", ")}}`;
}

function prompt(run: Run, x: Step): Rec[] {
  return [...numbers(ranges(x.prompt), 5000)].map((m) => run.resolve(run.message(m, x.lines[0]), x.lines[0]) as Rec);
}

/** The prompt and the answer of a model call as a list for a chat model. */
export function pythonMessages(run: Run, x: Step): string {
  const all = x.kind === "llm" ? [...prompt(run, x), ...(run.answer(x) ? [run.answer(x)!] : [])] : [];
  const kept = ["role", "content", "tool_calls", "tool_call_id", "name", "id"];
  const lines = all.map((m) => `    ${python(Object.fromEntries(kept.filter((k) => m[k] !== undefined).map((k) => [k, m[k]!])) as Json)},`);
  return `messages = [\n${lines.join("\n")}\n]\n`;
}

export function markdown(run: Run, x: Step): string {
  const [asked, answered] = texts(run, x);
  const head = `### Step ${x.no}: ${x.kind} ${x.name}\n\nrun ${run.row.id}\n`;
  if (x.kind !== "llm") return `${head}\n**Asked**\n\n${asked}\n\n**Answered**\n\n${x.kind === "tool" ? asText(result(run, x)) || answered : answered}\n`;
  const say = (m: Rec): string => `**${m.role}**\n\n${[messageText(m), ...callsOf(m).map((c) => `\`${callText(c)}\``)].filter(Boolean).join("\n\n")}\n`;
  const answer = run.answer(x);
  return `${head}\n${prompt(run, x).map(say).join("\n")}\n${answer ? `---\n\n${say(answer)}` : ""}`;
}

export function asJson(run: Run, x: Step): string {
  const fields = run.stepFields(x);
  const whole: Rec = { run: run.row.id, step: x.no, kind: x.kind, status: x.status };
  for (const k in fields) if (k !== "messages") whole[k] = run.field(x, k);
  if (x.prompt) whole.prompt = prompt(run, x);
  const answer = run.answer(x);
  if (answer) whole.message = answer;
  return JSON.stringify(whole, null, 1);
}

/** What LangGraph wants in order to go on from, or fork at, a step: that of the node around it. */
export function config(run: Run, x: Step | null): string | null {
  let place: Rec | undefined;
  for (let y = x; y && !place; y = y.up) place = run.stepFields(y).checkpoint as Rec | undefined;
  place ??= run.fields.checkpoint as Rec | undefined;
  if (!place) return null;
  const given: Rec = { thread_id: place.thread_id ?? run.row.thread ?? null, checkpoint_ns: place.ns ?? "", checkpoint_id: place.id ?? null };
  return `config = ${python({ configurable: Object.fromEntries(Object.entries(given).filter(([, v]) => v !== null)) as Json })}\n`;
}

async function copy(what: string, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied: ${what}`);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    toast(done ? `Copied: ${what}` : "This frame may not copy: open the page in a tab of its own.");
  }
}

export function CopyMenu({ run, x }: { run: Run; x: Step }) {
  const [isOpen, open] = useState(false);
  useEffect(() => {
    if (!isOpen) return;
    const close = (e: Event): void => {
      if (e instanceof KeyboardEvent && e.key !== "Escape") return;
      if (e instanceof KeyboardEvent) e.stopPropagation();
      open(false);
    };
    setTimeout(() => addEventListener("click", close), 0);
    addEventListener("keydown", close, true);
    return () => {
      removeEventListener("click", close);
      removeEventListener("keydown", close, true);
    };
  }, [isOpen]);
  const fork = config(run, x);
  const ways: [string, () => string][] = [
    ["Link to this step", () => `${location.href.replace(/#.*/, "")}${location.hash}`],
    ["JSON", () => asJson(run, x)],
    ...(x.kind === "llm" ? ([["Python messages", () => pythonMessages(run, x)]] as [string, () => string][]) : []),
    ["Markdown", () => markdown(run, x)],
    ...(fork ? ([["Config to fork here", () => fork]] as [string, () => string][]) : []),
  ];
  return (
    <span class="pop">
      <button class="btn" aria-haspopup="menu" aria-expanded={isOpen} onClick={() => open(!isOpen)}>Copy ▾</button>
      {isOpen && <span class="menu" role="menu">{ways.map(([name, text]) => <button role="menuitem" key={name} onClick={() => void copy(name, text())}>{name}</button>)}</span>}
    </span>
  );
}
