// Olah's graph as a subject of the stepper: values forward, a derivative on every edge, one path from a and two from b.

import {svg} from "./dom.js";
import {asButton, plate, short} from "./drawing.js";
import {graphErrors, graphPaths, olahGraph} from "./graph.js";
import {stepList} from "./subject.js";
import {blue, enclosed, lines, number, orange, slope, strong} from "./tex.js";

/** @typedef {import("./subject.js").Step} Step */
/** @typedef {{a: number, b: number}} Point */

const ORDER = ["e", "d", "c", "b", "a"];
/** @type {Record<string, {x: number, y: number, operation: string}>} */
const PLACES = {
  a: {x: 70, y: 262, operation: "a"}, b: {x: 230, y: 262, operation: "b"},
  c: {x: 110, y: 154, operation: "c = a + b"}, d: {x: 310, y: 154, operation: "d = b + 1"},
  e: {x: 210, y: 46, operation: "e = c × d"},
};
const RULES = {c: ["a + b", "a", "+", "b"], d: ["b + 1", "b", "+", ""], e: ["c \\times d", "c", "\\times", "d"]};

/** @param {URLSearchParams | null} address @returns {Point} */
export function readOlah(address) {
  /** @param {string} name @param {number} first */
  const read = (name, first) => {
    const text = address?.get(name) ?? "";
    const value = text.trim() === "" ? first : Number(text);
    if (!(Math.abs(value) <= 1e6)) throw new RangeError(name);
    return value;
  };
  return {a: read("a", 2), b: read("b", 1)};
}

/** @param {Point} point @param {import("./words.js").Words} words @returns {Step[]} */
function olahSteps(point, words) {
  const {values, edges} = olahGraph(point.a, point.b);
  const errors = graphErrors(edges, ORDER);
  const {steps, done, add} = stepList("forwardPass");
  done.push("a", "b");
  const f = (/** @type {string} */ node) => blue(enclosed(values[node]));
  const result = (/** @type {number} */ value) => strong(orange(number(value)));

  add("12, graph", "forwardPass", words.o0, [{tag: "12, graph", tex: "\\begin{aligned} c &= a + b \\\\ d &= b + 1 \\\\ e &= c \\times d \\end{aligned}"}], {lit: ["c", "d", "e"]});
  for (const node of /** @type {("c" | "d" | "e")[]} */ (["c", "d", "e"])) {
    const [rule, left, sign, right] = RULES[node];
    add(node, "forwardPass", words.oValue(node), [{value: values[node], tex: lines(node, rule, `${f(left)} ${sign} ${right ? f(right) : "1"}`, strong(blue(number(values[node]))))}],
      {done: [node], lit: [node, ...edges.filter((edge) => edge.to === node).map((edge) => `${edge.from}${edge.to}`)]});
  }
  const rules = new Map([["ac", ""], ["bc", ""], ["bd", ""], ["ce", "d"], ["de", "c"]]);
  add("edges", "paths", words.oEdges, edges.map((edge) => ({value: edge.slope,
    tex: `${slope(edge.to, edge.from)} = ${rules.get(edge.from + edge.to) ? `${rules.get(edge.from + edge.to)} = ` : ""}${orange(number(edge.slope))}`})),
  {done: ["edges"], lit: edges.map((edge) => edge.from + edge.to)});
  for (const source of ["a", "b"]) {
    const found = graphPaths(edges, source, "e");
    add(`de/d${source}`, "paths", source === "a" ? words.oOne : words.oTwo, [{value: errors[source], tex: lines(slope("e", source),
      found.map(({nodes}) => nodes.slice(1).map((node, i) => slope(node, nodes[i])).reverse().join(" \\, ")).join(" + "),
      found.map(({factors}, i) => factors.map((factor, n) => orange((i || n ? enclosed : number)(factor))).join(" \\cdot ")).join(" + "), result(errors[source]))}],
    {selects: source, done: [`d${source}`]});
  }
  for (const each of ["da", "db"]) done.splice(done.indexOf(each), 1);
  const [first, ...rest] = ORDER;
  add("back", "backwardPass", words.oBack, [{value: 1, tex: `${slope("e", first)} = ${result(1)}`}, ...rest.map((node) => {
    const out = edges.filter((edge) => edge.from === node);
    return {value: errors[node], tex: `${slope("e", node)} = ${out.map((edge) => `${slope("e", edge.to)} ${slope(edge.to, node)}`).join(" + ")} = ${out.map((edge, i) =>
      `${orange((i ? enclosed : number)(errors[edge.to]))} \\cdot ${orange(enclosed(edge.slope))}`).join(" + ")} = ${result(errors[node])}`};
  })], {done: ORDER.map((node) => `d${node}`), lit: ORDER});
  return steps;
}

