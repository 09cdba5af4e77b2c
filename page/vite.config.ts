// One HTML file with everything inside: no address, no date and no absolute path gets into it, so each build is the same.
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

export default defineConfig({
  // The classic form has no word `children` at each element: 8 kB less.
  oxc: { jsx: { runtime: "classic", pragma: "jsx_", pragmaFrag: "Fragment_" }, jsxInject: 'import { h as jsx_, Fragment as Fragment_ } from "preact"' },
  resolve: {
    // virtua's; see src/ui/react.ts
    alias: [{ find: /^react(-dom|\/jsx-runtime)?$/, replacement: new URL("src/ui/react.ts", import.meta.url).pathname }],
  },
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
  build: { target: "es2022", cssTarget: ["chrome120", "safari16.4", "firefox115"], outDir: "dist", cssMinify: true, modulePreload: false, reportCompressedSize: false },
});
