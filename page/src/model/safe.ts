// Every text of a log is hostile: what would turn the text around or is invisible is shown as what it is.

const NAMES: Record<string, string> = {
  "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
  "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI", "\u200e": "LRM", "\u200f": "RLM", "\u061c": "ALM",
  "\u200b": "ZWSP", "\ufeff": "BOM", "\u2028": "LS", "\u2029": "PS", "\u00ad": "SHY",
};
const TURNS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\ufeff\u2028\u2029\u00ad]/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const TAGS = /[\u{e0000}-\u{e007f}]/gu; // invisible letters that only a model reads
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function safe(text: string): string {
  return text
    .replace(/\r\n/g, "\n")
    .replace(TURNS, (c) => `⟨${NAMES[c]}⟩`)
    .replace(TAGS, (c) => `⟨${String.fromCodePoint(c.codePointAt(0)! - 0xe0000).replace(/[^\x21-\x7e]/, "tag")}⟩`)
    .replace(LONE, "�")
    .replace(CONTROLS, (c) => (c < " " ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : c === "\x7f" ? "␡" : `⟨${c.charCodeAt(0).toString(16)}⟩`));
}

export const one = (text: unknown): string => String(text ?? "").replace(/\s+/g, " ").trim();

/** In one line, at most `n` characters. */
export function clip(text: unknown, n: number): string {
  const s = one(String(text ?? "").slice(0, n * 4 + 200));
  return s.length > n ? s.slice(0, n - 1).replace(/[\ud800-\udbff]$/, "") + "…" : s;
}

/** The beginning of a text, with markdown's signs left out, for rows of one line. */
export const plain = (text: string): string =>
  text
    .slice(0, 3000)
    .replace(/\*\*|`{1,3}|^#+ /gm, "")
    .replace(/(^|\s)\*(\S[^*]*\S)\*/g, "$1$2")
    .replace(/\|[\s:|-]+\|\s/g, " · ")
    .replace(/\s*\|\s*/g, " · ");

/** A text, cut where a secret was masked: every second part is the kind of a secret. */
export const masked = (text: string): string[] => text.split(/\[masked:([\w-]+)\]/);
