// Where the page's data comes from: the server that reads a log, or what was written into this very file.
import { Run } from "../model/run";
import { kept } from "./kept";
import type { Difference, Head, Health, LogState, Note, Noting, Push, Row, Tail, Told } from "./wire";

export interface Listing {
  state: LogState;
  rows: Row[];
  next: number | null; // where the older ones go on
}

export interface Source {
  readonly live: boolean;
  list(from: number): Promise<Listing>;
  load(key: string, progress: (part: number) => void): Promise<Run | null>;
  find(phrase: string): Promise<{ keys: string[]; done: boolean }>;
  health(): Promise<Health | null>;
  /** What `steplog stats` says of these runs (null: of all); null where nobody can be asked. */
  figures(by: string, keys: string[] | null): Promise<Told | null>;
  /** What `steplog diff` says of two runs; null where nobody can be asked. */
  difference(a: string, b: string): Promise<Difference | null>;
  notes(): Promise<Note[]>;
  note(noting: Noting): Promise<Note>;
  watch(run: Run | null, told: (push: Push) => void, state: (isUp: boolean) => void): () => void;
}

const PIECE_MS = 30; // how long the page works before it lets go for a moment
const MOST_ASKED = 2000; // runs in one address
const PROGRESS_MS = 150; // between two drawings of how far it is
// A timer would wait four milliseconds each time.
const pause = (): Promise<void> =>
  new Promise((go) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      go();
    };
    port2.postMessage(0);
  });
const decode = (b: Uint8Array): string => new TextDecoder().decode(b);

/** Makes a run of its bytes while they come: the head's line, the log's lines and where they stand, the tail's line. */
class Filling {
  run: Run | null = null;
  private rest: Uint8Array = new Uint8Array(0);
  private taken = 0;
  private isWhole = false;
  private toldAt = 0;

  async feed(bytes: Uint8Array, progress: () => void): Promise<void> {
    // Only the line that two pieces share is copied.
    const begin = bytes.indexOf(10) + 1;
    const end = bytes.lastIndexOf(10) + 1;
    const shared = new Uint8Array(this.rest.length + (begin || bytes.length));
    shared.set(this.rest);
    shared.set(begin ? bytes.subarray(0, begin) : bytes, this.rest.length);
    this.rest = begin ? bytes.subarray(end) : shared;
    if (!begin) return;
    this.add(shared);
    this.add(bytes.subarray(begin, end));
    const run = this.run!;
    while (this.taken < run.lines.length) {
      this.taken = run.take(this.taken, performance.now() + PIECE_MS);
      if (performance.now() > this.toldAt + PROGRESS_MS) {
        progress();
        this.toldAt = performance.now();
      }
      if (this.taken < run.lines.length) await pause();
    }
  }

  /** Takes whole lines; the first are the head's alone. */
  private add(bytes: Uint8Array): void {
    if (!this.run) return void (this.run = new Run(JSON.parse(decode(bytes)) as Head));
    // The tail is the last line of all, and the only one that is an object in a list.
    const last = bytes.lastIndexOf(10, -2) + 1;
    if (bytes[last] === 91 && bytes[last + 1] === 123) {
      this.run.tail((JSON.parse(decode(bytes.subarray(last))) as [Tail])[0]);
      this.isWhole = true;
      bytes = bytes.subarray(0, last);
    }
    this.run.lines.add(bytes);
  }

  done(now: number): Run {
    if (!this.run || !this.isWhole) throw new Error("Its lines broke off: the log was changed or deleted while it was read.");
    this.run.join(now);
    return this.run;
  }
}

async function filled(bytes: Uint8Array, now: number, progress: (part: number) => void): Promise<Run> {
  const filling = new Filling();
  await filling.feed(bytes, () => progress(0.5));
  return filling.done(now);
}

export class Server implements Source {
  readonly live = true;

  private async get(path: string, more?: RequestInit): Promise<Response> {
    const answer = await fetch(path, { cache: "no-store", ...more });
    if (!answer.ok && (more || answer.status !== 404)) throw new Error((await answer.text()).slice(0, 300) || `the server answered ${answer.status}`);
    return answer;
  }

  async list(from: number): Promise<Listing> {
    return (await this.get(`api/runs?from=${from}`)).json() as Promise<Listing>;
  }

