"""The stepper's MathML says what KaTeX would say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

#: All TeX that the page's steppers write, step by step.
WRITTEN = """() => {
  const written = new Set();
  for (const stepper of document.querySelectorAll(".bp-stepper:not([hidden])")) {
    for (const next = stepper.querySelector(".bp-next"); ; next.click()) {
      for (const each of stepper.querySelectorAll("annotation")) written.add(each.textContent);
      if (next.disabled) break;
    }
  }
  return [...written];
}"""

#: The structure of each formula as both write it: names of elements and their texts, without rows, spaces and looks.
BOTH = """async (all) => {
  const {typeset} = await import("/assets/stepper/typesetting.js");
  const plain = (element) => {
    if (["mspace", "annotation"].includes(element.localName)) return "";
    const inner = [...element.children].map(plain).join("");
    const own = element.textContent.replace(/[\\u2061\\s\\u00a0]/g, "");
    const text = element.children.length ? inner : own.replace("-", "−").replace("∥", "‖");
    const kept = ["mfrac", "msub", "msup", "msubsup", "mtable", "mtr"].includes(element.localName);
    return kept && !text.endsWith("′") ? `${element.localName}(${text})` : text;
  };
  return all.map((tex) => {
    const host = document.createElement("div");
    const options = {displayMode: true, output: "mathml", strict: false, trust: true};
    host.innerHTML = katex.renderToString(tex, options);
    return [tex, plain(typeset(tex, true)), plain(host.querySelector("math"))];
  });
}"""

#: An address that has exponents, many neurons, ReLU, and the cross-entropy.
OWN = (
    "stepper=own&sizes=2,6,2&w2=1e-7,2,3,-4,5,6,7,8,9,10,11,1e6&b2=0,-1,0,0,0,0&w3=1,2,3,4,5,6,-1,2,3,4,5,6&b3=0,0"
    "&a1=1,-2&y=0,1&rate=0.1&output=sigmoid"
)


@pytest.mark.parametrize("path", ["", "zh/"])
@pytest.mark.parametrize("own", ["hidden=relu&cost=quadratic", "hidden=tanh&cost=cross-entropy"])
def test_every_formula_is_the_one_that_katex_reads(open_page: Callable[..., Any], path: str, own: str) -> None:
    page = open_page(f"{path}tutorial/stepper/#{OWN}&{own}")
    page.locator('[data-network="own"] .bp-equation').first.wait_for()
    written = page.evaluate(WRITTEN)
    assert len(written) > 150
    page.add_script_tag(url="/assets/katex/katex.min.js")
    assert [each for each in page.evaluate(BOTH, written) if each[1] != each[2]] == []


@pytest.mark.parametrize("tex", [r"\unknown", r"\frac{1}", r"\begin{aligned} a", r"\left( a", "{a"])
def test_what_cannot_be_typeset_is_an_error(open_page: Callable[..., Any], tex: str) -> None:
    page = open_page("tutorial/stepper/")
    typeset = """async (tex) => {
      const {typeset} = await import("/assets/stepper/typesetting.js");
      try { return typeset(tex).textContent; } catch (error) { return error.name; }
    }"""
    assert page.evaluate(typeset, tex) == "SyntaxError"


def test_every_letter_of_the_formulas_is_in_the_font(open_page: Callable[..., Any], site: Any) -> None:
    known = set((site / "assets/math-font/characters.txt").read_text(encoding="utf-8"))
    page = open_page(f"tutorial/stepper/#{OWN}&hidden=relu&cost=quadratic")
    page.locator('[data-network="own"] .bp-equation').first.wait_for()
    letters = (
        """() => [...document.querySelectorAll(".bp-stepper :is(mi, mn, mo)")].map(each => each.textContent).join("")"""
    )
    used = set(page.evaluate(letters))
    for _ in range(10):
        page.eval_on_selector_all(".bp-stepper .bp-next", "all => all.forEach(each => each.click())")
        used |= set(page.evaluate(letters))
    assert used - known <= {"\u2061"}
