// A word at the foot of the page that goes by itself.
import { useEffect, useState } from "preact/hooks";

let say: (text: string) => void = () => {};
export const toast = (text: string): void => say(text);

export function Toast() {
  const [text, set] = useState("");
  useEffect(() => {
    let gone = 0;
    say = (t) => {
      set(t);
      clearTimeout(gone);
      gone = window.setTimeout(() => set(""), 1800);
    };
  }, []);
  return <div class={`cmpbar toast${text ? "" : " off"}`} role="status">{text}</div>;
}
