// Markdown of an answer as blocks and spans; the page makes elements of them. Markup stays text, links are shown, images never loaded.

export type Span =
  | { kind: "text" | "strong" | "em" | "code" | "strike" | "mask"; text: string }
  | { kind: "link" | "image"; text: string; target: string };

export type Block =
  | { kind: "p" | "quote"; lines: Span[][] }
  | { kind: "h"; level: number; spans: Span[] }
  | { kind: "pre"; text: string; language: string }
  | { kind: "list"; ordered: boolean; start: number; items: { spans: Span[]; depth: number }[] }
  | { kind: "table"; head: Span[][]; rows: Span[][][]; right: boolean[] }
  | { kind: "rule" };

const WINDOW = 2000; // characters within which a span must end: a text full of openings must cost no more than its length
const SPECIAL = /[`![*_~]/g;
const WORDY = /\w/;

/** The spans of one line, in one pass; what is not closed stays as it is. */
export function spans(text: string): Span[] {
  const out: Span[] = [];
  let plain = 0;
  let at = 0;
  const never = new Set<string>(); // signs that no further one closes
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text);
    if (!found) break;
    at = found.index;
    const taken = bracket(text, at) ?? paired(text, at, never);
    if (!taken) {
      at++;
      continue;
    }
    if (at > plain) out.push({ kind: "text", text: text.slice(plain, at) });
    out.push(taken.span);
    plain = at = taken.end;
  }
  if (plain < text.length) out.push({ kind: "text", text: text.slice(plain) });
  return out;
}

interface Taken {
  span: Span;
  end: number;
}

/** `[masked:kind]`, `[text](target)`, `![text](target)`. */
function bracket(text: string, at: number): Taken | null {
  const isImage = text[at] === "!";
  const open = isImage ? at + 1 : at;
  if (text[open] !== "[") return null;
  const part = text.slice(open + 1, open + WINDOW);
  const close = part.indexOf("]");
  if (close < 0) return null;
  const label = part.slice(0, close);
  if (!isImage && /^masked:[\w-]+$/.test(label)) return { span: { kind: "mask", text: label.slice(7) }, end: open + close + 2 };
  if (part[close + 1] !== "(" || (!label && !isImage)) return null;
  const end = part.indexOf(")", close);
  const target = end < 0 ? "" : part.slice(close + 2, end).trim().split(/\s/)[0]!;
  return target ? { span: { kind: isImage ? "image" : "link", text: label, target }, end: open + 1 + end + 1 } : null;
}

const PAIRS: [string, "strong" | "em" | "strike"][] = [["**", "strong"], ["~~", "strike"], ["*", "em"], ["_", "em"]];

function paired(text: string, at: number, never: Set<string>): Taken | null {
  if (text[at] === "`") return code(text, at, never);
  const pair = PAIRS.find(([sign]) => text.startsWith(sign, at));
  if (!pair) return null;
  const [sign, kind] = pair;
  const begin = at + sign.length;
  if (never.has(sign) || /\s/.test(text[begin] ?? " ") || (sign === "_" && WORDY.test(text[at - 1] ?? ""))) return null;
  const end = text.indexOf(sign, begin + 1);
  if (end < 0) never.add(sign);
  if (end < 0 || end - begin > WINDOW || /\s/.test(text[end - 1]!) || (sign === "_" && WORDY.test(text[end + 1] ?? ""))) return null;
  return { span: { kind, text: text.slice(begin, end) }, end: end + sign.length };
}

function code(text: string, at: number, never: Set<string>): Taken | null {
  let n = 1;
  while (text[at + n] === "`" && n < 10) n++;
  const sign = "`".repeat(n);
  const end = never.has(sign) ? -1 : text.indexOf(sign, at + n);
  if (end < 0) never.add(sign);
  return end < 0 || end === at + n ? null : { span: { kind: "code", text: text.slice(at + n, end) }, end: end + n };
}

/** The line under a table's head. */
const isRuler = (line: string | undefined): boolean => !!line && line.includes("-") && line.includes("|") && /^[\s:|-]+$/.test(line);

/** `---`, `* * *`, `___`. */
function isRule(line: string): boolean {
  const bare = line.replace(/\s/g, "");
  return bare.length >= 3 && "-*_".includes(bare[0]!) && bare === bare[0]!.repeat(bare.length);
}

const cells = (row: string): string[] => row.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((c) => c.trim().replace(/\\\|/g, "|"));
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const FENCE = /^\s*(`{3,}|~{3,})\s*([\w+#.-]*)/;

export function blocks(text: string): Block[] {
  const lines = text.split("\n");
  const out: Block[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i]!;
    const fence = FENCE.exec(line);
    if (fence) {
      const body: string[] = [];
      for (i++; i < lines.length && !lines[i]!.trimStart().startsWith(fence[1]!); i++) body.push(lines[i]!);
      i++;
      out.push({ kind: "pre", text: body.join("\n"), language: fence[2] ?? "" });
    } else if (line.includes("|") && isRuler(lines[i + 1])) i = table(lines, i, out);
    else if (/^#{1,6}\s/.test(line)) {
      out.push({ kind: "h", level: line.indexOf(" "), spans: spans(line.slice(line.indexOf(" ") + 1).trim()) });
      i++;
    } else if (isRule(line)) {
      out.push({ kind: "rule" });
      i++;
    } else if (ITEM.test(line)) i = list(lines, i, out);
    else if (!line.trim()) i++;
    else {
      const quoted = /^\s*>/.test(line);
      const p: Span[][] = [];
      do p.push(spans(lines[i++]!.replace(quoted ? /^\s*>\s?/ : "", "")));
      while (i < lines.length && lines[i]!.trim() && /^\s*>/.test(lines[i]!) === quoted && !FENCE.test(lines[i]!) && !/^#{1,6}\s/.test(lines[i]!) && !ITEM.test(lines[i]!) && !(lines[i]!.includes("|") && /^\s*\|/.test(lines[i]!)));
      out.push({ kind: quoted ? "quote" : "p", lines: p });
    }
  }
  return out;
}

function table(lines: string[], i: number, out: Block[]): number {
  const head = cells(lines[i]!).map(spans);
  const right = cells(lines[i + 1]!).map((c) => c.endsWith(":") && !c.startsWith(":"));
  const rows: Span[][][] = [];
  for (i += 2; i < lines.length && lines[i]!.includes("|"); i++) rows.push(cells(lines[i]!).map(spans));
  out.push({ kind: "table", head, rows, right });
  return i;
}

function list(lines: string[], i: number, out: Block[]): number {
  const first = ITEM.exec(lines[i]!)!;
  const ordered = /\d/.test(first[2]!);
  const items: { spans: Span[]; depth: number }[] = [];
  while (i < lines.length) {
    const m = ITEM.exec(lines[i]!);
    if (m) items.push({ spans: spans(m[3]!), depth: Math.min(4, Math.floor(m[1]!.length / 2)) });
    else if (/^\s{2,}\S/.test(lines[i]!) && items.length) items.at(-1)!.spans.push({ kind: "text", text: " " }, ...spans(lines[i]!.trim()));
    else break;
    i++;
  }
  out.push({ kind: "list", ordered, start: ordered ? parseInt(first[2]!) : 1, items });
  return i;
}
