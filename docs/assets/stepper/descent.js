// The last step of every network: gradient descent, eq. (1), and what came of it.

import {blue, enclosed, lines, number, orange, slope, strong} from "./tex.js";

/**
 * @param {{symbol: string, key: string, value: number, slope: number, rate: number, before: number, after: number, promised: number}} one
 * @param {string[]} done
 * @param {import("./words.js").Words} words
 * @returns {import("./subject.js").Step}
 */
export function descentStep(one, done, words) {
  const [title, text] = words.t1;
  const moved = one.value - one.rate * one.slope;
  return {
    id: "1", chapter: "descend", title, text, phase: "backward", done, lit: [one.key], selects: one.key,
    equations: [
      {tag: "1", value: moved, tex: lines(one.symbol, `${one.symbol} - \\eta \\, ${slope("C", one.symbol)}`,
        `${number(one.value)} - ${enclosed(one.rate)} \\cdot ${orange(enclosed(one.slope))}`, strong(number(moved))).replace("&=", "&\\leftarrow")},
      {value: [one.before, one.promised, one.after], tex: `\\begin{aligned} \\text{${words.costBefore}} &\\quad ${blue(number(one.before))} \\\\ \\text{${words.promised}} &\\quad ${orange(number(one.promised))} \\\\ \\text{${words.costAfter}} &\\quad ${strong(blue(number(one.after)))} \\end{aligned}`},
    ],
  };
}
