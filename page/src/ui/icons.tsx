// Icons of 14 by 14: the shape says the kind or the status, the colour only repeats it.
import { WORD } from "../model/units";

const PATHS: Record<string, string> = {
  llm: "M2 3.5A1.5 1.5 0 0 1 3.5 2h7A1.500 1.500 0 0 1 12 3.500v5a1.500 1.500 0 0 1-1.500 1.500H7l-3 2.500V10h-.5A1.500 1.500 0 0 1 2 8.500z",
  tool: "M7 1.400l4.900 2.800v5.600L7 12.600 2.100 9.800V4.200zM7 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  retriever: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM9 9l3.400 3.400",
  embedding: "M3 3h.1M7 3h.1M11 3h.1M3 7h.1M7 7h.1M11 7h.1M3 11h.1M7 11h.1M11 11h.1",
  rerank: "M3 3.500h8M3 7h5.500M3 10.500h3",
  agent: "M7 1.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM7 4.600a2.400 2.400 0 1 0 0 4.800 2.400 2.400 0 0 0 0-4.800z",
  node: "M3.500 3.500h7v7h-7z",
  chain: "M3.500 5.500h7v3h-7z",
  run: "M4 2.500l7 4.500-7 4.500z",
  retry: "M11.500 7A4.500 4.500 0 1 1 10 3.600M10.400 1.200v2.800H7.600",
  interrupt: "M7 1.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM5.600 5v4M8.400 5v4",
  resume: "M7 1.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM5.800 4.800L9.400 7 5.800 9.200z",
  custom: "M7 5.500a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3z",
  user: "M7 2a2.400 2.400 0 1 0 0 4.800A2.400 2.400 0 0 0 7 2zM2.600 12c.5-2.600 2.200-3.800 4.400-3.800s3.900 1.200 4.400 3.800",
  ok: "M2.800 7.400l2.700 2.700 5.700-6.200",
  error: "M3.600 3.600l6.800 6.800M10.400 3.600l-6.800 6.800",
  crashed: "M7 1.300l5.900 10.700H1.100zM7 5.200v3.400M7 10.300v.1",
  interrupted: "M7 1.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM5.600 5v4M8.400 5v4",
  running: "M7 1.500a5.500 5.500 0 1 0 5.500 5.500",
  cancelled: "M7 1.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM3.200 10.800l7.600-7.600",
  unfinished: "M3 7h.1M7 7h.1M11 7h.1",
  abandoned: "M2.500 7h6M6.500 4.500L9 7 6.500 9.500M11.500 3v8",
  handoff: "M2 5h8M8 3l2 2-2 2M12 9H4M6 7L4 9l2 2",
  theme: "M7 4.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5zM7 1v1.400M7 11.600V13M1 7h1.400M11.600 7H13M2.800 2.800l1 1M10.200 10.200l1 1M11.200 2.800l-1 1M3.800 10.200l-1 1",
  search: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM9 9l3.400 3.400",
  left: "M8.500 3L4.500 7l4 4",
  right: "M5.500 3l4 4-4 4",
  image: "M2 3h10v8H2zM4 9.500l2.200-2.700 1.600 1.700 1.400-1.500 1.800 2.500M5 5.200h.1",
  note: "M3 2.500h8v6l-3 3H3zM8 11.500v-3h3M5 5.200h4M5 7.400h2",
  brand: "M2 7a5 5 0 1 1 10 0 5 5 0 0 1-10 0zM7 7h.1M7 2v2.200M7 9.800V12",
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
