// One run, from its lines: the steps, their tree, who worked for whom, and what it all came to.
import type { Head, Json, Rec, Row, Tail } from "../data/wire";
import { eventOf, stamp } from "./events";
import { Lines } from "./lines";
import { Messages } from "./messages";
import { add, bad, isError, newStep, NO_KIDS, noSum, take, works, type Step, type Sum } from "./step";

const BLOCK = 256; // lines between two looks at the clock
const DEEPEST = 1000; // levels of steps
const NUMBERED = 'm":'; // a line that holds a message with its number has this; a quote before it would be looked for at each quote

export class Run {
  readonly lines = new Lines();
  readonly messages = new Messages(this.lines);
  readonly steps = new Map<number, Step>();
  readonly own: number[] = []; // the run's own lines
  row: Row;
  files: string[];
  writer: Rec;
  damage: string[] = [];
  private costs: Record<string, number> = {};
  t0 = NaN;
  last = 0; // ms, of the last line
  dur = 1; // how long the axis is
  all: Step[] = [];
  kids: Step[] = [];
  llms: Step[] = [];
  flight: Step[] = []; // in flight: what has no end, plumbing left out
  total: Sum = noSum();
  cached = 0;
  tools = 0;
  errors = 0;
  retries = 0;
  agents: Step[] = [];
  busy: Step[] = []; // what works and does not only wait for other steps, by when it began
  private byCall: Map<string, Step[]> | null = null;
  private byMessage: Map<number, Step[]> | null = null;
  private circle = false;

  constructor(head: Head) {
    this.row = head.row;
    this.files = head.files;
    this.writer = head.writer;
  }

  get key(): string {
    return this.row.key;
  }

  get status(): string {
    return this.row.status;
  }

  /** The run's own fields, of its start and its end. */
  get fields(): Rec {
    return Object.assign({}, ...this.own.map((at) => this.lines.record(at))) as Rec;
  }

  /** Up to which number the lines of each file are here: a connection that broke may bring some again. */
  have(): number[] {
    const found: number[] = [];
    for (let at = 0; at < this.lines.length; at++) {
      const [file, number] = this.lines.place(at);
      found[file] = Math.max(found[file] ?? 0, number);
    }
    return found;
  }

  /** Takes lines that came later, as `[file, number, text]`. */
  more(lines: readonly [number, number, string][]): void {
    const have = this.have();
    const fresh = lines.filter(([file, number]) => number > (have[file] ?? 0));
    if (!fresh.length) return;
    this.take(this.lines.add(new TextEncoder().encode(fresh.map(([file, number, raw]) => `[${file},${number}]\n${raw}`).join("\n"))));
  }

  /** Takes the lines from `from` on, until `until` (a time) is over; gives how many are taken. */
  take(from: number, until = Infinity): number {
    let at = from;
    while (at < this.lines.length && performance.now() <= until) {
      for (const text of this.lines.texts(at, BLOCK)) {
        try {
          this.line(at, JSON.parse(text) as Rec, text);
        } catch {
          this.damage.push(`line ${at + 1} of what the page was given is no JSON`);
        }
        at++;
      }
    }
    return at;
  }

  private line(at: number, r: Rec, text: string): void {
    const t = stamp(r.ts);
    if (Number.isNaN(this.t0)) this.t0 = t;
    if (t - this.t0 > this.last) this.last = t - this.t0;
    const numbered = text.indexOf(NUMBERED);
    if (numbered >= 0) this.messages.collect(at, r, text.indexOf(NUMBERED, numbered + 1) < 0);
    const [kind, what] = eventOf(r.ev);
    const no = r.step as number | undefined;
    if (no == null) {
      if (what === "start") this.t0 = t;
      this.own.push(at);
      return;
    }
    let x = this.steps.get(no);
    if (!x) {
      this.steps.set(no, (x = newStep(no, kind)));
      x.t = Math.max(0, t - this.t0) || 0;
    }
    // A start written later than the work began says by how much.
    if (what === "start" && typeof r.late_ms === "number") x.t = Math.max(0, x.t - r.late_ms);
    if (what === "end" && !x.lines.length && typeof r.ms === "number") x.t = Math.max(0, x.t - r.ms);
    if (r.parent === no || (typeof r.parent === "number" && r.parent > no)) this.circle = true;
    take(x, what, r, at);
  }

