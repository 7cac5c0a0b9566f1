"""The tutorial in a browser: equations to link to and to read on a phone, solutions that unfold, figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PAGES = [
    f"{language}tutorial/{name}/" for language in ("", "zh/") for name in ("neurons", "backpropagation", "by-hand")
]

#: Of every numbered equation, scrolled to its end: how far it reaches to the right, and where its number begins.
ENDS = """() => [...document.querySelectorAll('.equation')].map(each => {
  const box = each.querySelector('.arithmatex');
  box.scrollLeft = box.scrollWidth;
  const parts = [...each.querySelectorAll('.katex-html > :not(.katex-tag)')];
  const right = Math.max(...parts.map(part => part.getBoundingClientRect().right));
  return [each.id, right, each.querySelector('.katex-tag').getBoundingClientRect().left];
})"""


@pytest.mark.parametrize("width", [PHONE, DESK], ids=["phone", "desk"])
def test_no_equation_runs_into_its_number(open_page: Callable[..., Any], width: dict[str, int]) -> None:
    page = open_page("tutorial/backpropagation/", viewport=width)
    page.locator("#eq-bp2-2 .katex").first.wait_for()
    ends = page.evaluate(ENDS)
    assert len(ends) == 27
    assert [name for name, right, number in ends if right > number + 1] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_no_wider_than_a_phone_and_shows_its_figures(open_page: Callable[..., Any], path: str) -> None:
    page = open_page(path, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    for figure in page.locator("article img").all():
        figure.scroll_into_view_if_needed()
        assert figure.evaluate("each => each.decode().then(() => each.naturalWidth > 100)")
        assert figure.get_attribute("alt")


def test_a_link_to_an_equation_leads_there(open_page: Callable[..., Any]) -> None:
    page = open_page("tutorial/backpropagation/#eq-18", viewport=DESK)
    equation = page.locator("#eq-18")
    equation.locator(".katex").first.wait_for()
    page.wait_for_function("document.querySelector('#eq-18').getBoundingClientRect().top < innerHeight")
    assert equation.locator("a.headerlink").get_attribute("href") == "#eq-18"


@pytest.mark.parametrize("language", ["", "zh/"])
def test_solutions_are_folded_until_they_are_asked_for(open_page: Callable[..., Any], language: str) -> None:
    page = open_page(f"{language}tutorial/exercises/")
    solutions = page.locator("details.success")
    assert solutions.count() == 18
    first = solutions.first
    assert not first.locator(".arithmatex").first.is_visible()
    first.locator("summary").click()
    assert first.locator(".arithmatex").first.is_visible()
