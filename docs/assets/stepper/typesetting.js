// TeX as MathML, which browsers typeset by themselves: as much of TeX as `tex.js` and the steps write.

import {html, math} from "./dom.js";

const TOKEN = /\\(?:text|operatorname)\{[^{}]*\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S/g;

/** @type {Record<string, string>} */
const LETTERS = {delta: "δ", eta: "η", sigma: "σ", infty: "∞"};
/** @type {Record<string, string>} */
const SIGNS = {
  cdot: "⋅", times: "×", odot: "⊙", leftarrow: "←", to: "→", cdots: "⋯", vdots: "⋮", ddots: "⋱", sum: "∑", lVert: "‖", rVert: "‖",
};
const FUNCTIONS = ["ln", "tanh", "max"];
/** @type {Record<string, number>} in em */
const SPACES = {",": 0.17, ";": 0.28, quad: 1, qquad: 2};
/** After these, and in front, a minus belongs to what follows. */
const OPEN = /[([=+⋅,⊙←−×]$/;

const space = (/** @type {number} */ width) => math("mspace", {width: `${width}em`});
/** One element, or several in a row. @param {Element[]} parts */
const row = (parts) => (parts.length === 1 ? parts[0] : math("mrow", {}, ...parts));

class Reader {
  /** @param {string} tex */
  constructor(tex) {
    this.tex = tex;
    /** @type {string[]} */
    this.tokens = tex.match(TOKEN) ?? [];
  }

  /** The name of what comes next if it is a command, else what it is. */
  get next() {
    return (this.tokens[0] ?? "").replace(/^\\/, "");
  }

  /** @param {string} [expected]  the only token that may stand here @returns {string} */
  take(expected) {
    const token = this.tokens.shift();
    if (token === undefined || (expected && token !== expected)) throw new SyntaxError(`${expected ?? "more"} expected: ${this.tex}`);
    return token;
  }

  /** The raw text between braces. */
  name() {
    let found = "";
    for (this.take("{"); this.tokens[0] !== "}";) found += this.take();
    this.take("}");
    return found;
  }

  /** What stands in braces, or the next letter, digit or command. @returns {Element} */
  argument() {
    const token = this.tokens[0] ?? "";
    if (token === "{") {
      this.take();
      const inner = this.sequence(["}"]);
      this.take("}");
      return row(inner);
    }
    if (/^\d./.test(token)) this.tokens.splice(0, 1, token[0], token.slice(1));  // of 12 the 1, as in TeX
    return row(this.atom([]));
  }

  /** Everything up to one of these tokens, which is left. @param {string[]} ends @returns {Element[]} */
  sequence(ends) {
    /** @type {Element[]} */
    const found = [];
    while (this.tokens.length && !ends.includes(this.tokens[0])) found.push(...this.scripted(found));
    return found;
  }

  /** An atom with what is written above and below it. @param {Element[]} before @returns {Element[]} */
  scripted(before) {
    const [base, ...more] = this.atom(before);
    if (this.next === "'") {
      this.take();  // a prime of this font is as high as it should be
      return [math("mrow", {}, base, math("mo", {lspace: "0", rspace: "0"}, "′"))];
    }
    /** @type {Record<string, Element>} */
    const scripts = {};
    while (/^[_^]$/.test(this.next)) scripts[this.take()] = this.argument();
    const {_: below, "^": above} = scripts;
    if (!below && !above) return [base, ...more];
    if (base.textContent === "∑") return [math("munder", {}, base, below)];
    return [above && below ? math("msubsup", {}, base, below, above) : math(above ? "msup" : "msub", {}, base, above ?? below), ...more];
  }

  /** @param {Element[]} before  what stands in front of it @returns {Element[]} */
  atom(before) {
    const token = this.take();
    if (/^\d/.test(token)) return [math("mn", {}, token)];
    if (/^[a-zA-Z]$/.test(token)) return [math("mi", {}, token)];
    if (token === "{") {
      this.tokens.unshift(token);
      return [this.argument()];
    }
    if (token === "-") {
      const last = before.at(-1)?.textContent ?? "(";
      return [math("mo", {form: OPEN.test(last) ? "prefix" : "infix"}, "−")];
    }
    if (token === "+") return [math("mo", {form: "infix"}, token)];
    if (/^[()[\]]$/.test(token)) return [math("mo", {stretchy: "false"}, token)];
    if (/^[=,?]$/.test(token)) return [math("mo", {}, token)];
    return this.command(token.slice(1));
  }

  /** @param {string} name @returns {Element[]} */
  command(name) {
    const words = name.slice(name.indexOf("{") + 1, -1);
    if (name.startsWith("text{")) return [math("mtext", {}, words)];
    if (name.startsWith("operatorname{")) return [math("mi", {}, words), math("mo", {}, "\u2061")];
    if (name in LETTERS) return [math("mi", {}, LETTERS[name])];
    if (name in SIGNS) return [math("mo", name.endsWith("Vert") ? {stretchy: "false", form: name === "lVert" ? "prefix" : "postfix"} : {}, SIGNS[name])];
    if (name in SPACES) return [space(SPACES[name])];
    if (FUNCTIONS.includes(name)) return [math("mi", {}, name), math("mo", {}, "\u2061"), ...(/^[(b]/.test(this.next) ? [] : [space(0.17)])];
    switch (name) {
      case "partial": case "nabla":
        return [math("mo", {form: "prefix", lspace: "0", rspace: "0"}, name === "nabla" ? "∇" : "∂")];
      case "mathsf": return [math("mi", {mathvariant: "normal"}, this.take())];
      case "htmlClass": return [math("mrow", {class: this.name()}, this.argument())];
      case "bigl": case "bigr":
        return [math("mo", {class: "bp-big", stretchy: "false"}, this.take())];
      case "left": return this.fenced();
      case "frac": case "dfrac": case "tfrac": {
        const fraction = math("mfrac", {}, this.argument(), this.argument());
        return [name === "frac" ? fraction : math("mstyle", {displaystyle: String(name === "dfrac"), scriptlevel: 0}, fraction)];
      }
      case "begin": return this.table(this.name());
    }
    throw new SyntaxError(`\\${name}: ${this.tex}`);
  }

  /** Between delimiters as tall as what they hold; a point stands for none. */
  fenced() {
    const fence = (/** @type {string} */ sign, /** @type {string} */ form) => (sign === "." ? [] : [math("mo", {form, stretchy: "true"}, sign)]);
    const first = fence(this.take(), "prefix");
    const inner = this.sequence(["\\right"]);
    this.take("\\right");
    return [math("mrow", {}, ...first, ...inner, ...fence(this.take(), "postfix"))];
  }

  /** @param {string} kind  aligned or bmatrix */
  table(kind) {
    const aligned = kind === "aligned";
    /** @type {Element[][]} */
    const rows = [[]];
    while (this.next !== "end") {
      rows[rows.length - 1].push(math("mtd", {}, ...this.sequence(["&", "\\\\", "\\end"])));
      if (this.next === "end") break;
      if (this.take() !== "&") rows.push([]);
    }
    this.take();
    this.name();
    const found = math("mtable", aligned ? {class: "bp-aligned", displaystyle: "true"} : {}, ...rows.map((cells) => math("mtr", {}, ...cells)));
    if (aligned) return [found];
    const stretchy = String(rows.length > 1);  // a bracket that may stretch has the width of the largest one
    return [math("mrow", {}, math("mo", {form: "prefix", stretchy}, "["), found, math("mo", {form: "postfix", stretchy}, "]"))];
  }
}

/**
 * The MathML of some TeX, with the TeX itself as an annotation.
 * @param {string} tex @param {boolean} [display]
 * @throws {SyntaxError} where it holds what is not known here
 */
export function typeset(tex, display = false) {
  const inner = math("mrow", {}, ...new Reader(tex).sequence([]));
  return math("math", {display: display ? "block" : "inline"},
    math("semantics", {}, inner, math("annotation", {encoding: "application/x-tex"}, tex)));
}

/** An element with typeset TeX in it. @param {string} tex @param {import("./dom.js").Attributes} [attributes] */
export const formula = (tex, attributes = {}) => html("span", attributes, typeset(tex));
