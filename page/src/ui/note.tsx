// Labels and notes of one's own on a run or a step: beside the log, never in it; of a page that is a file, in this browser.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Note } from "../data/wire";
import { noting } from "../model/notes";
import { clip, safe } from "../model/safe";
import { ago } from "../model/units";
import { Icon } from "./icons";
import { store, useKeys } from "./state";
import { toast } from "./toast";
import { Text } from "./values";

/** The line in which a note is typed. It has the focus before the next key comes: keys may come fast. */
export function NoteBox({ runs, step, close }: { runs: string[]; step: number | null; close: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  const isOver = useRef(false);
  useLayoutEffect(() => box.current?.focus(), []);
  const done = (typed: string | null): void => {
    if (isOver.current) return;
    isOver.current = true;
    close();
    const wanted = typed === null ? [] : runs.map((run) => noting(typed, run, step)).filter((n) => n !== null);
    if (wanted.length) store().note(wanted).catch((error: unknown) => toast(`Not noted: ${error instanceof Error ? error.message : String(error)}`));
  };
  const where = store().source.live ? "beside the log" : "it stays in this browser";
  return (
    <input
      class="note" ref={box} placeholder={`#label, -#label, and words: ${where}`} aria-label="note"
      onKeyDown={(e) => { e.stopPropagation(); if (e.key === "Enter") done(e.currentTarget.value); else if (e.key === "Escape") done(null); }} onBlur={(e) => done(e.currentTarget.value)}
    />
  );
}

/** What was noted of a step, or with `step` null of the run itself, and the line in which more is typed. */
export function Notes({ run, step, keys }: { run: string; step: number | null; keys: boolean }) {
  const [isOpen, open] = useState(false);
  useKeys(keys ? { L: () => open(true) } : {});
  const notes = store().notesOn(run, step);
  return (
    <>
      {notes.map((note) => <Noted key={note.id} note={note} open={() => open(true)} />)}
      {isOpen && <NoteBox runs={[run]} step={step} close={() => open(false)} />}
    </>
  );
}

function Noted({ note, open }: { note: Note; open: () => void }) {
  const who = [note.by, ago(Date.parse(note.ts), store().now)].filter(Boolean).join(", ");
  return (
    <button class="note" onClick={open} title={safe(who)}>
      <Icon name="note" />
      {(note.labels ?? []).map((label) => <span class="mk" key={label}>{safe(clip(label, 60))}</span>)}
      {(note.removed ?? []).map((label) => <s class="faint" key={label}>{safe(clip(label, 60))}</s>)}
      {note.score != null && <b class="num">{note.score}</b>}
      {note.text && <span dir="auto"><Text>{note.text}</Text></span>}
      <span class="faint nowrap">{safe(who)}</span>
    </button>
  );
}
