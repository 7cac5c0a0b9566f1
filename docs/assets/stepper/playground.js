// The playground: a network that learns while one watches, and any point of it explained by the stepper.

import {addressOf} from "./address.js";
import {CostCurve, ErrorBars} from "./curves.js";
import {digits, points} from "./datasets.js";
import {html} from "./dom.js";
import {short} from "./drawing.js";
import {writtenExample} from "./mlp.js";
import {forward} from "./network.js";
import {Plane} from "./plane.js";
import {generator} from "./random.js";
import {firstChoices, Settings} from "./settings.js";
import {errorNorms, measured, randomNetwork, Training} from "./training.js";
import {wordsOf} from "./words.js";

/** Milliseconds of a frame that are spent on steps. */
const BUDGET = 14;
/** Milliseconds between two pictures for who asked for less motion. */
const CALM = 700;

class Playground {
  /** @param {HTMLElement} host */
  constructor(host) {
    const words = wordsOf(host);
    this.host = host;
    this.words = words;
    this.choices = firstChoices();
    this.running = false;
    this.drawnAt = 0;
    this.chosen = 0;
    this.ready = false;
    this.digits = "";
    this.settings = new Settings(this.choices, words, (restart) => {
      if (restart) this.restart();
    });
    this.trainButton = html("button", {type: "button", class: "bp-next bp-train", click: () => this.toggle()});
    this.stepButton = html("button", {type: "button", class: "bp-one", click: () => {
      this.stop();
      this.step();
      this.draw();
      this.announce();
    }}, words.oneStep);
    this.epoch = html("b", {class: "bp-epoch"});
    this.accuracy = html("b", {class: "bp-accuracy"});
    // One point of many, chosen by arrow keys: what a screen reader knows as a slider.
    this.canvas = html("canvas", {class: "bp-canvas", tabindex: 0, role: "slider", "aria-valuemin": 1, "aria-label": words.boundary, title: words.choosePoint,
      click: (/** @type {MouseEvent} */ event) => this.pick(event), keydown: (/** @type {KeyboardEvent} */ event) => this.key(event)});
    this.plane = new Plane(this.canvas);
    this.point = html("span", {class: "bp-point"});
    this.said = html("p", {class: "bp-said", "aria-live": "polite"});
    this.explain = html("a", {class: "bp-explain", href: "#", click: () => this.explained()}, words.explain);
    this.legend = html("p", {class: "bp-text"});
    /** @type {{network: import("./network.js").Network, epoch: number} | null} what the stepper of this page shows */
    this.shown = null;
    this.outdated = html("p", {class: "bp-outdated", role: "status"});
    this.curve = new CostCurve(words);
    this.bars = new ErrorBars(words);
    this.problem = html("p", {class: "bp-problem", role: "alert"});
    host.replaceChildren(html("div", {class: "bp-frame"},
      html("div", {class: "bp-controls"}, this.trainButton, this.stepButton,
        html("button", {type: "button", class: "bp-restart", click: () => this.restart()}, words.restart),
        html("span", {class: "bp-measure"}, `${words.epoch} `, this.epoch),
        html("span", {class: "bp-measure", title: words.accuracyTitle}, `${words.accuracy} `, this.accuracy)),
      this.problem,
      html("div", {class: "bp-play"},
        html("div", {class: "bp-view"}, this.canvas, html("div", {class: "bp-chosen"}, this.point, this.explain), this.legend),
        html("div", {class: "bp-charts"}, this.curve.element, this.bars.element), this.settings.element), this.said));
    new MutationObserver(() => this.draw()).observe(document.body, {attributeFilter: ["data-md-color-scheme"]});
    this.training = this.begun();
    this.restart();
  }

  begun() {
    const {choices} = this;
    const random = generator(choices.seed);
    const data = choices.data === "digits" ? digits(this.digits) : points(choices.data, random);
    const {x, y} = data.training[0];
    return new Training(randomNetwork([x.length, ...choices.layers, y.length], {hidden: choices.activation, cost: choices.cost}, random), data, random);
  }

  async restart() {
    this.stop();
    this.host.dataset.epoch = "";
    if (this.choices.data === "digits" && !this.digits) {
      const answer = await fetch(new URL("digits.txt", import.meta.url));
      if (!answer.ok) {
        this.problem.textContent = `digits.txt${this.words.colon}${answer.status}`;
        return;
      }
      this.digits = await answer.text();
      if (this.choices.data !== "digits") return;
    }
    this.problem.textContent = "";
    this.chosen = 0;
    this.training = this.begun();
    this.curve.clear();
    this.note();
    this.draw();
  }

