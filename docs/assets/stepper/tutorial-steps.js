// The tutorial's steps 1 to 3 on its network 2-2-2-1, which has neither biases nor activations: equations (1) to (20) with
// this network's numbers.

import {backward, cost, descended, farthest, forward, squaredNorm} from "./network.js";
import {descentStep} from "./descent.js";
import {stepList} from "./subject.js";
import {blue, columnOf, enclosed, error, lines, matrixOf, neuron, number, orange, slope, strong, weight} from "./tex.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./subject.js").Step} Step */
/** @typedef {{network: Network, x: number[], y: number[], rate: number}} Example */

const C = "C";
const OUT = neuron("a", 4, 0);

/** The eight ways from an input to the output: w^4_{1q} w^3_{qp} w^2_{pi} a^1_i. */
const TERMS = [0, 1].flatMap((q) => [0, 1].flatMap((p) => [0, 1].map((i) => [`w4.0.${q}`, `w3.${q}.${p}`, `w2.${p}.${i}`, `a1.${i}`])));

/**
 * @param {Example} example
 * @param {string} selected  a weight's key
 * @param {import("./words.js").Words} words
 * @returns {Step[]}
 */
export function tutorialSteps({network, x, y, rate}, selected, words) {
  const values = forward(network, x);
  const {delta, weights: gradient} = backward(network, values, y);
  const [w, a] = [network.weights, values.a];
  const before = cost(network, values, y);
  const chosen = selected.startsWith("w") ? selected : "w2.0.0";

  /** @type {(key: string) => number} */
  const valueOf = (key) => {
    const [l, j, k] = key.slice(1).split(".").map(Number);
    return key[0] === "w" ? w[l][j][k] : a[l][j];
  };
  /** @type {(key: string) => string} */
  const texOf = (key) => {
    const [l, j, k] = key.slice(1).split(".").map(Number);
    return key[0] === "w" ? weight(l, j, k) : neuron("a", l, j);
  };
  const a4 = a[4][0];
  const d4 = delta[4][0];

  const {steps, done, add} = stepList("expand");

  add("2", "expand", words.t2, [
    {tag: "2", value: a[4], tex: lines("a^4", "w^4 \\cdot \\bigl( w^3 \\cdot ( w^2 \\cdot a^1 ) \\bigr)",
      `${matrixOf(w[4])} \\cdot \\left( ${matrixOf(w[3])} \\cdot \\left( ${matrixOf(w[2])} \\cdot ${columnOf(x, blue)} \\right) \\right)`,
      strong(blue(number(a4))))},
    {tag: "3", value: w[3], tex: `w^3 = \\begin{bmatrix} ${weight(3, 0, 0)} & ${weight(3, 0, 1)} \\\\ ${weight(3, 1, 0)} & ${weight(3, 1, 1)} \\end{bmatrix} = ${matrixOf(w[3])}`},
  ], {lit: ["w3.0.0", "w3.0.1", "w3.1.0", "w3.1.1"]});

  for (let l = 2; l <= 4; l++) {
    for (let j = 0; j < network.sizes[l - 1]; j++) {
      add(`a${l}.${j}`, "expand", words.tValue(`a${"⁰¹²³⁴"[l]}${"₁₂"[j]}`), [{value: a[l][j], tex: lines(neuron("a", l, j),
        [0, 1].map((k) => `${weight(l, j, k)} ${neuron("a", l - 1, k)}`).join(" + "),
        [0, 1].map((k) => `${(k ? enclosed : number)(w[l][j][k])} \\cdot ${blue(enclosed(a[l - 1][k]))}`).join(" + "),
        strong(blue(number(a[l][j]))))}],
      {done: [`a${l}.${j}`], lit: [`a${l}.${j}`, `w${l}.${j}.0`, `w${l}.${j}.1`]});
    }
  }
  add("4", "expand", words.t4, [{tag: "4", value: before, tex: lines("C", `\\tfrac12 \\lVert y - ${OUT} \\rVert^2`,
    `\\tfrac12 \\, (${number(y[0])} - ${blue(enclosed(a4))})^2`, strong(blue(number(before))))}], {done: ["C"]});

  const kept = TERMS.filter((term) => term.includes(chosen));
  const product = (/** @type {string[]} */ term) => term.reduce((all, key) => all * valueOf(key), 1);
  const rest = (/** @type {string[]} */ term) => term.filter((key) => key !== chosen);
  const [cl, cj, ck] = chosen.slice(1).split(".").map(Number);
  const written = (/** @type {string[]} */ term, /** @type {boolean} */ first) =>
    term.map((key, i) => (first && !i ? number : enclosed)(valueOf(key))).join(" \\cdot ");
  const all = [2, 3, 4].flatMap((l) => w[l].flatMap((row, j) => row.map((_, k) => `w${l}.${j}.${k}`)));
  add("5", "expand", words.t5, [
    {tag: "5", value: before, tex: `\\begin{aligned} C &= f\\bigl( ${[0, 4, 8].map((i) => all.map(texOf).slice(i, i + 4).join(", ")).join(", \\\\ &\\qquad ")} \\bigr) \\\\ &= ${strong(blue(number(before)))} \\end{aligned}`},
    {value: a4, tex: `\\begin{aligned} ${OUT} ={}& ${TERMS.map((term, i) => `${i ? "+" : ""} ${term.map(texOf).join(" ")}`)
      .map((term, i) => (i % 2 ? `${term} \\\\ &` : term)).join(" ")} {}={} ${TERMS.map((term, i) => blue((i ? enclosed : number)(product(term)))).join(" + ")} \\\\ ={}& ${strong(blue(number(a4)))} \\end{aligned}`},
    {value: gradient[cl][cj][ck], tex: lines(slope(C, texOf(chosen)),
      `(${OUT} - y) \\, ( ${kept.map((term) => rest(term).map(texOf).join(" ")).join(" + ")} )`,
      `${orange(number(d4))} \\cdot ( ${kept.map((term, i) => written(rest(term), !i)).join(" + ")} )`,
      strong(orange(number(gradient[cl][cj][ck]))))},
  ], {lit: [chosen], selects: chosen, riddle: true});

  // Step 2: the chain rule. The factors of each link, and what they are here.
  const head = slope(C, OUT);
  const toThird = (/** @type {number} */ q) => slope(OUT, neuron("a", 3, q));
  const toSecond = (/** @type {number} */ q) => slope(neuron("a", 3, q), neuron("a", 2, 0));
  const tail = (/** @type {string} */ key) => {
    const [l, j] = key.slice(1).split(".").map(Number);
    return slope(neuron("a", l, j), texOf(key));
  };
  const times = (/** @type {number[]} */ ...factors) =>
    factors.map((factor, i) => orange((i ? enclosed : number)(factor))).join(" \\cdot ");

  add("6", "chain", words.t6, [
    {tag: "6", tex: `${slope("z", "x")} = ${slope("z", "t")} \\cdot ${slope("t", "x")}`},
    {value: d4 * w[4][0][0], tex: lines(slope(C, neuron("a", 3, 0)), `${head} \\cdot ${toThird(0)}`, times(d4, w[4][0][0]),
      strong(orange(number(d4 * w[4][0][0]))))},
  ], {lit: ["C", "a4.0", "w4.0.0", "a3.0"]});
  add("7", "chain", words.tLast, [{tag: "7", value: gradient[4][0][0], tex: lines(slope(C, weight(4, 0, 0)), `${head} \\cdot ${tail("w4.0.0")}`,
    times(d4, a[3][0]), strong(orange(number(gradient[4][0][0]))))}], {selects: "w4.0.0"});
  for (const [tag, key] of [["8", "w3.0.0"], ["9", "w3.1.0"], ["10", "w3.0.1"]]) {
    const [, j, k] = key.slice(1).split(".").map(Number);
    add(tag, "chain", words.tThird, [{tag, value: gradient[3][j][k], tex: lines(slope(C, texOf(key)), `${head} \\cdot ${toThird(j)} \\cdot ${tail(key)}`,
      times(d4, w[4][0][j], a[2][k]), strong(orange(number(gradient[3][j][k]))))}], {selects: key});
  }
  add("11", "chain", words.t11, [{tag: "11", value: gradient[2][0][0], tex: lines(slope(C, weight(2, 0, 0)),
    `${head} \\cdot \\; \\cdots \\; \\cdot ${tail("w2.0.0")}`,
    `${orange(number(d4))} \\cdot \\; \\cdots \\; \\cdot ${orange(enclosed(x[0]))}`, "\\; ?")}], {selects: "w2.0.0", riddle: true});
  const ways = [0, 1].map((q) => [d4, w[4][0][q], w[3][q][0]]);
  const bracket = ways.map((factors) => factors.reduce((whole, factor) => whole * factor, 1));
  const symbols = (/** @type {number} */ q) => `${head} ${toThird(q)} ${toSecond(q)}`;
  add("12", "chain", words.t12, [
    {value: gradient[2][0][0], tex: lines(slope(C, weight(2, 0, 0)), [0, 1].map((q) => `${symbols(q)} ${tail("w2.0.0")}`).join(" \\\\ &\\quad + "),
      ways.map((factors) => times(...factors, x[0])).join(" \\;+\\; "), ways.map((_, q) => (q ? enclosed : number)(bracket[q] * x[0])).map(orange).join(" + "),
      strong(orange(number(gradient[2][0][0]))))},
    {tag: "12", value: gradient[2][0][0], tex: lines(slope(C, weight(2, 0, 0)),
      `\\left( ${symbols(0)} \\right. \\\\ &\\quad + \\left. ${symbols(1)} \\right) ${tail("w2.0.0")}`,
      `( ${ways.map((factors) => times(...factors)).join(" + ")} ) \\cdot ${orange(enclosed(x[0]))}`, strong(orange(number(gradient[2][0][0]))))},
  ], {selects: "w2.0.0"});

  // Step 3: errors.
  add("13", "errors", words.t13, [
    {tag: "13", value: delta[2][0], tex: lines("\\delta^l_j", slope(C, "a^l_j"))},
    {value: delta[2][0], tex: lines(error(2, 0), slope(C, neuron("a", 2, 0)), ways.map((factors) => times(...factors)).join(" + "), strong(orange(number(delta[2][0]))))},
  ], {lit: ["a2.0"]});
  add("14", "errors", words.t14, [
    {tag: "14", value: gradient[cl][cj][ck], tex: `${slope(C, "w^l_{jk}")} = \\delta^l_j \\, ${slope("a^l_j", "w^l_{jk}")}`},
    {value: gradient[cl][cj][ck], tex: lines(slope(C, texOf(chosen)), `${error(cl, cj)} \\, ${tail(chosen)} = ${error(cl, cj)} \\, ${neuron("a", cl - 1, ck)}`,
      `${orange(number(delta[cl][cj]))} \\cdot ${blue(enclosed(a[cl - 1][ck]))}`, strong(orange(number(gradient[cl][cj][ck]))))},
  ], {lit: [chosen, `a${cl}.${cj}`], selects: chosen});
  add("15", "errors", words.t15, [
    {tag: "15", value: w[3][0][0], tex: `${slope("a^l_j", "a^{l-1}_k")} = w^l_{jk}`},
    {value: w[3], tex: `${slope("a^3", "a^2")} = \\begin{bmatrix} ${[0, 1].map((j) => [0, 1].map((k) => slope(neuron("a", 3, j), neuron("a", 2, k)).replace("frac", "dfrac")).join(" & ")).join(" \\\\ ")} \\end{bmatrix} = ${matrixOf(w[3], orange)}`},
  ], {lit: ["w3.0.0", "w3.0.1", "w3.1.0", "w3.1.1"]});
  add("16", "errors", words.t16, [{tag: "16", value: d4, tex: lines(error(4, 0), `${head} = ${OUT} - y`,
    `${blue(number(a4))} - ${enclosed(y[0])}`, strong(orange(number(d4))))}], {done: ["d4.0"], lit: ["a4.0", "C"]});
  for (let l = 3; l >= 2; l--) {
    for (const j of [0, 1]) {
      const from = network.sizes[l] === 1 ? [0] : [0, 1];
      const tag = j ? undefined : l === 3 ? "17" : "18";
      add(tag ?? `d${l}.${j}`, "errors", words.tError(`δ${"⁰¹²³⁴"[l]}${"₁₂"[j]}`), [{tag, value: delta[l][j], tex: lines(error(l, j),
        from.map((q) => `${error(l + 1, q)} \\, ${weight(l + 1, q, j)}`).join(" + "),
        from.map((q) => `${orange((q ? enclosed : number)(delta[l + 1][q]))} \\cdot ${enclosed(w[l + 1][q][j])}`).join(" + "),
        strong(orange(number(delta[l][j]))))}],
      {done: [`d${l}.${j}`], lit: [`a${l}.${j}`, ...from.flatMap((q) => [`w${l + 1}.${q}.${j}`, `a${l + 1}.${q}`])]});
    }
  }
  const transposed = [0, 1].map((k) => [0, 1].map((j) => w[3][j][k]));
  const column = (/** @type {number} */ l) => `\\begin{bmatrix} ${error(l, 0)} \\\\ ${error(l, 1)} \\end{bmatrix}`;
  const whole = {lit: ["a2.0", "a2.1", "a3.0", "a3.1", "w3.0.0", "w3.0.1", "w3.1.0", "w3.1.1"]};
  add("19", "errors", words.t19, [{tag: "19", value: delta[2], tex: lines(column(2),
    `\\begin{bmatrix} ${[0, 1].map((k) => [0, 1].map((j) => slope(neuron("a", 3, j), neuron("a", 2, k)).replace("frac", "dfrac")).join(" & ")).join(" \\\\ ")} \\end{bmatrix} ${column(3)}`,
    `${matrixOf(transposed)} ${columnOf(delta[3], orange)}`, strong(columnOf(delta[2], orange)))}], whole);
  add("20", "errors", words.t20, [{tag: "20", value: delta[2], tex: lines("\\delta^2", "(w^3)^{\\mathsf T} \\, \\delta^3",
    `${matrixOf(w[3])}^{\\mathsf T} ${columnOf(delta[3], orange)}`, strong(columnOf(delta[2], orange)))}], whole);
  add("gradient", "errors", words.tAll, [4, 3, 2].map((l) => ({tag: "14", value: gradient[l], tex: lines(slope(C, `w^${l}`), `\\delta^${l} (a^${l - 1})^{\\mathsf T}`,
    `${columnOf(delta[l], orange)} ${matrixOf([a[l - 1]], blue)}`, strong(matrixOf(gradient[l], orange)))})), {lit: all});

  const after = descended(network, {delta, weights: gradient}, rate);
  steps.push(descentStep({symbol: texOf(chosen), key: chosen, value: valueOf(chosen), slope: gradient[cl][cj][ck], rate, before,
    after: cost(after, forward(after, x), y), promised: before - rate * squaredNorm({delta, slopes: [], weights: gradient}, false), farthest: farthest(after)}, [...done], words));
  return steps;
}
