// Numbers and symbols as TeX, and numbers as plain text. Blue is what the forward pass computed, orange what the backward
// pass did.

/** How many rows, columns or terms are written before the middle is left out. */
const MOST = 4;
const RAISED = [..."⁰¹²³⁴⁵⁶⁷⁸⁹"];

/** @param {string | number} whole */
const raised = (whole) => [...String(whole)].map((digit) => RAISED[Number(digit)] ?? "⁻").join("");

/** A number to so many digits, but never with zeros in place of digits in front of the point. @param {number} x @param {number} digits */
export const rounded = (x, digits) => Number(x.toPrecision(Math.max(digits, Math.min(15, Math.floor(Math.log10(Math.abs(x) || 1)) + 1))));

/** @param {number} x @param {number} digits @returns {[string, string]} mantissa and exponent, which is empty where none is needed */
function parts(x, digits) {
  if (!Number.isFinite(x)) return [Number.isNaN(x) ? "?" : x > 0 ? "∞" : "-∞", ""];
  const size = Math.abs(x);
  if (x === 0 || (size >= 1e-4 && size < 1e6)) return [String(rounded(x, digits)), ""];
  const [mantissa, exponent] = x.toExponential(digits < 3 ? digits - 1 : digits - 2).split("e");
  return [String(Number(mantissa)), String(Number(exponent))];
}

/** A number in a text or a drawing, a minus as wide as a plus. @param {number} x @param {number} [digits] */
export function plain(x, digits = 4) {
  const [mantissa, exponent] = parts(x, digits);
  return `${mantissa}${exponent && `⋅10${raised(exponent)}`}`.replaceAll("-", "−");
}

/** @param {number} x @param {number} [digits] */
export function number(x, digits = 4) {
  const [mantissa, exponent] = parts(x, digits);
  return (exponent ? `${mantissa} \\cdot 10^{${exponent}}` : mantissa).replace("∞", "\\infty");
}

/** In parentheses where it is negative or has an exponent, as a factor or a later summand. @param {number} x */
export const enclosed = (x) => (x < 0 || parts(x, 4)[1] ? `(${number(x)})` : number(x));

/** @param {string} tex */
export const blue = (tex) => `\\htmlClass{bp-forward}{${tex}}`;
/** @param {string} tex */
export const orange = (tex) => `\\htmlClass{bp-backward}{${tex}}`;
/** @param {string} tex */
export const strong = (tex) => `\\htmlClass{bp-result}{${tex}}`;

/** Indices of neurons, counted from 1. @param {...number} indices */
const below = (...indices) => indices.map((i) => i + 1).join(indices.some((i) => i > 8) ? "," : "");

/** @param {string} letter @param {number} layer @param {number} j */
export const neuron = (letter, layer, j) => `${letter}^{${layer}}_{${below(j)}}`;
/** @param {number} layer @param {number} j @param {number} k */
export const weight = (layer, j, k) => `w^{${layer}}_{${below(j, k)}}`;
/** @param {number} layer @param {number} j */
export const error = (layer, j) => neuron("\\delta", layer, j);
/** @param {string} top @param {string} bottom */
export const slope = (top, bottom) => `\\frac{\\partial ${top}}{\\partial ${bottom}}`;

/** The places that are written: all, or the first ones, a gap (null) and the last. @param {number} count @returns {(number | null)[]} */
function places(count) {
  if (count <= MOST) return Array.from({length: count}, (_, i) => i);
  return [...Array.from({length: MOST - 1}, (_, i) => i), null, count - 1];
}

/**
 * A sum of terms, the middle left out where there are many.
 * @param {number} count
 * @param {(i: number) => string} term
 */
export const sum = (count, term) => places(count).map((i) => (i === null ? "\\cdots" : term(i))).join(" + ");

/**
 * A matrix or a column, the middle left out where it is large.
 * @param {number} rows
 * @param {number} columns
 * @param {(i: number, j: number) => string} entry
 */
export function matrix(rows, columns, entry) {
  const lines = places(rows).map((i) =>
    places(columns).map((j) => (i === null ? (j === null ? "\\ddots" : "\\vdots") : j === null ? "\\cdots" : entry(i, j)))
      .join(" & "));
  return `\\begin{bmatrix} ${lines.join(" \\\\ ")} \\end{bmatrix}`;
}

/** @param {number[][]} entries @param {(tex: string) => string} [coloured] */
export const matrixOf = (entries, coloured = (tex) => tex) =>
  matrix(entries.length, entries[0].length, (i, j) => coloured(number(entries[i][j])));

/** @param {number[]} entries @param {(tex: string) => string} [coloured] */
export const columnOf = (entries, coloured) => matrixOf(entries.map((entry) => [entry]), coloured);

/** Lines that begin with the same left side: left = first, = second, … @param {string} left @param {...string} right */
export const lines = (left, ...right) =>
  `\\begin{aligned} ${left} &= ${right.join(" \\\\ &= ")} \\end{aligned}`;

const LOWERED = [..."₀₁₂₃₄₅₆₇₈₉"];

/** a²₁ as plain text, for names in drawings that a screen reader reads. @param {string} letter @param {number} layer @param {...number} indices */
export function named(letter, layer, ...indices) {
  const lowered = [...below(...indices)].map((digit) => LOWERED[Number(digit)] ?? ",").join("");
  return letter + raised(layer) + lowered;
}
