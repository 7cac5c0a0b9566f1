// A multilayer perceptron as a subject of the stepper: the tutorial's 2-2-2-1, one with sigmoids and biases, or any.

import {backward, descended, forward, pathCount, paths} from "./network.js";
import {DRAWN, drawNetwork} from "./drawing.js";
import {mlpSteps} from "./mlp-steps.js";
import {tutorialSteps} from "./tutorial-steps.js";
import {named, neuron, weight} from "./tex.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./tutorial-steps.js").Example} Example */
/** @typedef {import("./subject.js").Subject} Subject */

/** How many paths are written one by one. */
const LISTED = 8;
const FOLLOWED = 512n;

/** The tutorial's example. @returns {Example} */
export const tutorialExample = () => ({
  network: {
    sizes: [2, 2, 2, 1], biases: null, hidden: "identity", output: "identity", cost: "quadratic",
    weights: [[], [], [[1, -1], [2, 1]], [[2, 1], [-1, 1]], [[3, -1]]],
  },
  x: [1, 2], y: [-1], rate: 0.0005,
});

/** The network that the tutorial takes through BP1 to BP4 by hand. @returns {Example} */
export const sigmoidExample = () => ({
  network: {
    sizes: [2, 2, 1], hidden: "sigmoid", output: "sigmoid", cost: "quadratic",
    weights: [[], [], [[1, -1], [-2, 2]], [[2, -1]]], biases: [[], [], [1, -1], [0]],
  },
  x: [0, 1], y: [1], rate: 1,
});

/** The neurons of each layer that are drawn: all, or those with the largest activations. @param {Example} example @returns {number[][]} */
function drawnNeurons({network, x}) {
  const {a} = forward(network, x);
  return a.map((layer) => {
    const order = layer.map((_, j) => j);
    if (layer.length > DRAWN) order.sort((i, j) => Math.abs(layer[j]) - Math.abs(layer[i])).splice(DRAWN);
    return order.sort((i, j) => i - j);
  });
}

/** @param {string} key  w3.0.1, b2.0, a1.1, y.0 or rate */
const parts = (key) => ({letter: key[0], numbers: key.replace(/^[a-z]\.?/, "").split(".").map(Number)});

/**
 * @param {string} name  2-2-2-1, sigmoid or own
 * @param {Example} example
 * @param {import("./words.js").Words} words
 * @returns {Subject}
 */
