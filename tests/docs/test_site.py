"""The site builds without a warning, is complete in itself, and asks no other host for anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from bpframe.plugins import default_registry
from tests.made_once import made_once

pytest.importorskip("mkdocs", reason="the site needs the docs extra")

ROOT = Path(__file__).parents[2]
CDN = re.compile(
    r"https?://(?:unpkg\.com|esm\.sh|polyfill\.io|[\w.-]*(?:jsdelivr|cloudflare|skypack|googleapis|gstatic|bootstrapcdn)"
    r"\.(?:net|com|dev))[\w./@-]*"
)
# The theme's script names these and fetches them for nobody who reads this site: the first where a page holds a
# Mermaid diagram (none does, see below), the second in browsers of before 2020.
DORMANT = (r"https://unpkg\.com/mermaid@[\d.]+/dist/mermaid\.min\.js", r"https://unpkg\.com/resize-observer-polyfill")


class _Page(HTMLParser):
    """Collects what a browser would load for a page, its hyperlinks, and the ids and classes of its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.classes.update(values.get("class", "").split())
        self.ids.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        self.loaded += [values[name] for name in ("src", "poster", "data") if name in values]
        self.loaded += [part.split()[0] for part in values.get("srcset", "").split(",") if part.strip()]
        self.loaded += re.findall(r"url\(['\"]?([^)'\"]+)", values.get("style", ""))
        # Canonical and alternate links tell where a page lives; nobody follows them by himself.
        if tag == "link" and values.get("rel") not in {"canonical", "alternate", "next", "prev"}:
            self.loaded.append(values.get("href", ""))


def _loaded_by_css(text: str) -> list[str]:
    found = re.findall(r"url\(\s*['\"]?([^)'\"]+)|@import\s+['\"]([^'\"]+)", text)
    return [by_url or by_import for by_url, by_import in found]


def foreign_or_missing(site: Path) -> list[str]:
    """Return what the pages of a built site would load from other hosts, or from files that are not there."""
    problems = []
    for file in sorted(site.rglob("*")):
        if file.suffix not in {".html", ".css", ".js"}:
            continue
        text = file.read_text(encoding="utf-8")
        page = _Page(text) if file.suffix == ".html" else None
        loaded = page.loaded if page else _loaded_by_css(text) if file.suffix == ".css" else []
        for reference in loaded:
            target = urlsplit(reference)
            if target.scheme == "data" or not target.path:
                continue
            base = site if target.path.startswith("/") else file.parent
            if target.netloc or target.scheme or not (base / unquote(target.path).lstrip("/")).exists():
                problems.append(f"{file.relative_to(site)} loads {reference}")
        if page and "mermaid" in page.classes:
            problems.append(f"{file.relative_to(site)} makes the theme load Mermaid")
        if file.suffix != ".css":
            problems += [
                f"{file.relative_to(site)} names {url}"
                for url in CDN.findall(text)
                if not any(re.fullmatch(dormant, url) for dormant in DORMANT)
            ]
    return problems


def broken_links(site: Path) -> list[str]:
    """Return the hyperlinks of a built site's pages to pages or headings of its own that are not there."""
    pages = {page.resolve(): _Page(page.read_text(encoding="utf-8")) for page in site.rglob("*.html")}
    problems = []
    for file, page in pages.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme or target.netloc:
                continue
            base = site if target.path.startswith("/") else file.parent
            path = (base / unquote(target.path).lstrip("/")).resolve() if target.path else file
            path = path / "index.html" if path.is_dir() else path
            known = pages.get(path)
            if not path.exists() or (target.fragment and known and unquote(target.fragment) not in known.ids):
                problems.append(f"{file.relative_to(site.resolve())} links to {link}")
    return sorted(problems)


