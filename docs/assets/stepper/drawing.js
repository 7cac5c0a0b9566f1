// A network drawn as SVG: neurons with what was computed in them, errors below them, weights and factors on the edges.

import {svg} from "./dom.js";
import {backward, cost, forward} from "./network.js";
import {named, plain} from "./tex.js";

/** @typedef {import("./subject.js").View} View */
/** @typedef {import("./dom.js").Child} Child */
/** @typedef {{label: SVGTextElement, element: SVGGElement}} Edge */
/** @typedef {{element: SVGGElement, value: SVGTextElement, below: SVGTextElement, factor: SVGTextElement}} Node */

/** Weights are written on the edges, and edges can be reached by the tab key, of networks with at most so many. */
const WRITTEN = 16;

/** Three digits are enough in a drawing. @param {number} x */
export const short = (x) => plain(Number(x.toPrecision(3)));

/** A letter in italics with its layer above and its index below. @param {string} letter @param {number} layer @param {string} index */
export const symbol = (letter, layer, index) => [
  svg("tspan", {class: "bp-letter"}, letter),
  svg("tspan", {class: "bp-script", dy: -6}, String(layer)),
  svg("tspan", {class: "bp-script", dy: 11, dx: layer > 9 ? -11 : -6}, index),
];

/**
 * @param {import("./tutorial-steps.js").Example} example  read anew at each update
 * @param {number[][]} shown  the neurons of each layer that are drawn
 * @param {import("./words.js").Words} words
 * @param {(key: string) => void} select
 * @param {boolean} upright  layers below one another, for narrow pages
 * @returns {import("./subject.js").Picture}
 */
export function drawNetwork(example, shown, words, select, upright) {
  const {sizes} = example.network;
  const L = sizes.length;
  const most = Math.max(...shown.map((layer) => layer.length));
  const radius = most <= 3 ? 26 : most <= 5 ? 21 : 16;
  const written = shown.slice(2).reduce((sum, layer, i) => sum + layer.length * shown[i + 1].length, 0) <= WRITTEN;

  // Places are given along the network and across it, and turned where it is drawn upright.
  const along = upright ? 84 : Math.max(104, 142 - 4 * L);
  const across = upright ? Math.min(150, 330 / most) : most <= 3 ? 128 : 2 * radius + (most <= 5 ? 44 : 34);
  const [length, breadth] = [along * L + 2 * radius + 44, upright ? 350 : across * (most - 1) + 2 * radius + 92];
  const turned = (/** @type {number} */ u, /** @type {number} */ v) => (upright ? {x: v, y: u} : {x: u, y: v});
  const place = (/** @type {number} */ l, /** @type {number} */ i) =>
    turned(radius + 20 + along * (l - 1), breadth / 2 + across * (i - (shown[l].length - 1) / 2));
  const end = turned(radius + 20 + along * L, breadth / 2);

  /** @type {Map<string, Edge>} */
  const edges = new Map();
  /** @type {Map<string, Node>} */
  const nodes = new Map();

  /** @param {string} key @param {{x: number, y: number}} from @param {{x: number, y: number}} to @param {string} name @param {number} share */
  const edge = (key, from, to, name, share) => {
    const ends = {x1: from.x, y1: from.y, x2: to.x, y2: to.y};
    const label = svg("text", {class: "bp-label", x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share + 5});
    const chooses = key[0] === "w";
    const element = svg("g", chooses ? {
      class: "bp-edge bp-chooses", "data-key": key, role: "button", tabindex: written ? 0 : undefined,
      click: () => select(key),
      keydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        select(key);
      },
    } : {class: "bp-edge", "data-key": key}, svg("title", {}, name), svg("line", {class: "bp-hit", ...ends}), svg("line", {class: "bp-line", ...ends}), label);
    edges.set(key, {label, element});
    return element;
  };

  /** @param {string} key @param {{x: number, y: number}} at @param {Child[]} name @param {SVGElement} shape */
  const node = (key, at, name, shape) => {
    const value = svg("text", {class: "bp-value", x: at.x, y: at.y + 5});
    const below = svg("text", upright ? {class: "bp-below bp-start", x: at.x + radius + 5, y: at.y + 5} : {class: "bp-below", x: at.x, y: at.y + radius + 17});
    const factor = svg("text", upright ? {class: "bp-factor bp-start", x: at.x + radius + 5, y: at.y - 9} : {class: "bp-factor", x: at.x + radius + 2, y: at.y - radius + 2});
    const above = svg("text", upright ? {class: "bp-name bp-end", x: at.x - radius - 6, y: at.y + 5} : {class: "bp-name", x: at.x, y: at.y - radius - 10}, ...name);
    const chooses = key.startsWith("a1.");
    const element = svg("g", {class: chooses ? "bp-node bp-chooses" : "bp-node", "data-key": key, ...(chooses ? {click: () => select(key)} : {})},
      svg("title"), shape, value, above, below, factor);
    nodes.set(key, {element, value, below, factor});
    return element;
  };

  const lines = svg("g");
  const circles = svg("g");
  for (let l = 1; l <= L; l++) {
    shown[l].forEach((j, i) => {
      const at = place(l, i);
      circles.append(node(`a${l}.${j}`, at, symbol("a", l, String(j + 1)), svg("circle", {cx: at.x, cy: at.y, r: radius})));
      if (l > 1) shown[l - 1].forEach((k, before) => lines.append(edge(`w${l}.${j}.${k}`, place(l - 1, before), at, "", written ? 0.38 : 0.5)));
      if (l === L) lines.append(edge(`c.${j}`, at, end, `∂C/∂${named("a", L, j)}`, 0.5));
    });
    const left = sizes[l - 1] - shown[l].length;
    if (left) {
      const at = turned(radius + 20 + along * (l - 1), breadth - (upright ? 6 : 8));
      circles.append(svg("text", {class: "bp-name", x: at.x, y: at.y}, `+ ${left}`));
    }
  }
  circles.append(node("C", end, [svg("tspan", {class: "bp-letter"}, "C")],
    svg("rect", {x: end.x - radius, y: end.y - radius * 0.8, width: 2 * radius, height: radius * 1.6, rx: 8})));
  const size = turned(length, breadth);
  const element = svg("svg", {class: "bp-network", viewBox: `0 0 ${size.x} ${size.y}`, role: "group", "aria-label": words.drawing, style: `max-width: ${Math.round(size.x * 1.25)}px`}, lines, circles);
  return {element, update: (view) => update(example, view, edges, nodes, words, written)};
}

