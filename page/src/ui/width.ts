// How wide the window is: below 760 one pane, from 2300 three.
import { useEffect, useState } from "preact/hooks";

export function useWidth(): number {
  const [width, set] = useState(innerWidth);
  useEffect(() => {
    let asked = 0;
    const told = (): void => {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => set(innerWidth));
    };
    addEventListener("resize", told);
    return () => removeEventListener("resize", told);
  }, []);
  return width;
}