  async load(key: string, progress: (part: number) => void): Promise<Run | null> {
    const answer = await this.get(`api/run/${encodeURIComponent(key)}`);
    if (answer.status === 404) return null;
    const reader = answer.body!.getReader();
    const filling = new Filling();
    let read = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      read += part.value.length;
      await filling.feed(part.value, () => progress(read));
    }
    return filling.done(Date.now());
  }

  async find(phrase: string): Promise<{ keys: string[]; done: boolean }> {
    return (await this.get(`api/find?q=${encodeURIComponent(phrase)}`)).json() as Promise<{ keys: string[]; done: boolean }>;
  }

  async health(): Promise<Health | null> {
    const answer = await this.get("api/health");
    return answer.status === 404 ? null : (answer.json() as Promise<Health>);
  }

  async figures(by: string, keys: string[] | null): Promise<Told | null> {
    if (keys && keys.length > MOST_ASKED) return null;
    const answer = await this.get(`api/stats?by=${by}${keys ? `&runs=${keys.map((k) => k.split("~")[0]).join(",")}` : ""}`);
    return answer.ok ? (answer.json() as Promise<Told>) : null;
  }

  async difference(a: string, b: string): Promise<Difference | null> {
    const answer = await this.get(`api/diff/${encodeURIComponent(a)}/${encodeURIComponent(b)}`);
    return answer.ok ? (answer.json() as Promise<Difference>) : null;
  }

  async notes(): Promise<Note[]> {
    return ((await (await this.get("api/notes")).json()) as { notes: Note[] }).notes;
  }

  async note(noting: Noting): Promise<Note> {
    return (await this.get("api/note", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(noting) })).json() as Promise<Note>;
  }

  watch(run: Run | null, told: (push: Push) => void, state: (isUp: boolean) => void): () => void {
    let path = "api/live";
    if (run) {
      path += `?run=${encodeURIComponent(run.key)}&have=${run.have().map((number, file) => `${file}.${number}`).join(",")}`;
    }
    const stream = new EventSource(path);
    stream.onopen = () => state(true);
    stream.onerror = () => state(false);
    stream.onmessage = (e) => told(JSON.parse(e.data as string) as Push);
    return () => stream.close();
  }
}

const OWN = "steplog.notes";

/** The notes that this browser keeps. */
function own(): Note[] {
  try {
    const found: unknown = JSON.parse(kept.get(OWN) ?? "[]");
    return Array.isArray(found) ? (found as Note[]) : [];
  } catch {
    return [];
  }
}

/** Everything in one file: gzip and base64 in a script element that is no script. */
export class Embedded implements Source {
  readonly live = false;
  private runs = new Map<string, Uint8Array>();
  private listing: Listing = { state: { path: "", now: Date.now(), live: false, notices: [], prices: false }, rows: [], next: null };
  private readonly ready: Promise<void>;

  constructor(text: string) {
    this.ready = this.unpack(text);
  }

  private async unpack(text: string): Promise<void> {
    const plain = atob(text.trim());
    const packed = new Uint8Array(plain.length);
    for (let i = 0; i < plain.length; i++) packed[i] = plain.charCodeAt(i); // a function for each byte takes ten times as long
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const first = bytes.indexOf(10);
    this.listing = { ...(JSON.parse(decode(bytes.subarray(0, first))) as Listing), next: null };
    // Each run's section: a line with its size in bytes, then the section.
    for (let at = first + 1; at < bytes.length; ) {
      const end = bytes.indexOf(10, at);
      const { section, size } = JSON.parse(decode(bytes.subarray(at, end))) as { section: string; size: number };
      this.runs.set(section, bytes.subarray(end + 1, end + 1 + size));
      at = end + 1 + size;
    }
  }

  async list(): Promise<Listing> {
    await this.ready;
    return this.listing;
  }

  async load(key: string, progress: (part: number) => void): Promise<Run | null> {
    await this.ready;
    const bytes = this.runs.get(key);
    if (!bytes) return null;
    return filled(bytes, this.listing.state.now, progress);
  }

  async find(phrase: string): Promise<{ keys: string[]; done: boolean }> {
    await this.ready;
    const wanted = JSON.stringify(phrase).slice(1, -1).toLowerCase();
    const keys = [...this.runs].filter(([, bytes]) => decode(bytes).toLowerCase().includes(wanted)).map(([key]) => key);
    return { keys, done: true };
  }

  async health(): Promise<Health | null> {
    await this.ready;
    return this.listing.state.health ?? null;
  }

  async figures(): Promise<Told | null> {
    return null; // its rows hold each duration
  }

  async difference(a: string, b: string): Promise<Difference | null> {
    await this.ready;
    return this.listing.state.diffs?.[`${a} ${b}`] ?? null;
  }

  async notes(): Promise<Note[]> {
    await this.ready;
    return [...(this.listing.state.notes ?? []), ...own()];
  }

  /** A file cannot be written from here: the note stays in this browser. */
  async note(noting: Noting): Promise<Note> {
    const note: Note = { id: crypto.getRandomValues(new Uint32Array(2)).join("-"), ts: new Date().toISOString(), ...noting };
    kept.set(OWN, JSON.stringify([...own(), note]));
    return note;
  }

  watch(): () => void {
    return () => {};
  }
}

export function source(): Source {
  const held = document.getElementById("data")?.textContent;
  return held ? new Embedded(held) : new Server();
}
