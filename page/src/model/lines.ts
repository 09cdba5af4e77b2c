// A run's lines as bytes, each parsed when it is looked at: a run of 100,000 steps must fit in a tab.
import type { Rec } from "../data/wire";

const KEPT = 3000; // parsed lines that are kept

export class Lines {
  private chunks: Uint8Array[] = [];
  private chunkOf: Uint32Array = new Uint32Array(1024);
  private startOf: Uint32Array = new Uint32Array(1024);
  private endOf: Uint32Array = new Uint32Array(1024);
  private parsed = new Map<number, Rec>();
  private readonly decoder = new TextDecoder();
  length = 0;

  /** Takes a chunk of whole lines, `[file,number,{…}]` each; gives the index of the first. */
  add(bytes: Uint8Array): number {
    const first = this.length;
    const chunk = this.chunks.push(bytes) - 1;
    let start = 0;
    while (start < bytes.length) {
      let end = bytes.indexOf(10, start);
      if (end < 0) end = bytes.length;
      if (end > start) this.push(chunk, start, end);
      start = end + 1;
    }
    return first;
  }

  private push(chunk: number, start: number, end: number): void {
    if (this.length === this.chunkOf.length) {
      const grown = (a: Uint32Array): Uint32Array => {
        const b = new Uint32Array(a.length * 2);
        b.set(a);
        return b;
      };
      this.chunkOf = grown(this.chunkOf);
      this.startOf = grown(this.startOf);
      this.endOf = grown(this.endOf);
    }
    this.chunkOf[this.length] = chunk;
    this.startOf[this.length] = start;
    this.endOf[this.length] = end;
    this.length++;
  }

  /** The line as text, `[file,number,{…}]`. */
  text(at: number): string {
    const bytes = this.chunks[this.chunkOf[at]!]!;
    return this.decoder.decode(bytes.subarray(this.startOf[at]!, this.endOf[at]!));
  }

  /** The record as it stands in the log, to the byte. */
  raw(at: number): string {
    const text = this.text(at);
    return text.slice(text.indexOf("{"), -1);
  }

  /** The lines from `at` on, at most so many, as texts: decoding them together costs a fraction of one by one. */
  texts(at: number, most: number): string[] {
    const chunk = this.chunkOf[at]!;
    let end = at;
    while (end + 1 < this.length && end + 1 - at < most && this.chunkOf[end + 1] === chunk) end++;
    return this.decoder.decode(this.chunks[chunk]!.subarray(this.startOf[at]!, this.endOf[end]!)).split("\n").filter(Boolean);
  }

  /** Where the record stands: the file's index, and the line's number. */
  place(at: number): [number, number] {
    const bytes = this.chunks[this.chunkOf[at]!]!;
    const found: [number, number] = [0, 0];
    let which = 0;
    for (let i = this.startOf[at]! + 1; which < 2; i++) {
      const c = bytes[i]!;
      if (c === 44) which++;
      else if (c >= 48 && c <= 57) found[which as 0 | 1] = found[which as 0 | 1] * 10 + c - 48;
      else break;
    }
    return found;
  }

  record(at: number): Rec {
    const known = this.parsed.get(at);
    if (known) return known;
    const record = this.parse(at);
    if (this.parsed.size >= KEPT) for (const old of [...this.parsed.keys()].slice(0, KEPT / 2)) this.parsed.delete(old);
    this.parsed.set(at, record);
    return record;
  }

  /** As `record`, but nothing is kept: for passes over all lines. */
  parse(at: number): Rec {
    return (JSON.parse(this.text(at)) as [number, number, Rec])[2];
  }
}
