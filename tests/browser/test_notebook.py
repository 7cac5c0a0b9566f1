"""Explanations at the end of notebook cells: run in a kernel, converted to HTML, opened in a Chromium."""

from __future__ import annotations

import importlib.util
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if any(importlib.util.find_spec(name) is None for name in ("nbclient", "ipykernel", "nbconvert")):
    pytest.skip("the extra `notebooks` is not installed", allow_module_level=True)

CODE = """\
import bpframe as bp
from bpframe_reference import Dense, QuadraticCost, Sigmoid

layers = [Dense(units=2), Sigmoid(), Dense(units=1), Sigmoid()]
net = bp.Network(layers, cost=QuadraticCost(), input_shape=(2,), seed=4)
net.explain([1.0, 2.0], [1.0], expand=False)"""
AGAIN = "net.explain([0.0, 1.0], [0.0], expand=False)"
#: What would be fetched from other hosts, which bpframe's output does not need.
FETCHED = ("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url")


@pytest.fixture(scope="module")
def notebook() -> Any:
    """A notebook with two explanations, after it was run."""
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(each) for each in (CODE, AGAIN)]
    made = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(made, kernel_name="python3", timeout=60).execute()
    return made


def converted(notebook: Any, file: Path, **words: Any) -> str:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(**words)
    for name in FETCHED:
        setattr(exporter, name, "")
    page, _ = exporter.from_notebook_node(notebook)
    file.write_text(re.sub(r'<script[^>]* src="[^"]*"[^>]*></script>', "", page), encoding="utf-8")
    return file.as_uri()


def test_two_explanations_are_walked_through_side_by_side(
    notebook: Any, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page(converted(notebook, tmp_path / "one.html"))
    frames = page.locator("iframe")
    assert frames.count() == 2
    assert page.locator(".bpframe-words:visible").count() == 0
    for number in range(2):
        frames.nth(number).scroll_into_view_if_needed()
        inside = frames.nth(number).content_frame
        inside.locator(".progress").wait_for()
        mathematics = inside.locator("article.step math:visible").first.bounding_box()
        assert mathematics["width"] > 20
        assert mathematics["height"] > 10
        assert inside.locator("svg:visible").count() > 0
    first, second = (frames.nth(number).content_frame for number in range(2))
    before = second.locator(".progress").inner_text()
    first.get_by_role("button", name="Next").click()
    assert first.locator(".progress").inner_text() != before
    assert second.locator(".progress").inner_text() == before
    ids = page.evaluate("[...document.querySelectorAll('.jp-OutputArea [id], .output [id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))


def test_what_is_left_of_an_explanation_that_is_not_trusted_can_be_read(
    notebook: Any, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    page = open_page(converted(notebook, tmp_path / "clean.html", sanitize_html=True))
    assert page.locator("iframe").count() == 0
    words = page.locator("pre:visible", has_text="One example, explained")
    assert words.count() == 2
    assert "(BP2)" in words.first.inner_text()


@pytest.mark.parametrize(("page", "words"), [("tutorial/neurons/", "Download"), ("zh/tutorial/neurons/", "下载")])
def test_a_page_leads_to_its_notebook(open_page: Callable[..., Any], address: str, page: str, words: str) -> None:
    link = open_page(page).locator("p.notebook a")
    assert words in link.inner_text()
    target = link.evaluate("each => each.href")
    assert target == f"{address}/{page}neurons.ipynb"
    with urllib.request.urlopen(target) as answer:
        assert json.load(answer)["nbformat"] == 4
