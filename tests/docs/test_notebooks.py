"""A page's notebook has the page's words, code and outputs, and nothing that Jupyter cannot read."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .page_parts import fenced

ROOT = Path(__file__).parents[2]
SITE = "https://site.example/below"


@pytest.fixture
def notebooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("pymdownx", reason="the site needs the docs extra")
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    return importlib.import_module("notebooks")


def made(notebooks: ModuleType, page: str, language: str = "en", text: str | None = None) -> dict[str, Any]:
    file = ROOT / "docs" / f"{page}{'' if language == 'en' else '.zh'}.md"
    text = file.read_text(encoding="utf-8") if text is None else text
    found: dict[str, Any] = notebooks.notebook_of(text, page, language, SITE, ROOT / "docs")
    return found


def cells(notebook: dict[str, Any], kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_notebook_has_the_blocks_of_its_page_and_what_they_print(notebooks: ModuleType, language: str) -> None:
    for page in notebooks.EXTRAS:
        text = (ROOT / "docs" / f"{page}{'' if language == 'en' else '.zh'}.md").read_text(encoding="utf-8")
        code, printed = [], []
        for info, body in fenced(text):
            if info.startswith("console"):
                entries = [each.partition("\n") for each in re.split(r"^(?=\$ )", body, flags=re.M) if each]
                code += [f"!{command.removeprefix('$ ')}" for command, _, _ in entries]
                printed += [told for _, _, told in entries if told]
            elif info == 'text title="output"':
                printed.append(body)
            else:
                name = re.search(r'title="(.*)"', info)
                code.append((f"%%writefile {name[1]}\n" if name else "") + body.strip("\n"))
        notebook = made(notebooks, page, language)
        outputs = [each for cell in notebook["cells"] for each in cell.get("outputs", [])]
        assert [each for each in cells(notebook, "code") if 'os.environ["PATH"]' not in each] == code
        assert ["".join(each["text"]) for each in outputs] == printed


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_have_nothing_that_only_the_site_reads(notebooks: ModuleType, language: str) -> None:
    site_only = re.compile(r"\{ ?[.#:]\w|^(?:\?\?\?|!!!|===) |title=\"|<div|<!--|\.md[)#]|\]\[|\x00", re.MULTILINE)
    for page in notebooks.EXTRAS:
        notebook = made(notebooks, page, language)
        for words in cells(notebook, "markdown"):
            outside = re.sub(r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$", "", words, flags=re.DOTALL)
            assert site_only.findall(outside) == []
            places = re.findall(r"\]\(#([^)]+)\)", outside)
            assert [each for each in places if f'<a id="{each}"></a>' not in "".join(cells(notebook, "markdown"))] == []
            for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)", outside):
                assert target.startswith("http")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_links_lead_to_pages_of_the_language_and_pictures_come_along(notebooks: ModuleType, language: str) -> None:
    root = SITE if language == "en" else f"{SITE}/zh"
    seen = 0
    for page in notebooks.EXTRAS:
        for cell in made(notebooks, page, language)["cells"]:
            words = "".join(cell["source"])
            attached = set(cell.get("attachments", {}))
            assert set(re.findall(r"!\[[^\]]*\]\(attachment:([^)]+)\)", words)) == attached
            assert "](../" not in words
            seen += len(attached)
            for target in re.findall(rf"\]\({re.escape(root)}/([^)#]*)", words):
                name = target.rstrip("/") or "index"
                assert any((ROOT / "docs" / f"{name}{end}.md").exists() for end in ("", "/index")), target
    assert seen > 20


def test_what_jupyter_does_not_know_becomes_what_it_does(notebooks: ModuleType) -> None:
    text = (
        "# Title\n\n## Place {#here}\n\n[back](#here), [there](by-hand.md#it-learns), [`Network`][bpframe.Network]\n\n"
        '??? success "Solution"\n\n    It is $x_{1}$ [here](by-hand.md){ .md-button }.\n\n'
        '??? example "In code"\n\n    Look:\n\n    ```python\n    print(1)\n    ```\n\n'
        '    ```text title="output"\n    1\n    ```\n\n'
        '=== "A"\n\n    ```python\n    x = 1\n    ```\n\n'
        '```yaml title="a.yaml"\nkind: x\n```\n\n```console\n$ pip install it\n$ bpframe --version\n1\n```\n'
    )
    notebook = made(notebooks, "tutorial/neurons", text=text)
    assert cells(notebook, "code")[1:] == ["print(1)", "x = 1", "%%writefile a.yaml\nkind: x", "!bpframe --version"]
    words = "\n\n".join(cells(notebook, "markdown"))
    assert '<a id="here"></a>\n\n## Place' in words
    assert f"[back](#here), [there]({SITE}/tutorial/by-hand/#it-learns), `Network`" in words
    assert (
        f"<details>\n<summary>Solution</summary>\n\nIt is $x_{{1}}$ [here]({SITE}/tutorial/by-hand/).\n\n</details>"
        in words
    )
    assert "**In code**\n\nLook:" in words
    assert "```console\n$ pip install it\n```" in words


def test_bold_words_that_end_in_a_sign_are_bold_in_commonmark(notebooks: ModuleType) -> None:
    notebook = made(notebooks, "tutorial/neurons", "zh", "# 题\n\n**BP1。**输出有多错，**偏置**，**a** b\n")
    assert "<strong>BP1。</strong>输出有多错，**偏置**，**a** b" in cells(notebook, "markdown")[0]


def test_pages_say_which_extra_their_code_needs(notebooks: ModuleType) -> None:
    for page, extras in notebooks.EXTRAS.items():
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        code = "".join(body for info, body in fenced(text) if info.startswith("python"))
        needed = {"plot"} if re.search(r"\.(?:plot|draw|plot_counts)\(", code) else set()
        assert needed <= set(extras), page


def test_equal_pages_give_equal_notebooks(notebooks: ModuleType) -> None:
    first, second = (notebooks.written(made(notebooks, "tutorial/by-hand")) for _ in range(2))
    assert first == second
