// A label or note of one's own on a step: kept in this browser, beside the log, never in it.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Run } from "../model/run";
import type { Step } from "../model/step";
import { Icon } from "./icons";
import { kept } from "./state";

const key = (run: Run, x: Step): string => `steplog.note.${run.key}.${x.no}`;

let writing = 0; // the step a note is being written for
let told: () => void = () => {};

/** Begins a note on a step, as the key `l` does. */
export function writeNote(no: number): void {
  writing = no;
  told();
}

export function Note({ run, x }: { run: Run; x: Step }) {
  const [, again] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  told = () => again((n) => n + 1);
  const text = kept.get(key(run, x)) ?? "";
  const isOpen = writing === x.no;
  useEffect(() => {
    if (isOpen) box.current?.focus();
  }, [isOpen]);
  const done = (value: string | null): void => {
    if (value !== null) kept.set(key(run, x), value.trim() || null);
    writing = 0;
    again((n) => n + 1);
  };
  if (isOpen)
    return (
      <input
        class="note" ref={box} value={text} placeholder="A note on this step; it stays in this browser" aria-label="note"
        onKeyDown={(e) => { e.stopPropagation(); if (e.key === "Enter") done(e.currentTarget.value); else if (e.key === "Escape") done(null); }} onBlur={(e) => done(e.currentTarget.value)}
      />
    );
  return text ? <button class="note" onClick={() => writeNote(x.no)}><Icon name="note" /> {text}</button> : null;
}
