"""Every page of the site loads without an error, and shows mathematics and not its source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FLAT = """[...document.querySelectorAll(".katex-html svg")].filter((svg) => {
  const high = (element) => element.getBoundingClientRect().height;
  return svg.getClientRects().length && high(svg) + 1 < high(svg.parentElement);
}).map((svg) => svg.closest(".arithmatex").textContent)"""


def test_every_page_loads_without_an_error_or_a_request_to_another_host(
    site: Path, open_page: Callable[..., Any], address: str
) -> None:
    paths = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    assert len(paths) > 100
    page = open_page(paths[0])
    for path in paths:
        page.goto(f"{address}/{path}", wait_until="load")
        # What KaTeX could not read it leaves as red text of this class.
        assert page.locator(".katex-error").count() == 0, path
        sources, typeset = page.locator(".arithmatex").count(), page.locator(".arithmatex .katex").count()
        assert typeset >= sources, path
        # A root is a drawing: it is as high as what stands under it, whatever the theme does with drawings.
        assert page.evaluate(FLAT) == [], path
        # And what the stepper's own typesetting could not, it throws, which `open_page` sees.
        assert page.locator(".bp-stepper:not([hidden])").count() <= page.locator(".bp-stepper .bp-equations").count(), (
            path
        )


LONELY = r"""[...document.querySelectorAll(".behind-formula")].filter((kept) => {
  const before = [...kept.previousElementSibling.querySelectorAll(".katex-html .katex-base")].pop();
  return before && kept.getBoundingClientRect().left < before.getBoundingClientRect().left;
}).map((kept) => kept.previousElementSibling.textContent + kept.textContent)"""


@pytest.mark.parametrize("width", [1280, 900, 640, 390])
def test_no_line_begins_with_the_comma_behind_a_formula(open_page: Callable[..., Any], width: int) -> None:
    for path in ("zh/tutorial/neurons/", "zh/tutorial/backpropagation/", "tutorial/backpropagation/"):
        page = open_page(path, viewport={"width": width, "height": 900})
        page.wait_for_selector(".behind-formula")
        assert page.evaluate(LONELY) == []
