// Points in time as people write them: `2h` (ago), `yesterday`, `2026-11-23`, `2026-11-23T03:12`; as on the command line.

const UNITS: Record<string, number> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };
const DAYS: Record<string, number> = { today: 0, yesterday: 1 };
const DAY = 8.64e7;
const SPAN = /^(\d+(?:\.\d+)?)([smhdw])$/;
const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)(Z|[+-]\d\d:?\d\d)?)?$/i;

/** The time meant, in milliseconds since 1970; NaN if the text is no time. A time without a zone is UTC, and days begin at midnight there. */
export function moment(text: string, now: number): number {
  const value = text.trim();
  const days = DAYS[value.toLowerCase()];
  if (days !== undefined) return Math.floor(now / DAY) * DAY - days * DAY;
  const span = SPAN.exec(value);
  if (span) return now - Number(span[1]) * UNITS[span[2]!]!;
  const date = DATE.exec(value);
  if (!date) return NaN;
  const time = date[2] ?? "00:00";
  const at = Date.parse(`${date[1]}T${time.length === 2 ? `${time}:00` : time}${date[3] ?? "Z"}`);
  // The 30th of February is no day, though a browser takes it for one in March.
  return new Date(Date.parse(`${date[1]}T00:00Z`)).toJSON()?.startsWith(date[1]!) ? at : NaN;
}
