// The recommended rules. Their package is looked for where CI installs it.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../.cache/", import.meta.url));
const js = require("@eslint/js");

const browser = [
  "CustomEvent",
  "Element",
  "File",
  "FormData",
  "HTMLElement",
  "HTMLFormElement",
  "MutationObserver",
  "ResizeObserver",
  "TextDecoderStream",
  "addEventListener",
  "clearTimeout",
  "console",
  "document",
  "fetch",
  "innerHeight",
  "innerWidth",
  "location",
  "sessionStorage",
  "setTimeout",
  "window",
];

export default [
  js.configs.recommended,
  {
    files: ["**/client.js"],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "script",
      globals: Object.fromEntries(browser.map((name) => [name, "readonly"])),
    },
  },
];
