// A row's bars on the time axis: the shape tells work, waiting, first token, failure, no end.
import type { JSX } from "preact";
import { waitEnd, type Axis } from "../model/axis";
import { bad, under, type Step } from "../model/step";
import type { Node } from "../model/tree";
import { fms } from "../model/units";

const MOST = 160; // pieces that one row is drawn of

export function Bars({ A, n, isGone }: { A: Axis; n: Node; isGone: boolean }): JSX.Element {
  const out: JSX.Element[] = [];
  const put = (cls: string, a: number, b: number, kind: string, style?: string): void => {
    const [x, y] = [A.X(a), A.X(b)];
    if (y < -0.5 || x > 100.5) return;
    const left = Math.max(0, x);
    out.push(<i class={`${cls} k-${kind}`} style={`left:${left.toFixed(3)}%;width:${Math.max(0.25, Math.min(100, y) - left).toFixed(3)}%;${style ?? ""}`} />);
  };
  if (n.members) group(n.members, put);
  else if (n.x.point) put("bo", n.x.t, n.x.t, n.x.kind, "width:3px");
  else one(n, put);
  for (const g of A.gaps) out.push(<i class="bk" title={`${fms(g[1] - g[0])} idle, folded`} style={`left:${A.X(g[0])}%;width:${A.X(g[1]) - A.X(g[0])}%`} />);
  if (isGone && !n.x.done && n.x.kind !== "node") out.push(<span class="bx" style="right:-2px">✕</span>);
  return <>{out}</>;
}

type Put = (cls: string, a: number, b: number, kind: string, style?: string) => void;

function group(members: Node[], put: Put): void {
  const first = members[0]!.x;
  const final = members.at(-1)!.x;
  put("bw", first.t, final.t + final.ms, "tool");
  for (const piece of thinned(members.map((m) => m.x), MOST)) put(piece.kind === "llm" ? "bt" : "bo", piece.a, piece.b, piece.isBad ? "err" : piece.kind);
}

function one(n: Node, put: Put): void {
  const x = n.x;
  const kind = bad(x) ? "err" : x.kind;
  const end = x.t + x.ms;
  for (const t of n.tries) if (!t.point) put("bt", t.t, t.t + t.ms, "err");
  const retry = n.tries.find((t) => t.point);
  const before = n.tries.findLast((t) => !t.point);
  if (before && x.t > before.t + before.ms) put("br", before.t + before.ms, x.t, "retry");
  if (x.kids.some((c) => !c.point)) {
    put("bw", x.t, end, kind);
    if (x.kind === "agent") for (const piece of thinned([...under(x)].filter((y) => (y.kind === "llm" || y.kind === "tool") && !y.kids.some((c) => !c.point)), MOST)) put("bo", piece.a, piece.b, piece.isBad ? "err" : piece.kind, "height:4px;top:9px");
  } else if (retry && retry.wait) {
    const until = waitEnd(x, retry);
    put("bt", x.t, retry.t, "err");
    put("br", retry.t, until, "retry");
    put("bo", until, end, kind);
  } else if (x.first > 0 && x.first < x.ms) {
    put("bt", x.t, x.t + x.first, kind);
    put("bo", x.t + x.first, end, kind, "border-radius:0 1.5px 1.5px 0");
  } else put(`bo${x.done ? "" : x.status === "running" ? " going" : " open-end"}`, x.t, end, kind);
}

/** Steps as at most so many pieces: those that would fall together are drawn as one. */
function thinned(steps: Step[], most: number): { a: number; b: number; kind: string; isBad: boolean }[] {
  const size = Math.ceil(steps.length / most);
  const out: { a: number; b: number; kind: string; isBad: boolean }[] = [];
  for (let i = 0; i < steps.length; i += size) {
    const some = steps.slice(i, i + size);
    out.push({ a: some[0]!.t, b: Math.max(...some.map((y) => y.t + y.ms)), kind: some[0]!.kind, isBad: some.some((y) => y.status === "error") });
  }
  return out;
}
