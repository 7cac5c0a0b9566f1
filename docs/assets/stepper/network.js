// The tutorial's mathematics, without anything that is drawn: forward pass, back-propagation, paths, gradient descent.
// Layers are numbered as there: the input is layer 1, and `weights[l]` leads from layer l − 1 to layer l. Entries 0 and 1
// of the lists of layers stay empty, so that an index in the code is the index in the equation, less one for neurons.

/** @typedef {"identity" | "sigmoid" | "tanh" | "relu"} Activation */
/** @typedef {"quadratic" | "cross-entropy"} Cost */

/**
 * A multilayer perceptron. `biases` is null for the network of steps 1 to 3, which has none. The cross-entropy wants a
 * sigmoid as `output`.
 * @typedef {object} Network
 * @property {number[]} sizes  n_1, n_2, …, n_L
 * @property {number[][][]} weights  w^l, (n_l, n_{l−1})
 * @property {number[][] | null} biases  b^l, (n_l)
 * @property {Activation} hidden  the activation of layers 2 to L − 1
 * @property {Activation} output  the activation of layer L
 * @property {Cost} cost
 */

/**
 * What a forward pass computed, by layer: z^l and a^l; a^1 is the input.
 * @typedef {{z: number[][], a: number[][]}} Forward
 */

/**
 * What a backward pass computed: δ^l = ∂C/∂z^l, ∂C/∂b^l is the same, ∂C/∂w^l, and the slopes σ'(z^l).
 * @typedef {{delta: number[][], slopes: number[][], weights: number[][][]}} Backward
 */

/** A weight: w^layer from neuron k to neuron j, counted from 0. @typedef {{layer: number, j: number, k: number}} Weight */

/**
 * A path from a weight to the cost: the neurons of the weight's layer and of each later one, and the factors along it in
 * the order of eq. (12): ∂C/∂a^L first, ∂z^l/∂w^l last.
 * @typedef {{neurons: number[], factors: number[], product: number}} Path
 */

/** σ(z), without overflow where z is large. @param {number} z @returns {number} */
const logistic = (z) => {
  const small = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + small) : small / (1 + small);
};

/** @type {Record<Activation, (z: number) => number>} */
const VALUE = {identity: (z) => z, sigmoid: logistic, tanh: Math.tanh, relu: (z) => Math.max(0, z)};

/** σ'(z), from the activation's value a where it can be. @type {Record<Activation, (z: number, a: number) => number>} */
const SLOPE = {
  identity: () => 1,
  sigmoid: (z, a) => a * logistic(-z),
  tanh: (_, a) => 1 - a * a,
  relu: (z) => (z > 0 ? 1 : 0),
};

/** The number of the last layer, L. @param {Network} network */
export const lastLayer = (network) => network.sizes.length;

/** The activation of a layer. @param {Network} network @param {number} layer */
export const activationOf = (network, layer) => (layer === lastLayer(network) ? network.output : network.hidden);

/**
 * The forward pass: z^l = w^l a^{l−1} + b^l, a^l = σ(z^l).
 * @param {Network} network
 * @param {number[]} x
 * @returns {Forward}
 */
export function forward(network, x) {
  /** @type {Forward} */
  const {z, a} = {z: [[], []], a: [[], x]};
  for (let l = 2; l <= lastLayer(network); l++) {
    z[l] = network.weights[l].map((row, j) => {
      let sum = network.biases ? network.biases[l][j] : 0;
      for (let k = 0; k < row.length; k++) sum += row[k] * a[l - 1][k];
      return sum;
    });
    const sigma = VALUE[activationOf(network, l)];
    a[l] = z[l].map((value) => sigma(value));
  }
  return {z, a};
}

/**
 * The cost of one example: eq. (4), or −Σ_j y_j ln a_j + (1 − y_j) ln(1 − a_j), computed from z^L so that no logarithm
 * of a rounded 0 is taken.
 * @param {Network} network
 * @param {Forward} values
 * @param {number[]} y
 */
export function cost(network, values, y) {
  const L = lastLayer(network);
  return y.reduce((sum, target, j) => {
    const [z, a] = [values.z[L][j], values.a[L][j]];
    if (network.cost === "quadratic") return sum + ((a - target) * (a - target)) / 2;
    const both = Math.log1p(Math.exp(-Math.abs(z)));
    return sum + target * (both - Math.min(z, 0)) + (1 - target) * (both + Math.max(z, 0));
  }, 0);
}

/**
 * ∂C/∂a^L: a − y, or (a − y) / (a (1 − a)).
 * @param {Network} network
 * @param {Forward} values
 * @param {number[]} y
 */
