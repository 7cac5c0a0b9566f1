// Brings the pages' steppers and playgrounds to life. On other pages nothing is loaded but these lines.

const steppers = document.querySelectorAll(".bp-stepper");
const playgrounds = document.querySelectorAll(".bp-playground");

/** The styles, before anything is shown that needs them. */
const styled = () => new Promise((resolve) => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("stepper.css", import.meta.url).href;
  link.onload = link.onerror = resolve;
  document.head.append(link);
});

if (steppers.length + playgrounds.length) {
  const place = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
  const top = place?.getBoundingClientRect().top ?? -1;
  await styled();
  if (steppers.length) {
    const {mountStepper} = await import("./opening.js");
    for (const host of steppers) mountStepper(/** @type {HTMLElement} */ (host));
  }
  if (playgrounds.length) {
    const {mountPlayground} = await import("./playground.js");
    for (const host of playgrounds) mountPlayground(/** @type {HTMLElement} */ (host));
  }
  // What was drawn moved the place that the address names, which the reader had in view.
  if (top >= 0 && top < window.innerHeight) place?.scrollIntoView();
}
