// Step 4 of the tutorial on any multilayer perceptron: BP1 to BP4, neuron by neuron and as matrices, with its numbers.

import {activationOf, backward, cost, costSlopes, descended, farthest, forward, lastLayer, pulledBack, squaredNorm} from "./network.js";
import {descentStep} from "./descent.js";
import {stepList} from "./subject.js";
import {blue, columnOf, enclosed, error, lines, matrixOf, named, neuron, number, orange, slope, strong, sum, weight} from "./tex.js";

/** @typedef {import("./subject.js").Step} Step */

/** @type {Record<import("./network.js").Activation, string>} */
const SIGMA = {identity: "", sigmoid: "\\sigma", tanh: "\\tanh", relu: "\\operatorname{relu}"};

/** What an activation is. @type {Record<import("./network.js").Activation, string>} */
const MEANING = {
  identity: "a = z", sigmoid: "\\sigma(z) = \\dfrac{1}{1 + e^{-z}}", tanh: "\\sigma(z) = \\tanh z",
  relu: "\\sigma(z) = \\max(0, z)",
};

/**
 * @param {import("./tutorial-steps.js").Example} example
 * @param {string} selected  a weight's key
 * @param {import("./words.js").Words} words
 * @param {number[][]} shown  the neurons of each layer that get steps of their own
 * @returns {Step[]}
 */
