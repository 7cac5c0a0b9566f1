// Which stepper a page's element asks for, and at which point: <div class="bp-stepper" data-network="2-2-2-1"
// data-step="18">. Networks are 2-2-2-1, sigmoid and olah; `own` is shown where the address describes one.

import {addressOf, readAddress, readExample} from "./address.js";
import {html} from "./dom.js";
import {mlpSubject, sigmoidExample, tutorialExample} from "./mlp.js";
import {olahSubject, readOlah} from "./olah.js";
import {Stepper} from "./stepper.js";
import {wordsOf} from "./words.js";

/**
 * @param {string} name @param {URLSearchParams | null} address @param {import("./words.js").Words} words
 * @returns {import("./subject.js").Subject | null} null where there is nothing to show
 * @throws {RangeError} where the address cannot be read
 */
function subjectOf(name, address, words) {
  if (name === "olah") return olahSubject(readOlah(address), words);
  const first = name === "own" ? null : name === "sigmoid" ? sigmoidExample() : tutorialExample();
  const example = address ? readExample(address, first) : first;
  return example && mlpSubject(name, example, words);
}

/** @param {HTMLElement} host */
export function mountStepper(host) {
  const words = wordsOf(host);
  const name = host.dataset.network ?? "2-2-2-1";
  const alike = [...document.querySelectorAll(".bp-stepper")].filter((other) => /** @type {HTMLElement} */ (other).dataset.network === host.dataset.network);
  const place = alike.indexOf(host);
  const key = place > 0 ? `${name}.${place + 1}` : name;  // in addresses: a page may show a network several times
  /** @type {Stepper | null} */
  let present = null;
  /** @type {URLSearchParams | null} the first address of a network that has no numbers of its own */
  let original = null;
  let timer = 0;

  const remember = (/** @type {Record<string, string>} */ state) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => window.history.replaceState(window.history.state, "", addressOf(key, state)), 300);
  };
  const reset = () => {
    window.clearTimeout(timer);
    if (readAddress(key)) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
    open(original);
  };
  /** @param {URLSearchParams | null} address */
  const open = (address) => {
    let problem = "";
    /** @type {import("./subject.js").Subject | null} */
    let subject;
    try {
      subject = subjectOf(name, address, words);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problem = words.addressError(error.message);
      subject = subjectOf(name, null, words);
    }
    present?.close();
    host.hidden = !subject && !problem;
    host.replaceChildren();
    if (subject) {
      if (name === "own") original ??= address;
      present = new Stepper(host, subject, words, address?.get("step") ?? host.dataset.step ?? "", {reset, remember});
    }
    if (problem) host.prepend(html("p", {class: "bp-problem", role: "alert"}, problem));
  };
  const fromAddress = () => {
    const address = readAddress(key);
    if (!address) return;
    if (name === "own") original = null;
    open(address);
    host.scrollIntoView({block: "start"});
  };

  open(null);
  fromAddress();
  window.addEventListener("hashchange", fromAddress);
}