export function costSlopes(network, values, y) {
  const L = lastLayer(network);
  return values.a[L].map((a, j) =>
    network.cost === "quadratic" ? a - y[j] : (a - y[j]) / SLOPE.sigmoid(values.z[L][j], a));
}

/**
 * The backward pass: BP1, BP2, BP4; BP3 says that ∂C/∂b^l is δ^l.
 * @param {Network} network
 * @param {Forward} values
 * @param {number[]} y
 * @returns {Backward}
 */
export function backward(network, values, y) {
  const L = lastLayer(network);
  /** @type {number[][]} */
  const slopes = [[], []];
  for (let l = 2; l <= L; l++) {
    const slope = SLOPE[activationOf(network, l)];
    slopes[l] = values.z[l].map((z, j) => slope(z, values.a[l][j]));
  }
  /** @type {number[][]} */
  const delta = [];
  // The slope of the sigmoid cancels against that of the cross-entropy, and would be 0/0 where the sigmoid is saturated.
  delta[L] = values.a[L].map((a, j) => (a - y[j]) * (network.cost === "quadratic" ? slopes[L][j] : 1));
  for (let l = L - 1; l >= 2; l--) delta[l] = pulledBack(network, delta, l).map((sum, j) => sum * slopes[l][j]);
  const weights = delta.map((errors, l) => errors.map((error) => values.a[l - 1].map((a) => error * a)));
  return {delta, slopes, weights};
}

/**
 * (w^{l+1})ᵀ δ^{l+1}: eq. (20), and the first factor of BP2. For l = 1 it is ∂C/∂x.
 * @param {Network} network
 * @param {number[][]} delta
 * @param {number} layer
 */
export function pulledBack(network, delta, layer) {
  return Array.from({length: network.sizes[layer - 1]}, (_, k) =>
    delta[layer + 1].reduce((sum, error, q) => sum + network.weights[layer + 1][q][k] * error, 0));
}

/**
 * Every path from a weight to the cost, in the order of the neurons; their products add up to ∂C/∂w: eq. (12).
 * @param {Network} network
 * @param {Forward} values
 * @param {number[]} y
 * @param {Weight} weight
 * @returns {Path[]}
 */
export function paths(network, values, y, weight) {
  const L = lastLayer(network);
  const {slopes} = backward(network, values, y);
  const first = costSlopes(network, values, y);
  const plain = network.hidden === "identity" && network.output === "identity";
  /** @type {Path[]} */
  const found = [];
  /** @param {number[]} neurons @param {number[]} factors  from the weight upwards */
  const walk = (neurons, factors) => {
    const [l, j] = [weight.layer + neurons.length - 1, neurons[neurons.length - 1]];
    const here = plain ? factors : [...factors, slopes[l][j]];
    if (l === L) {
      const all = [...here, first[j]].reverse();
      found.push({neurons, factors: all, product: all.reduce((product, factor) => product * factor, 1)});
      return;
    }
    for (let q = 0; q < network.sizes[l]; q++) walk([...neurons, q], [...here, network.weights[l + 1][q][j]]);
  };
  walk([weight.j], [values.a[weight.layer - 1][weight.k]]);
  return found;
}

/** How many paths lead from a weight of this layer to the cost. @param {Network} network @param {number} layer */
export const pathCount = (network, layer) =>
  network.sizes.slice(layer).reduce((product, size) => product * BigInt(size), 1n);

/**
 * w ← w − η ∂C/∂w, eq. (1), and the same for biases.
 * @param {Network} network
 * @param {Pick<Backward, "delta" | "weights">} gradient
 * @param {number} rate
 * @returns {Network}
 */
export function descended(network, gradient, rate) {
  const weights = network.weights.map((matrix, l) =>
    matrix.map((row, j) => row.map((w, k) => w - rate * gradient.weights[l][j][k])));
  const biases = network.biases && network.biases.map((b, l) => b.map((value, j) => value - rate * gradient.delta[l][j]));
  return {...network, weights, biases};
}

/** The largest size of a weight or bias. @param {Network} network */
export const farthest = ({weights, biases}) =>
  [...weights.flat(2), ...(biases ?? []).flat()].reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** ‖∇C‖², what one step of rate η lowers the cost by, per η, were the cost linear. @param {Backward} gradient @param {boolean} biases */
export function squaredNorm(gradient, biases) {
  const square = (/** @type {number[][]} */ rows) => rows.flat().reduce((sum, value) => sum + value * value, 0);
  return gradient.weights.reduce((sum, matrix) => sum + square(matrix), biases ? square(gradient.delta) : 0);
}
