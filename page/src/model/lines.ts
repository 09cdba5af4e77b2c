// A run's lines as bytes, each parsed when it is looked at: a run of 100,000 steps must fit in a tab.
import type { Rec } from "../data/wire";

const KEPT = 3000; // parsed lines that are kept
const PLACE = 91; // "[", with which no record begins

export class Lines {
  private chunks: Uint8Array[] = [];
  private index = new Uint32Array(5000); // of each line: its chunk, begin and end there, its file and its number
  private parsed = new Map<number, Rec>();
  private readonly decoder = new TextDecoder();
  private file = 0;
  private number = 0;
  length = 0;

  /** Takes a chunk of whole lines, `{…}` each, and where they stand, `[file,number]`; gives the index of the first. */
  add(bytes: Uint8Array): number {
    const first = this.length;
    const chunk = this.chunks.push(bytes) - 1;
    for (let start = 0, end; start < bytes.length; start = end + 1) {
      end = bytes.indexOf(10, start);
      if (end < 0) end = bytes.length;
      if (bytes[start] === PLACE) [this.file, this.number] = JSON.parse(this.decoder.decode(bytes.subarray(start, end))) as [number, number];
      else if (end > start) {
        const at = this.length++ * 5;
        let index = this.index;
        if (at === index.length) {
          index = new Uint32Array(at * 2);
          index.set(this.index);
          this.index = index;
        }
        index[at] = chunk;
        index[at + 1] = start;
        index[at + 2] = end;
        index[at + 3] = this.file;
        index[at + 4] = this.number++;
      }
    }
    return first;
  }

  /** The record as it stands in the log, to the byte. */
  raw(at: number): string {
    return this.texts(at, 1)[0]!;
  }

  /** The lines from `at` on, at most so many, as texts: decoding them together costs a fraction of one by one. */
  texts(at: number, most: number): string[] {
    const index = this.index;
    const chunk = index[at * 5]!;
    let end = at;
    while (end + 1 < this.length && end + 1 - at < most && index[(end + 1) * 5] === chunk) end++;
    return this.decoder.decode(this.chunks[chunk]!.subarray(index[at * 5 + 1]!, index[end * 5 + 2]!)).split("\n").filter((text) => text[0] === "{");
  }

  /** Where the record stands: the file's index, and the line's number. */
  place(at: number): [number, number] {
    return [this.index[at * 5 + 3]!, this.index[at * 5 + 4]!];
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
    return JSON.parse(this.raw(at)) as Rec;
  }
}