/** @param {Point} point  read anew at each update @param {import("./words.js").Words} words @param {(key: string) => void} select @returns {import("./subject.js").Picture} */
function drawOlah(point, words, select) {
  const {edges} = olahGraph(point.a, point.b);
  const chooses = (/** @type {string} */ key) => ("ab".includes(key) ? {tabindex: 0, "aria-label": key, ...asButton(() => select(key))} : {});
  const labels = svg("g");
  const lineElements = new Map(edges.map(({from, to}) => {
    const [start, end] = [PLACES[from], PLACES[to]];
    const label = plate("bp-label");
    label.element.dataset.of = from + to;
    labels.append(label.element);
    const write = (/** @type {string} */ said) => label.write(said, start.x + (end.x - start.x) * 0.42, start.y + (end.y - start.y) * 0.42 + 5);
    return [from + to, {label: {...label, write}, element: svg("g", {class: "bp-edge", "data-key": from + to}, svg("line", {class: "bp-line", x1: start.x, y1: start.y, x2: end.x, y2: end.y}))}];
  }));
  const nodeElements = new Map(Object.entries(PLACES).map(([key, {x, y, operation}]) => {
    const value = svg("text", {class: "bp-value", x, y: y + 14});
    const below = plate("bp-below");
    labels.append(below.element);
    return [key, {value, below: (/** @type {string} */ said) => below.write(said, x, y + 44), element: svg("g", {class: key < "c" ? "bp-node bp-chooses" : "bp-node", "data-key": key, ...chooses(key)},
      svg("rect", {x: x - 50, y: y - 26, width: 100, height: 52, rx: 12}), svg("text", {class: "bp-name", x, y: y - 6}, svg("tspan", {class: "bp-letter"}, operation)), value)}];
  }));
  const element = svg("svg", {class: "bp-network", viewBox: "0 0 400 316", role: "group", "aria-label": words.graph, style: "max-width: 480px"},
    ...[...lineElements.values()].map((line) => line.element), ...[...nodeElements.values()].map((node) => node.element), labels);
  return {element, update: (view) => {
    const {values, edges: now} = olahGraph(point.a, point.b);
    const errors = graphErrors(now, ORDER);
    const done = new Set(view.step.done);
    const lit = new Set(view.paths.length ? [] : view.step.lit);
    const factors = new Map(view.paths.flatMap((path) => [...path.labels]));
    for (const edge of now) {
      const {label, element: line} = /** @type {{label: {element: SVGGElement, write: (said: string) => void}, element: SVGGElement}} */ (lineElements.get(edge.from + edge.to));
      const factor = factors.get(edge.from + edge.to);
      label.write(factor !== undefined ? `×${short(factor)}` : done.has("edges") ? short(edge.slope) : "");
      label.element.classList.toggle("bp-path", factor !== undefined);
      line.classList.toggle("bp-path", factor !== undefined);
      line.classList.toggle("bp-lit", lit.has(edge.from + edge.to));
    }
    for (const [key, node] of nodeElements) {
      node.value.textContent = done.has(key) ? short(values[key]) : "";
      node.below(done.has(`d${key}`) ? `∂e/∂${key} = ${short(errors[key])}` : "");
      node.element.classList.toggle("bp-known", done.has(key));
      node.element.classList.toggle("bp-lit", lit.has(key));
      node.element.classList.toggle("bp-selected", view.selected === key);
    }
  }};
}

/** @param {Point} point @param {import("./words.js").Words} words @returns {import("./subject.js").Subject} */
export function olahSubject(point, words) {
  return {
    name: "olah",
    hint: words.hintGraph,
    groups: [{tex: "a", keys: [["a"]]}, {tex: "b", keys: [["b"]]}],
    get: (key) => point[/** @type {"a" | "b"} */ (key)],
    set: (key, value) => {
      point[/** @type {"a" | "b"} */ (key)] = value;
    },
    tex: (key) => key,
    said: (key) => `${words.input} ${key}`,
    steps: () => olahSteps(point, words),
    draw: (select) => drawOlah(point, words, select),
    paths: (key) => {
      const {edges} = olahGraph(point.a, point.b);
      const found = graphPaths(edges, key, "e");
      const rows = found.map(({nodes, factors, product}) => ({names: [...nodes].reverse(), factors, product,
        labels: new Map(nodes.slice(1).map((node, i) => [nodes[i] + node, factors[factors.length - 1 - i]]))}));
      return {slope: slope("e", key), rows, count: BigInt(rows.length), total: graphErrors(edges, ORDER)[key]};
    },
    written: () => ({a: String(point.a), b: String(point.b)}),
  };
}
