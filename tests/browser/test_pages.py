"""Every page of the site loads without an error, and shows mathematics and not its source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


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
        # And what the stepper's own typesetting could not, it throws, which `open_page` sees.
        assert page.locator(".bp-stepper:not([hidden])").count() <= page.locator(".bp-stepper .bp-equations").count(), (
            path
        )
