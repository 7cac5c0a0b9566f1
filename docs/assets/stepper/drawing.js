// A network drawn as SVG: neurons with what was computed in them, weights and factors on the edges. Small networks have
// round neurons with names and errors around them; in larger ones a neuron is a box with its value and its error.

import {svg} from "./dom.js";
import {backward, cost, forward} from "./network.js";
import {named, plain, rounded} from "./tex.js";

/** @typedef {import("./subject.js").View} View */
/** @typedef {import("./dom.js").Child} Child */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {{label: SVGTextElement, element: SVGGElement, at: (share: number) => Point, straight: boolean}} Edge */
/** @typedef {{element: SVGGElement, value: SVGTextElement, error: SVGTextElement, factor: SVGTextElement}} Node */
/** @typedef {{edges: Map<string, Edge>, nodes: Map<string, Node>, written: boolean, letters: number}} Parts */

/** Weights are written on the edges, and the tab key reaches them, where no two layers have more edges between them. */
const WRITTEN = 4;
const RADIUS = 26;
const MARGIN = 48;

/** Three digits are enough in a drawing. @param {number} x */
export const short = (x) => plain(rounded(x, 3));

/** A number in at most so many letters, where fewer digits do. @param {number} x @param {number} letters */
function fitted(x, letters) {
  const written = [3, 2, 1].map((digits) => plain(rounded(x, digits)));
  const last = x.toExponential(0).replaceAll("-", "−").replace("+", "");
  return written.find((text) => text.length <= letters) ?? last;
}

/** A letter in italics with its layer above and its index below. @param {string} letter @param {number} layer @param {string} index */
const symbol = (letter, layer, index) => [
  svg("tspan", {class: "bp-letter"}, letter),
  svg("tspan", {class: "bp-script", dy: -6}, String(layer)),
  svg("tspan", {class: "bp-script", dy: 11, dx: -6}, index),
];

/** What makes an element a button for mouse and keyboard. @param {() => void} chosen */
export const asButton = (chosen) => ({
  role: "button", click: chosen,
  keydown: (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    chosen();
  },
});

/** Sizes of a drawing, such that its texts are as large as the page's. @param {number[][]} shown @param {import("./subject.js").Space} space */
function sizesOf(shown, {upright, width: available}) {
  const most = Math.max(...shown.map((layer) => layer.length));
  const boxes = most > 3 || (upright && most > 2);
  const across = upright ? Math.min(150, 340 / most) : boxes ? 62 : 128;
  const room = upright ? across : 72;
  const width = boxes ? Math.min(66, room - 5) : 2 * RADIUS;
  const fitting = (available - 2 * MARGIN) / (shown.length - 1);  // layers, and the cost
  const along = upright ? 84 : Math.max(boxes ? 104 : 92, Math.min(150, fitting));
  return {most, boxes, across, along, width, height: boxes ? 36 : 2 * RADIUS};
}

/**
 * @param {import("./tutorial-steps.js").Example} example  read anew at each update
 * @param {number[][]} shown  the neurons of each layer that are drawn
 * @param {import("./words.js").Words} words
 * @param {(key: string) => void} select
 * @param {import("./subject.js").Space} space
 * @returns {import("./subject.js").Picture}
 */
