// The stepper: a drawing, the equations of one step, the paths of a chosen number, and the numbers to change.

import {html} from "./dom.js";
import {short} from "./drawing.js";
import {Numbers} from "./numbers.js";
import {enclosed, number, orange} from "./tex.js";
import {formula, typeset} from "./typesetting.js";

/** @typedef {import("./subject.js").PathRow} PathRow */

/** Below this width, in CSS pixels, layers are drawn below one another. */
const NARROW = 520;
/** So long a number has to stay, in milliseconds, before it is read out. */
const SETTLED = 700;
/** A drawing is made anew where its width changed by so much. */
const STEP = 30;

let count = 0;

/** Where an equation stands in the tutorial, in the reader's language. @param {string} tag @param {import("./words.js").Words} words */
function equationAddress(tag, words) {
  const page = new URL(`../../${words.folder}tutorial/backpropagation/`, import.meta.url);
  page.hash = `eq-${tag.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
  return page.href;
}

export class Stepper {
  /**
   * @param {HTMLElement} host
   * @param {import("./subject.js").Subject} subject
   * @param {import("./words.js").Words} words
   * @param {string} wanted  the step to open at: its id or an equation's number
   * @param {{reset: () => void, remember: (state: Record<string, string>) => void}} calls
   */
  constructor(host, subject, words, wanted, calls) {
    this.host = host;
    this.subject = subject;
    this.words = words;
    this.calls = calls;
    this.steps = subject.steps(null);
    this.at = Math.max(0, this.steps.findIndex((step) => step.id === wanted || step.equations.some((equation) => equation.tag === wanted)));
    /** @type {string | null} the number that is chosen, whose paths light up */
    this.selected = this.steps[this.at].selects ?? null;
    /** @type {string | null} the weight that the steps speak of */
    this.weight = null;
    /** @type {PathRow | null} the path that is pointed at */
    this.pointed = null;
    this.asked = false;  // for paths, by who chose a number

    this.tabs = [...new Set(this.steps.map((step) => step.chapter))].map((chapter) => html("button", {
      type: "button", class: "bp-chapter", "data-chapter": chapter,
      click: () => this.go(this.steps.findIndex((step) => step.chapter === chapter)),
    }, words[/** @type {"expand"} */ (chapter)]));
    this.marks = this.steps.map((step, i) => html("span", {class: `bp-mark bp-${step.phase}-mark`, title: step.title, click: () => this.go(i)}));
    this.backButton = html("button", {type: "button", class: "bp-back", title: words.backKey, click: () => this.go(this.at - 1)}, html("span", {"aria-hidden": "true"}, "◀ "), words.back);
    this.nextButton = html("button", {type: "button", class: "bp-next", title: words.nextKey, click: () => this.go(this.at + 1)}, words.next, html("span", {"aria-hidden": "true"}, " ▶"));
    this.progress = html("span", {class: "bp-progress"});
    this.stage = html("div", {class: "bp-stage"});
    this.heading = html("p", {class: "bp-heading"});
    this.text = html("p", {class: "bp-text"});
    this.equations = html("div", {class: "bp-equations"});
    this.descend = html("button", {type: "button", class: "bp-descend", click: () => {
      this.subject.descend?.();
      this.changed();
    }}, words.takeStep);
    this.pathCard = html("div", {class: "bp-paths"});
    this.said = html("div", {class: "bp-said", "aria-live": "polite"});
    this.numbers = new Numbers(subject, words, {choose: (key) => this.choose(key), changed: () => this.changed()});
    this.watcher = new ResizeObserver(() => this.turn());

    const hint = `bp-hint-${++count}`;
    this.timer = 0;
    this.frame = html("div", {
      class: subject.wide ? "bp-frame bp-wide" : "bp-frame", tabindex: 0, role: "group", "aria-label": words.stepper, "aria-describedby": hint,
      keydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    },
    html("div", {class: "bp-bar"}, ...this.tabs),
    html("div", {class: "bp-walks"}, this.backButton,
      html("div", {class: "bp-where"}, html("div", {class: "bp-track", "aria-hidden": "true"}, ...this.marks), this.progress), this.nextButton),
    html("div", {class: "bp-middle"}, this.stage,
      html("div", {class: "bp-panel"}, this.heading, this.text, this.equations, this.descend, this.pathCard),
      this.numbers.element),
    html("div", {class: "bp-foot"}, html("span", {id: hint}, subject.hint),
      html("button", {type: "button", class: "bp-reset", title: words.resetTitle, click: () => calls.reset()}, words.reset)),
    this.said);
    host.replaceChildren(this.frame);
    this.space = this.measured();
    this.picture = this.drawn();
    this.show();
    this.watcher.observe(host);
  }

  /** Leave the host to another. */
  close() {
    window.clearTimeout(this.timer);
    this.watcher.disconnect();
  }

  drawn() {
    const picture = this.subject.draw((key) => this.choose(key === this.selected ? null : key), this.space);
    this.stage.replaceChildren(picture.element);
    return picture;
  }

  measured() {
    return {width: this.stage.clientWidth, upright: this.host.clientWidth < NARROW};
  }

  /** Draw anew where the page became narrower or wider. */
  turn() {
    const {width, upright} = this.measured();
    if (width === 0 || (upright === this.space.upright && Math.abs(width - this.space.width) < STEP)) return;
    this.space = {width, upright};
    this.picture = this.drawn();
    this.show();
  }

  /** After a number changed. */
  changed() {
    this.steps = this.subject.steps(this.weight);
    this.show();
    this.announce(SETTLED);
    this.remember();
  }

  /** @param {string | null} key */
  choose(key) {
    if (key === this.selected) return;
    this.selected = key;
    this.pointed = null;
    this.asked = true;
    if (key && this.subject.paths(key)) this.weight = key;
    this.changed();
  }

  /** @param {number} at */
  go(at) {
    if (at < 0 || at >= this.steps.length) return;
    this.at = at;
    this.selected = this.steps[at].selects ?? null;
    this.pointed = null;
    this.asked = false;
    const button = [this.backButton, this.nextButton].find((each) => each === document.activeElement);
    this.show();
    this.announce(0);
    this.remember();
    if (button?.disabled) this.frame.focus();  // a disabled button hears no keys
  }

  /** Tell who cannot see the step what it says, once it has stayed for a while. @param {number} delay in milliseconds */
  announce(delay) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const {title, equations} = this.steps[this.at];
      const results = equations.filter(({value}) => typeof value === "number")
        .map(({tag, value}) => `${tag ? `(${tag})${this.words.colon}` : ""}${short(Number(value))}`);
      this.said.textContent = [this.progress.textContent, title, ...results].join(this.words.semicolon);
    }, delay);
  }

  remember() {
    this.calls.remember({step: this.steps[this.at].id, ...this.subject.written()});
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || /** @type {Element} */ (event.target).matches("input")) return;
    const to = {ArrowRight: this.at + 1, ArrowLeft: this.at - 1, Home: 0, End: this.steps.length - 1}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.go(to);
  }

  show() {
    const {words} = this;
    const step = this.steps[this.at];
    this.host.dataset.at = step.id;
    this.host.dataset.phase = step.phase;
    for (const tab of this.tabs) tab.setAttribute("aria-pressed", String(tab.dataset.chapter === step.chapter));
    this.marks.forEach((mark, i) => {
      mark.classList.toggle("bp-passed", i <= this.at);
      mark.classList.toggle("bp-here", i === this.at);
    });
    this.progress.textContent = words.stepOf(this.at + 1, this.steps.length);
    this.backButton.disabled = this.at === 0;
    this.nextButton.disabled = this.at === this.steps.length - 1;
    this.heading.textContent = step.title;
    this.text.textContent = step.text ?? "";
    this.equations.replaceChildren(...step.equations.map(({tag, tex, value}) =>
      html("div", {class: "bp-equation", "data-tag": tag, "data-value": JSON.stringify(value)},
        html("div", {class: "bp-formula"}, typeset(tex, true)), tag && html("a", {class: "bp-tag", href: equationAddress(tag, words), "aria-label": words.equation(tag)}, `(${tag})`))));
    this.descend.disabled = Boolean(step.blocked);
    this.descend.hidden = step.chapter !== "descend" || !this.subject.descend;
    this.numbers.update(this.selected);
    this.showPaths();
  }

  /** The paths of the chosen number, each with its factors; all of them, or the one pointed at, light up. */
  showPaths() {
    const paths = this.selected ? this.subject.paths(this.selected) : null;
    const step = this.steps[this.at];
    const light = () => this.picture.update({
      step, selected: this.selected, paths: !paths ? [] : this.pointed ? [this.pointed] : paths.rows,
    });
    light();
    this.pathCard.hidden = !paths || Boolean(step.riddle && !this.asked);
    if (!paths || !this.selected) return;
    const point = (/** @type {PathRow | null} */ row) => () => {
      this.pointed = row;
      light();
    };
    const rows = paths.rows.map((row) => html("li", {
      class: "bp-path-row", tabindex: 0, "data-value": row.product,
      mouseenter: point(row), mouseleave: point(null), focus: point(row), blur: point(null),
    }, formula(row.names.join(" \\leftarrow "), {class: "bp-route"}),
    formula(`${row.factors.map((factor, i) => (i ? enclosed : number)(factor)).join(" \\cdot ")} = ${orange(number(row.product))}`)));
    const more = paths.count - BigInt(rows.length);
    const [before, after] = this.words.pathsOf;
    this.pathCard.replaceChildren(
      html("p", {class: "bp-heading"}, before, formula(this.subject.tex(this.selected)), after),
      html("p", {class: "bp-text"}, this.words.pathCount(String(paths.count)), paths.note),
      html("ul", {}, ...rows, more > 0n && html("li", {}, this.words.morePaths(String(more)))),
      html("div", {class: "bp-equation", "data-value": paths.total}, formula(`${paths.slope} = ${orange(number(paths.total))}`, {class: "bp-formula"})));
  }
}
