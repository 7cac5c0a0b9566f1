// Stochastic gradient descent on a network of the playground. Nothing here is drawn.

import {backward, cost, descended, forward} from "./network.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./datasets.js").Sample} Sample */

/** How many examples are measured. */
const MEASURED = 200;

/**
 * A network with random weights: normal, of variance 1/n_{l−1}, or 2/n_{l−1} where ReLU halves what passes. Biases are 0.
 * @param {number[]} sizes
 * @param {{hidden: import("./network.js").Activation, cost: import("./network.js").Cost}} kinds
 * @param {import("./random.js").Generator} random
 * @returns {Network}
 */
export function randomNetwork(sizes, {hidden, cost: kind}, random) {
  const weights = sizes.slice(1).map((rows, i) => {
    const deviation = Math.sqrt((hidden === "relu" ? 2 : 1) / sizes[i]);
    return Array.from({length: rows}, () => Array.from({length: sizes[i]}, () => deviation * random.normal()));
  });
  const biases = sizes.slice(1).map((rows) => Array.from({length: rows}, () => 0));
  return {sizes, weights: [[], [], ...weights], biases: [[], [], ...biases], hidden, output: "sigmoid", cost: kind};
}

/**
 * The network after one step of eq. (1) on the mean cost of some examples.
 * @param {Network} network @param {Sample[]} batch @param {number} rate
 */
export function batchStep(network, batch, rate) {
  const [first, ...others] = batch.map(({x, y}) => backward(network, forward(network, x), y));
  for (const {delta, weights} of others) {
    weights.forEach((matrix, l) => matrix.forEach((row, j) => {
      const sum = first.weights[l][j];
      for (let k = 0; k < row.length; k++) sum[k] += row[k];
      first.delta[l][j] += delta[l][j];
    }));
  }
  return descended(network, first, rate / batch.length);
}

/** Whether an output says what the target says: the larger of ten, or on the right side of ½. @param {number[]} a @param {number[]} y */
export const right = (a, y) => (a.length === 1 ? a[0] > 0.5 === y[0] > 0.5 : a.indexOf(Math.max(...a)) === y.indexOf(1));

/** The mean cost of examples, and the share that the network gets right. @param {Network} network @param {Sample[]} samples */
export function measured(network, samples) {
  const L = network.sizes.length;
  let [total, hits] = [0, 0];
  const some = samples.slice(0, MEASURED);
  for (const {x, y} of some) {
    const values = forward(network, x);
    total += cost(network, values, y);
    hits += right(values.a[L], y) ? 1 : 0;
  }
  return {cost: total / some.length, accuracy: hits / some.length};
}

/** The mean of ‖δ^l‖ over examples, for each layer. @param {Network} network @param {Sample[]} samples @returns {number[]} */
export function errorNorms(network, samples) {
  /** @type {number[]} */
  const norms = [];
  const some = samples.slice(0, MEASURED);
  for (const {x, y} of some) {
    backward(network, forward(network, x), y).delta.forEach((errors, l) => {
      norms[l] = (norms[l] ?? 0) + Math.hypot(...errors) / some.length;
    });
  }
  return norms;
}

/** A network on its way. */
export class Training {
  /** @param {Network} network @param {import("./datasets.js").Data} data @param {import("./random.js").Generator} random */
  constructor(network, data, random) {
    this.network = network;
    this.data = data;
    this.random = random;
    this.epoch = 0;
    /** @type {number[]} the examples of this epoch that are still to come */
    this.waiting = [];
  }

  /** One step on the next examples of a random order. @param {number} batchSize @param {number} rate */
  step(batchSize, rate) {
    if (!this.waiting.length) this.waiting = this.random.shuffled(this.data.training.length);
    const batch = this.waiting.splice(0, batchSize).map((i) => this.data.training[i]);
    this.network = batchStep(this.network, batch, rate);
    if (!this.waiting.length) this.epoch++;
  }
}
