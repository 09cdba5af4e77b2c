// The contract with src/steplog/_view/data.py: what the page is given. Times are milliseconds; `started` and `now` since 1970.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Rec = { [key: string]: Json };

export type Status = "ok" | "error" | "cancelled" | "interrupted" | "abandoned" | "handoff" | "running" | "crashed" | "unfinished";

/** Calls of one model, tool or node within a run: how many, failed, their time, and how long they took (bucket -> calls). */
export interface Calls {
  n: number;
  errors?: number;
  ms?: number;
  input?: number;
  output?: number;
  cost?: number;
  took?: Record<string, number> | number[]; // a file's: each duration
  first?: Record<string, number> | number[];
}

/** One run, as a listing shows it. What is unknown is absent. */
export interface Row {
  key: string; // the id; of a later run with the same id, `id~2`
  id: string;
  name: string;
  framework?: string;
  status: Status;
  started?: number;
  ms?: number;
  last?: number;
  steps: number;
  llm_calls: number;
  tool_calls: number;
  errors: number;
  retries: number;
  usage: Record<string, number>;
  untold: number; // ended model calls without token counts
  cost?: number;
  unpriced: number; // model calls that no price is known for
  models: string[];
  tools: string[];
  question: string;
  answer: string;
  error?: { type: string; message: string };
  asks?: string; // what a human is asked
  doing?: { kind: string; name: string; started: number; what?: string }[]; // steps in flight
  thread?: string;
  program: string;
  spark: string; // the steps in order: l model, t tool, r retrieval, h human, x failed
  loop?: number; // how often the same call was repeated in a row
  masked?: number;
  resumes?: string;
  parent_run?: string;
  parent_step?: number;
  file: string;
  content?: string;
  chars?: [number, number];
  calls: Record<string, Calls>; // "llm aria-large", "tool search", "node model"
  tags?: string[];
  meta?: string[]; // KEY=VALUE
  finish?: string[]; // why its models stopped; "cut" where an answer was cut off
  failed?: string[]; // tools that failed in it
  fails?: string[]; // errors of the run and its steps, as "type: message"
  labels?: string[]; // put there by the store, from the notes
}

/** What somebody noted of a run or of a step of it: a line of notes.jsonl. */
export interface Note {
  id: string;
  ts: string;
  run: string;
  step?: number;
  text?: string;
  labels?: string[];
  removed?: string[];
  score?: number;
  by?: string;
}

/** What a note is to say. */
export type Noting = Pick<Note, "run" | "step" | "text" | "labels" | "removed">;

/** What the page knows of the log as a whole. */
export interface LogState {
  path: string;
  now: number;
  live: boolean;
  reading?: { read: number; total: number }; // bytes, while older runs are still being read
  gone?: number; // since when the path is not there
  notices: string[];
  prices: boolean; // whether costs can be told
  content?: string; // of an exported file: what was kept
  more?: number; // runs that an exported file leaves out
  health?: Health; // of an exported file: what is known of its log
  diffs?: Record<string, Difference>; // of an exported file, by "id id"
  runs?: number; // how many there are, listed or not
  noted?: string; // changes when somebody notes something
  notes?: Note[]; // of an exported file
}

/** How long something took, in milliseconds. */
export interface Spread {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** What `steplog stats --by … --json` says of a group; its name stands under what it is grouped by. */
export type Figures = { runs: number; calls: number; model_calls: number; errors: number; input_tokens: number; output_tokens: number; cost?: number; unpriced?: number; ms?: Spread; ttft_ms?: Spread } & Record<string, unknown>;

export interface Told {
  groups: Figures[];
  total: Figures;
}

/** What `steplog diff` says: pairs of steps with what differs, and where the runs part (step 0: the run itself). */
export interface Difference {
  pairs: [number | null, number | null, string[]][];
  first: [number | null, number | null, string] | null;
}

/** How the log is, as src/steplog/_view/health.py says it. */
export interface Health {
  whole: boolean;
  segments: { file: string; state: string; lines: number; bytes: number; first: string; last: string; damages: string[] }[];
  holes: { writer: string; first: number; last: number; file: string; reason: string; after: string; before: string }[];
  lost: { writer: string; count?: number; reason?: string; first_ts?: string; last_ts?: string }[];
  faults: { where?: string; ts?: string; error?: unknown }[];
  cut: number;
  masked: Record<string, number>;
  findings?: string[]; // what looks as if it was recorded wrongly, or not all of it
  verdict?: string; // whole, unclosed, not whole
  partly?: boolean; // whether not every line was read
  version: string;
}

/** The first line of a run; then come its lines, before those that do not follow each other `[file, number]`; then `[Tail]`. */
export interface Head {
  run: string;
  row: Row;
  files: string[];
  writer: Rec;
}

export interface Tail {
  costs?: Record<string, number>;
  damage?: string[];
}

/** What the server says while the log grows. */
export interface Push {
  state?: Partial<LogState>;
  rows?: Row[];
  run?: string;
  files?: string[];
  lines?: [number, number, string][];
  costs?: Record<string, number>;
}
