"""What the build of the site does to every page, and to what the search knows of it."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    for module in ("jieba", "mkdocs"):
        pytest.importorskip(module, reason="the site needs the docs extra")
    return {
        name: importlib.import_module(name)
        for name in ("languages", "llms_text", "outputs", "search_text", "shapes", "tables")
    }


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\delta^l_j", "δ^l_j"),
        (r"\frac{\partial C}{\partial w^l_{jk}} = \delta^l_j \tag{14}", "(∂C)/(∂w^l_jk) = δ^l_j (14)"),
        (r"(W^l)^{\mathsf T}\delta \odot \sigma'(z)", "(W^l)ᵀδ ⊙ σ'(z)"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "a b c d"),
        (r"\sqrt{x_1} \le \lVert y \rVert", "√(x_1) ≤ ‖ y ‖"),
    ],
)
def test_a_formula_is_found_as_one_would_type_it(rendering: dict[str, ModuleType], latex: str, text: str) -> None:
    assert rendering["search_text"].readable(latex) == text


def test_no_formula_of_the_pages_leaves_latex_in_the_search(rendering: dict[str, ModuleType]) -> None:
    formulas = [
        formula
        for page in (ROOT / "docs").rglob("*.md")
        for formula in re.findall(r"\$\$(.+?)\$\$", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert len(formulas) > 50
    assert [text for text in map(rendering["search_text"].readable, formulas) if re.search(r"\\|\$|frac", text)] == []


def test_code_is_left_alone_where_formulas_are_made_readable(rendering: dict[str, ModuleType]) -> None:
    text = r"<p>\(\delta &lt; 1\)</p> <code>re.match('\(\)')</code>"
    assert rendering["search_text"].without_latex(text) == r"<p>δ &lt; 1</p> <code>re.match('\(\)')</code>"


def test_each_language_gets_the_index_of_its_own_pages(rendering: dict[str, ModuleType], tmp_path: Path) -> None:
    docs = [{"location": at, "title": at, "text": r"\(\eta\)"} for at in ("a/", "zh/a/", "zebra/")]
    (tmp_path / "search").mkdir()
    index = {"config": {"lang": ["en"], "separator": " "}, "docs": docs}
    (tmp_path / "search" / "search_index.json").write_text(json.dumps(index))
    rendering["search_text"].write_indexes(tmp_path, ["", "zh"], {"zh/a/": " · 甲"})
    english, chinese = (
        json.loads((tmp_path / folder / "search" / "search_index.json").read_text()) for folder in ("", "zh")
    )
    assert [each["location"] for each in english["docs"]] == ["a/", "zebra/"]
    assert [(each["location"], each["title"]) for each in chinese["docs"]] == [("a/", "zh/a/ · 甲")]
    assert {each["text"] for each in english["docs"] + chinese["docs"]} == {"η"}
    assert english["config"] == chinese["config"] == index["config"]


@pytest.mark.parametrize(
    ("location", "title", "shown"),
    [
        ("reference/bpframe/#bpframe.Network.gradient", "gradient", "Network.gradient"),
        ("reference/bpframe/#bpframe.Network.state", "state  <code>property</code>", "Network.state"),
        ("reference/bpframe/#bpframe.Network", "bpframe.Network", "Network (bpframe)"),
        ("gallery/optimizers/#optimizers.adam", "optimizers.adam", "adam (optimizers)"),
        ("guides/training/#version-1.2", "Version 1.2", "Version 1.2"),
    ],
)
def test_a_name_is_found_as_one_looks_for_it(
    rendering: dict[str, ModuleType], location: str, title: str, shown: str
) -> None:
    assert rendering["search_text"]._title({"location": location, "title": title}) == shown


def page_in(language: str, path: str) -> SimpleNamespace:
    return SimpleNamespace(file=SimpleNamespace(locale=language, src_uri=path))


def test_a_heading_answers_to_the_anchors_of_both_languages(rendering: dict[str, ModuleType]) -> None:
    with_twins = rendering["languages"].with_twins
    original = '<h1 id="paths">Paths</h1><h2 id="sum">Sum</h2>'
    assert with_twins(original, page_in("en", "a.md")) == original
    translated = with_twins('<h1 id="路径">路径</h1><h2 id="和">和</h2>', page_in("zh", "a.zh.md"))
    assert re.findall(r'<h\d id="(.+?)" data-twin="(.+?)"><a class="twin" id="\2">', translated) == [
        ("路径", "paths"),
        ("和", "sum"),
    ]
    other = '<h1 id="路径">路径</h1><h3 id="和">和</h3>'
    assert with_twins(other, page_in("zh", "a.zh.md")) == other


def test_a_table_of_words_can_be_stacked_and_one_of_numbers_keeps_its_shape(rendering: dict[str, ModuleType]) -> None:
    row = "<tr><td>{}</td><td>{}</td></tr>"
    heads = "<table><thead><tr><th>name</th><th>what &lt; it</th></tr></thead>"
    words = heads + row.format("<code>a</code>", "word " * 10) + "</table>"
    stacked = rendering["tables"].for_narrow_screens(words)
    assert "<table data-stacked>" in stacked
    assert '<td data-label="name"><code>a</code></td><td data-label="what &lt; it">' in stacked
    numbers = heads + row.format(1, 2) + "</table>"
    assert rendering["tables"].for_narrow_screens(numbers) == numbers
    many = "<table><tr>" + "<td>a long text in each of many columns</td>" * 9 + "</tr></table>"
    assert rendering["tables"].for_narrow_screens(many) == many


@pytest.mark.parametrize(
    ("markdown", "sentence"),
    [
        ("# Title\n\nHow do I train a [network](a.md)? And then\nmore.\n", "How do I train a network?"),
        ("---\nhide: [toc]\n---\n\n# Title\n\n```python\nx = 1\n```\n\nA layer says *what*.\n", "A layer says what."),
        ("::: bpframe.errors", ""),
    ],
)
def test_a_page_is_introduced_by_its_first_sentence(
    rendering: dict[str, ModuleType], markdown: str, sentence: str
) -> None:
    assert rendering["llms_text"].first_sentence(markdown) == sentence


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("1 0.40...  0.9...", "1 0.4037  0.9123", "1 0.4037  0.9123"),
        ("a\n...\nz 2...", "a\nb\nc\nz 2.5", "a\n…\nz 2.5"),
        ("run in ...", "run in /tmp/x/run", "run in …"),
        ("wide   table ...", "wide table 5", "wide   table 5"),
        ("1...", "2", None),
    ],
)
def test_what_a_page_leaves_open_is_filled_by_what_a_run_printed(
    rendering: dict[str, ModuleType], shown: str, printed: str, expected: str | None
) -> None:
    assert rendering["outputs"].filled(shown, printed) == expected


def test_every_output_that_a_page_leaves_open_was_printed_by_the_run_that_is_kept(
    rendering: dict[str, ModuleType],
) -> None:
    missing = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        page = path.relative_to(ROOT / "docs").as_posix()
        missing += [(page, each) for each in rendering["outputs"].missing(path.read_text(encoding="utf-8"), page)]
    assert missing == [], (
        "BPFRAME_OUTPUTS=docs/rendering/outputs.json python -m pytest -n 0 tests/docs/test_snippets.py"
    )


def test_stars_of_shapes_are_no_emphasis_and_titles_keep_theirs(rendering: dict[str, ModuleType]) -> None:
    text = "x (*S, N, *features), `(*S)`; Goyal et al., *Accurate, Large Minibatch SGD* (2017)"
    assert rendering["shapes"].escaped(text) == text.replace("(*S, N, *f", r"(\*S, N, \*f")


def test_a_translated_page_says_where_a_link_leads_out_of_its_language(rendering: dict[str, ModuleType]) -> None:
    page = SimpleNamespace(url="zh/guides/a/", file=SimpleNamespace(src_uri="guides/a.zh.md"))
    html = '<a href="../b/#c">b</a> <a href="../d/">d</a> <a href="https://e.org/">e</a> <a href="#f">f</a>'
    told = rendering["languages"].with_foreign_links(html, page, {"zh/guides/b/"})
    assert told == html.replace('"../b/#c"', '"../b/#c" hreflang="en"')
    page.file.src_uri = "guides/a.md"
    assert rendering["languages"].with_foreign_links(html, page, {"zh/guides/b/"}) == html


def test_output_is_labelled_in_the_language_of_the_page(rendering: dict[str, ModuleType]) -> None:
    block = '```text title="output"\n1\n```\n'
    assert rendering["languages"].with_labels(block, "a.md") == block
    assert rendering["languages"].with_labels(block, "a.zh.md") == block.replace("output", "输出")


def test_outputs_are_shown_as_printed_and_others_without_dots_behind_numbers(
    rendering: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering["outputs"], "_kept", lambda: {"a.md": {"0.40...": ["0.4037"]}})
    page = '- x\n\n    ```text title="output"\n    {}\n    ```\n\n```console\n$ bpframe demo ...\n'
    page += "acc 0.9... in ... s\n```\n"
    assert rendering["outputs"].with_outputs(page.format("0.40..."), "a.md") == (
        page.format("0.4037").replace("0.9... in ... s", "0.9 in … s")
    )
    code = "```python\nx[...] = 1\n```\n"
    assert rendering["outputs"].with_outputs(code, "a.md") == code


def test_every_figure_of_the_guides_is_drawn_shown_and_described(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    drawn = set(importlib.import_module("guide_figures").FIGURES)
    assert {file.stem for file in (ROOT / "docs/assets/guides").glob("*.svg")} == drawn
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))
    assert set(re.findall(r"!\[[^\]]{40,}\]\([./]+assets/guides/([\w-]+)\.svg\)", pages)) == drawn
    for figure in (name for name in drawn if name.endswith("-zh")):
        page = (ROOT / f"docs/guides/{figure.removesuffix('-zh')}.zh.md").read_text(encoding="utf-8")
        assert f"assets/guides/{figure}.svg" in page
        drawing = (ROOT / f"docs/assets/guides/{figure}.svg").read_text(encoding="utf-8")
        written = re.findall(r"<text [^>]*>([^<]*)<", drawing)
        assert not [text for text in written if re.search("[a-z]{4}", text)]


def test_every_picture_has_words_for_those_who_do_not_see_it() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.findall(r"!\[\s*\]\(|<img(?![^>]*alt=\"[^\"]+\")", text), page
