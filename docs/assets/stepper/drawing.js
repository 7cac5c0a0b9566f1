// A network drawn as SVG: neurons with what was computed in them, weights and factors on the edges. Small networks have
// round neurons with names and errors around them; in larger ones a neuron is a box with its value and its error.

import {svg} from "./dom.js";
import {backward, cost, forward} from "./network.js";
import {named, plain, rounded} from "./tex.js";

/** @typedef {import("./subject.js").View} View */
/** @typedef {import("./dom.js").Child} Child */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {ReturnType<typeof plate>} Plate */
/** @typedef {{label: Plate, element: SVGGElement, at: (share: number) => Point, straight: boolean}} Edge */
/** @typedef {{element: SVGGElement, value: SVGTextElement, bias: SVGTextElement | null, error: (said: string) => void, factor: (said: string) => void, middle: number}} Node */
/**
 * What is drawn, and how: whether weights are written on all edges; the most letters in a neuron and on an edge; how far
 * from a neuron, as a share of an edge, there is room for a number, and how much further for every second one.
 * @typedef {object} Parts
 * @property {Map<string, Edge>} edges
 * @property {Map<string, Node>} nodes
 * @property {boolean} written
 * @property {(back: boolean) => number} crossing  where on an edge its number stands, as a share of its length
 * @property {number} letters
 * @property {number} lettersOnEdge
 * @property {number} free
 * @property {number} apart
 */

/** Weights are written on the edges, and the tab key reaches them, where no two layers have more edges between them. */
const WRITTEN = 4;
const RADIUS = 26;
const MARGIN = 48;
/** How many neurons of a layer are drawn. */
export const DRAWN = 8;

/** Three digits are enough in a drawing. @param {number} x */
export const short = (x) => plain(rounded(x, 3));

/** A number in at most so many letters, where fewer digits do. @param {number} x @param {number} letters */
function fitted(x, letters) {
  const written = [3, 2, 1].map((digits) => plain(rounded(x, digits)));
  return written.find((text) => text.length <= letters) ?? plain(rounded(x, 1), 1);
}

/**
 * A text on a ground of its own: no line runs through it, and no point of 1.1 looks like a colon.
 * @param {string} name  the text's class @param {boolean} [starts]  at its place, instead of having it in the middle
 */
