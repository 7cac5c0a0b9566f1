import js from "@eslint/js";

const names = [
  "cancelAnimationFrame", "clearTimeout", "customElements", "document", "fetch", "history", "katex", "location",
  "matchMedia", "performance", "requestAnimationFrame", "setTimeout", "window", "CSS", "Element", "HTMLElement", "Node",
  "IntersectionObserver", "MutationObserver", "ResizeObserver", "SVGElement", "URL", "URLSearchParams", "getComputedStyle",
];

export default [
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: "module",
      globals: Object.fromEntries(names.map((name) => [name, "readonly"])),
    },
    rules: {
      "curly": ["error", "multi-line"],
      "eqeqeq": "error",
      "no-implicit-coercion": "error",
      "no-unused-vars": "error",
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {  // what is written into pages, one file behind the other
    files: ["**/explanation/html/*.js"],
    languageOptions: {sourceType: "script"},
  },
];
