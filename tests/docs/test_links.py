"""Links from the texts in the repository's root lead to files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def local_targets(text: str) -> list[str]:
    """Return the targets of Markdown links and images that name a file, without their anchors."""
    targets = re.findall(r"\]\(([^)\s]+)", text)
    return [target.split("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


@pytest.mark.parametrize("name", ["README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_local_links_lead_to_files(name: str) -> None:
    missing = [target for target in local_targets((ROOT / name).read_text("utf-8")) if not (ROOT / target).exists()]
    assert not missing


def test_local_links_are_told_from_others() -> None:
    text = "[a](docs/a.md#part) [b](https://example.org/b) ![c](c.svg) [d](#d) [e](mailto:e@example.org)"
    assert local_targets(text) == ["docs/a.md", "c.svg"]


def half_merged(text: str) -> list[str]:
    """Return the lines that a merge leaves between two versions of a text."""
    return re.findall(r"^(?:<{7}|>{7})(?: .*)?$", text, re.MULTILINE)


def test_no_page_holds_two_versions_of_a_text() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert [page.name for page in pages if half_merged(page.read_text("utf-8"))] == []
    assert half_merged("one\n<<<<<<< HEAD\ntwo\n=======\nthree\n>>>>>>> other\n") == ["<<<<<<< HEAD", ">>>>>>> other"]