#: `mkdocs` with arguments, and with a gallery of two checks for each component: the whole kit is run over the same
#: examples by tests/testing/test_shipped.py, and takes as long as all else that the site is made of.
MKDOCS = """
import functools, sys
import bpframe.testing
bpframe.testing.check_component = functools.partial(bpframe.testing.check_component, only=("contract", "construction"))
from mkdocs.__main__ import cli
cli(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def build(target: Path) -> None:
        # A PYTHONWARNINGS that turns warnings into errors is meant for our code, not for the site generator's.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
        command = [sys.executable, "-c", MKDOCS, "build", "--strict", "--quiet", "--site-dir", str(target)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return made_once(tmp_path_factory, "quick-site", build)


def test_the_site_loads_nothing_from_other_hosts_and_nothing_missing(site: Path) -> None:
    assert foreign_or_missing(site) == []


def test_every_link_leads_to_a_page_and_a_heading(site: Path) -> None:
    assert broken_links(site) == []


def test_every_link_of_a_notebook_leads_to_a_page_and_a_heading(site: Path) -> None:
    seen = 0
    for file in site.rglob("*.ipynb"):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        words = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        for path, anchor in re.findall(r"\]\(http://127\.0\.0\.1:8000/([^)#]*)#?([^)]*)\)", words):
            page = (site / path / "index.html").read_text(encoding="utf-8")
            assert not anchor or f'id="{unquote(anchor)}"' in page, (file.name, path, anchor)
            seen += 1
    assert seen > 100


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<a href="a/#there">1</a><a href="a/#gone">2</a><a href="b/">3</a>')
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text('<h1 id="there"></h1><a href="..">4</a><a href="#gone">5</a>')
    assert [problem.rpartition(" ")[2] for problem in broken_links(tmp_path)] == ["#gone", "a/#gone", "b/"]


def test_the_tutorial_is_there_in_both_languages_with_its_equations(site: Path) -> None:
    for page, title in ("tutorial", "Back-propagation in four steps"), ("zh/tutorial", "四步理解反向传播"):
        text = (site / page / "backpropagation" / "index.html").read_text(encoding="utf-8")
        assert title in text
        assert r"\tag{BP4}" in text
        assert re.search(r'<script src="[^"]*katex\.min\.js"', text)


def test_chinese_is_cut_into_words_for_the_search(site: Path) -> None:
    index = json.loads((site / "zh" / "search" / "search_index.json").read_text(encoding="utf-8"))
    between_words = re.compile(index["config"]["separator"])
    titles = [entry["title"] for entry in index["docs"] if entry["location"].startswith("tutorial/")]
    assert "链式法则" in {word for title in titles for word in between_words.split(title)}


def test_a_list_of_the_pages_leads_to_their_texts(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# bpframe\n")
    targets = re.findall(r"^- \[[^\]]+\]\(https?://[^/]+/([^)]*)\)", text, re.MULTILINE)
    assert len(targets) > 50
    assert [target for target in targets if not (site / target).read_text(encoding="utf-8").strip()] == []


def test_the_directory_of_plugins_lists_every_shipped_set(site: Path) -> None:
    page = (site / "guides/plugin-directory/index.html").read_text(encoding="utf-8")
    for each in default_registry().sets:
        assert each.provider.distribution != "bpframe" or f"<code>bpframe_{each.provider.set}</code>" in page


def test_the_search_shows_no_latex(site: Path) -> None:
    for index in site.glob("**/search/search_index.json"):
        entries = json.loads(index.read_text(encoding="utf-8"))["docs"]
        assert len(entries) > 500
        for entry in entries:
            text = re.sub(r"<(pre|code)>.*?</\1>", "", entry["text"], flags=re.DOTALL)
            assert not re.search(r"\\(?:[a-z]{2,}|[(\[])", text), entry["location"]


def test_the_reference_shows_shapes_as_they_are_written(site: Path) -> None:
    pages = {page.parent.name: page.read_text(encoding="utf-8") for page in site.glob("reference/*/index.html")}
    assert "(*S, N, *in_shape) -&gt; (*S, N, *out_shape)" in pages["operators"]
    for name, text in pages.items():
        # A star that Markdown took for emphasis leaves a parenthesis behind, one that was escaped in code a backslash.
        assert not re.search(r"<em>[^<]*\(</em>|\\\*[a-z]", text), name


def test_the_gallery_shows_every_shipped_component_with_its_plot_and_its_report(site: Path) -> None:
    for each in default_registry().sets:
        if each.provider.distribution != "bpframe":
            continue
        text = (site / "gallery" / each.provider.set / "index.html").read_text(encoding="utf-8")
        for cls in each.components:
            name = f"{each.provider.set}.{cls.kind}"
            assert f'id="{name}"' in text
            figure = re.search(
                rf'<img class="plot" src="[^"]*/{re.escape(name)}\.svg" alt="([^"]*)".*?</figure>', text, re.S
            )
            assert figure
            assert len(figure[1]) > len(name) + 10  # says what is seen
            caption = re.search(r"<figcaption>(.*?)</figcaption>", figure[0], re.DOTALL)
            assert caption
            assert re.search(r"\d", caption[1]), name  # with a number
        assert text.count("Compliance report: passes") == len(each.components)
        assert "FAILS" not in text


def test_every_structure_that_is_asked_for_is_drawn(site: Path) -> None:
    page = (site / "guides" / "operators" / "index.html").read_text(encoding="utf-8")
    assert "<!-- structure" not in page
    assert page.count('<svg class="matrix"') > 10
    assert "<!-- drawn" not in page
    assert page.count('<div class="drawn"') > 20


def test_every_equation_of_the_tutorial_leads_to_its_code_and_back(site: Path) -> None:
    anchors = [f"eq-{number}" for number in (*range(1, 21), "bp1", "bp2", "bp3", "bp4", "12-graph")]
    for language in "", "zh/":
        tutorial, code = (
            _Page((site / f"{language}{page}" / "index.html").read_text(encoding="utf-8"))
            for page in ("tutorial/backpropagation", "inside/equations")
        )
        assert {f"../../inside/equations/#{anchor}" for anchor in anchors} <= set(tutorial.links)
        assert {f"../../tutorial/backpropagation/#{anchor}" for anchor in anchors} <= set(code.links)
        assert set(anchors) <= tutorial.ids & code.ids


def test_the_pages_of_the_inside_are_filled_from_the_code(site: Path) -> None:
    for page in (site / "inside").glob("*/index.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<!-- (?:rooms|equations|file|docstring|code)", text), page
        assert text.count("bpframe/") > 20
    assert '<svg class="rooms"' in (site / "inside" / "rooms" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", '<script src="https://example.org/a.js"></script>'),
        ("page.html", '<link rel="stylesheet" href="//example.org/a.css">'),
        ("page.html", '<img src="missing.svg">'),
        ("page.html", '<pre class="mermaid"><code>graph LR</code></pre>'),
        ("page.html", '<script>import("https://cdn.jsdelivr.net/npm/katex")</script>'),
        ("style.css", '@import "https://example.org/a.css";'),
        ("style.css", "@font-face { src: url(fonts/missing.woff2) }"),
        ("code.js", 'fetch("https://unpkg.com/anything")'),
    ],
)
def test_the_scan_finds(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert len(foreign_or_missing(tmp_path)) == 1


def test_the_scan_lets_hyperlinks_and_own_files_pass(tmp_path: Path) -> None:
    (tmp_path / "own.js").write_text("1")
    (tmp_path / "page.html").write_text('<a href="https://example.org">x</a><script src="own.js"></script>')
    assert foreign_or_missing(tmp_path) == []