export function drawNetwork(example, shown, words, select, space) {
  const L = example.network.sizes.length;
  const {upright} = space;
  const {most, boxes, across, along, width, height} = sizesOf(shown, space);
  const written = shown.every((layer, l) => l < 2 || layer.length * shown[l - 1].length <= WRITTEN);
  /** @type {Parts} */
  const parts = {edges: new Map(), nodes: new Map(), written, letters: boxes ? Math.floor(width / (upright && most > 5 ? 5.6 : 7.6)) : 7};

  // Places are given along the network and across it, and turned where it is drawn upright.
  const breadth = upright ? 350 : across * (most - 1) + 2 * MARGIN + 30;
  const turned = (/** @type {number} */ u, /** @type {number} */ v) => (upright ? {x: v, y: u} : {x: u, y: v});
  const column = (/** @type {number} */ l) => (upright ? 34 : MARGIN) + along * (l - 1);
  const place = (/** @type {number} */ l, /** @type {number} */ i) => turned(column(l), breadth / 2 + across * (i - (shown[l].length - 1) / 2));
  const end = turned(column(L + 1), breadth / 2);

  /** @param {string} key @param {Point} from @param {Point} to @param {string} name */
  const edge = (key, from, to, name) => {
    const ends = {x1: from.x, y1: from.y, x2: to.x, y2: to.y};
    const label = svg("text", {class: "bp-label"});
    const attributes = key[0] === "w" ? {class: "bp-edge bp-chooses", tabindex: written ? 0 : undefined, ...asButton(() => select(key))} : {class: "bp-edge"};
    const element = svg("g", {...attributes, "data-key": key},
      svg("title", {}, name), svg("line", {class: "bp-hit", ...ends}), svg("line", {class: "bp-line", ...ends}), label);
    const at = (/** @type {number} */ share) => ({x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share + 5});
    parts.edges.set(key, {label, element, at, straight: from.x === to.x || from.y === to.y});
    return element;
  };

  /** @param {string} key @param {Point} at @param {Child[]} name @param {boolean} round */
  const node = (key, {x, y}, name, round) => {
    const shape = round ? svg("circle", {cx: x, cy: y, r: RADIUS})
      : svg("rect", {x: x - width / 2, y: y - (boxes ? height / 2 : 20), width, height: boxes ? height : 40, rx: 9});
    const value = svg("text", {class: "bp-value", x, y: boxes && key !== "C" ? y - 3 : y + 5});
    const error = svg("text", boxes && key !== "C" ? {class: "bp-below", x, y: y + 12}
      : upright ? {class: "bp-below bp-start", x: x + width / 2 + 4, y: key === "C" ? y + 5 : y + 23} : {class: "bp-below", x, y: y + height / 2 + 17});
    const factor = svg("text", {class: "bp-factor bp-start", x: upright ? x + width / 2 + 3 : x + (boxes ? 15 : 20), y: upright ? y - height / 2 + 4 : y - height / 2 - (boxes ? 5 : 0)});
    const label = boxes && upright ? null
      : svg("text", upright ? {class: "bp-name bp-end", x: x - width / 2 - 6, y: y + 5} : {class: "bp-name", x, y: y - height / 2 - (boxes ? 8 : 10)}, ...name);
    const element = svg("g", {class: key.startsWith("a1.") ? "bp-node bp-chooses" : "bp-node", "data-key": key, ...(key.startsWith("a1.") ? {click: () => select(key)} : {})},
      svg("title"), shape, value, error, factor, label);
    parts.nodes.set(key, {element, value, error, factor});
    return element;
  };

  const lines = svg("g");
  const neurons = svg("g");
  for (let l = 1; l <= L; l++) {
    shown[l].forEach((j, i) => {
      neurons.append(node(`a${l}.${j}`, place(l, i), symbol("a", l, String(j + 1)), !boxes));
      if (l > 1) shown[l - 1].forEach((k, before) => lines.append(edge(`w${l}.${j}.${k}`, place(l - 1, before), place(l, i), "")));
      if (l === L) lines.append(edge(`c.${j}`, place(l, i), end, `∂C/∂${named("a", L, j)}`));
    });
    const left = example.network.sizes[l - 1] - shown[l].length;
    const at = upright ? {x: 330, y: column(l) + 32} : {x: column(l), y: breadth - 12};
    if (left) neurons.append(svg("text", {class: "bp-name bp-rest", ...at}, `+ ${left}`));
  }
  neurons.append(node("C", end, [svg("tspan", {class: "bp-letter"}, "C")], false));
  const size = turned(column(L + 1) + (upright ? 34 : MARGIN), breadth);
  const element = svg("svg", {
    class: boxes ? "bp-network bp-boxes" : "bp-network", viewBox: `0 0 ${size.x} ${size.y}`, role: "group", "aria-label": words.drawing,
    style: `max-width: ${Math.round(size.x * 1.1)}px; --bp-size: ${upright && boxes && most > 5 ? 9.5 : 11.5}px`,
  }, lines, neurons);
  return {element, update: (view) => update(example, view, parts, words)};
}

