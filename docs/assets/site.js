// The language switch keeps the place: a heading carries the id of its twin in the other language (see languages.py).
for (const link of document.querySelectorAll("a.md-select__link[hreflang]")) {
  link.addEventListener("click", () => {
    link.hash = anchorIn(link.hreflang);
  });
}

function anchorIn(language) {
  if (location.hash.startsWith("#stepper=")) return location.hash.slice(1);  // what a stepper shows is no place
  const here = decodeURIComponent(location.hash.slice(1));
  if (language === document.documentElement.lang) return here;
  let place = here && document.getElementById(here);
  if (!place) {
    // Without an anchor: the heading that the reader has reached.
    for (const heading of document.querySelectorAll("article :is(h2, h3, h4)[id]")) {
      if (heading.getBoundingClientRect().top < innerHeight / 3) place = heading;
    }
    if (!place || scrollY === 0) return "";
  }
  const heading = place.closest("[data-twin]");
  return heading ? heading.dataset.twin : place.id;
}
