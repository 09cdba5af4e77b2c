// Times, durations, counts and money, as people read them. Unknown is "–"; zero only where it is zero.

export const NONE = "–";
const two = (n: number): string => String(n).padStart(2, "0");

export function fms(ms: number | null | undefined): string {
  if (ms == null || Number.isNaN(ms)) return NONE;
  if (ms < 0.05) return "0 ms";
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1e3).toFixed(ms < 9_950 ? 2 : 1)} s`;
  if (ms < 3.6e6) return `${Math.floor(ms / 6e4)} m ${two(Math.floor((ms % 6e4) / 1e3))} s`;
  if (ms < 1.728e8) return `${Math.floor(ms / 3.6e6)} h ${two(Math.floor((ms % 3.6e6) / 6e4))} m`;
  return `${Math.round(ms / 8.64e7)} days`;
}

/** A count of tokens; one below 0 is unknown. */
export function ftok(n: number | null | undefined): string {
  if (n == null || n < 0) return NONE;
  if (n < 1e4) return n.toLocaleString("en");
  return n < 1e6 ? `${(n / 1e3).toFixed(1)}k` : n < 1e9 ? `${(n / 1e6).toFixed(2)}M` : `${+(n / 1e9).toPrecision(3)}B`;
}

export function fbytes(n: number | null | undefined): string {
  if (n == null) return NONE;
  if (n < 1e4) return `${n.toLocaleString("en")} bytes`;
  return n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
}

export function fusd(c: number | null | undefined): string {
  if (c == null) return NONE;
  if (c === 0) return "$0";
  if (c < 1e-4) return c < 1e-5 ? "<$0.00001" : `$${c.toFixed(5)}`;
  return c < 0.01 ? `$${c.toFixed(4)}` : c < 1 ? `$${c.toFixed(3)}` : `$${c.toFixed(2)}`;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const clock = (t: number): string => `${two(new Date(t).getHours())}:${two(new Date(t).getMinutes())}`;
export const clockSeconds = (t: number): string => `${clock(t)}:${two(new Date(t).getSeconds())}`;
export const dayOf = (t: number): string => `${DAYS[new Date(t).getDay()]} ${new Date(t).getDate()}`;
export const monthOf = (t: number): string => MONTHS[new Date(t).getMonth()]!;
export const dayStart = (t: number): number => new Date(t).setHours(0, 0, 0, 0);

/** Relative below an hour, the clock today, the weekday before, the date beyond a week. */
export function ago(t: number | undefined, now: number): string {
  if (t == null) return NONE;
  const s = Math.max(0, (now - t) / 1e3);
  if (s < 59.5) return `${Math.round(s)} s ago`;
  if (s < 3570) return `${Math.round(s / 60)} min ago`;
  if (dayStart(t) === dayStart(now)) return clock(t);
  if (s < 6 * 86_400) return `${dayOf(t)} ${clock(t)}`;
  return `${new Date(t).getDate()} ${monthOf(t)}${new Date(t).getFullYear() === new Date(now).getFullYear() ? "" : ` ${new Date(t).getFullYear()}`} ${clock(t)}`;
}

/** A round step of an axis, so that about four or five stand on it. */
export function niceStep(length: number): number {
  const p = 10 ** Math.floor(Math.log10(Math.max(length, 1e-6) / 4));
  return [1, 2, 5, 10].map((k) => k * p).find((k) => length / k <= 5.5) ?? 10 * p;
}

export const tickLabel = (t: number): string => (t === 0 ? "0" : t < 1e3 ? `${+t.toPrecision(3)} ms` : t < 6e4 ? `${+(t / 1e3).toPrecision(4)} s` : fms(t));

export const short = (model: string): string => model.replace(/-20\d\d[-\d]*$/, "");

export const WORD: Record<string, string> = {
  ok: "ok", error: "failed", crashed: "died", interrupted: "waits", running: "running", cancelled: "cancelled",
  unfinished: "no end", abandoned: "abandoned", handoff: "handed on",
};

export const plural = (n: number, word: string, many = `${word}s`): string => `${n.toLocaleString("en")} ${n === 1 ? word : many}`;
