// The last step of every network: gradient descent, eq. (1), and what came of it.

import {blue, enclosed, lines, number, orange, slope, strong} from "./tex.js";

/** No step leads to a weight beyond this. */
export const FARTHEST = 1e6;

/**
 * @param {{symbol: string, key: string, value: number, slope: number, rate: number, before: number, after: number, promised: number, farthest: number}} one
 * @param {string[]} done
 * @param {import("./words.js").Words} words
 * @returns {import("./subject.js").Step}
 */
export function descentStep(one, done, words) {
  const [title, ...text] = words.t1;
  const moved = one.value - one.rate * one.slope;
  const blocked = !(one.farthest <= FARTHEST);
  if (blocked) text.push(words.tooFar);
  else if (one.after > one.before) text.push(words.rises);
  if (one.promised < 0) text.push(words.belowZero);
  // As many digits as it takes to see that the number moved.
  const digits = [4, 5, 6, 7, 8, 9, 10].find((many) => number(one.value, many) !== number(moved, many)) ?? 4;
  return {
    id: "1", chapter: "descend", title, text: text.join(""), phase: "backward", blocked, done, lit: [one.key], selects: one.key,
    equations: [
      {tag: "1", value: moved, tex: lines(one.symbol, `${one.symbol} - \\eta \\, ${slope("C", one.symbol)}`,
        `${number(one.value, digits)} - ${enclosed(one.rate)} \\cdot ${orange(enclosed(one.slope))}`, strong(number(moved, digits))).replace("&=", "&\\leftarrow")},
      {value: [one.before, one.promised, one.after], tex: `\\begin{aligned} \\text{${words.costBefore}} &\\quad ${blue(number(one.before))} \\\\ \\text{${words.promised}} &\\quad ${orange(number(one.promised))} \\\\ \\text{${words.costAfter}} &\\quad ${strong(blue(number(one.after)))} \\end{aligned}`},
    ],
  };
}
