// The page's state outside of its elements: the store, the route in the address, and the keys that hold now.
import { useLayoutEffect, useReducer } from "preact/hooks";
import { address, parse, type Route } from "../data/route";
import type { Store } from "../data/store";
import { flushSync } from "./react";

let theStore: Store;
let current: Route = parse("");
const listeners = new Set<() => void>();
let version = 0; // grows with each change
const tell = (): void => {
  version++;
  for (const told of listeners) told();
};

// In a notebook's frame there is no address of our own to write into.
const ownAddress = location.protocol !== "about:";

export const store = (): Store => theStore;
export const route = (): Route => current;

export function begin(s: Store): void {
  theStore = s;
  current = parse(ownAddress ? location.hash : "");
  addEventListener("hashchange", () => {
    current = parse(location.hash);
    tell();
  });
  s.subscribe(tell);
}

/** Changes part of the state, in place: the back button leads past it. */
export function set(patch: Partial<Route>): void {
  const hash = address({ ...current, ...patch });
  current = parse(hash);
  if (ownAddress) history.replaceState(history.state, "", hash);
  tell();
}

/** Goes somewhere else, so that the back button leads here. */
export function go(hash: string): void {
  current = parse(hash);
  if (ownAddress) history.pushState(null, "", hash);
  tell();
}

/** Where the back button leads when it is one of ours. */
export const href = (patch: Partial<Route>): string => address({ ...current, ...patch });

let due: (() => void) | null = null; // the drawing that is asked for and has not come yet

/** Draws again when the store or the route changes. */
export function useChanges(): void {
  const [, again] = useReducer((n: number) => n + 1, 0);
  const seen = version;
  useLayoutEffect(() => {
    let asked = 0;
    const draw = (): void => {
      clearTimeout(asked);
      asked = 0;
      due = null;
      again(0);
    };
    const told = (): void => {
      // Several changes in one turn are one drawing.
      if (asked) return;
      asked = window.setTimeout(draw, 0);
      due = draw;
    };
    listeners.add(told);
    // What changed between the first drawing and this moment was told to nobody.
    if (version !== seen) told();
    return () => {
      listeners.delete(told);
      clearTimeout(asked);
    };
  }, []);
}

export type Keys = Record<string, (e: Event) => void>;
const layers: { current: Keys }[] = [];

/** Keys that hold while a component stands; those of the innermost count first. */
export function useKeys(keys: Keys): void {
  const [layer] = useReducer((l: { current: Keys }) => l, { current: keys });
  layer.current = keys;
  // At once, and not after the next drawing: keys may come fast.
  useLayoutEffect(() => {
    layers.push(layer);
    return () => void layers.splice(layers.indexOf(layer), 1);
  }, []);
}

export function pressed(e: KeyboardEvent): void {
  const target = e.target as HTMLElement;
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  if (e.metaKey || e.ctrlKey || e.altKey || typing) return;
  // Enter and space belong to what has the focus; where that is a row, to the view.
  if ((e.key === "Enter" || e.key === " ") && target.closest("button,a,summary")) return;
  press(e.key, e);
}

/** Does what a key means now, in the innermost component that knows it; what the key before it changed is drawn first. */
export function press(key: string, e: Event): void {
  if (due) flushSync(due);
  for (const layer of [...layers].reverse()) {
    const act = layer.current[key];
    if (!act) continue;
    e.preventDefault();
    act(e);
    return;
  }
}
