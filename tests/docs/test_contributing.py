"""CONTRIBUTING.md shows how a component is added by the lines that added one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
(DIFF,) = re.findall(r"^```diff\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def hunks(diff: str) -> dict[str, list[str]]:
    """Return what each file of a diff holds afterwards, hunk by hunk."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^--- .*\n", diff, flags=re.MULTILINE)[1:]:
        name, *pieces = re.split(r"^@@\n", part, flags=re.MULTILINE)
        assert not re.search(r"^-", "".join(pieces), re.MULTILINE), "adding takes nothing away"
        found[name.removeprefix("+++ b/").strip()] = [
            re.sub(r"^[+ ]", "", piece, flags=re.MULTILINE) for piece in pieces
        ]
    return found


def test_adding_a_component_took_one_file_and_lines_of_the_set_s_init() -> None:
    after = hunks(DIFF)
    new, listed = after
    assert after[new] == [(ROOT / new).read_text(encoding="utf-8")]
    assert listed == str(Path(new).parent / "__init__.py")
    text = (ROOT / listed).read_text(encoding="utf-8")
    places = [text.find(piece) for piece in after[listed]]
    assert -1 not in places
    assert places == sorted(places)


def test_what_was_added_is_an_import_two_list_entries_and_an_example() -> None:
    lines = [line[1:].strip() for line in DIFF.partition("/__init__.py\n@@")[2].splitlines() if line.startswith("+")]
    module, entry, kind, example = lines[-4:]
    name = kind.rstrip(",")
    assert module.endswith(f" import {name}")
    assert entry == f'"{name}",'
    assert example.startswith(f"({name}(")


def test_the_site_uses_nothing_that_only_its_theme_has() -> None:
    extra = re.search(r"^docs = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert extra
    assert {'"mkdocs>=1.6,<2"', '"mkdocs-material>=9.6,<10"'} <= {each.strip() for each in extra[1].split(", ")}
    own = re.compile(r":(?:material|octicons|fontawesome|simple)-|```mermaid|\.annotate\b|\.grid\b")
    pages = (ROOT / "docs").rglob("*.md")
    assert [page.name for page in pages if own.search(page.read_text(encoding="utf-8"))] == []
