// Values of a log as elements: text, markdown, tables, JSON to unfold, and the marks of what was cut or masked.
import { useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import type { Json, Rec } from "../data/wire";
import { blocks, spans, type Block, type Span } from "../model/markdown";
import { clip, masked, safe } from "../model/safe";
import { asText } from "../model/texts";
import { fbytes, ftok } from "../model/units";
import { Icon } from "./icons";

const MOST = 20_000; // characters that are drawn before somebody asks for more
const MOST_ITEMS = 200;
const isRec = (v: unknown): v is Rec => typeof v === "object" && v !== null && !Array.isArray(v);

/** A text in which nothing acts: controls made visible, masked secrets as black bars. */
export function Text({ children }: { children: string }): JSX.Element {
  const parts = masked(safe(children));
  if (parts.length === 1) return <>{parts[0]}</>;
  return <>{parts.map((p, i) => (i % 2 ? <Mask kind={p} /> : p))}</>;
}

const Mask = ({ kind }: { kind: string }) => (
  <span class="mask" title="A secret of this kind stood here; it was never written.">
    masked: {kind}
  </span>
);

/** As much of a long text as a page can bear, and a button for more. */
function Long({ text, children }: { text: string; children: (part: string) => ComponentChildren }) {
  const [shown, more] = useState(MOST);
  if (text.length <= shown) return <>{children(text)}</>;
  return (
    <>
      {children(text.slice(0, shown))}
      <button class="btn more" onClick={() => more(shown * 10)}>
        {ftok(text.length - shown)} more characters: show {ftok(Math.min(text.length - shown, shown * 9))} of them
      </button>
    </>
  );
}

function Spans({ of }: { of: Span[] }): JSX.Element {
  return <>{of.map(oneSpan)}</>;
}

function oneSpan(s: Span): JSX.Element | string {
  switch (s.kind) {
    case "strong":
      return <strong><Spans of={spans(s.text)} /></strong>;
    case "em":
      return <em>{s.text}</em>;
    case "strike":
      return <s>{s.text}</s>;
    case "code":
      return <code>{s.text}</code>;
    case "mask":
      return <Mask kind={s.text} />;
    case "link":
      return <span class="lnk" title="Links of a log are shown, never followed.">{s.text}<small> {s.target}</small></span>;
    case "image":
      return <span class="lnk" title="Images are never loaded."><Icon name="image" /> {s.text || "image"}<small> {s.target}</small></span>;
    default:
      return s.text;
  }
}

export function Markdown({ text }: { text: string }) {
  return (
    <div class="body">
      <Long text={text}>{(part) => blocks(safe(part)).map((b, i) => <BlockView key={i} b={b} />)}</Long>
    </div>
  );
}

function BlockView({ b }: { b: Block }) {
  switch (b.kind) {
    case "pre":
      return <pre>{b.text}</pre>;
    case "h":
      return <h4><Spans of={b.spans} /></h4>;
    case "rule":
      return <hr />;
    case "list": {
      const items = b.items.map((x, i) => <li key={i} style={x.depth ? `margin-left:${x.depth * 14}px` : undefined}><Spans of={x.spans} /></li>);
      return b.ordered ? <ol start={b.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        <div class="scroll">
          <table>
            <thead><tr>{b.head.map((c, j) => <th class={b.right[j] ? "num" : ""}><Spans of={c} /></th>)}</tr></thead>
            <tbody>{b.rows.map((r) => <tr>{r.map((c, j) => <td class={b.right[j] ? "num" : ""}><Spans of={c} /></td>)}</tr>)}</tbody>
          </table>
        </div>
      );
    default: {
      const inner = b.lines.map((l, i) => <>{i > 0 && <br />}<Spans of={l} /></>);
      return b.kind === "quote" ? <blockquote dir="auto">{inner}</blockquote> : <p dir="auto">{inner}</p>;
    }
  }
}

/** What stands in a value's place: cut, only measured, bytes, an unknown type, a number too large. */
function Marker({ v }: { v: Rec }): JSX.Element | null {
  const keys = Object.keys(v);
  if (v.missing === true && (v.$same || v.$m || keys.length === 1)) return <span class="cut">its line is lost, or it refers to itself</span>;
  if (keys.length !== 1) return null;
  const held = (isRec(v[keys[0]!]) ? v[keys[0]!] : {}) as Rec;
  switch (keys[0]) {
    case "$cut":
      return <Cut held={held} />;
    case "$text":
      return (
        <>
          {held.head != null && <div class="body"><p dir="auto"><Text>{asText(held.head)}</Text>…</p></div>}
          <span class="cut">{ftok(held.chars as number)} characters in all; this log keeps {held.head == null ? "none of them" : "the first 200"}</span>
        </>
      );
    case "$blob":
      return (
        <div class="blob">
          <Icon name="image" />
          <span>{safe(String(held.type ?? "bytes"))}<span class="faint">  {fbytes(held.bytes as number)} · not shown: only its size and hash are in the log · sha256 {safe(String(held.sha256 ?? "").slice(0, 10))}…</span></span>
        </div>
      );
    case "$type":
      return <span class="faint mono">‹{safe(String(v.$type))}›</span>;
    case "$num":
      return <span class="x mono">{safe(String(v.$num))}</span>;
    default:
      return null;
  }
}

function Cut({ held }: { held: Rec }) {
  const head = asText(held.head);
  const what =
    held.bytes != null ? `${fbytes(held.bytes as number)} in all${head ? `, ${ftok(head.length)} characters kept` : ""}`
    : held.items != null ? `${ftok(held.items as number)} items in all`
    : `nested deeper than ${String(held.depth ?? "?")} levels`;
  return (
    <>
      {head && <pre class="low">{safe(head)}</pre>}
      <span class="cut" title={held.sha256 ? `sha256 ${String(held.sha256)}` : undefined}>✂ cut here when written: {what}; the rest was never in the log</span>
    </>
  );
}

/** JSON as a tree; a branch's leaves are made when it is opened, so that 200 levels cost nothing. */
export function JsonTree({ v, k, depth = 0 }: { v: Json; k?: string; depth?: number }): JSX.Element {
  const key = k !== undefined ? <span class="k">{safe(k)}: </span> : null;
  if (typeof v !== "object" || v === null) {
    return <div class="ln">{key}<span class={typeof v === "string" ? "s" : "x"}>{typeof v === "string" ? <Leaf text={v} /> : String(v)}</span></div>;
  }
  const marker = isRec(v) ? Marker({ v }) : null;
  if (marker) return <div class="ln">{key}{marker}</div>;
  return <Branch v={v} label={key} depth={depth} />;
}

const Leaf = ({ text }: { text: string }) => <Long text={text}>{(part) => <Text>{part}</Text>}</Long>;

function Branch({ v, label, depth }: { v: Json[] | Rec; label: ComponentChildren; depth: number }) {
  const entries = Object.entries(v);
  const [isOpen, open] = useState(depth < 2 && entries.length <= 30);
  const [shown, more] = useState(MOST_ITEMS);
  const names = Array.isArray(v) ? `[${v.length}]` : `{${entries.length}} ${clip(safe(entries.slice(0, 12).map((e) => e[0]).join(", ")), 60)}`;
  if (!entries.length) return <div class="ln">{label}<span class="faint">{Array.isArray(v) ? "[]" : "{}"}</span></div>;
  return (
    <details open={isOpen} onToggle={(e) => open((e.currentTarget as HTMLDetailsElement).open)}>
      <summary><span>{label}<span class="faint">{names}</span></span></summary>
      {isOpen && entries.slice(0, shown).map(([a, b]) => <JsonTree key={a} v={b} k={a} depth={depth + 1} />)}
      {isOpen && entries.length > shown && <button class="btn more" onClick={() => more(shown * 5)}>{(entries.length - shown).toLocaleString("en")} more</button>}
    </details>
  );
}

const isTable = (v: unknown): v is Rec[] =>
  Array.isArray(v) && v.length > 1 && v.every((r) => isRec(r) && Object.keys(r).length > 0 && Object.keys(r).length < 20 && !("$cut" in r) && !("$blob" in r) && Object.values(r).every((c) => c === null || typeof c !== "object"));

function Table({ rows }: { rows: Rec[] }) {
  const [shown, more] = useState(50);
  const keys = [...new Set(rows.flatMap((r) => Object.keys(r)))].slice(0, 20);
  const isNumber = (k: string): boolean => rows.every((r) => typeof r[k] === "number" || r[k] == null);
  const cls = keys.map((k) => (isNumber(k) ? "num" : ""));
  return (
    <div class="scroll">
      <table class="t">
        <thead><tr>{keys.map((k, j) => <th class={cls[j]}>{safe(k)}</th>)}</tr></thead>
        <tbody>
          {rows.slice(0, shown).map((r) => (
            <tr>{keys.map((k, j) => <td class={cls[j]}>{r[k] == null ? "" : typeof r[k] === "number" ? r[k].toLocaleString("en", { maximumFractionDigits: 6 }) : <Text>{clip(r[k], 300)}</Text>}</td>)}</tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown && <button class="btn more" onClick={() => more(shown * 5)}>{rows.length - shown} more rows</button>}
    </div>
  );
}

/** Text that looks like a log or a program keeps its lines. */
const looksMade = (t: string): boolean => {
  const lines = t.slice(0, 3000).split("\n");
  return lines.length > 4 && !/^#{1,4} |^\s*[-*] |\|.*\||\*\*|```/m.test(t.slice(0, 3000)) && lines.filter((l) => /^\s{2,}|[{};=<>]|\d{4}-\d\d-\d\d|^\w+:/.test(l)).length > lines.length * 0.5;
};

/** Any value: a table as a table, JSON as a tree, text as text. */
export function Value({ v }: { v: Json }): JSX.Element {
  if (typeof v === "string") {
    const t = v.trimStart();
    if (t.length > 1 && /^[[{]/.test(t) && t.length < 2_000_000) {
      try {
        const inner = JSON.parse(t) as Json;
        if (typeof inner === "object") return <Value v={inner} />;
      } catch {
        // Only looked like JSON.
      }
    }
    if (looksMade(v)) return <Long text={v}>{(part) => <pre><Text>{part}</Text></pre>}</Long>;
    return <Markdown text={v} />;
  }
  if (isTable(v)) return <Table rows={v} />;
  if (typeof v === "object" && v !== null) {
    const marker = isRec(v) ? Marker({ v }) : null;
    return marker ?? <div class="js mono"><JsonTree v={v} /></div>;
  }
  return <div class="body">{v === null ? <span class="faint">null</span> : String(v)}</div>;
}

/** A message's content: text, or blocks of text, thinking, images. */
export function Content({ v }: { v: Json | undefined }): JSX.Element | null {
  if (v == null || v === "") return null;
  if (!Array.isArray(v) || !v.length || !v.every((b) => typeof b === "string" || (isRec(b) && typeof b.type === "string"))) return <Value v={v} />;
  return <>{v.map((b, i) => (typeof b === "string" ? <Markdown key={i} text={b} /> : <ContentBlock key={i} b={b as Rec} />))}</>;
}

function ContentBlock({ b }: { b: Rec }): JSX.Element | null {
  const type = String(b.type);
  if (type === "thinking" || type === "reasoning") {
    const t = asText(b.thinking ?? b.reasoning ?? b.text ?? b.summary ?? "");
    if (!t) return <div class="faint">Thinking: the provider kept its text.</div>;
    return <Fold head={<span class="ell">Thinking<span class="faint">  {clip(safe(t), 90)}</span></span>}>{() => <div class="think" dir="auto"><Long text={t}>{(p) => <Text>{p}</Text>}</Long></div>}</Fold>;
  }
  if (type === "redacted_thinking") return <div class="faint">Thinking that the provider encrypted.</div>;
  if (type === "tool_use" || type === "tool_call") return null; // shown as the call it is
  if (b.text != null) return <Value v={b.text} />;
  const image = (isRec(b.image_url) ? b.image_url.url : b.image_url) ?? (isRec(b.source) ? (b.source.data ?? b.source.url) : b.source) ?? b.data ?? b.url;
  if (image !== undefined && isRec(image)) return Marker({ v: image }) ?? <div class="js mono"><JsonTree v={b} /></div>;
  if (typeof image === "string") return <span class="lnk" title="Images are never loaded."><Icon name="image" /> {safe(type)}<small> {clip(safe(image), 120)}</small></span>;
  return <div class="js mono"><JsonTree v={b} /></div>;
}

/** Something to unfold whose inside is made when it is opened. */
export function Fold({ head, children, open: first = false, class: cls }: { head: ComponentChildren; children: () => ComponentChildren; open?: boolean; class?: string }) {
  const [isOpen, open] = useState(first);
  return (
    <details class={cls} open={isOpen} onToggle={(e) => open((e.currentTarget as HTMLDetailsElement).open)}>
      <summary>{head}</summary>
      {isOpen && children()}
    </details>
  );
}