  tail(tail: Tail): void {
    Object.assign(this.costs, tail.costs);
    if (tail.damage) this.damage.push(...tail.damage);
  }

  /** Joins what was taken: parents, agents, sums. Called again when lines have come. */
  join(now: number): void {
    const isLive = this.status === "running";
    const took = this.row.ms ?? this.last;
    const length = isLive ? Math.max(this.last, now - this.t0) : Math.max(took, this.last);
    this.dur = Math.max(length, 1) * (this.status === "crashed" ? 1.07 : 1);
    this.all = [...this.steps.values()].sort((a, b) => a.no - b.no);
    if (this.circle) this.cutCircles();
    this.hang();
    let lane = 0;
    for (const x of this.all) {
      x.agent = x.up ? (x.up.kind === "agent" ? x.up : x.up.agent) : null;
      if (x.kind === "agent") x.lane = "abcd"[lane++ % 4]!;
      if (!x.done) {
        x.status = isLive ? "running" : this.status === "crashed" ? "crashed" : "unfinished";
        x.ms = Math.max(0, this.dur - x.t);
      }
      x.cost = this.costs[x.no] ?? -1;
    }
    this.byCall = this.byMessage = null;
    this.sum();
    this.count();
    this.busy = ordered(this.all.filter(works));
    this.flight = this.all.filter((x) => !x.done && x.kind !== "node" && x.kind !== "chain" && !x.kids.some((k) => !k.done));
  }

  private count(): void {
    this.agents = this.all.filter((x) => x.kind === "agent");
    this.tools = this.errors = this.retries = 0;
    for (const x of this.all) {
      if (x.kind === "tool") this.tools++;
      if (x.kind === "retry" || x.retried) this.retries++;
      if (isError(x)) this.errors++;
    }
    if (!this.errors && this.fields.error) this.errors = 1;
  }

  private hang(): void {
    this.kids = [];
    for (const x of this.all) x.kids = NO_KIDS;
    for (const x of this.all) {
      x.up = (x.parent && x.parent !== x.no && this.steps.get(x.parent)) || null;
      // What is nested deeper than a browser's stack is drawn beside its parent.
      if (x.up && x.up.deep >= DEEPEST) x.up = x.up.up;
      x.deep = x.up ? x.up.deep + 1 : 0;
      if (!x.up) this.kids.push(x);
      else if (x.up.kids === NO_KIDS) x.up.kids = [x];
      else x.up.kids.push(x);
    }
  }

  /** In a damaged log a parent may stand below its child: what would close a circle hangs on the run. */
  private cutCircles(): void {
    const deep = new Map<number, number>();
    for (const x of this.all) {
      const path: Step[] = [];
      const seen = new Set<number>();
      let y: Step | undefined = x;
      for (; y && !deep.has(y.no) && !seen.has(y.no); y = this.steps.get(y.parent)) {
        seen.add(y.no);
        path.push(y);
      }
      if (y && seen.has(y.no)) y.parent = 0;
      let level = y && !seen.has(y.no) ? deep.get(y.no)! : -1;
      for (const z of path.reverse()) {
        if (++level > DEEPEST) z.parent = 0;
        if (!z.parent) level = 0;
        deep.set(z.no, level);
      }
    }
  }

