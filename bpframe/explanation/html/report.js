// What moves on a page that explains one example: the walk from step to step, the paths of a weight, and where an error
// comes from. All numbers are those of the page's data; text goes in as text alone.
/* global math, html, sign, plain, number, row, joined */

/** @typedef {[number, number, number | string]} Edge  from, to, the derivative */
/** @typedef {{entry: number, edges: string[], paths: string}} Choice */
/** @typedef {{name: string, told: string, lit: string[]}} Parameter */
/** @typedef {{end: number, names: [string, string, string, boolean][], edges: Edge[], slopes: (number | string)[],
 *   units: (string | null)[], ways: Record<string, string>, choices: Choice[]}} Numbers */
/** @typedef {{phase: string, knows: Record<string, string[]>, lit: string[], said: string}} Step */
/** @typedef {{steps: Step[], inputs: string[], errors: Record<string, number>, numbers: Numbers | null, parameters: Parameter[]}} Data */

(() => {
  const all = (/** @type {string} */ selector) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);
  const one = (/** @type {string} */ selector) => all(selector)[0];
  /** @type {Data} */
  const data = JSON.parse(one('script[type="application/json"]').textContent ?? "");
  const root = document.body;
  const steps = all("article.step");
  /** @type {Map<string, HTMLElement[]>} */
  const drawn = new Map();
  for (const each of all("[data-key]")) {
    const key = each.dataset.key ?? "";
    drawn.set(key, [...(drawn.get(key) ?? []), each]);
  }
  const mark = (/** @type {string} */ name, /** @type {Iterable<string>} */ keys) => {
    for (const each of all(`.graph .${name}`)) each.classList.remove(name);
    for (const key of keys) for (const each of drawn.get(key) ?? []) each.classList.add(name);
  };

  // The walk ---------------------------------------------------------------------------------------------------------

  let here = 0;
  const select = /** @type {HTMLSelectElement} */ (one("select"));
  /** @type {Edge[][]} */
  let paths = [];
  const buttons = new Map(all("button[data-go]").map((each) => [each.dataset.go ?? "", /** @type {HTMLButtonElement} */ (each)]));
  const disable = (/** @type {string[]} */ names, /** @type {boolean} */ off) => {
    for (const name of names) /** @type {HTMLButtonElement} */ (buttons.get(name)).disabled = off;
  };
  const track = one(".track");
  const marks = steps.length <= 60 ? steps.map((_, i) => {
    const found = html("span", {className: data.steps[i].phase === "forward" ? "" : "back"});
    found.addEventListener("click", () => go(i));
    track.append(found);
    return found;
  }) : [];

  function show() {
    const step = data.steps[here];
    root.dataset.phase = step.phase;
    steps.forEach((each, i) => { each.hidden = i !== here; });
    marks.forEach((each, i) => { each.classList.toggle("passed", i <= here); each.classList.toggle("here", i === here); });
    /** @type {Record<string, Set<string>>} */
    const known = {z: new Set(), a: new Set(data.inputs), d: new Set()};
    for (const each of data.steps.slice(0, here + 1)) {
      for (const [what, keys] of Object.entries(each.knows)) for (const key of keys) known[what].add(key);
    }
    for (const [key, elements] of drawn) {
      for (const [what, keys] of Object.entries(known)) for (const each of elements) each.classList.toggle(what, keys.has(key));
    }
    mark("lit", step.lit);
    one(".progress").textContent = `${here + 1} of ${steps.length}`;
    disable(["first", "back"], here === 0);
    disable(["last", "next"], here === steps.length - 1);
    const stage = one(".stage");
    const lit = all(".graph .unit.lit").find((each) => each.getBoundingClientRect().width);
    if (lit) {
      const place = lit.getBoundingClientRect(), frame = stage.getBoundingClientRect();
      stage.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
      stage.scrollTop += place.top + place.height / 2 - frame.top - frame.height / 2;
    }
  }
  function go(/** @type {number} */ to) {
    here = Math.max(0, Math.min(steps.length - 1, to));
    one(".origin").hidden = true;
    show();
    one('[role="status"]').textContent = `Step ${here + 1} of ${steps.length}. ${data.steps[here].said}`;
  }
  /** @type {Record<string, () => void>} */
  const ways = {first: () => go(0), back: () => go(here - 1), next: () => go(here + 1), last: () => go(steps.length - 1)};
  /** @type {Record<string, string>} */
  const KEYS = {ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last"};
  for (const [name, button] of buttons) button.addEventListener("click", ways[name]);
  document.addEventListener("keydown", (event) => {
    const way = KEYS[event.key];
    const inside = event.target instanceof Element && event.target.closest("select, input");
    if (!way || event.altKey || event.ctrlKey || event.metaKey || inside) return;
    event.preventDefault();
    ways[way]();
  });

  // Single numbers: names, errors and paths ----------------------------------------------------------------------------

  // Where there are no single numbers, nothing asks for them.
  const numbers = /** @type {Numbers} */ (data.numbers);
  const single = data.numbers !== null;
  /** @type {Map<number, Edge[]>} */
  const leaving = new Map();
  for (const edge of single ? numbers.edges : []) leaving.set(edge[0], [...(leaving.get(edge[0]) ?? []), edge]);
  const letter = (/** @type {number} */ entry) => {
    const [base, layer, index, isName] = numbers.names[entry];
    const main = math(isName ? "mtext" : "mi", base);
    if (layer) return math("msubsup", main, math("mn", index), math("mn", layer));
    return index ? math("msub", main, math("mn", index)) : main;
  };
  /** @param {string} text @param {string[]} signs */
  const raised = (text, signs) => [...text].map((each) => signs["0123456789,".indexOf(each)] ?? each).join("");
  const called = (/** @type {number} */ entry) => {
    const [base, layer, index, isName] = numbers.names[entry];
    return isName ? base + (index ? `[${index}]` : "") : base + raised(layer, [..."⁰¹²³⁴⁵⁶⁷⁸⁹,"]) + raised(index, [..."₀₁₂₃₄₅₆₇₈₉,"]);
  };
  const slope = (/** @type {number} */ of, /** @type {number} */ by) => math("mfrac", row(sign("∂"), letter(of)), row(sign("∂"), letter(by)));
  const formula = (/** @type {[Part | undefined, Part][]} */ lines) => {
    const table = math("mtable", lines.map(([left, right]) => math("mtr",
      math("mtd", left ?? []), math("mtd", sign("=")), math("mtd", right))));
    table.setAttribute("class", "lines");
    table.setAttribute("displaystyle", "true");
    const whole = math("math", table);
    whole.setAttribute("display", "block");
    return html("div", {className: "formula"}, whole);
  };
  const result = (/** @type {number | string} */ x) => {
    const found = number(x);
    found.setAttribute("class", "result");
    return found;
  };
  /** @param {Part} block @param {string} tag */
  const tagged = (block, tag) => html("div", {className: "equation"}, block, html("span", {className: "tag"}, tag));

  /** Shows where a unit's error comes from: the sum over the edges that leave it, for each number that it stands for. @param {string} key */
  function origin(key) {
    const panel = one(".origin");
    if (single) {
      const own = numbers.units.flatMap((unit, entry) => (unit === key ? [entry] : [])).reverse();
      const blocks = own.filter((entry) => leaving.has(entry)).map((entry) => {
        const terms = leaving.get(entry) ?? [];
        const through = terms.map(([, to]) => row(joined(to === numbers.end ? [slope(to, entry)] : [slope(to, entry), slope(numbers.end, to)], "·")));
        const counted = terms.map(([, to, x]) => row(joined(to === numbers.end ? [number(x)] : [number(x, true), number(numbers.slopes[to], true)], "·")));
        /** @type {[undefined, Part]} */
        const last = [undefined, result(numbers.slopes[entry])];
        const plainly = terms.length === 1 && terms[0][1] === numbers.end;
        return formula([[slope(numbers.end, entry), row(joined(through, "+"))], ...(plainly ? [] : /** @type {[undefined, Part][]} */ ([[undefined, row(joined(counted, "+"))]])), last]);
      });
      panel.replaceChildren(html("h3", {textContent: `Where the error of ${own.map(called).reverse().join(", ")} comes from`}), ...blocks);
      panel.hidden = blocks.length === 0;
    } else if (key in data.errors && data.errors[key] !== here) {
      const step = steps[data.errors[key]];
      panel.replaceChildren(html("h3", {textContent: (step.querySelector("h2")?.lastChild?.textContent ?? "").trim()}), ...[...step.children].slice(1).map((each) => each.cloneNode(true)));
      panel.hidden = false;
    }
  }
  for (const [key, elements] of drawn) {
    for (const each of elements.filter((found) => found.matches(".unit"))) {
      for (const event of ["mouseenter", "focus", "click"]) each.addEventListener(event, () => origin(key));
    }
  }

  /** Returns all paths from an entry to the end, as lists of edges. @param {number} entry @returns {Edge[][]} */
  function pathsFrom(entry) {
    if (entry === numbers.end) return [[]];
    return (leaving.get(entry) ?? []).flatMap((edge) => pathsFrom(edge[1]).map((rest) => [edge, ...rest]));
  }
  const ends = new Map(Object.entries(single ? numbers.ways : {}).map(([both, key]) => [key, both.split(">")]));
  /** Keys in the drawing that a path runs along, with the factors on them: on an edge, or inside a neuron.
   * @param {Edge[]} path @param {Choice} choice */
  function along(path, choice) {
    /** @type {string[]} */
    const keys = [];
    /** @type {Map<string, string>} */
    const factors = new Map();
    for (const [from, to, x] of path) {
      const [source, target] = [numbers.units[from], /** @type {string} */ (numbers.units[to])];
      if (source) keys.push(source);
      keys.push(target);
      const way = source === target ? target
        : source ? numbers.ways[`${source}>${target}`] : choice.edges.find((key) => ends.get(key)?.[1] === target);
      if (!way) continue;
      keys.push(way);
      factors.set(way, `×${plain(x, 3)}`);
    }
    return {keys, factors};
  }
  const MOST = 16, FEW = 3;
  const labels = new Map(all(".graph :is(.label, .factor)").map((each) => [each, each.textContent]));
  function light(/** @type {Edge[][]} */ some, /** @type {Choice} */ choice) {
    for (const [each, text] of labels) each.textContent = text;
    const found = some.map((path) => along(path, choice));
    mark("onpath", found.flatMap((each) => each.keys));
    if (some.length > FEW) return; // their factors would run into one another
    for (const [key, text] of found.flatMap((each) => [...each.factors])) {
      for (const each of drawn.get(key) ?? []) {
        const label = each.querySelector(":is(.label, .factor)");
        if (label) label.textContent = text;
      }
    }
  }
  const product = (/** @type {Edge[]} */ path) => [...path].reverse().reduce((whole, edge) => whole * Number(edge[2]), 1);
  const written = (/** @type {Edge[]} */ path) => joined([...path].reverse().map(([from, to]) => slope(to, from)), "·");
  const counted = (/** @type {Edge[]} */ path) => joined([...path].reverse().map(([, , x]) => number(x, true)), "·");

  function choose(/** @type {Choice} */ choice) {
    select.value = String(numbers.choices.indexOf(choice));
    mark("selected", choice.edges);
    for (const each of all('.edge[role="button"]')) each.setAttribute("aria-pressed", String(choice.edges.includes(each.dataset.key ?? "")));
    const panel = one(".paths");
    const {entry} = choice;
    const name = called(entry), end = called(numbers.end);
    const count = Number(choice.paths);
    const title = html("h3", {textContent: `${choice.paths} path${choice.paths === "1" ? "" : "s"} from ${name} to ${end}`});
    if (count > MOST) {
      light([], choice);
      panel.replaceChildren(title, html("p", {textContent: "Too many to write them all down: back-propagation adds them up without walking along each."}),
        formula([[slope(numbers.end, entry), result(numbers.slopes[entry])]]));
      return;
    }
    paths = pathsFrom(entry);
    light(paths, choice);
    const list = html("ol", {}, paths.map((path) => {
      const route = html("li", {tabIndex: 0, textContent: `${[name, ...path.map(([, to]) => called(to))].join(" → ")}: ${path.map(([, , x]) => plain(x)).reverse().join(" · ")} = ${plain(product(path))}`});
      for (const event of ["mouseenter", "focus"]) route.addEventListener(event, () => light([path], choice));
      for (const event of ["mouseleave", "blur"]) route.addEventListener(event, () => light(paths, choice));
      return route;
    }));
    const blocks = [];
    if (paths.length && paths.length <= 4) {
      const sum = paths.map((path) => row(written(path)));
      const values = paths.map((path) => row(counted(path)));
      blocks.push(tagged(formula([[slope(numbers.end, entry), row(joined(sum, "+"))], [undefined, row(joined(values, "+"))], [undefined, result(numbers.slopes[entry])]]), ""));
      if (paths.length > 1 && paths.every((path) => path.length > 1 && path[0][1] === paths[0][0][1])) {
        const [from, to, x] = paths[0][0];
        const inner = (/** @type {Part[]} */ parts) => row(sign("("), joined(parts, "+"), sign(")"), sign("·"));
        blocks.push(tagged(formula([
          [slope(numbers.end, entry), row(inner(paths.map((path) => row(written(path.slice(1))))), slope(to, from))],
          [undefined, row(inner(paths.map((path) => row(counted(path.slice(1))))), number(x, true))],
          [undefined, result(numbers.slopes[entry])]]), "(12)"));
      }
    }
    panel.replaceChildren(title, html("p", {className: "soft", textContent: `Multiply along a path, add over all paths.${paths.length > FEW ? " Point at a path for the factors on its edges." : ""}`}), list, ...blocks);
  }
  function chooseParameter(/** @type {Parameter} */ choice) {
    mark("onpath", choice.lit);
    one(".paths").replaceChildren(html("p", {textContent: `${choice.name}: ${choice.told}.`}));
  }

  const names = single ? numbers.choices.map((each) => called(each.entry)) : data.parameters.map((each) => each.name);
  select.append(html("option", {value: "", textContent: "–"}),
    ...names.map((name, i) => html("option", {value: String(i), textContent: name})));
  function chosen() {
    if (select.value === "") unchosen();
    else if (single) choose(numbers.choices[Number(select.value)]);
    else chooseParameter(data.parameters[Number(select.value)]);
  }
  function unchosen() {
    for (const [each, text] of labels) each.textContent = text;
    mark("onpath", []);
    mark("selected", []);
    one(".paths").replaceChildren();
  }
  select.addEventListener("change", chosen);
  for (const [key, elements] of drawn) {
    const place = String(single ? numbers.choices.findIndex((each) => each.edges.includes(key)) : -1);
    if (place === "-1") continue;
    const pressed = () => {
      select.value = select.value === place ? "" : place;
      chosen();
    };
    for (const each of elements) {
      each.addEventListener("click", pressed);
      each.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        pressed();
      });
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    select.value = "";
    unchosen();
    one(".origin").hidden = true;
  });

  for (const each of all(".bar, .track, .keys")) each.hidden = false;
  one(".chosen").hidden = names.length === 0;
  if (marks.length === 0) track.hidden = true;
  if (steps.length) show();
})();
