// The playground's measures as SVG: the costs over the epochs, and the error of each layer.

import {html, svg} from "./dom.js";
import {short} from "./drawing.js";
import {named} from "./tex.js";

const MOST = 240;
const [WIDTH, HEIGHT] = [300, 110];

/** The two costs over the epochs. Beyond 240 points every second one is dropped. */
export class CostCurve {
  /** @param {import("./words.js").Words} words */
  constructor(words) {
    /** @type {{epoch: number, costs: number[]}[]} */
    this.points = [];
    this.every = 1;
    this.latest = [0, 0];
    this.lines = ["bp-training", "bp-unseen"].map((name) => svg("polyline", {class: `bp-curve ${name}`, fill: "none"}));
    this.top = svg("text", {class: "bp-axis", x: 0, y: 10});
    this.last = svg("text", {class: "bp-axis bp-end", x: WIDTH, y: HEIGHT + 14});
    this.words = words;
    this.message = html("p", {class: "bp-text bp-message"});
    this.element = html("figure", {class: "bp-chart"}, html("figcaption", {}, `${words.costCurve}${words.colon}`,
      html("span", {class: "bp-key bp-training"}, words.costCurves[0]), words.comma, html("span", {class: "bp-key bp-unseen"}, words.costCurves[1])),
    svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT + 18}`, role: "img", "aria-label": words.costCurve},
      svg("line", {class: "bp-base", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT}), ...this.lines, this.top, svg("text", {class: "bp-axis", x: 0, y: HEIGHT + 14}, "0"),
      svg("text", {class: "bp-axis bp-middle-text", x: WIDTH / 2, y: HEIGHT + 14}, words.epoch), this.last), this.message);
  }

  clear() {
    this.points = [];
    this.every = 1;
  }

  /** @param {number} epoch @param {number[]} costs */
  add(epoch, costs) {
    this.latest = costs;
    if (!costs.every(Number.isFinite) || epoch % this.every || this.points.at(-1)?.epoch === epoch) return;
    this.points.push({epoch, costs});
    if (this.points.length <= MOST) return;
    this.every *= 2;
    this.points = this.points.filter((point) => point.epoch % this.every === 0);
  }

  draw() {
    const highest = Math.max(1e-12, ...this.points.flatMap(({costs}) => costs));
    const latest = Math.max(1, this.points.at(-1)?.epoch ?? 1);
    this.lines.forEach((line, i) => line.setAttribute("points", this.points.map(({epoch, costs}) =>
      `${((epoch / latest) * WIDTH).toFixed(1)},${(HEIGHT - (costs[i] / highest) * (HEIGHT - 16)).toFixed(1)}`).join(" ")));
    this.top.textContent = short(highest);
    this.last.textContent = String(latest);
    this.message.textContent = this.said();
  }

  /** What the curves mean, where they go wrong. */
  said() {
    const [first, now] = [this.points[0].costs, this.latest];
    if (!(now[0] <= 1.5 * first[0])) return this.words.tooFast;
    const best = this.points.reduce((least, point) => (point.costs[1] < least.costs[1] ? point : least)).costs;
    return now[1] > 1.2 * best[1] && now[0] < best[0] ? this.words.overfits : "";
  }
}

/** ‖δ^l‖ of each layer as bars, on a scale of powers of ten: each grid line is a tenth of the next. */
export class ErrorBars {
  /** @param {import("./words.js").Words} words */
  constructor(words) {
    this.words = words;
    this.bars = html("div", {class: "bp-bars"});
    this.message = html("p", {class: "bp-text bp-message"});
    this.element = html("figure", {class: "bp-chart"}, html("figcaption", {}, words.errorBars), this.bars,
      html("div", {class: "bp-scale", "aria-hidden": "true"}, ...words.errorScale.map((text) => html("span", {}, text))), this.message);
  }

  /** @param {number[]} norms  by layer, from 2 on @param {string} activation */
  draw(norms, activation) {
    const L = norms.length - 1;
    const highest = Math.max(...norms.slice(2));
    this.bars.replaceChildren(...norms.map((norm, l) => {
      // Six powers of ten fit: what is smaller has no bar.
      const length = norm > 0 && highest > 0 ? Math.max(0, 1 + Math.log10(norm / highest) / 6) : 0;
      return html("div", {class: "bp-bar-row", "data-layer": l, "data-norm": norm}, html("span", {}, named("δ", l)),
        html("span", {class: "bp-bar-track"}, html("span", {class: "bp-bar-fill", style: `width: ${(100 * length).toFixed(1)}%`})),
        html("span", {class: "bp-output"}, short(norm)));
    }).slice(2));
    const share = norms[2] / norms[L];
    if (L === 2 || !Number.isFinite(share)) this.message.textContent = "";
    else if (share === 0) this.message.textContent = this.words.dead(activation);
    else if (share < 1) this.message.textContent = `${this.words.passesOn(2, `${short(100 * share)}%`)}${share < 0.01 ? this.words.vanishing : ""}`;
    else this.message.textContent = `${this.words.passesOnMore(2, short(share))}${share > 5 ? this.words.exploding : ""}`;
  }
}