export function mlpSubject(name, example, words) {
  const {sizes} = example.network;
  const L = sizes.length;
  const shown = drawnNeurons(example);
  // Steps speak of a weight with something to say: not of one whose input is 0.
  const largest = example.x.reduce((best, value, k) => (Math.abs(value) > Math.abs(example.x[best]) ? k : best), 0);
  const first = example.network.biases ? `w2.0.${largest}` : "w2.0.0";

  /** @type {(key: string) => [number[], number]} the list that holds a number, and where in it */
  const place = (key) => {
    const {letter, numbers: [l, j, k]} = parts(key);
    if (letter === "w") return [example.network.weights[l][j], k];
    if (letter === "b" && example.network.biases) return [example.network.biases[l], j];
    return letter === "a" ? [example.x, j] : [example.y, l];
  };

  const groups = [{tex: "a^1", keys: example.x.map((_, k) => [`a1.${k}`])}];
  for (let l = 2; l <= L; l++) {
    groups.push({tex: `w^{${l}}`, keys: example.network.weights[l].map((row, j) => row.map((_, k) => `w${l}.${j}.${k}`))});
    if (example.network.biases) groups.push({tex: `b^{${l}}`, keys: example.network.biases[l].map((_, j) => [`b${l}.${j}`])});
  }
  groups.push({tex: "y", keys: example.y.map((_, j) => [`y.${j}`])}, {tex: "\\eta", keys: [["rate"]]});

  return {
    name,
    hint: name === "own" ? words.hintOwn : words.hint,
    wide: Math.max(...sizes) > 3,
    groups,
    get: (key) => {
      if (key === "rate") return example.rate;
      const [list, i] = place(key);
      return list[i];
    },
    set: (key, value) => {
      if (key === "rate") {
        example.rate = value;
        return;
      }
      const [list, i] = place(key);
      list[i] = value;
    },
    tex: (key) => {
      if (key === "rate") return "\\eta";
      const {letter, numbers: [l, j, k]} = parts(key);
      if (letter === "y") return sizes[L - 1] === 1 ? "y" : `y_{${l + 1}}`;
      return letter === "w" ? weight(l, j, k) : neuron(letter, l, j);
    },
    said: (key) => {
      if (key === "rate") return words.rate;
      const {letter, numbers: [l, j, k]} = parts(key);
      if (letter === "y") return sizes[L - 1] === 1 ? `${words.target} y` : `${words.target} y ${l + 1}`;
      if (letter === "w") return `${words.weight} ${named("w", l, j, k)}`;
      return letter === "b" ? `${words.bias} ${named("b", l, j)}` : `${words.input} ${named("a", l, j)}`;
    },
    steps: (selected) => {
      const chosen = selected?.startsWith("w") ? selected : first;
      return example.network.biases ? mlpSteps(example, chosen, words, shown) : tutorialSteps(example, chosen, words);
    },
    draw: (select, space) => drawNetwork(example, shown, words, select, space),
    paths: (key) => {
      if (key[0] !== "w") return null;
      const [layer, j, k] = parts(key).numbers;
      const count = pathCount(example.network, layer);
      const values = forward(example.network, example.x);
      const total = backward(example.network, values, example.y).weights[layer][j][k];
      const found = count > FOLLOWED ? [] : paths(example.network, values, example.y, {layer, j, k});
      const rows = found.slice(0, LISTED).map((path) => pathRow(example.network, key, path));
      return {note: example.network.biases ? words.slopesNote : "", slope: `\\frac{\\partial C}{\\partial ${weight(layer, j, k)}}`, rows, count, total};
    },
    descend: () => {
      const values = forward(example.network, example.x);
      example.network = descended(example.network, backward(example.network, values, example.y), example.rate);
    },
    written: () => writtenExample(example),
  };
}

/** @param {Network} network @param {string} key @param {import("./network.js").Path} path @returns {import("./subject.js").PathRow} */
function pathRow(network, key, {neurons, factors, product}) {
  const layer = parts(key).numbers[0];
  const upwards = [...factors].reverse();
  const slopes = upwards.length > neurons.length + 1;  // an activation has a slope of its own
  const labels = new Map([[key, upwards[0]]]);
  let at = 1;
  neurons.forEach((j, i) => {
    const l = layer + i;
    if (slopes) labels.set(`a${l}.${j}`, upwards[at++]);
    const edge = l === network.sizes.length ? `c.${j}` : `w${l + 1}.${neurons[i + 1]}.${j}`;
    labels.set(edge, upwards[at++]);
  });
  const names = neurons.flatMap((j, i) => [...(slopes ? [neuron("z", layer + i, j)] : []), neuron("a", layer + i, j)]);
  const [, j, k] = parts(key).numbers;
  return {names: ["C", ...names.reverse(), weight(layer, j, k)], factors, product, labels};
}

/** @param {Example} example @returns {Record<string, string>} */
export function writtenExample({network, x, y, rate}) {
  /** @type {Record<string, string>} */
  const found = {sizes: network.sizes.join(","), hidden: network.hidden, output: network.output, cost: network.cost};
  for (let l = 2; l <= network.sizes.length; l++) {
    found[`w${l}`] = network.weights[l].flat().join(",");
    if (network.biases) found[`b${l}`] = network.biases[l].join(",");
  }
  return {...found, a1: x.join(","), y: y.join(","), rate: String(rate)};
}
