"""What MkDocs does while it builds the site: fills pages with what is made from the code.

A page asks for its part in a comment. `<!-- gallery: reference -->` stands for all components of that plugin set,
`<!-- directory -->` for the table of plugin sets,
`<!-- structure: Diagonal -->` for the picture of an operator, `<!-- drawn: Diagonal -->` for one with its numbers,
`<!-- example: lenet -->` for a shipped example, `<!-- rooms -->` and `<!-- rooms: picture -->` for the rooms of
bpframe, `<!-- equations -->` for the tutorial's equations with their code; `<!-- file: module -->`,
`<!-- docstring: module:name -->` and `<!-- code: module:name -->` for what the source says there.

Every page's headings are tied to those of its other language, its tables can be read on a phone, and the search gets an
index for each language.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import equations
import example_pages
import languages
import llms_text
import matrix_pictures
import notebooks
import operator_cards
import outputs
import plugin_directory
import rooms
import scripts
import search_text
import source_text
import tables
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.utils import get_relative_url

try:
    import component_gallery
except ImportError as missing:
    raise PluginError(f"the gallery cannot be drawn: {missing}. python -m pip install 'bpframe[docs,plot]'") from None

log = logging.getLogger("mkdocs.hooks.gallery")

PLOTS = "assets/gallery"

#: What the pages of the inside ask for, beside their words.
SOURCE: dict[str, Callable[[str], str]] = {
    "file": source_text.shown_file,
    "docstring": source_text.shown_docstring,
    "code": source_text.shown_code,
}

#: The guides that cite the tutorial's equations all the time.
CITING = ("guides/explain", "guides/glossary")
TUTORIAL = "../tutorial/backpropagation.md"


#: What `llms.txt` lists: the English navigation, and every page's Markdown by its address.
_navigation: list[Any] = []
_markdown: dict[str, str] = {}

#: The pages that are notebooks too, by address: the page's name, its language, its Markdown with what the code prints.
_notebooks: dict[str, tuple[str, str, str]] = {}


@cache
def _entries(set_name: str) -> list[component_gallery.Entry]:
    # Once for all languages.
    entries = component_gallery.entries_of(set_name)
    if not entries:
        raise PluginError(f"the gallery has nothing to show: no plugin set '{set_name}' is installed")
    return entries


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Replace the comments that ask for something, and leave out what blocks tell the tests alone."""
    markdown = re.sub(r'^( *```console) title="exit code \d+"$', r"\1", markdown, flags=re.MULTILINE)
    markdown = outputs.with_outputs(markdown, page.file.src_uri)
    if (name := _name(page)) in notebooks.EXTRAS:
        _notebooks[page.url] = name, _language(page), markdown
    markdown = languages.with_labels(markdown, page.file.src_uri)

    def gallery(found: re.Match[str]) -> str:
        introduction = markdown.partition("<!-- gallery")[0]
        entries = component_gallery.by_use(_entries(found[1]), introduction)
        return "\n\n".join(_text(entry, page, config) for entry in entries)

    def structure(found: re.Match[str]) -> str:
        return matrix_pictures.operator_picture(matrix_pictures.STRUCTURES[found[1]], found[1])

    def source(found: re.Match[str]) -> str:
        return SOURCE[found[1]](found[2])

    where = page.file.src_uri
    if where.partition(".")[0] in CITING or where.startswith("tutorial/"):
        itself = where.startswith("tutorial/backpropagation.")
        tutorial = "" if itself else "backpropagation.md" if where.startswith("tutorial/") else TUTORIAL
        markdown = equations.with_citations(markdown, tutorial)
    if where.startswith("tutorial/backpropagation."):
        return equations.with_links(markdown, "zh" if where.endswith(".zh.md") else "en", "../inside/equations.md")
    if where.startswith("examples/"):
        return re.sub(r"^<!-- example: (\w+) -->$", lambda found: example_pages.section(found[1]), markdown, flags=re.M)
    if where.startswith("inside/"):
        markdown = re.sub(r"^<!-- (file|docstring|code): ([\w.:]+) -->$", source, markdown, flags=re.MULTILINE)
        markdown = markdown.replace("<!-- equations -->", equations.equations_text(TUTORIAL))
        picture = rooms.picture_in((source_text.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
        markdown = markdown.replace("<!-- rooms: picture -->", rooms.drawing(picture))
        return markdown.replace("<!-- rooms -->", rooms.rooms_text(picture))
    if "<!-- directory -->" in markdown:
        markdown = markdown.replace("<!-- directory -->", plugin_directory.directory())
    markdown = re.sub(r"^<!-- gallery: (\w+) -->$", gallery, markdown, flags=re.MULTILINE)
    return operator_cards.drawn(re.sub(r"<!-- structure: (\w+) -->", structure, markdown))


def _name(page: Any) -> str:
    """Return a page's name, which it shares with its translation: tutorial/neurons."""
    return re.sub(r"(\.zh)?\.md$", "", page.file.src_uri)


def _language(page: Any) -> str:
    return "zh" if page.file.src_uri.endswith(".zh.md") else "en"


def _text(entry: component_gallery.Entry, page: Any, config: Any) -> str:
    for report in entry.reports:
        if not report.ok:
            log.warning("%s fails its checks:\n%s", entry.name, report)

    def reference(cls: type) -> str:
        package = cls.__module__.partition(".")[0]
        home = "bpframe.extend" if package == "bpframe" else package  # a set may offer what all authors can import
        exists = (Path(config.docs_dir) / "reference" / f"{home.removeprefix('bpframe.')}.md").exists()
        return f"In the reference: [`{cls.__name__}`][{home}.{cls.__name__}]." if exists else ""

    return entry.markdown(reference, get_relative_url(_plot(entry), page.url))


def _plot(entry: component_gallery.Entry) -> str:
    return f"{PLOTS}/{entry.name}.svg"


def on_page_content(html: str, page: Any, files: Any, **_: Any) -> str:
    """Tie headings to those of the other language, let tables be stacked, and link to the page's notebook."""
    html = tables.for_narrow_screens(languages.with_titles(languages.with_twins(html, page), page))
    untranslated = {file.url for file in files if file.is_documentation_page() and languages.is_original(file)}
    html = languages.with_foreign_links(html, page, untranslated)
    return notebooks.with_link(html, _name(page), _language(page))


@event_priority(-200)  # after the plugin for languages has set the links
def on_page_context(context: Any, page: Any, config: Any, nav: Any, **_: Any) -> Any:
    """Have the language switch keep the page, note what is there to be listed, and say what a page's stepper needs."""
    if config.theme["language"] == "en":
        _navigation[:] = [nav]
    _markdown[page.url] = page.markdown
    languages.note_title(page)
    languages.switch_links(page, config.extra.get("alternate", []))
    context["ahead"] = scripts.asked_ahead(page.content or "")
    return context


@event_priority(-200)  # after the plugin for languages has built them all
def on_post_build(config: Any, **_: Any) -> None:
    """Write notebooks, the plots of pages that were filled, an index for each language; scripts are made small."""
    for url, (name, language, markdown) in _notebooks.items():
        reference = partial(_reference, config, url)
        notebook = notebooks.notebook_of(markdown, name, language, config.site_url, Path(config.docs_dir), reference)
        file = Path(config.site_dir) / url / notebooks.address_of(name)
        file.write_text(notebooks.written(notebook), encoding="utf-8")
    scripts.write_small(Path(config.site_dir))
    llms_text.write(Path(config.site_dir), config, _navigation[0], _markdown)
    search_text.mend_worker(Path(config.site_dir))
    search_text.write_indexes(Path(config.site_dir), ["", "zh"], languages.titles)
    shown = re.findall(r"<!-- gallery: (\w+) -->", "".join(_sources(config)))
    for entry in (entry for set_name in shown for entry in _entries(set_name)):
        target = Path(config.site_dir) / _plot(entry)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(entry.plot.svg, encoding="utf-8")


def _reference(config: Any, url: str, name: str) -> str | None:
    """Return the address of what the reference says of a name, in the language of a page."""
    try:
        found, _ = config.plugins["autorefs"].get_item_url(name, from_url=url)
    except KeyError:
        return None
    return urljoin(urljoin(config.site_url, url), found)


def _sources(config: Any) -> list[str]:
    return [page.read_text(encoding="utf-8") for page in sorted((Path(config.docs_dir) / "gallery").glob("*.md"))]