export function plate(name, starts = false) {
  const ground = svg("rect", {class: "bp-ground", height: 16, rx: 3});
  const text = svg("text", {class: starts ? `${name} bp-start` : name});
  return {element: svg("g", {class: "bp-plate"}, ground, text), write: (/** @type {string} */ said, /** @type {number} */ x, /** @type {number} */ y) => {
    text.textContent = said;
    const width = said && 6 + (text.getComputedTextLength() || 8 * said.length);
    for (const [key, value] of Object.entries({x, y})) text.setAttribute(key, String(value));
    for (const [key, value] of Object.entries({x: starts ? x - 3 : x - Number(width) / 2, y: y - 13, width: Number(width)})) ground.setAttribute(key, String(value));
  }};
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
  const along = upright ? 84 : Math.max(boxes ? 126 : 92, Math.min(boxes ? 190 : 150, fitting));
  return {most, boxes, across, along, width, height: boxes ? 32 : 2 * RADIUS};
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
  const parts = {edges: new Map(), nodes: new Map(), written, crossing: (back) => (upright ? (back ? 0.3 : 0.44) : 0.4), letters: boxes ? Math.floor(width / (upright && most > 5 ? 5.6 : 7.6)) : 7,
    lettersOnEdge: upright && most > 5 ? 5 : 7, free: upright ? (height / 2 + 12) / along : Math.min(0.5, (width / 2 + 30) / along), apart: upright && most > 5 ? 0.2 : 0};

  // Places are given along the network and across it, and turned where it is drawn upright.
  const breadth = upright ? 350 : across * (most - 1) + (boxes ? 100 : 2 * MARGIN + 30);
  const turned = (/** @type {number} */ u, /** @type {number} */ v) => (upright ? {x: v, y: u} : {x: u, y: v});
  const column = (/** @type {number} */ l) => (upright ? 34 : MARGIN) + along * (l - 1);
  const place = (/** @type {number} */ l, /** @type {number} */ i) => turned(column(l), breadth / 2 + across * (i - (shown[l].length - 1) / 2));
  const end = turned(column(L + 1), breadth / 2);

  const [lines, neurons, labels] = [svg("g"), svg("g"), svg("g")];
  /** @param {string} key @param {Point} from @param {Point} to @param {string} name */
  const edge = (key, from, to, name) => {
    const ends = {x1: from.x, y1: from.y, x2: to.x, y2: to.y};
    const label = plate("bp-label");
    label.element.dataset.of = key;
    labels.append(label.element);
    const attributes = key[0] === "w" ? {class: "bp-edge bp-chooses", tabindex: written ? 0 : undefined, ...asButton(() => select(key))} : {class: "bp-edge"};
    const element = svg("g", {...attributes, "data-key": key},
      svg("title", {}, name), svg("line", {class: "bp-hit", ...ends}), svg("line", {class: "bp-line", ...ends}));
    const at = (/** @type {number} */ share) => ({x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share + 5});
    parts.edges.set(key, {label, element, at, straight: from.x === to.x || from.y === to.y});
    return element;
  };

  /** @param {string} key @param {Point} at @param {Child[]} name @param {boolean} round */
  const node = (key, {x, y}, name, round) => {
    const shape = round ? svg("circle", {cx: x, cy: y, r: RADIUS})
      : svg("rect", {x: x - width / 2, y: y - (boxes ? height / 2 : 20), width, height: boxes ? height : 40, rx: 9});
    const middle = boxes && key !== "C" ? y - 1 : y + 5;
    const bias = round && example.network.biases && !key.startsWith("a1.") ? svg("text", {class: "bp-bias", x, y: y + 17}) : null;
    const value = svg("text", {class: "bp-value", x, y: bias ? y + 2 : middle});
    const beside = upright && (round || key === "C");
    const error = plate(key === "C" ? "bp-below bp-target" : boxes ? "bp-below bp-within" : "bp-below", beside);
    const factor = plate("bp-factor", true);
    const [below, above] = [boxes && key !== "C" ? {x, y: y + 13} : beside ? {x: x + width / 2 + 4, y: key === "C" ? y + 5 : y + 23} : {x, y: y + height / 2 + 17},
      {x: upright ? x + width / 2 + 3 : x + (boxes ? 15 : 20), y: upright ? y - height / 2 + 4 : y - height / 2 - (boxes ? 5 : 0)}];
    labels.append(error.element, factor.element);
    const label = boxes && upright ? null
      : svg("text", upright ? {class: "bp-name bp-end", x: x - width / 2 - 6, y: y + 5} : {class: "bp-name", x, y: y - height / 2 - (boxes ? 7 : 10)}, ...name);
    const element = svg("g", {class: key.startsWith("a1.") ? "bp-node bp-chooses" : "bp-node", "data-key": key, ...(key.startsWith("a1.") ? {click: () => select(key)} : {})},
      svg("title"), shape, value, bias, label);
    parts.nodes.set(key, {element, value, bias, middle, error: (said) => error.write(said, below.x, below.y), factor: (said) => factor.write(said, above.x, above.y)});
    return element;
  };

  for (let l = 1; l <= L; l++) {
    shown[l].forEach((j, i) => {
      neurons.append(node(`a${l}.${j}`, place(l, i), symbol("a", l, String(j + 1)), !boxes));
      if (l > 1) shown[l - 1].forEach((k, before) => lines.append(edge(`w${l}.${j}.${k}`, place(l - 1, before), place(l, i), "")));
      if (l === L) lines.append(edge(`c.${j}`, place(l, i), end, `∂C/∂${named("a", L, j)}`));
    });
    const left = example.network.sizes[l - 1] - shown[l].length;
    const at = upright ? {x: 330, y: column(l) + 32} : {x: column(l), y: breadth - 12};
    if (left) neurons.append(svg("text", {class: "bp-name bp-rest", ...at}, words.undrawn(left)));
  }
  neurons.append(node("C", end, [svg("tspan", {class: "bp-letter"}, "C")], false));
  const size = turned(column(L + 1) + (upright ? 34 : MARGIN), breadth);
  const element = svg("svg", {
    class: boxes ? "bp-network bp-boxes" : "bp-network", viewBox: `0 0 ${size.x} ${size.y}`, role: "group", "aria-label": words.drawing,
    style: `max-width: ${Math.round(size.x * 1.1)}px; --bp-size: ${upright && boxes && most > 5 ? 9.5 : 11.5}px`,
  }, lines, neurons, labels);
  return {element, update: (view) => update(example, view, parts, words)};
}

