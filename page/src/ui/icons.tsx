// Icons of 14 by 14: the shape says the kind or the status, the colour only repeats it.
import { WORD } from "../model/units";

const RING = "M7 1.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z";
const PAUSED = `${RING}M5.6 5v4M8.4 5v4`;
const BARRED = `${RING}M3.2 10.8l7.6-7.6`;

const PATHS: Record<string, string> = {
  llm: "M2 3.5A1.5 1.5 0 0 1 3.5 2h7A1.5 1.5 0 0 1 12 3.5v5a1.5 1.5 0 0 1-1.5 1.5H7l-3 2.5V10h-.5A1.5 1.5 0 0 1 2 8.5z",
  tool: "M7 1.4l4.9 2.8v5.6L7 12.6 2.1 9.8V4.2zM7 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  retriever: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM9 9l3.4 3.4",
  embedding: "M3 3h.1M7 3h.1M11 3h.1M3 7h.1M7 7h.1M11 7h.1M3 11h.1M7 11h.1M11 11h.1",
  rerank: "M3 3.5h8M3 7h5.5M3 10.5h3",
  agent: "M7 1.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM7 4.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8z",
  node: "M3.5 3.5h7v7h-7z",
  chain: "M3.5 5.5h7v3h-7z",
  run: "M4 2.5l7 4.5-7 4.5z",
  retry: "M11.5 7A4.5 4.5 0 1 1 10 3.6M10.4 1.2v2.8H7.6",
  interrupt: PAUSED,
  resume: "M7 1.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM5.8 4.8L9.4 7 5.8 9.2z",
  denied: BARRED,
  custom: "M7 5.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  user: "M7 2a2.4 2.4 0 1 0 0 4.8A2.4 2.4 0 0 0 7 2zM2.6 12c.5-2.6 2.2-3.8 4.4-3.8s3.9 1.2 4.4 3.8",
  ok: "M2.8 7.4l2.7 2.7 5.7-6.2",
  error: "M3.6 3.6l6.8 6.8M10.4 3.6l-6.8 6.8",
  crashed: "M7 1.3l5.9 10.7H1.1zM7 5.2v3.4M7 10.3v.1",
  interrupted: PAUSED,
  running: "M7 1.5a5.5 5.5 0 1 0 5.5 5.5",
  cancelled: BARRED,
  unfinished: "M3 7h.1M7 7h.1M11 7h.1",
  abandoned: "M2.5 7h6M6.5 4.5L9 7 6.5 9.5M11.5 3v8",
  handoff: "M2 5h8M8 3l2 2-2 2M12 9H4M6 7L4 9l2 2",
  theme: "M7 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM7 1v1.4M7 11.6V13M1 7h1.4M11.6 7H13M2.8 2.8l1 1M10.2 10.2l1 1M11.2 2.8l-1 1M3.8 10.2l-1 1",
  search: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM9 9l3.4 3.4",
  left: "M8.5 3L4.5 7l4 4",
  right: "M5.5 3l4 4-4 4",
  image: "M2 3h10v8H2zM4 9.5l2.2-2.7 1.6 1.7 1.4-1.5 1.8 2.5M5 5.2h.1",
  note: "M3 2.5h8v6l-3 3H3zM8 11.5v-3h3M5 5.2h4M5 7.4h2",
  brand: "M2 7a5 5 0 1 1 10 0 5 5 0 0 1-10 0zM7 7h.1M7 2v2.2M7 9.8V12",
};

export function Icon({ name, class: cls = "" }: { name: string; class?: string }) {
  const isFilled = name === "llm";
  return (
    <svg class={`ic ${cls}`} viewBox="0 0 14 14" fill={isFilled ? "currentColor" : "none"} fill-opacity={isFilled ? ".22" : undefined} stroke="currentColor" stroke-width="1.35" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[name] ?? PATHS.custom!} />
    </svg>
  );
}

export function StatusIcon({ status }: { status: string }) {
  const word = WORD[status] ?? status;
  return (
    <span class={`stg s-${status}`} role="img" aria-label={word} title={word}>
      <Icon name={status in PATHS ? status : "unfinished"} />
    </span>
  );
}
