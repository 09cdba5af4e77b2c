// Where the page begins.
import { render } from "preact";
import "./style.css";
import { parse, to } from "./data/route";
import { source } from "./data/source";
import { Store } from "./data/store";
import { App } from "./ui/app";
import { begin, go } from "./ui/state";
import { beginTheme } from "./ui/theme";

// The token has done its work when the page is here: it stays in no history and in no link.
if (location.search && location.protocol.startsWith("http")) history.replaceState(null, "", location.pathname + location.hash);

const store = new Store(source());
begin(store);
beginTheme(() => store.changed());
render(<App />, document.getElementById("page")!);
void store.list().then(() => {
  // A file of one run opens on it.
  if (!store.source.live && store.rows.length === 1 && parse(location.hash).view === "runs" && !location.hash.includes("runs")) go(to("run", store.rows[0]!.key));
});
store.watch(null);
