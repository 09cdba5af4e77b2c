// The query line: terms as removable chips, completion while one types.
import { useRef, useState } from "preact/hooks";
import type { Row } from "../data/wire";
import { completions } from "../model/matching";
import { terms, WORDS } from "../model/query";
import { safe } from "../model/safe";
import { clock, dayOf } from "../model/units";
import { Icon } from "./icons";
import { route, set } from "./state";

export function QueryBar({ rows, hint }: { rows: readonly Row[]; hint: string }) {
  const [typed, type] = useState("");
  const [at, move] = useState(-1);
  const [isOpen, open] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const { q, span } = route();
  const list = terms(q);
  // What is being typed is the last word; a phrase in quotes is not completed.
  const word = /"[^"]*$/.test(typed) ? "" : (/\S+$/.exec(typed)?.[0] ?? "");
  const offers = isOpen && (word || !typed) ? completions(word, rows).filter((o) => o !== word) : [];

  const add = (text: string): void => {
    const more = text.trim();
    if (more) set({ q: `${q} ${more}`.trim() });
    type("");
    move(-1);
  };
  const take = (offer: string): void => {
    const text = typed.slice(0, typed.length - word.length) + offer;
    if (offer.endsWith(":")) {
      type(text);
      move(-1);
    } else add(text);
    input.current?.focus();
  };
  const remove = (i: number): void => {
    set({ q: list.filter((_, j) => j !== i).map((t) => t.text).join(" ") });
    input.current?.focus();
  };
  const onKey = (e: KeyboardEvent): void => {
    if (e.key === "Enter") {
      if (at >= 0 && offers[at]) take(offers[at]);
      else if (typed.trim()) add(typed);
      else input.current?.blur();
    } else if (e.key === "Tab" && offers.length && typed) {
      e.preventDefault();
      take(offers[Math.max(0, at)]!);
    } else if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      open(true);
      move(Math.max(-1, Math.min(offers.length - 1, at + (e.key === "ArrowDown" ? 1 : -1))));
    } else if (e.key === "Backspace" && !typed) {
      if (span) set({ span: null });
      else if (list.length) remove(list.length - 1);
    } else if (e.key === "Escape") {
      if (offers.length && at >= 0) move(-1);
      else input.current?.blur();
    }
    e.stopPropagation();
  };

  return (
    <div class="q" onClick={() => input.current?.focus()}>
      <Icon name="search" class="faint" />
      {list.map((t, i) => (
        <span class={`chip${t.wrong ? " wrong" : ""}`} title={t.wrong} key={i + t.text}>
          {/^-?[A-Za-z-]+:/.test(t.text) ? <><b>{safe(t.word)}:</b><span>{safe(t.text.slice(t.text.indexOf(":") + 1))}</span></> : <span class="lone">{safe(t.text)}</span>}
          <button aria-label={`remove ${t.text}`} onClick={() => remove(i)}>×</button>
        </span>
      ))}
      {span && (
        <span class="chip">
          <b>time:</b>
          <span>{dayOf(span[0])} {clock(span[0])}–{dayOf(span[1]) === dayOf(span[0]) ? "" : `${dayOf(span[1])} `}{clock(span[1])}</span>
          <button aria-label="remove the span of time" onClick={() => set({ span: null })}>×</button>
        </span>
      )}
      <input
        id="find" ref={input} value={typed} spellcheck={false} autocomplete="off" role="combobox" aria-label="filter" aria-expanded={offers.length > 0}
        aria-controls="offers" aria-activedescendant={at >= 0 ? `offer${at}` : undefined} placeholder={q || span ? "" : hint}
        onInput={(e) => { type(e.currentTarget.value); open(true); move(-1); }} onFocus={() => open(true)} onBlur={() => setTimeout(() => open(false), 150)} onKeyDown={onKey}
      />
      <kbd class="hidep">/</kbd>
      {offers.length > 0 && (
        <div class="offers" id="offers" role="listbox" aria-label="may follow">
          {offers.map((o, i) => (
            <button key={o} id={`offer${i}`} role="option" aria-selected={i === at} tabIndex={-1} onMouseDown={(e) => { e.preventDefault(); take(o); }}>
              <span class="mono">{safe(o)}</span>
              {o.endsWith(":") && <span class="faint">{WORDS[o.replace(/^-|:$/g, "")]}</span>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
