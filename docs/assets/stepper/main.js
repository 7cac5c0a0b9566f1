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
  const began = /** @type {PerformanceNavigationTiming} */ (performance.getEntriesByType("navigation")[0]).type === "navigate";
  let moved = !began;  // by the reader, or back to where the reader was
  for (const each of ["wheel", "touchmove", "keydown", "pointerdown"]) window.addEventListener(each, () => moved = true, {once: true, passive: true});
  await styled();
  if (steppers.length) {
    const {mountStepper} = await import("./opening.js");
    for (const host of steppers) mountStepper(/** @type {HTMLElement} */ (host));
  }
  if (playgrounds.length) {
    const {mountPlayground} = await import("./playground.js");
    for (const host of playgrounds) mountPlayground(/** @type {HTMLElement} */ (host));
  }
  if (!moved) place?.scrollIntoView();  // what was drawn is higher than what stood there
}