  private sum(): void {
    const before = new Map<number, Step>();
    this.llms = this.all.filter((x) => x.kind === "llm");
    this.cached = 0;
    for (const x of this.all) x.sum = null;
    this.total = noSum();
    this.markRetried();
    for (const x of this.llms) {
      const agent = x.agent?.no ?? 0;
      x.prev = before.get(agent) ?? null;
      if (x.message || !bad(x)) before.set(agent, x);
      this.cached += x.cached;
      add(this.total, x);
      for (let y = x.up; y; y = y.up) add((y.sum ??= noSum()), x);
    }
  }

  /** A call that failed was tried again when one of the same name beside it has a later attempt. */
  private markRetried(): void {
    if (!this.all.some((x) => x.attempt > 1)) return;
    const most = new Map<string, number>();
    const group = (x: Step): string => `${x.up?.no ?? 0} ${x.kind} ${x.name}`;
    for (const x of this.all) most.set(group(x), Math.max(x.attempt, most.get(group(x)) ?? 0));
    for (const x of this.all) if (x.failed && x.attempt < most.get(group(x))!) x.retried = true;
  }

  /** All fields of a step, start and end, as written. */
  stepFields(x: Step): Rec {
    const found: Rec = {};
    const parts = x.lines.map((at) => this.lines.record(at));
    const real = parts.filter((r) => !(r.implied === true && !x.implied));
    for (const r of real) {
      const what = String(r.ev).split(".")[1];
      for (const [k, v] of Object.entries(r)) if (!ENVELOPE.has(k) && !(what === "end" && k === "messages")) found[k] = v;
      if (what === "end" && r.messages) found.candidates = r.messages;
    }
    return found;
  }

  field(x: Step, name: string): Json {
    const value = this.stepFields(x)[name];
    return value === undefined ? null : this.resolve(value, x.lines.at(-1));
  }

  resolve(value: Json, at?: number): Json {
    return this.messages.resolve(value, at, (no) => (no === 0 ? this.own : this.steps.get(no)?.lines ?? []));
  }

  message(m: number, at?: number): Rec {
    return this.messages.at(m, at) ?? { m, missing: true, role: "?" };
  }

  /** The message a step answered with, or a tool's; null if it has none. */
  answer(x: Step): Rec | null {
    const m = this.stepFields(x).message;
    if (m == null) return null;
    const at = x.lines.at(-1);
    const whole = typeof m === "number" ? this.message(m) : (m as Rec);
    return this.resolve(whole, at) as Rec;
  }

  /** The tool step that a call in a model's answer led to; or the point that says it was denied. */
  toolOf(call: string, asked?: Step, name?: unknown): Step | undefined {
    this.byCall ??= grouped(this.all.filter((y) => y.kind === "tool" || y.kind === "denied"), (y) => y.call);
    const kin = this.byCall.get(call);
    // A program without a framework may say no ids: then it is the next of that name before another model call.
    if (!kin) return asked && this.byCall.get("")?.find((y) => y.name === name && y.no > asked.no && !this.llms.some((z) => z.no > asked.no && z.no < y.no));
    return kin.find((y) => asked && y.askedBy === asked.no) ?? (asked ? kin.find((y) => !y.askedBy && y.t >= asked.t) : kin[0]);
  }

  /** The model call whose answer a message is. */
  askerOf(m: number): Step | undefined {
    this.byMessage ??= grouped(this.llms, (y) => y.message);
    return this.byMessage.get(m)?.[0];
  }
}

function grouped<K>(steps: Step[], by: (x: Step) => K): Map<K, Step[]> {
  const found = new Map<K, Step[]>();
  for (const x of steps) {
    const known = found.get(by(x));
    if (known) known.push(x);
    else found.set(by(x), [x]);
  }
  return found;
}

/** By when they began; most are in that order as they are. */
function ordered(steps: Step[]): Step[] {
  return steps.every((x, i) => i === 0 || steps[i - 1]!.t <= x.t) ? steps : steps.sort((a, b) => a.t - b.t);
}

const ENVELOPE = new Set(["seq", "ts", "w", "run", "step", "parent", "ev", "chain"]);
