// The address is the whole state: a link shows the same again.

export interface Route {
  view: "runs" | "run" | "thread" | "compare" | "stats" | "health";
  id: string;
  other: string;
  // list and stats
  q: string;
  span: [number, number] | null;
  group: "" | "thread" | "name";
  sort: string;
  // run
  pane: "tree" | "chat";
  step: number | null;
  rows: "calls" | "nodes" | "all";
  errors: boolean;
  agent: number;
  idle: boolean;
  zoom: [number, number] | null;
  find: string;
  sheet: boolean;
  folded: string[];
  opened: string[];
}

const VIEWS = ["runs", "run", "thread", "compare", "stats", "health"] as const;
const list = (v: string | null): string[] => (v ? v.split(".") : []);
const pair = (v: string | null): [number, number] | null => {
  const [a, b] = (v ?? "").split("-").map(Number);
  return v && Number.isFinite(a) && Number.isFinite(b) ? [a!, b!] : null;
};
const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view, id, other] = path.split("/").map(decoded);
  const p = new URLSearchParams(query);
  const rows = p.get("rows");
  return {
    view: VIEWS.find((v) => v === view) ?? "runs",
    id: id ?? "",
    other: other ?? "",
    q: p.get("q") ?? "",
    span: pair(p.get("span")),
    group: (["thread", "name"] as const).find((g) => g === p.get("group")) ?? "",
    sort: p.get("sort") ?? "",
    pane: p.get("view") === "chat" ? "chat" : "tree",
    step: p.get("step") && Number.isInteger(Number(p.get("step"))) ? Number(p.get("step")) : null,
    rows: rows === "nodes" || rows === "all" ? rows : "calls",
    errors: p.get("errors") === "1",
    agent: Number(p.get("agent")) || 0,
    idle: p.get("idle") === "fold",
    zoom: pair(p.get("zoom")),
    find: p.get("find") ?? "",
    sheet: p.get("sheet") === "1",
    folded: list(p.get("fold")),
    opened: list(p.get("open")),
  };
}

export function address(r: Route): string {
  const p = new URLSearchParams();
  const put = (k: string, v: string | number | false | null): void => void (v && p.set(k, String(v)));
  if (r.view === "run" || r.view === "thread") {
    put("view", r.pane === "chat" && "chat");
    if (r.step !== null) p.set("step", String(r.step));
    put("rows", r.rows !== "calls" && r.rows);
    put("errors", r.errors && 1);
    put("agent", r.agent);
    put("idle", r.idle && "fold");
    put("zoom", r.zoom && r.zoom.map((t) => Math.round(t * 1000) / 1000).join("-"));
    put("find", r.find);
    put("sheet", r.sheet && 1);
    put("fold", r.folded.join("."));
    put("open", r.opened.join("."));
  }
  if (r.view === "runs" || r.view === "stats") {
    put("q", r.q);
    put("span", r.span && r.span.map(Math.round).join("-"));
    put("group", r.group);
    put("sort", r.sort);
  }
  const path = [r.view, r.id, r.other].filter(Boolean).map(encodeURIComponent).join("/");
  const query = String(p);
  return `#/${path}${query ? `?${query}` : ""}`;
}

/** The address of a view, with nothing else of the present state. */
export const to = (view: Route["view"], id = "", other = "", more: Partial<Route> = {}): string => address({ ...parse(""), view, id, other, ...more });