/** @param {import("./tutorial-steps.js").Example} example @param {View} view @param {Parts} parts @param {import("./words.js").Words} words */
function update(example, view, {edges, nodes, written, letters}, words) {
  const {network, x, y} = example;
  const values = forward(network, x);
  const {delta, weights: slopes} = backward(network, values, y);
  const done = new Set(view.step.done);
  const lit = new Set(view.paths.length ? [] : view.step.lit);
  const factors = new Map(view.paths.flatMap((path) => [...path.labels]));
  for (const [key, {label, element, at, straight}] of edges) {
    const factor = factors.get(key);
    const [l, j, k] = key.slice(1).split(".").map(Number);
    const inside = key[0] === "w";
    const shines = lit.has(key) || (!inside && lit.has("C") && lit.has(`a${network.sizes.length}.${key.slice(2)}`));
    label.textContent = factor !== undefined ? `×${short(factor)}`
      : inside && (written || lit.has(key) || view.selected === key) ? short(network.weights[l][j][k]) : "";
    // Where edges leave one neuron their labels stand apart at the far end, where they arrive at one, at the near end.
    const place = at(written ? (straight || !inside || network.sizes[l - 1] === 1 ? 0.5 : 0.4) : factor !== undefined ? 0.5 : view.step.phase === "forward" ? 0.32 : 0.66);
    label.setAttribute("x", String(place.x));
    label.setAttribute("y", String(place.y));
    element.classList.toggle("bp-lit", shines);
    element.classList.toggle("bp-path", factor !== undefined);
    element.classList.toggle("bp-selected", view.selected === key);
    if (!inside) continue;
    const name = `${words.weight} ${named("w", l, j, k)} = ${short(network.weights[l][j][k])}${words.comma}${words.derivative} ${short(slopes[l][j][k])}`;
    /** @type {Element} */ (element.firstElementChild).textContent = name;
    element.setAttribute("aria-label", name);
    element.setAttribute("aria-pressed", String(view.selected === key));
    if (!written) element.style.setProperty("--bp-strength", String(Math.min(1, 0.25 + Math.abs(network.weights[l][j][k]) / 3)));
  }
  for (const [key, node] of nodes) {
    const [l, j] = key.slice(1).split(".").map(Number);
    const known = done.has(key) || l === 1;
    const round = node.element.querySelector("circle") !== null;
    let name = "C";
    if (key === "C") {
      node.value.textContent = known ? fitted(cost(network, values, y), letters) : "";
      node.error.textContent = `y = ${y.length === 1 ? short(y[0]) : "…"}`;
    } else {
      node.value.textContent = known ? fitted(values.a[l][j], letters) : "";
      node.error.textContent = done.has(`d${l}.${j}`) ? round ? `δ ${short(delta[l][j])}` : fitted(delta[l][j], letters) : "";
      name = `${l === 1 ? `${words.input} ` : ""}${named("a", l, j)}`;
      if (known) name += ` = ${short(values.a[l][j])}`;
      if (done.has(`d${l}.${j}`)) name += `${words.comma}${named("δ", l, j)} = ${short(delta[l][j])}`;
    }
    /** @type {Element} */ (node.element.firstElementChild).textContent = name;
    node.value.classList.toggle("bp-long", (node.value.textContent ?? "").length > 5);
    const factor = factors.get(key);
    node.factor.textContent = factor !== undefined ? `×${short(factor)}` : "";
    node.element.classList.toggle("bp-known", known);
    node.element.classList.toggle("bp-lit", lit.has(key));
    node.element.classList.toggle("bp-path", factor !== undefined);
    node.element.classList.toggle("bp-selected", view.selected === key);
  }
}
