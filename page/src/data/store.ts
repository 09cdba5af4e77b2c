// What the page knows: the rows of the list, the runs that were opened, and who is told when that changes.
import type { Run } from "../model/run";
import type { Source } from "./source";
import { labelsOf } from "../model/notes";
import type { Health, LogState, Note, Noting, Push, Row } from "./wire";

const RUNS_KEPT = 6;
const ROWS_AT_ONCE = 20_000; // what a browser holds without effort; more when somebody asks

export class Store {
  readonly source: Source;
  state: LogState = { path: "", now: Date.now(), live: false, notices: [], prices: false };
  rows: Row[] = []; // newest first, as shown
  waiting: Row[] = []; // new ones that wait until somebody wants to see them
  loaded = false;
  failed = "";
  up = true; // whether the server is there
  health: Health | null | undefined;
  older = 0; // runs of the log that are not listed yet
  phrases = 0; // grows when another phrase has been searched for
  notes: Note[] = [];
  private labels = new Map<string, string[]>();
  private byKey = new Map<string, Row>();
  private runs = new Map<string, Run>();
  private loading = new Map<string, Promise<Run | null>>();
  private found = new Map<string, Set<string>>();
  private listeners = new Set<() => void>();
  private stop: (() => void) | null = null;
  private watched: Run | null | undefined;
  private clock = 0; // the log's clock less this browser's
  private again = 0;
  private most = ROWS_AT_ONCE;

  constructor(source: Source) {
    this.source = source;
  }

  /** The time by the log's clock. */
  get now(): number {
    return this.source.live ? Date.now() + this.clock : Math.max(Date.now(), this.state.now);
  }

  /** Until when anything is known: of a file, when it was written. */
  get until(): number {
    return this.source.live ? this.now : this.state.now;
  }

  subscribe(told: () => void): () => void {
    this.listeners.add(told);
    return () => this.listeners.delete(told);
  }

  changed(): void {
    for (const told of this.listeners) told();
  }

  row(key: string): Row | undefined {
    return this.byKey.get(key);
  }

  /** The rows of one thread, oldest first. */
  thread(id: string): Row[] {
    return [...this.rows, ...this.waiting].filter((r) => r.thread === id).sort((a, b) => (a.started ?? 0) - (b.started ?? 0));
  }

  /** What was noted of a step, or with `step` null of the run itself. */
  notesOn(run: string, step: number | null): Note[] {
    return this.notes.filter((n) => n.run === run && (n.step ?? null) === step);
  }

  /** Notes something, and shows it. */
  async note(several: Noting[]): Promise<void> {
    try {
      for (const noting of several) this.notes = [...this.notes, await this.source.note(noting)];
    } finally {
      this.label();
      this.changed();
    }
  }

  private async listNotes(): Promise<void> {
    this.notes = await this.source.notes().catch(() => this.notes);
    this.label();
    this.changed();
  }

  /** Gives the rows the labels that stand; a row whose labels change is a new one, so that it is drawn anew. */
  private label(): void {
    this.labels = labelsOf(this.notes);
    for (const r of this.byKey.values()) if ((r.labels ?? []).join() !== (this.labels.get(r.id) ?? []).join()) this.byKey.set(r.key, this.labelled(r));
    this.waiting = this.waiting.map((r) => this.byKey.get(r.key) ?? r);
    this.sort();
    for (const [key, run] of this.runs) run.row = this.byKey.get(key) ?? this.labelled(run.row);
  }

  private labelled(r: Row): Row {
    return { ...r, labels: this.labels.get(r.id) };
  }

  async list(): Promise<void> {
    const turn = ++this.again;
    void this.listNotes();
    try {
      for (let from: number | null = 0; from !== null; ) {
        const page: Awaited<ReturnType<Source["list"]>> = await this.source.list(from);
        if (turn !== this.again) return;
        if (from === 0) {
          this.byKey.clear();
          this.waiting = [];
        }
        this.state = page.state;
        this.clock = page.state.now - Date.now();
        for (const r of page.rows) this.byKey.set(r.key, this.labelled(r));
        this.sort();
        this.loaded = true;
        this.failed = "";
        from = page.next;
        this.older = from !== null && from >= this.most ? Math.max(0, (page.state.runs ?? 0) - from) : 0;
        this.changed();
        if (this.older) return;
      }
    } catch (error) {
      this.failed = error instanceof Error ? error.message : String(error);
      this.changed();
    }
  }

