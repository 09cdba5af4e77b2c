// The few things of React that the virtual list is written in, over Preact: preact/compat is ten times as much.
import { jsx as element } from "preact/jsx-runtime";
import { h, options, type Component, type ComponentType, type FunctionComponent, type Ref, type VNode } from "preact";

export { useEffect, useImperativeHandle, useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks";

type Props = Record<string, unknown>;

const differ = (a: Props, b: Props): boolean => Object.keys(a).some((k) => !(k in b)) || Object.keys(b).some((k) => a[k] !== b[k]);

const LENGTHS = new Set(["top", "left", "right", "width", "height", "minWidth", "minHeight"]);

/** An element; React means pixels where a style's length is a number, and Preact does not. */
export function jsx(type: string | ComponentType<unknown>, props: Props, key?: string): VNode {
  const style = typeof type === "string" && (props.style as Props | undefined);
  if (style) props = { ...props, style: Object.fromEntries(Object.entries(style).map(([k, v]) => [k, typeof v === "number" && LENGTHS.has(k) ? `${v}px` : v])) };
  return element(type as string, props, key);
}

/** A component that is drawn again only when its properties have changed, or when `isSame` says so. */
export function memo<P>(of: ComponentType<P>, isSame?: (a: P, b: P) => boolean): FunctionComponent<P> {
  return function Kept(this: Component<P>, props: P) {
    this.shouldComponentUpdate = (next) => (isSame ? !isSame(this.props, next) : differ(this.props as Props, next as Props));
    return h(of as ComponentType<unknown>, props as Props);
  } as FunctionComponent<P>;
}

/** Hands `ref` on as a second argument. */
export const forwardRef =
  (draw: (props: Props, ref: Ref<unknown> | null) => VNode) =>
  ({ ref, ...rest }: Props): VNode =>
    draw(rest, (ref as Ref<unknown>) ?? null);

/** Does something, and draws at once what it changed. */
export function flushSync(act: () => void): void {
  const before = options.debounceRendering;
  let draw: (() => void) | undefined;
  options.debounceRendering = (later) => void (draw = later);
  try {
    act();
    draw?.();
  } finally {
    options.debounceRendering = before;
  }
}
