// Typesets what the Markdown extension arithmatex marked: \( inline \) and \[ display \].
const formulas = [...document.querySelectorAll(".arithmatex")];
for (const element of formulas) {
  const source = element.textContent.trim();
  katex.render(source.slice(2, -2), element, {displayMode: source.startsWith("\\["), throwOnError: false});
}

// Browsers break a line between a formula and the comma behind it. So the formula's last part keeps room for the comma, which
// stands in that room and takes none of its own: both find place in a line, or neither.
const marks = [];
for (const element of formulas) {
  const last = [...element.querySelectorAll(":scope > .katex > .katex-html > .katex-base")].pop();
  const text = element.nextSibling;
  const mark = text?.nodeType === Node.TEXT_NODE && last ? /^[,.;:!?)\u2019\u201d，。；：、！？）”」]+/.exec(text.data) : null;
  if (!mark || element.tagName !== "SPAN") continue;
  const kept = document.createElement("span");
  kept.className = "behind-formula";
  kept.textContent = mark[0];
  text.data = text.data.slice(mark[0].length);
  element.after(kept);
  marks.push([last, kept]);
}
const size = (element) => parseFloat(getComputedStyle(element).fontSize);
// All is measured before anything is moved: one layout instead of one for each.
const sizes = marks.map(([last, kept]) => [kept.getBoundingClientRect().width, size(last), size(kept)]);
marks.forEach(([last, kept], index) => {
  const [width, ofLast, ofKept] = sizes[index];
  last.style.marginRight = `${width / ofLast}em`;
  kept.style.marginLeft = `${-width / ofKept}em`;
});
