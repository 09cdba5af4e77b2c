// Light or dark: as the system is, unless somebody says else.
import { kept } from "../data/kept";

const system = matchMedia("(prefers-color-scheme:dark)");
let told: () => void = () => {};

export const themeNow = (): string => document.documentElement.dataset.theme ?? "light";

function put(theme: string): void {
  document.documentElement.dataset.theme = theme;
  told();
}

export function beginTheme(changed: () => void): void {
  told = changed;
  const wanted = new URLSearchParams(location.hash.split("?")[1] ?? "").get("theme") ?? kept.get("steplog.theme");
  put(wanted === "dark" || wanted === "light" ? wanted : system.matches ? "dark" : "light");
  system.addEventListener("change", () => kept.get("steplog.theme") === null && put(system.matches ? "dark" : "light"));
}

export function turnTheme(): void {
  const next = themeNow() === "dark" ? "light" : "dark";
  kept.set("steplog.theme", next === (system.matches ? "dark" : "light") ? null : next);
  put(next);
}
