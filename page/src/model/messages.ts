// A run's messages by number, and what `$m` and `$same` stand for: as steplog's reader does it, but only when asked.
import type { Json, Rec } from "../data/wire";
import { numbers, ranges } from "./ranges";
import type { Lines } from "./lines";

const MOST = 200_000; // values that one resolution may produce: a hostile log may grow without end
const DEEPEST = 200;

// One text for each role and not one for each message.
const ROLES = new Map(["system", "user", "assistant", "tool"].map((role) => [role, role]));

const isRec = (v: unknown): v is Rec => typeof v === "object" && v !== null && !Array.isArray(v);

export class Messages {
  // By the number of a message. Lists, as a long run has many messages, and they are numbered from one on.
  private written: number[] = []; // the line where it is written, in its proper place
  private elsewhere: number[] = []; // … anywhere inside a value
  private amended: number[][] = [];
  private roles: string[] = []; // of those that are written whole
  private sizes: number[] = [];
  private results = new Map<string, number>(); // the message with a tool's result, by the call's id
  private readonly lines: Lines;

  constructor(lines: Lines) {
    this.lines = lines;
  }

  /** Remembers which messages a line holds; `isOne`: it can hold one at most. */
  collect(at: number, record: Rec, isOne = false): void {
    if (this.note(this.written, at, record.message) && isOne) return;
    if (Array.isArray(record.messages)) for (const m of record.messages) this.note(this.written, at, m);
    for (const name in record) {
      if (name === "message" || name === "messages") continue;
      const value = record[name];
      if (typeof value === "object" && value !== null) for (const found of objects(value)) this.note(this.elsewhere, at, found);
    }
  }

  private note(into: number[], at: number, v: unknown): boolean {
    if (!isRec(v) || typeof v.m !== "number") return false;
    if (isRec(v.set)) {
      const known = (this.amended[v.m] ??= []);
      if (known.at(-1) !== at) known.push(at);
    } else if ((typeof v.role === "string" || typeof v.like === "number") && into[v.m] === undefined) {
      into[v.m] = at;
      if (typeof v.tool_call_id === "string") this.results.set(v.tool_call_id, v.m);
      if (typeof v.role === "string") this.roles[v.m] = ROLES.get(v.role) ?? v.role;
    }
    return true;
  }

  /** The line in which a message is written. */
  lineOf(m: number): number | undefined {
    return this.written[m] ?? this.elsewhere[m];
  }

  /** The message as it was at that line; null if its writing is lost. */
  at(m: number, line = Infinity): Rec | null {
    const chain: [number, number, Rec][] = [];
    let wanted: number | null = m;
    while (wanted !== null) {
      const found = this.find(wanted);
      if (!found) return null;
      chain.push([wanted, line, found[1]]);
      line = found[0];
      const below: Json | undefined = found[1].like;
      if (typeof below === "number" && below >= wanted) return null;
      wanted = typeof below === "number" ? below : null;
    }
    const message: Rec = {};
    for (const [number, until, own] of chain.reverse()) {
      for (const k in own) if (k !== "like") message[k] = own[k]!;
      for (const at of this.amended[number] ?? []) if (at <= until) Object.assign(message, this.amendment(number, at));
    }
    return message;
  }

  /** The role of a message, for passes over long prompts: mostly without parsing its line. */
  roleOf(m: number, line?: number): string {
    const known = this.amended[m] ? undefined : this.roles[m];
    return known ?? String(this.at(m, line)?.role ?? "?");
  }

  /** The number of the message that tells a model what a call came to. */
  resultOf(call: string): number | undefined {
    return this.results.get(call);
  }

  /** The size of a message, taken once: only what is amended later may change. */
  sizeOf(m: number, take: () => number): number {
    const known = this.sizes[m];
    if (known !== undefined) return known;
    const size = take();
    if (!this.amended[m]) this.sizes[m] = size;
    return size;
  }

  private find(m: number): [number, Rec] | null {
    const at = this.lineOf(m);
    if (at === undefined) return null;
    const record = this.lines.record(at);
    const fits = (v: unknown): v is Rec => isRec(v) && v.m === m && (typeof v.role === "string" || typeof v.like === "number");
    for (const v of [record.message, ...(Array.isArray(record.messages) ? record.messages : [])]) if (fits(v)) return [at, v];
    for (const v of objects(record)) if (fits(v)) return [at, v];
    return null;
  }

  private amendment(m: number, at: number): Rec {
    const found: Rec = {};
    for (const v of objects(this.lines.record(at))) if (v.m === m && isRec(v.set)) Object.assign(found, v.set);
    return found;
  }

  resolve(value: Json, line: number | undefined, stepLines: (no: number) => number[]): Json {
    return new Resolver(this, this.lines, line, stepLines).follow(value, 0);
  }
}

/** Every object inside a value, the value itself too. */
function* objects(value: Json): Generator<Rec> {
  const todo: Json[] = [value];
  while (todo.length) {
    const v = todo.pop()!;
    if (Array.isArray(v)) for (let i = v.length - 1; i >= 0; i--) todo.push(v[i]!);
    else if (isRec(v)) {
      yield v;
      const held = Object.values(v);
      for (let i = held.length - 1; i >= 0; i--) if (typeof held[i] === "object" && held[i] !== null) todo.push(held[i]!);
    }
  }
}

class Resolver {
  private left = MOST;
  private following: string[] = [];

  constructor(
    private readonly messages: Messages,
    private readonly lines: Lines,
    private readonly line: number | undefined,
    private readonly stepLines: (no: number) => number[],
  ) {}

  follow(value: Json, depth: number): Json {
    if (typeof value !== "object" || value === null || depth > DEEPEST || this.left <= 0) return value;
    this.left -= 1;
    if (Array.isArray(value)) return value.map((v) => this.follow(v, depth + 1));
    const keys = Object.keys(value);
    if (keys.length === 1) {
      if (keys[0] === "$m") return this.named(value.$m!, depth);
      if (keys[0] === "$same") return this.same(value.$same!, depth);
    }
    if (typeof value.m === "number" && ("like" in value || "set" in value)) {
      const whole = this.messages.at(value.m, this.line);
      return whole ? this.follow(whole, depth + 1) : value;
    }
    const found = Object.create(null) as Rec; // a key of a log may be `__proto__`
    for (const k of keys) found[k] = this.follow(value[k]!, depth + 1);
    return found;
  }

  private named(which: Json, depth: number): Json {
    const one = (m: number): Json => this.once(`m${m}`, this.messages.at(m, this.line) ?? { m, missing: true }, depth);
    return typeof which === "number" ? one(which) : [...numbers(ranges(which), 5000)].map(one);
  }

  private same(path: Json, depth: number): Json {
    const missing: Json = { $same: path, missing: true };
    if (!Array.isArray(path) || typeof path[0] !== "number") return missing;
    for (const at of this.stepLines(path[0])) {
      let v: Json | undefined = this.lines.record(at);
      for (const k of path.slice(1)) {
        if (typeof v === "number") v = this.messages.at(v) ?? undefined;
        v = typeof v === "object" && v !== null && Object.hasOwn(v, k as string) ? (v as Rec)[k as string] : undefined;
      }
      if (v !== undefined && v !== null) return this.once(JSON.stringify(path), v, depth);
    }
    return missing;
  }

  private once(key: string, target: Json, depth: number): Json {
    if (this.following.includes(key)) return { missing: true };
    this.following.push(key);
    try {
      return this.follow(target, depth + 1);
    } finally {
      this.following.pop();
    }
  }
}
