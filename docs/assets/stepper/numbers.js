// The numbers that a reader changes: in tables, as they stand in the equations, and a slider for the chosen one.

import {html} from "./dom.js";
import {short} from "./drawing.js";
import {rounded} from "./tex.js";
import {formula} from "./typesetting.js";

/** A network with more numbers has no table of them, only the slider. */
const FIELDS = 200;
/** They can be folded where they hold more. */
const OPEN = 16;
const LARGEST = 1000;

/** A learning rate is not negative. @param {string} key */
const least = (key) => (key === "rate" ? 0 : -LARGEST);

export class Numbers {
  /**
   * @param {import("./subject.js").Subject} subject
   * @param {import("./words.js").Words} words
   * @param {{choose: (key: string) => void, changed: () => void}} calls
   */
  constructor(subject, words, calls) {
    this.subject = subject;
    this.words = words;
    this.calls = calls;
    /** @type {Map<string, HTMLInputElement>} */
    this.fields = new Map();
    this.before = 0;  // what the present field held when its writing began
    this.slider = html("input", {type: "range", step: 0.1, input: () => this.entered(this.slider)});
    this.symbol = html("span");
    this.output = html("span", {class: "bp-output", "aria-hidden": "true"});  // the slider says it
    this.problem = html("p", {class: "bp-problem", role: "alert"});
    this.chooser = html("div", {class: "bp-chooser"}, this.symbol, this.slider, this.output);
    const total = subject.groups.flatMap((group) => group.keys.flat()).length;
    const groups = total > FIELDS ? null : html("div", {class: "bp-groups"}, ...subject.groups.map((group) => this.group(group)));
    this.table = total > OPEN && groups ? html("details", {class: "bp-numbers"}, html("summary", {}, words.numbers), groups) : groups;
    this.element = html("div", {class: "bp-inputs"}, this.chooser, this.table, this.problem);
  }

  /** @param {import("./subject.js").Group} group */
  group({tex, keys}) {
    const fields = keys.flat().map((key) => {
      const field = html("input", {
        type: "number", class: key === "rate" ? "bp-rate" : "", step: key === "rate" ? "any" : 0.5, "data-key": key, "aria-label": this.subject.said(key),
        input: () => this.entered(field), blur: () => this.refill(key, field), focus: () => {
          this.before = this.subject.get(key);
          this.calls.choose(key);
        },
      });
      this.fields.set(key, field);
      return field;
    });
    return html("div", {class: "bp-group"}, formula(`${tex} =`, {class: "bp-symbol"}),
      html("div", {class: "bp-matrix", style: `grid-template-columns: repeat(${keys[0].length}, auto)`}, ...fields));
  }

  /** A number that cannot be is not taken, and neither are its first digits. @param {HTMLInputElement} field */
  entered(field) {
    const [value, key] = [field.valueAsNumber, field.dataset.key ?? ""];
    const sound = field === this.slider || value >= least(key) && value <= LARGEST;
    field.setAttribute("aria-invalid", String(!sound));
    this.problem.textContent = sound ? "" : this.words.fieldError(String(least(key)).replace("-", "−"));
    this.subject.set(key, sound ? value : this.before);
    this.calls.changed();
  }

  /** @param {string} key @param {HTMLInputElement} field */
  refill(key, field) {
    field.value = String(rounded(this.subject.get(key), 4));
    field.setAttribute("aria-invalid", "false");
    if (![...this.fields.values()].some((other) => other.getAttribute("aria-invalid") === "true")) this.problem.textContent = "";
  }

  /** Show the present numbers; the field that is written in stays as it is. @param {string | null} selected */
  update(selected) {
    for (const [key, field] of this.fields) {
      field.classList.toggle("bp-selected", key === selected);
      if (field !== document.activeElement) this.refill(key, field);
    }
    const slides = selected && selected !== "rate";
    this.chooser.classList.toggle("bp-empty", !slides);
    this.slider.disabled = !slides;
    if (!slides) {
      this.symbol.replaceChildren();
      this.output.textContent = "";
      return;
    }
    const value = this.subject.get(selected);
    if (this.slider.dataset.key !== selected || Math.abs(value) > Number(this.slider.max)) {
      const reach = Math.max(3, Math.ceil(1.5 * Math.abs(value)));
      this.slider.min = String(-reach);
      this.slider.max = String(reach);
      this.slider.dataset.key = selected;
      this.slider.setAttribute("aria-label", this.subject.said(selected));
    }
    this.symbol.replaceChildren(formula(this.subject.tex(selected)));
    if (this.slider !== document.activeElement) this.slider.value = String(value);
    this.output.textContent = short(value);
  }
}
