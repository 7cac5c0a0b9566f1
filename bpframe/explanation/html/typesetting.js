// Numbers and mathematics as elements of a page: what the script behind this one writes equations with.

/* exported math, html, sign, plain, number, row, joined */
"use strict";

/** @typedef {Node | string} Part */

const MATH = "http://www.w3.org/1998/Math/MathML";
/** @param {string} name @param {(Part | Part[])[]} inner @returns {Element} */
const math = (name, ...inner) => {
  const found = document.createElementNS(MATH, name);
  for (const each of inner.flat()) found.append(each);
  return found;
};
/** @param {string} name @param {Record<string, any>} properties @param {(Part | Part[])[]} inner @returns {HTMLElement} */
const html = (name, properties, ...inner) => {
  const found = Object.assign(document.createElement(name), properties);
  found.append(...inner.flat());
  return found;
};
const sign = (/** @type {string} */ text) => math("mo", text);
const minus = () => {
  const found = sign("−");
  found.setAttribute("form", "prefix");
  return found;
};
const plain = (/** @type {number | string} */ x, digits = 5) => {
  const number = Number(x);
  if (!Number.isFinite(number)) return String(x).replace("Infinity", "∞").replace("-", "−");
  return String(Number(number.toPrecision(digits))).replace("-", "−");
};
const number = (/** @type {number | string} */ x, inside = false) => {
  const text = plain(x);
  const [digits, exponent] = text.split("e");
  const told = digits[0] === "−" ? [minus(), math("mn", digits.slice(1))] : [math("mn", digits)];
  if (exponent) told.push(sign("·"), math("msup", math("mn", "10"), math("mn", exponent.replace("+", ""))));
  return inside && text[0] === "−" ? math("mrow", sign("("), told, sign(")")) : math("mrow", told);
};
const row = (/** @type {(Part | Part[])[]} */ ...inner) => math("mrow", ...inner);
/** @param {Part[]} parts @param {string} between @returns {Part[]} */
const joined = (parts, between) => parts.flatMap((each, i) => (i ? [sign(between), each] : [each]));
