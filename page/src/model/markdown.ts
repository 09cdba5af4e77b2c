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

const INLINE =
  /(`+)(?!`)([^\n]*?[^`])\1(?!`)|!\[([^\]\n]*)\]\(([^)\s]+)[^)]*\)|\[([^\]\n]+)\]\(([^)\s]+)[^)]*\)|\*\*([^*\n]+(?:\*[^*\n]+)*)\*\*|(?<![\w*])\*([^*\s][^*\n]*?)\*(?![\w*])|(?<!\w)_([^_\s][^_\n]*?)_(?!\w)|~~([^~\n]+)~~|\[masked:([\w-]+)\]/g;

export function spans(text: string): Span[] {
  const out: Span[] = [];
  let at = 0;
  for (const m of text.matchAll(INLINE)) {
    if (m.index > at) out.push({ kind: "text", text: text.slice(at, m.index) });
    at = m.index + m[0].length;
    if (m[2] !== undefined) out.push({ kind: "code", text: m[2] });
    else if (m[4] !== undefined) out.push({ kind: "image", text: m[3] ?? "", target: m[4] });
    else if (m[6] !== undefined) out.push({ kind: "link", text: m[5]!, target: m[6] });
    else if (m[7] !== undefined) out.push({ kind: "strong", text: m[7] });
    else if (m[8] !== undefined) out.push({ kind: "em", text: m[8] });
    else if (m[9] !== undefined) out.push({ kind: "em", text: m[9] });
    else if (m[10] !== undefined) out.push({ kind: "strike", text: m[10] });
    else out.push({ kind: "mask", text: m[11]! });
  }
  if (at < text.length) out.push({ kind: "text", text: text.slice(at) });
  return out;
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
    } else if (/^\s*\|?.*\|/.test(line) && /^\s*\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*$/.test(lines[i + 1] ?? "")) i = table(lines, i, out);
    else if (/^#{1,6}\s/.test(line)) {
      out.push({ kind: "h", level: line.indexOf(" "), spans: spans(line.replace(/^#+\s+/, "").replace(/\s#+\s*$/, "")) });
      i++;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
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