  toggle() {
    if (this.running) {
      this.stop();
      this.draw();
      this.announce();
      return;
    }
    this.running = true;
    this.showButton();
    window.requestAnimationFrame(() => this.frame());
  }

  stop() {
    this.running = false;
    this.showButton();
  }

  showButton() {
    this.trainButton.replaceChildren(html("span", {"aria-hidden": "true"}, this.running ? "❚❚ " : "▶ "), this.running ? this.words.pause : this.words.train);
  }

  /** At most one epoch of a frame, so that one can watch. */
  frame() {
    if (!this.running) return;
    const [began, {epoch}] = [performance.now(), this.training];
    while (this.running && this.training.epoch === epoch && performance.now() - began < BUDGET) this.step();
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!calm || began - this.drawnAt > CALM) this.draw();
    if (this.running) window.requestAnimationFrame(() => this.frame());
  }

  step() {
    const {training} = this;
    const {epoch} = training;
    training.step(this.choices.batch, this.choices.rate);
    if (training.epoch !== epoch) this.note();
  }

  /** Measure the costs of a finished epoch. */
  note() {
    const {network, data, epoch} = this.training;
    this.curve.add(epoch, [measured(network, data.training).cost, measured(network, data.unseen).cost]);
  }

  /** The examples of the picture: those that it learns from, or digits that it has not seen. */
  samples() {
    const {data} = this.training;
    return this.choices.data === "digits" ? data.unseen : data.training;
  }

  shownCount() {
    return this.choices.data === "digits" ? Math.min(64, this.samples().length) : this.samples().length;
  }

  /** Tell who cannot see it how far the training is. */
  announce() {
    const {words} = this;
    this.said.textContent = [`${words.epoch} ${this.epoch.textContent}`, `${words.accuracy} ${this.accuracy.textContent}`, this.curve.message.textContent, this.bars.message.textContent].filter(Boolean).join(words.semicolon);
  }

  draw() {
    const {network, data, epoch} = this.training;
    this.drawnAt = performance.now();
    const {accuracy} = measured(network, data.unseen);
    this.epoch.textContent = String(epoch);
    this.accuracy.textContent = `${(100 * accuracy).toFixed(1)}%`;
    this.host.dataset.epoch = String(epoch);
    this.host.dataset.accuracy = String(accuracy);
    this.plane.draw(network, this.samples(), this.chosen);
    this.curve.draw();
    this.bars.draw(errorNorms(network, data.training), this.choices.activation);
    this.showPoint();
    if (this.shown) this.outdated.textContent = `${this.words.explainedAt(this.shown.epoch)}${network === this.shown.network ? "" : this.words.outdated}`;
  }

  showPoint() {
    const {x, y} = this.samples()[this.chosen];
    const output = forward(this.training.network, x).a[this.training.network.sizes.length];
    this.legend.textContent = x.length === 2 ? this.words.pointLegend : this.words.digitLegend;
    this.explain.textContent = x.length === 2 ? this.words.explain : this.words.explainDigit;
    const said = x.length === 2
      ? this.words.chosenPoint(x.map(short).join(", "), String(y[0]), short(output[0]))
      : this.words.chosenDigit(String(y.indexOf(1)), String(output.indexOf(Math.max(...output))));
    this.point.textContent = said;
    if (this.running) return;  // what changes with every picture is not for the ear
    const heard = {valuemax: this.shownCount(), valuenow: this.chosen + 1, valuetext: said};
    for (const [name, value] of Object.entries(heard)) this.canvas.setAttribute(`aria-${name}`, String(value));
  }

  /** @param {MouseEvent} event */
  pick(event) {
    const box = this.canvas.getBoundingClientRect();
    this.chosen = this.plane.nearest(this.samples(), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const [right, down] = /** @type {Record<string, number[]>} */ ({ArrowRight: [1, 0], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowUp: [0, -1]})[event.key] ?? [0, 0];
    if (!right && !down) return;
    event.preventDefault();
    this.chosen = this.plane.beside(this.samples(), this.chosen, right, down);
    this.draw();
  }

  /** Point the link at the stepper of this page, or of the page that the element names, with everything that it needs. */
  explained() {
    this.stop();
    const {x, y} = this.samples()[this.chosen];
    const state = {step: "start", ...writtenExample({network: this.training.network, x, y, rate: this.choices.rate})};
    const here = document.querySelector('.bp-stepper[data-network="own"]');
    here?.before(this.outdated);
    this.shown = {network: this.training.network, epoch: this.training.epoch};
    this.draw();
    this.explain.href = (here ? "" : this.host.dataset.stepper ?? "../stepper/") + addressOf("own", state);
  }
}

/** @param {HTMLElement} host */
export const mountPlayground = (host) => new Playground(host);
