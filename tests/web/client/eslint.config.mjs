// The recommended rules. Their package is looked for where CI installs it.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../.cache/", import.meta.url));
const js = require("@eslint/js");

const browser = [
  "CustomEvent",
  "Element",
  "File",
  "FormData",
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

const node = [
  "CustomEvent",
  "FormData",
  "Headers",
  "ReadableStream",
  "Response",
  "TextDecoderStream",
  "TextEncoder",
  "URL",
  "setImmediate",
];

const readonly = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default [
  js.configs.recommended,
  {
    files: ["**/client.js"],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "script",
      globals: readonly(browser),
    },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: readonly(node) },
  },
];