/**
 * @param {import("./tutorial-steps.js").Example} example @param {View} view @param {Map<string, Edge>} edges
 * @param {Map<string, Node>} nodes @param {import("./words.js").Words} words @param {boolean} written
 */
function update(example, view, edges, nodes, words, written) {
  const values = forward(example.network, example.x);
  const {delta, weights: slopes} = backward(example.network, values, example.y);
  const done = new Set(view.step.done);
  const lit = new Set(view.paths.length ? [] : view.step.lit);
  const factors = new Map(view.paths.flatMap((path) => [...path.labels]));
  for (const [key, {label, element}] of edges) {
    const factor = factors.get(key);
    const [l, j, k] = key.slice(1).split(".").map(Number);
    const weight = key[0] === "w" ? example.network.weights[l][j][k] : 0;
    const text = factor !== undefined ? `×${short(factor)}` : key[0] === "w" && (written || lit.has(key) || view.selected === key) ? short(weight) : "";
    label.textContent = text;
    element.classList.toggle("bp-lit", lit.has(key) || (lit.has("C") && key[0] === "c" && lit.has(`a${example.network.sizes.length}.${key.slice(2)}`)));
    element.classList.toggle("bp-path", factor !== undefined);
    element.classList.toggle("bp-selected", view.selected === key);
    if (key[0] === "w") {
      const name = `${words.weight} ${named("w", l, j, k)} = ${short(weight)}, ${words.derivative} ${short(slopes[l][j][k])}`;
      /** @type {Element} */ (element.firstElementChild).textContent = name;
      element.setAttribute("aria-label", name);
      element.setAttribute("aria-pressed", String(view.selected === key));
      if (!written) element.style.setProperty("--bp-strength", String(Math.min(1, 0.15 + Math.abs(weight) / 3)));
    }
  }
  for (const [key, {element, value, below, factor}] of nodes) {
    const [l, j] = key.slice(1).split(".").map(Number);
    const known = done.has(key) || l === 1;
    if (key === "C") {
      value.textContent = known ? short(cost(example.network, values, example.y)) : "";
      below.textContent = `y = ${example.y.length === 1 ? short(example.y[0]) : "…"}`;
    } else {
      value.textContent = known ? short(values.a[l][j]) : "";
      below.textContent = done.has(`d${l}.${j}`) ? `δ ${short(delta[l][j])}` : "";
      /** @type {Element} */ (element.firstElementChild).textContent = l === 1 ? `${words.input} ${named("a", 1, j)}` : `${named("a", l, j)} = ${short(values.a[l][j])}, ${named("δ", l, j)} = ${short(delta[l][j])}`;
    }
    value.classList.toggle("bp-long", (value.textContent ?? "").length > 4);
    const own = factors.get(key);
    factor.textContent = own !== undefined ? `×${short(own)}` : "";
    element.classList.toggle("bp-known", known);
    element.classList.toggle("bp-lit", lit.has(key));
    element.classList.toggle("bp-path", own !== undefined);
    element.classList.toggle("bp-selected", view.selected === key);
  }
}