export function mlpSteps({network, x, y, rate}, selected, words, shown) {
  const L = lastLayer(network);
  const values = forward(network, x);
  const computed = backward(network, values, y);
  const {delta, slopes, weights: gradient} = computed;
  const {weights: w, biases: b, sizes} = network;
  const {z, a} = values;
  const before = cost(network, values, y);
  const costSlope = costSlopes(network, values, y);
  const result = (/** @type {number} */ value) => strong(orange(number(value)));

  const {steps, done, add} = stepList("forwardPass");
  const arriving = (/** @type {number} */ l, /** @type {number} */ j) => shown[l - 1].map((k) => `w${l}.${j}.${k}`);
  const leaving = (/** @type {number} */ l, /** @type {number} */ j) =>
    shown[l + 1].flatMap((q) => [`w${l + 1}.${q}.${j}`, `a${l + 1}.${q}`]);

  const kinds = [[words.hiddenLayers, network.hidden], [words.outputLayer, network.output]];
  add("start", "forwardPass", words.bStart, [
    {tex: "z^l_j = \\sum_k w^l_{jk} \\, a^{l-1}_k + b^l_j \\qquad a^l_j = \\sigma(z^l_j)"},
    ...(network.hidden === network.output ? [{tex: MEANING[network.output]}]
      : kinds.map(([where, kind]) => ({tex: `\\text{${where}${words.colon}} \\; ${MEANING[/** @type {"relu"} */ (kind)]}`}))),
  ], {lit: shown[1].map((k) => `a1.${k}`)});
  for (let l = 2; l <= L; l++) {
    const sigma = SIGMA[activationOf(network, l)];
    for (const j of shown[l]) {
      const bias = b ? ` + ${enclosed(b[l][j])}` : "";
      add(`a${l}.${j}`, "forwardPass", words.bValue(named("a", l, j)), [
        {value: z[l][j], tex: lines(neuron("z", l, j), sum(sizes[l - 2], (k) => `${weight(l, j, k)} ${neuron("a", l - 1, k)}`) + (b ? ` + ${neuron("b", l, j)}` : ""),
          sum(sizes[l - 2], (k) => `${(k ? enclosed : number)(w[l][j][k])} \\cdot ${blue(enclosed(a[l - 1][k]))}`) + bias,
          blue(number(z[l][j])))},
        {value: a[l][j], tex: lines(neuron("a", l, j), `\\sigma(${neuron("z", l, j)}) = ${sigma}(${blue(number(z[l][j]))})`, strong(blue(number(a[l][j]))))},
      ], {done: [`a${l}.${j}`], lit: [`a${l}.${j}`, ...arriving(l, j)]});
    }
  }
  const [outputs, one] = [sizes[L - 1], sizes[L - 1] === 1];
  const out = (/** @type {number} */ j) => neuron("a", L, j);
  const aim = (/** @type {number} */ j) => (one ? "y" : `y_{${j + 1}}`);
  add("C", "forwardPass", words.bCost, [{value: before, tex: network.cost === "quadratic"
    ? lines("C", "\\tfrac12 \\lVert y - a^L \\rVert^2",
      one ? `\\tfrac12 \\, (${number(y[0])} - ${blue(enclosed(a[L][0]))})^2` : `\\tfrac12 \\, \\bigl( ${sum(outputs, (j) => `(${number(y[j])} - ${blue(enclosed(a[L][j]))})^2`)} \\bigr)`,
      strong(blue(number(before))))
    : lines("C", `- ${one ? "" : "\\sum_j"} \\bigl( ${one ? "y" : "y_j"} \\ln ${one ? out(0) : "a^L_j"} + (1 - ${one ? "y" : "y_j"}) \\ln (1 - ${one ? out(0) : "a^L_j"}) \\bigr)`,
      ...(one ? [`- \\bigl( ${number(y[0])} \\cdot \\ln ${blue(number(a[L][0]))} + ${number(1 - y[0])} \\cdot \\ln ${blue(number(1 - a[L][0]))} \\bigr)`] : []),
      strong(blue(number(before))))}], {done: ["C"]});

  for (const j of shown[L]) {
    const here = [slope("C", out(j)), slope(out(j), neuron("z", L, j))];
    const difference = `${out(j)} - ${aim(j)}`;
    const squares = network.cost === "quadratic";
    const known = squares ? [`(${difference}) \\cdot \\sigma'(${neuron("z", L, j)})`]
      : [`\\frac{${difference}}{${out(j)} (1 - ${out(j)})} \\cdot ${out(j)} (1 - ${out(j)})`, difference];
    const filled = squares
      ? `${orange(number(costSlope[j]))} \\cdot ${orange(enclosed(slopes[L][j]))}`
      : `${blue(number(a[L][j]))} - ${enclosed(y[j])}`;
    add(j === shown[L][0] ? "BP1" : `d${L}.${j}`, "backwardPass", words.bp1(named("δ", L, j), !squares), [
      {tag: "BP1-2", value: delta[L][j], tex: lines(error(L, j), here.join(" \\cdot "), ...known, filled, result(delta[L][j]))},
      {tag: "BP1", value: delta[L], tex: lines("\\delta^L", "\\nabla_a C \\odot \\sigma'(z^L)", squares
        ? `${columnOf(costSlope, orange)} \\odot ${columnOf(slopes[L], orange)}` : "a^L - y", strong(columnOf(delta[L], orange)))},
    ], {done: [`d${L}.${j}`], lit: [`a${L}.${j}`, "C"]});
  }
  for (let l = L - 1; l >= 2; l--) {
    const pulled = pulledBack(network, delta, l);
    for (const j of shown[l]) {
      const next = sizes[l];
      const summed = next === 1 ? [`${weight(l + 1, 0, j)} \\, ${error(l + 1, 0)}`, `${number(w[l + 1][0][j])} \\cdot ${orange(enclosed(delta[l + 1][0]))}`]
        : [`\\bigl( ${sum(next, (q) => `${weight(l + 1, q, j)} \\, ${error(l + 1, q)}`)} \\bigr)`,
          `\\bigl( ${sum(next, (q) => `${(q ? enclosed : number)(w[l + 1][q][j])} \\cdot ${orange(enclosed(delta[l + 1][q]))}`)} \\bigr)`];
      add(l === L - 1 && j === shown[l][0] ? "BP2-2" : `d${l}.${j}`, "backwardPass", words.bp2(named("δ", l, j)), [
        {tag: "BP2-2", value: delta[l][j], tex: lines(error(l, j), `\\sum_q w^{${l + 1}}_{q${j + 1}} \\, \\delta^{${l + 1}}_q \\cdot ${slope(neuron("a", l, j), neuron("z", l, j))}`,
          `${summed[0]} \\cdot \\sigma'(${neuron("z", l, j)})`, `${summed[1]} \\cdot ${orange(enclosed(slopes[l][j]))}`, result(delta[l][j]))},
      ], {done: [`d${l}.${j}`], lit: [`a${l}.${j}`, ...leaving(l, j)]});
    }
    add(l === L - 1 ? "BP2" : `BP2-layer-${l}`, "backwardPass", words.bp2Layer(named("δ", l)), [
      {tag: "BP2", value: delta[l], tex: lines(`\\delta^{${l}}`, `\\bigl( (w^{${l + 1}})^{\\mathsf T} \\delta^{${l + 1}} \\bigr) \\odot \\sigma'(z^{${l}})`,
        `\\left( ${matrixOf(w[l + 1])}^{\\mathsf T} ${columnOf(delta[l + 1], orange)} \\right) \\odot ${columnOf(slopes[l], orange)}`,
        `${columnOf(pulled, orange)} \\odot ${columnOf(slopes[l], orange)}`, strong(columnOf(delta[l], orange)))},
    ], {lit: shown[l].flatMap((j) => [`a${l}.${j}`, ...leaving(l, j)])});
  }

  const layers = Array.from({length: L - 1}, (_, i) => L - i);
  const [cl, cj, ck] = selected.slice(1).split(".").map(Number);
  if (b) {
    add("BP3", "gradient", words.bp3, layers.map((l) => ({tag: "BP3", value: delta[l],
      tex: `${slope("C", `b^{${l}}`)} = \\delta^{${l}} = ${strong(columnOf(delta[l], orange))}`})), {lit: layers.flatMap((l) => shown[l].map((j) => `a${l}.${j}`))});
  }
  add("BP4", "gradient", words.bp4, [
    {tag: "BP4", value: gradient[cl][cj][ck], tex: lines(slope("C", weight(cl, cj, ck)), `${neuron("a", cl - 1, ck)} \\, ${error(cl, cj)}`,
      `${blue(number(a[cl - 1][ck]))} \\cdot ${orange(enclosed(delta[cl][cj]))}`, result(gradient[cl][cj][ck]))},
    ...layers.map((l) => ({tag: "BP4", value: gradient[l], tex: `${slope("C", `w^{${l}}`)} = \\delta^{${l}} (a^{${l - 1}})^{\\mathsf T} = ${strong(matrixOf(gradient[l], orange))}`})),
  ], {lit: [selected, `a${cl}.${cj}`], selects: selected});

  const after = descended(network, computed, rate);
  steps.push(descentStep({symbol: weight(cl, cj, ck), key: selected, value: w[cl][cj][ck], slope: gradient[cl][cj][ck], rate, before,
    after: cost(after, forward(after, x), y), promised: before - rate * squaredNorm(computed, Boolean(b)), farthest: farthest(after)}, [...done], words));
  return steps;
}
