// What a conversation is made of: the display tree, with agents that work at the same time side by side.
import type { Run } from "../model/run";
import { build, type Node } from "../model/tree";

/** One entry: a step, or several agents that worked at once. */
export interface Talk {
  nodes: Node[];
}

export const isHuman = (run: Run): boolean => !!run.row.resumes || run.all.some((x) => x.kind === "resume");

export function entriesOf(run: Run): Talk[] {
  return talks(build(run, "calls").kids);
}

export function talks(nodes: Node[]): Talk[] {
  const out: Talk[] = [];
  for (const n of nodes) {
    const before = out.at(-1);
    const x = before?.nodes[0]!.x;
    if (n.x.kind === "agent" && x?.kind === "agent" && n.x.t < Math.max(...before!.nodes.map((m) => m.x.t + m.x.ms))) before!.nodes.push(n);
    else if (n.similar !== undefined) out.push(...n.members!.map((m) => ({ nodes: [m] })));
    else out.push({ nodes: [n] });
  }
  return out;
}
