// The playground's choices: data, layers, functions, learning rate, batch size, seed.

import {SETS} from "./datasets.js";
import {html} from "./dom.js";

const LAYERS = 6;
const NEURONS = 8;
const RATES = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const BATCHES = [1, 5, 10, 25, 50, 200];

/**
 * @typedef {object} Choices
 * @property {string} data
 * @property {number[]} layers  widths of the hidden ones
 * @property {"sigmoid" | "tanh" | "relu"} activation
 * @property {"quadratic" | "cross-entropy"} cost
 * @property {number} rate
 * @property {number} batch
 * @property {number} seed
 */

/** @returns {Choices} */
export const firstChoices = () =>
  ({data: "xor", layers: [4], activation: "tanh", cost: "cross-entropy", rate: 0.3, batch: 10, seed: 1});

export class Settings {
  /**
   * @param {Choices} choices  changed in place
   * @param {import("./words.js").Words} words
   * @param {(restart: boolean) => void} changed
   */
  constructor(choices, words, changed) {
    this.choices = choices;
    this.words = words;
    this.changed = changed;
    this.layers = html("div", {class: "bp-layers"});
    let small = choices.layers;  // what other sets go back to: digits take more neurons
    this.sets = SETS.map((name) => html("button", {type: "button", class: "bp-chapter", "data-set": name, click: () => {
      if (name === "digits" && choices.data !== name) [small, choices.layers] = [choices.layers, [2 * NEURONS]];
      else if (name !== "digits" && choices.data === "digits") choices.layers = small;
      choices.data = name;
      this.show();
      changed(true);
    }}, words.sets[name]));
    const problem = html("p", {class: "bp-problem", role: "alert"});
    const seed = html("input", {type: "number", min: 0, max: 4294967295, step: 1, value: choices.seed, class: "bp-rate", "data-setting": "seed", blur: () => {
      seed.value = String(choices.seed);
      seed.setAttribute("aria-invalid", "false");
      problem.textContent = "";
    }, input: () => {
      const value = seed.valueAsNumber;
      const sound = Number.isInteger(value) && value >= 0 && value <= 4294967295;
      seed.setAttribute("aria-invalid", String(!sound));
      problem.textContent = sound ? "" : words.seedError;
      if (!sound) return;
      choices.seed = value;
      changed(true);
    }});
    this.element = html("div", {class: "bp-settings"},
      html("div", {class: "bp-setting"}, html("span", {}, words.data), html("div", {class: "bp-bar"}, ...this.sets)),
      html("div", {class: "bp-setting"}, html("span", {}, words.hiddenLayers), this.layers),
      this.select("activation", words.activation, [["sigmoid", "sigmoid"], ["tanh", "tanh"], ["relu", "ReLU"]], true),
      this.select("cost", words.cost, [["quadratic", words.quadratic], ["cross-entropy", words.crossEntropy]], true),
      this.select("rate", words.rate, RATES.map((rate) => [String(rate), String(rate)]), false),
      this.select("batch", words.batch, BATCHES.map((size) => [String(size), String(size)]), false),
      html("label", {class: "bp-setting"}, html("span", {}, words.seed), seed), problem);
    this.show();
  }

  /** @param {"activation" | "cost" | "rate" | "batch"} name @param {string} label @param {string[][]} options @param {boolean} restart */
  select(name, label, options, restart) {
    const list = html("select", {"data-setting": name, change: () => {
      Object.assign(this.choices, {[name]: name === "rate" || name === "batch" ? Number(list.value) : list.value});
      this.changed(restart);
    }}, ...options.map(([value, text]) => html("option", {value, selected: value === String(this.choices[name])}, text)));
    return html("label", {class: "bp-setting"}, html("span", {}, label), list);
  }

  /** The layers and the chosen set as they are. */
  show() {
    const {choices, words} = this;
    for (const set of this.sets) set.setAttribute("aria-pressed", String(set.dataset.set === choices.data));
    /** @param {() => void} change @param {string} label @param {string} text @param {boolean} possible @param {string} name */
    const button = (change, label, text, possible, name) => html("button", {type: "button", class: "bp-small", "aria-label": label, title: label, disabled: !possible, "data-does": name, click: () => {
      change();
      this.show();
      /** @type {HTMLElement | null} */ (this.layers.querySelector(`[data-does="${name}"]:not(:disabled)`))?.focus();
      this.changed(true);
    }}, text);
    const widths = choices.layers.map((width, i) => html("div", {class: "bp-layer"}, html("span", {}, words.layer(i + 2)),
      button(() => choices.layers[i]--, words.fewer(i + 2), "−", width > 1, `fewer-${i}`), html("b", {}, String(width)),
      button(() => choices.layers[i]++, words.more(i + 2), "+", width < NEURONS * 2, `more-${i}`)));
    this.layers.replaceChildren(...widths, html("div", {class: "bp-layer"}, html("span", {}, words.layers),
      button(() => choices.layers.pop(), words.removeLayer, "−", choices.layers.length > 0, "remove"), html("b", {}, String(choices.layers.length)),
      button(() => choices.layers.push(choices.layers.at(-1) ?? 4), words.addLayer, "+", choices.layers.length < LAYERS, "add")));
  }
}