  /** Lists older runs, too. */
  listMore(): void {
    this.most += ROWS_AT_ONCE;
    void this.list();
  }

  private sort(): void {
    this.rows = [...this.byKey.values()].filter((r) => !this.waiting.includes(r)).sort((a, b) => (b.started ?? 0) - (a.started ?? 0));
  }

  /** Shows the runs that came meanwhile. */
  showWaiting(): void {
    this.waiting = [];
    this.sort();
    this.changed();
  }

  /** The run, loaded if it must be; null if the log does not have it. */
  async run(key: string, progress: (part: number) => void = () => {}): Promise<Run | null> {
    const known = this.runs.get(key);
    if (known) return known;
    let coming = this.loading.get(key);
    if (!coming) {
      coming = this.source.load(key, progress).finally(() => this.loading.delete(key));
      this.loading.set(key, coming);
    }
    const run = await coming;
    if (run) {
      this.runs.delete(key);
      this.runs.set(key, run);
      for (const old of [...this.runs.keys()].slice(0, -RUNS_KEPT)) this.runs.delete(old);
      if (!this.byKey.has(key)) this.byKey.set(key, run.row);
      run.row = this.labelled(run.row);
    }
    return run;
  }

  runAtHand(key: string): Run | undefined {
    return this.runs.get(key);
  }

  /** Follows the log, and one run's lines. */
  watch(run: Run | null): void {
    if (!this.source.live || (this.watched === run && this.stop)) return;
    this.stop?.();
    this.watched = run;
    this.stop = this.source.watch(
      run,
      (push) => this.take(push),
      (isUp) => {
        if (isUp !== this.up) {
          this.up = isUp;
          this.changed();
        }
      },
    );
  }

  private take(push: Push): void {
    if (push.state) {
      const wasReading = !!this.state.reading;
      const noted = this.state.noted;
      this.state = { ...this.state, reading: undefined, gone: undefined, ...push.state };
      if (this.state.noted !== noted) void this.listNotes();
      if (push.state.now) this.clock = push.state.now - Date.now();
      if (wasReading && !this.state.reading) void this.list();
    }
    for (const r of push.rows ?? []) this.takeRow(r);
    if (push.run) this.takeLines(push);
    this.changed();
  }

  private takeRow(told: Row): void {
    const r = this.labelled(told);
    const known = this.byKey.get(r.key);
    this.byKey.set(r.key, r);
    const run = this.runs.get(r.key);
    if (run) {
      run.row = r;
      run.join(this.until);
    }
    if (known) {
      const swap = (list: Row[]): Row[] => list.map((x) => (x.key === r.key ? r : x));
      this.rows = swap(this.rows);
      this.waiting = swap(this.waiting);
    } else if (this.rows.length) this.waiting = [r, ...this.waiting];
    else this.rows = [r];
  }

  private takeLines(push: Push): void {
    const run = this.runs.get(push.run!);
    if (!run) return;
    if (push.files) run.files = push.files;
    if (push.costs) run.tail({ costs: push.costs });
    if (push.lines) run.more(push.lines);
    run.join(this.until);
  }

  /** Which runs have a phrase anywhere in their lines; undefined until that is known. */
  phrase(words: string): ReadonlySet<string> | undefined {
    const known = this.found.get(words);
    if (known || words.length < 3) return known;
    const keys = new Set<string>();
    this.found.set(words, keys);
    if (this.found.size > 40) this.found.delete(this.found.keys().next().value!);
    this.source.find(words).then(
      (found) => {
        this.found.set(words, new Set(found.keys));
        this.phrases++;
        this.changed();
      },
      () => this.found.delete(words),
    );
    return keys;
  }

  async examine(): Promise<void> {
    this.health = await this.source.health().catch(() => null);
    this.changed();
  }
}