/** @param {import("./tutorial-steps.js").Example} example @param {View} view @param {Parts} parts @param {import("./words.js").Words} words */
function update(example, view, {edges, nodes, written, crossing, letters, lettersOnEdge, free, apart}, words) {
  const {network, x, y} = example;
  const values = forward(network, x);
  const {delta, weights: slopes} = backward(network, values, y);
  const done = new Set(view.step.done);
  const lit = new Set(view.paths.length ? [] : view.step.lit);
  const factors = new Map(view.paths.flatMap((path) => [...path.labels]));
  // In a large network one path, or the weights of one neuron, leave room for numbers, at the other end of their edges.
  const roomy = written || view.paths.length === 1;
  const [ends, starts] = [1, 2].map((i) => new Set([...lit].filter((key) => edges.has(key)).map((key) => key.split(".")[i])));
  const few = Math.min(ends.size, starts.size) < 2;
  const early = ends.size < 2;
  for (const [key, {label, element, at, straight}] of edges) {
    const factor = factors.get(key);
    const [l, j, k] = key.slice(1).split(".").map(Number);
    const inside = key[0] === "w";
    const shines = lit.has(key) || (!inside && lit.has("C") && lit.has(`a${network.sizes.length}.${key.slice(2)}`));
    const said = factor !== undefined ? (roomy ? `×${fitted(factor, lettersOnEdge)}` : "")
      : inside && (written || (few && lit.has(key)) || view.selected === key) ? fitted(network.weights[l][j][k], lettersOnEdge) : "";
    const further = inside ? apart * ((early ? k : j) % 2) : 0;
    const place = at(written ? (straight || !inside ? 0.5 : network.sizes[l - 1] === 1 ? 0.6 : crossing(j < k)) : factor !== undefined ? 0.5 : early ? free + further : 1 - free - further);
    label.write(said, place.x, place.y);
    label.element.classList.toggle("bp-path", factor !== undefined);
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
    const wrong = done.has(`d${l}.${j}`);
    const round = node.element.querySelector("circle") !== null;
    let name = "C";
    if (key === "C") {
      node.value.textContent = known ? fitted(cost(network, values, y), letters) : "";
      const one = y.indexOf(1);  // of a digit: the only output that should be 1
      node.error(y.length === 1 ? `y = ${short(y[0])}` : `${named("y", 0, one).replace("⁰", "")} = 1`);
    } else {
      node.value.textContent = known ? fitted(values.a[l][j], letters) : "";
      node.error(wrong ? round ? `δ ${fitted(delta[l][j], letters)}` : fitted(delta[l][j], letters) : "");
      if (!node.bias) node.value.setAttribute("y", String(node.middle + (round || wrong ? 0 : 6)));
      name = `${l === 1 ? `${words.input} ` : ""}${named("a", l, j)}`;
      if (known) name += ` = ${short(values.a[l][j])}`;
      if (known && l > 1) name += `${words.comma}${named("z", l, j)} = ${short(values.z[l][j])}`;
      if (network.biases && l > 1) {
        const bias = fitted(network.biases[l][j], 5);
        name += `${words.comma}${words.bias} ${short(network.biases[l][j])}`;
        if (node.bias) node.bias.textContent = bias.length < 4 ? `b = ${bias}` : `b ${bias}`;
      }
      if (wrong) name += `${words.comma}${named("δ", l, j)} = ${short(delta[l][j])}`;
    }
    /** @type {Element} */ (node.element.firstElementChild).textContent = name;
    node.value.classList.toggle("bp-long", (node.value.textContent ?? "").length > 5);
    const factor = factors.get(key);
    node.factor(factor !== undefined && (roomy || round) ? `×${fitted(factor, lettersOnEdge)}` : "");
    node.element.classList.toggle("bp-known", known);
    node.element.classList.toggle("bp-lit", lit.has(key));
    node.element.classList.toggle("bp-path", factor !== undefined);
    node.element.classList.toggle("bp-selected", view.selected === key);
  }
}
