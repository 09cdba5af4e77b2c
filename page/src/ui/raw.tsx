// The raw lines of a step, each with its file and number.
import type { Run } from "../model/run";
import { safe } from "../model/safe";
import { ftok } from "../model/units";
import { FoldSec } from "./detail";
import { useState } from "preact/hooks";

const MOST = 3000;

export function RawLines({ run, at, title = "Raw lines" }: { run: Run; at: number[]; title?: string }) {
  const places = at.slice(0, 50).map((i) => run.lines.place(i));
  const file = run.files[places[0]?.[0] ?? 0] ?? "";
  return (
    <FoldSec title={title} right={<span class="mono">{safe(file.length > 30 ? `${file.slice(0, 28)}…` : file)} : {places.map((p) => p[1]).join(", ")}</span>}>
      {() => at.slice(0, 50).map((i, n) => <RawLine key={i} text={run.lines.raw(i)} file={run.files[places[n]![0]] ?? ""} number={places[n]![1]} />)}
    </FoldSec>
  );
}

function RawLine({ text, file, number }: { text: string; file: string; number: number }) {
  const [shown, more] = useState(MOST);
  return (
    <div class="raw" title={`${file}, line ${number}`}>
      <b>{number}  </b>
      {safe(text.slice(0, shown))}
      {text.length > shown && <button class="btn more" onClick={() => more(shown * 20)}>{ftok(text.length - shown)} more characters</button>}
    </div>
  );
}
