// What the playground learns: points of the plane in two classes, and small images of digits.

/** An example: its input and its target. @typedef {{x: number[], y: number[]}} Sample */
/** @typedef {{training: Sample[], unseen: Sample[]}} Data */
/** @typedef {import("./random.js").Generator} Generator */

const TRAINING = 200;
const UNSEEN = 200;
const TRAINING_DIGITS = 400;

/** One point of a set, in [−1, 1]² but for a few; y says its class. @type {Record<string, (random: Generator, y: number) => number[]>} */
const POINTS = {
  circles: ({uniform}, y) => {
    const [radius, angle] = [y ? 0.45 * Math.sqrt(uniform()) : 0.65 + 0.3 * uniform(), 2 * Math.PI * uniform()];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  xor: ({uniform}, y) => {
    const [first, second] = [0.06 + 0.88 * uniform(), 0.06 + 0.88 * uniform()];
    const sign = uniform() < 0.5 ? 1 : -1;
    return [sign * first, (y ? -sign : sign) * second];
  },
  gaussians: ({normal}, y) => [0.24 * normal() + (y ? 0.4 : -0.4), 0.24 * normal() + (y ? 0.4 : -0.4)],
  spiral: ({uniform, normal}, y) => {
    const along = Math.sqrt(uniform());
    const angle = 3.4 * along * Math.PI * 0.9 + (y ? Math.PI : 0);
    return [0.95 * along * Math.cos(angle) + 0.02 * normal(), 0.95 * along * Math.sin(angle) + 0.02 * normal()];
  },
};

/** Names of the sets of points, and the digits. */
export const SETS = /** @type {("circles" | "xor" | "gaussians" | "spiral" | "digits")[]} */ ([...Object.keys(POINTS), "digits"]);

/** @param {string} name @param {Generator} random @returns {Data} */
export function points(name, random) {
  const sample = (/** @type {number} */ i) => ({x: POINTS[name](random, i % 2), y: [i % 2]});
  const all = Array.from({length: TRAINING + UNSEEN}, (_, i) => sample(i));
  return {training: all.slice(0, TRAINING), unseen: all.slice(TRAINING)};
}

/**
 * Digits from a text with a line for each: 64 counts of ink from 0 to 16 as the letters a to q, and the digit.
 * @param {string} text @returns {Data}
 */
export function digits(text) {
  const all = text.trim().split("\n").map((line) => ({
    x: [...line.slice(0, 64)].map((letter) => (letter.charCodeAt(0) - 97) / 16),
    y: Array.from({length: 10}, (_, digit) => (digit === Number(line[64]) ? 1 : 0)),
  }));
  return {training: all.slice(0, TRAINING_DIGITS), unseen: all.slice(TRAINING_DIGITS)};
}
