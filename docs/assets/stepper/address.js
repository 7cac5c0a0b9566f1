// A stepper's state in the part of the address behind #, so that a link opens it at a point:
// #stepper=NAME&step=ID&sizes=2,2,1&w2=…; numbers are written in full and come back to the last bit.

/** @typedef {import("./tutorial-steps.js").Example} Example */

const LAYERS = 8;
const NEURONS = 64;
const LARGEST = 1e6;

/** What the address says of a stepper, or null where it speaks of another or of none. @param {string} name */
export function readAddress(name) {
  const found = new URLSearchParams(window.location.hash.slice(1));
  return found.get("stepper") === name ? found : null;
}

/** @param {string} name @param {Record<string, string>} state */
export const addressOf = (name, state) =>
  "#" + ["stepper", ...Object.keys(state)].map((key) => `${key}=${encodeURIComponent({stepper: name, ...state}[key] ?? "").replaceAll("%2C", ",")}`).join("&");

/** @param {string | null} text @param {string} what @param {number} count @returns {number[]} */
function numbers(text, what, count) {
  const found = (text ?? "").split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (found.length !== count || !found.every((value) => Math.abs(value) <= LARGEST)) throw new RangeError(what);
  return found;
}

/** @template {string} T @param {string | null} text @param {string} what @param {T[]} known @returns {T} */
function oneOf(text, what, known) {
  const found = known.find((name) => name === text);
  if (found === undefined) throw new RangeError(what);
  return found;
}

/**
 * The example that an address describes; `first` says which sizes and functions it has where they are fixed.
 * @param {URLSearchParams} address
 * @param {Example | null} first
 * @returns {Example}
 * @throws {RangeError} whose message is the name of what cannot be read
 */
export function readExample(address, first) {
  if (first && !address.has("w2")) return first;
  const text = first ? first.network.sizes.join() : address.get("sizes") ?? "";
  const sizes = text.split(",").map(Number);
  const sound = sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= NEURONS);
  if (!sound || sizes.length < 2 || sizes.length > LAYERS) throw new RangeError("sizes");
  const L = sizes.length;
  /** @type {number[][][]} */
  const weights = [[], []];
  /** @type {number[][]} */
  const biases = [[], []];
  for (let l = 2; l <= L; l++) {
    const [rows, columns] = [sizes[l - 1], sizes[l - 2]];
    const flat = numbers(address.get(`w${l}`), `w${l}`, rows * columns);
    weights[l] = Array.from({length: rows}, (_, j) => flat.slice(j * columns, (j + 1) * columns));
    if (!first || first.network.biases) biases[l] = numbers(address.get(`b${l}`), `b${l}`, rows);
  }
  const network = first ? {...first.network, weights, biases: first.network.biases && biases} : {
    sizes, weights, biases,
    hidden: oneOf(address.get("hidden"), "hidden", ["sigmoid", "tanh", "relu"]),
    output: oneOf(address.get("output"), "output", ["sigmoid"]),
    cost: oneOf(address.get("cost"), "cost", ["quadratic", "cross-entropy"]),
  };
  return {
    network,
    x: numbers(address.get("a1"), "a1", sizes[0]),
    y: numbers(address.get("y"), "y", sizes[L - 1]),
    rate: numbers(address.get("rate"), "rate", 1)[0],
  };
}
