// A list of which only what is on the screen is in the page.
import type { ComponentType, JSX, RefObject } from "preact";
import { VList, type VListHandle } from "virtua";

export type ListHandle = VListHandle;

interface Props<T> {
  handle?: RefObject<ListHandle | null>;
  data: readonly T[];
  itemSize: number;
  onScroll?: (offset: number) => void;
  children: (item: T, i: number) => JSX.Element;
}

// virtua's types are React's; what they describe is the same.
const Rows = VList as unknown as ComponentType<Props<unknown> & { ref?: RefObject<ListHandle | null> }>;

export function List<T>({ handle, ...rest }: Props<T>) {
  return <Rows ref={handle} {...(rest as Props<unknown>)} />;
}
