// What moves on a page that explains one example: the walk from step to step, the paths of a weight, and where an error
// comes from. All numbers are those of the page's data; text goes in as text alone.
"use strict";
(() => {
  const data = JSON.parse(document.querySelector('script[type="application/json"]').textContent);
  const root = document.body;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const steps = all("article.step");
  const drawn = new Map();
  for (const each of all("[data-key]")) drawn.set(each.dataset.key, [...(drawn.get(each.dataset.key) ?? []), each]);
  const mark = (name, keys) => {
    for (const each of all(`.graph .${name}`)) each.classList.remove(name);
    for (const key of keys) for (const each of drawn.get(key) ?? []) each.classList.add(name);
  };

  // Numbers and mathematics ------------------------------------------------------------------------------------------

  const MATH = "http://www.w3.org/1998/Math/MathML";
  const math = (name, ...inner) => {
    const found = document.createElementNS(MATH, name);
    for (const each of inner.flat()) found.append(each);
    return found;
  };
  const html = (name, properties, ...inner) => {
    const found = Object.assign(document.createElement(name), properties);
    found.append(...inner.flat());
    return found;
  };
  const sign = (text) => math("mo", text);
  const minus = () => {
    const found = sign("−");
    found.setAttribute("form", "prefix");
    return found;
  };
  const plain = (x, digits = 5) => {
    const number = Number(x);
    if (!Number.isFinite(number)) return String(x).replace("Infinity", "∞").replace("-", "−");
    return String(Number(number.toPrecision(digits))).replace("-", "−");
  };
  const number = (x, inside = false) => {
    const text = plain(x);
    const [digits, exponent] = text.split("e");
    const told = digits[0] === "−" ? [minus(), math("mn", digits.slice(1))] : [math("mn", digits)];
    if (exponent) told.push(sign("·"), math("msup", math("mn", "10"), math("mn", exponent.replace("+", ""))));
    return inside && text[0] === "−" ? math("mrow", sign("("), told, sign(")")) : math("mrow", told);
  };
  const row = (...inner) => math("mrow", ...inner);
  const joined = (parts, between) => parts.flatMap((each, i) => (i ? [sign(between), each] : [each]));

  // The walk ---------------------------------------------------------------------------------------------------------

  let here = 0;
  let paths = [];
  const buttons = new Map(all("button[data-go]").map((each) => [each.dataset.go, each]));
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
    const known = {z: new Set(), a: new Set(data.inputs), d: new Set()};
    for (const each of data.steps.slice(0, here + 1)) {
      for (const [what, keys] of Object.entries(each.knows)) for (const key of keys) known[what].add(key);
    }
    for (const [key, elements] of drawn) {
      for (const [what, keys] of Object.entries(known)) for (const each of elements) each.classList.toggle(what, keys.has(key));
    }
    mark("lit", step.lit);
    one(".progress").textContent = `${here + 1} of ${steps.length}`;
    buttons.get("first").disabled = buttons.get("back").disabled = here === 0;
    buttons.get("last").disabled = buttons.get("next").disabled = here === steps.length - 1;
    const stage = one(".stage");
    const lit = all(".graph .unit.lit", stage).find((each) => each.getBoundingClientRect().width);
    if (lit) {
      const place = lit.getBoundingClientRect(), frame = stage.getBoundingClientRect();
      stage.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
      stage.scrollTop += place.top + place.height / 2 - frame.top - frame.height / 2;
    }
  }
  function go(to) {
    here = Math.max(0, Math.min(steps.length - 1, to));
    one(".origin").hidden = true;
    show();
    one('[role="status"]').textContent = `Step ${here + 1} of ${steps.length}. ${data.steps[here].said}`;
  }
  const ways = {first: () => go(0), back: () => go(here - 1), next: () => go(here + 1), last: () => go(steps.length - 1)};
  for (const [name, button] of buttons) button.addEventListener("click", ways[name]);
  document.addEventListener("keydown", (event) => {
    const way = {ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last"}[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey || event.target.closest?.("select, input")) return;
    event.preventDefault();
    ways[way]();
  });

  // Single numbers: names, errors and paths ----------------------------------------------------------------------------

  const numbers = data.numbers;
  const leaving = new Map();
  for (const edge of numbers?.edges ?? []) leaving.set(edge[0], [...(leaving.get(edge[0]) ?? []), edge]);
  const letter = (entry) => {
    const [base, layer, index, isName] = numbers.names[entry];
    const main = math(isName ? "mtext" : "mi", base);
    if (layer) return math("msubsup", main, math("mn", index), math("mn", layer));
    return index ? math("msub", main, math("mn", index)) : main;
  };
  const raised = (text, signs) => [...text].map((each) => signs["0123456789,".indexOf(each)] ?? each).join("");
  const called = (entry) => {
    const [base, layer, index, isName] = numbers.names[entry];
    return isName ? base + (index ? `[${index}]` : "") : base + raised(layer, [..."⁰¹²³⁴⁵⁶⁷⁸⁹,"]) + raised(index, [..."₀₁₂₃₄₅₆₇₈₉,"]);
  };
  const slope = (of, by) => math("mfrac", row(sign("∂"), letter(of)), row(sign("∂"), letter(by)));
  const formula = (lines) => {
    const table = math("mtable", lines.map(([left, right], i) => math("mtr",
      math("mtd", left ?? []), math("mtd", sign("=")), math("mtd", right))));
    table.setAttribute("class", "lines");
    table.setAttribute("displaystyle", "true");
    const whole = math("math", table);
    whole.setAttribute("display", "block");
    return html("div", {className: "formula"}, whole);
  };
  const result = (x) => {
    const found = number(x);
    found.setAttribute("class", "result");
    return found;
  };
  const tagged = (block, tag) => html("div", {className: "equation"}, block, html("span", {className: "tag"}, tag));

  /** Shows where a unit's error comes from: the sum over the edges that leave it, for each number that it stands for. */
  function origin(key) {
    const panel = one(".origin");
    if (numbers) {
      const own = numbers.units.flatMap((unit, entry) => (unit === key ? [entry] : [])).reverse();
      const blocks = own.filter((entry) => leaving.has(entry)).map((entry) => {
        const terms = leaving.get(entry);
        const through = terms.map(([, to]) => row(joined(to === numbers.end ? [slope(to, entry)] : [slope(to, entry), slope(numbers.end, to)], "·")));
        const counted = terms.map(([, to, x]) => row(joined(to === numbers.end ? [number(x)] : [number(x, true), number(numbers.slopes[to], true)], "·")));
        const last = [undefined, result(numbers.slopes[entry])];
        const plainly = terms.length === 1 && terms[0][1] === numbers.end;
        return formula([[slope(numbers.end, entry), row(joined(through, "+"))], ...(plainly ? [] : [[undefined, row(joined(counted, "+"))]]), last]);
      });
      panel.replaceChildren(html("h3", {textContent: `Where the error of ${own.map(called).reverse().join(", ")} comes from`}), ...blocks);
      panel.hidden = blocks.length === 0;
    } else if (key in data.errors && data.errors[key] !== here) {
      const step = steps[data.errors[key]];
      panel.replaceChildren(html("h3", {textContent: step.querySelector("h2").lastChild.textContent.trim()}), ...[...step.children].slice(1).map((each) => each.cloneNode(true)));
      panel.hidden = false;
    }
  }
  for (const [key, elements] of drawn) {
    for (const each of elements.filter((found) => found.matches(".unit"))) {
      for (const event of ["mouseenter", "focus", "click"]) each.addEventListener(event, () => origin(key));
    }
  }

  /** Returns all paths from an entry to the end, as lists of edges. */
  function pathsFrom(entry) {
    if (entry === numbers.end) return [[]];
    return (leaving.get(entry) ?? []).flatMap((edge) => pathsFrom(edge[1]).map((rest) => [edge, ...rest]));
  }
  const ends = new Map(Object.entries(numbers?.ways ?? {}).map(([both, key]) => [key, both.split(">")]));
  /** Keys in the drawing that a path runs along, with the factors on them: on an edge, or inside a neuron. */
  function along(path, choice) {
    const keys = [];
    const factors = new Map();
    for (const [from, to, x] of path) {
      const [source, target] = [numbers.units[from], numbers.units[to]];
      if (source) keys.push(source);
      keys.push(target);
      const way = source === target ? target
        : source ? numbers.ways[`${source}>${target}`] : choice.edges.find((key) => ends.get(key)[1] === target);
      if (!way) continue;
      keys.push(way);
      factors.set(way, `×${plain(x, 3)}`);
    }
    return {keys, factors};
  }
  const MOST = 16, FEW = 3;
  const labels = new Map(all(".graph :is(.label, .factor)").map((each) => [each, each.textContent]));
  function light(some, choice) {
    for (const [each, text] of labels) each.textContent = text;
    const found = some.map((path) => along(path, choice));
    mark("onpath", found.flatMap((each) => each.keys));
    if (some.length > FEW) return; // their factors would run into one another
    for (const [key, text] of found.flatMap((each) => [...each.factors])) {
      for (const each of drawn.get(key)) {
        const label = each.querySelector(":is(.label, .factor)");
        if (label) label.textContent = text;
      }
    }
  }
  const product = (path) => [...path].reverse().reduce((whole, edge) => whole * Number(edge[2]), 1);
  const written = (path) => joined([...path].reverse().map(([from, to]) => slope(to, from)), "·");
  const counted = (path) => joined([...path].reverse().map(([, , x]) => number(x, true)), "·");

  function choose(choice) {
    one("select").value = String(numbers.choices.indexOf(choice));
    mark("selected", choice.edges);
    for (const each of all('.edge[role="button"]')) each.setAttribute("aria-pressed", String(choice.edges.includes(each.dataset.key)));
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
        const inner = (parts) => row(sign("("), joined(parts, "+"), sign(")"), sign("·"));
        blocks.push(tagged(formula([
          [slope(numbers.end, entry), row(inner(paths.map((path) => row(written(path.slice(1))))), slope(to, from))],
          [undefined, row(inner(paths.map((path) => row(counted(path.slice(1))))), number(x, true))],
          [undefined, result(numbers.slopes[entry])]]), "(12)"));
      }
    }
    panel.replaceChildren(title, html("p", {className: "soft", textContent: `Multiply along a path, add over all paths.${paths.length > FEW ? " Point at a path for the factors on its edges." : ""}`}), list, ...blocks);
  }
  function chooseParameter(choice) {
    mark("onpath", choice.lit);
    one(".paths").replaceChildren(html("p", {textContent: `${choice.name}: ${choice.told}.`}));
  }

  const choices = numbers ? numbers.choices : data.parameters;
  const select = one("select");
  select.append(html("option", {value: "", textContent: "–"}),
    ...choices.map((each, i) => html("option", {value: String(i), textContent: numbers ? called(each.entry) : each.name})));
  const chosen = (choice) => (choice === undefined ? unchosen() : numbers ? choose(choice) : chooseParameter(choice));
  function unchosen() {
    for (const [each, text] of labels) each.textContent = text;
    mark("onpath", []);
    mark("selected", []);
    one(".paths").replaceChildren();
  }
  select.addEventListener("change", () => chosen(select.value === "" ? undefined : choices[Number(select.value)]));
  for (const [key, elements] of drawn) {
    const choice = numbers?.choices.find((each) => each.edges.includes(key));
    if (!choice) continue;
    const pressed = () => chosen(select.value === String(choices.indexOf(choice)) ? void (select.value = "") : choice);
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
  one(".chosen").hidden = choices.length === 0;
  if (marks.length === 0) track.hidden = true;
  if (steps.length) show();
})();
