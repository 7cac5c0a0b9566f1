"""The pages of the inside show what the code says, and name what is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.source import BPFRAME, ROOT, arrows, rooms_of
from tests.architecture.test_floors import FLOORS

INSIDE = ROOT / "docs" / "inside"

#: The files that the walk through the heart leads to, in reading order.
WALK = (
    "core.component.layer", "core.component.signature", "core.operators.base", "core.operators.diagonal",
    "core.operators.weight_times", "core.operators.composing", "core.graph.graph", "core.graph.building",
    "core.backprop.plan", "core.backprop.workspace", "core.backprop.forward", "core.backprop.backward",
    "core.backprop.trace", "core.backprop.jvp", "core.backprop.engine", "training.trainer",
)  # fmt: skip


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    return {name: importlib.import_module(name) for name in ("rooms", "source_text")}


def contributing() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def as_module(room: str) -> str:
    return room.removesuffix(".py").replace("/", ".")


def test_the_picture_shows_the_rooms_on_their_floors(rendering: dict[str, ModuleType]) -> None:
    picture = rendering["rooms"].picture_in(contributing())
    drawn = [{as_module(room) for room in floor.rooms} for floor in picture.floors]
    hidden = {"", "__main__", "_version", "core"}  # doors, a number, and the heart, which is drawn by its folders
    assert drawn == [floor for row in FLOORS if (floor := set(row) - hidden)]


def not_in_the_code(picture: object) -> list[tuple[str, str]]:
    """Return the arrows of a picture that no import draws."""
    found = arrows(BPFRAME)
    return [pair for pair in picture.arrows if as_module(pair[1]) not in found[as_module(pair[0])]]  # type: ignore[attr-defined]


def test_no_arrow_is_drawn_that_is_not_in_the_code(rendering: dict[str, ModuleType]) -> None:
    picture = rendering["rooms"].picture_in(contributing())
    assert len(picture.arrows) > 20
    assert not_in_the_code(picture) == []


def test_an_arrow_that_is_not_in_the_code_is_named(rendering: dict[str, ModuleType]) -> None:
    text = contributing().replace("data --> categories", "data --> training")
    assert not_in_the_code(rendering["rooms"].picture_in(text)) == [("data", "training")]


def test_a_picture_that_cannot_be_read_is_refused(rendering: dict[str, ModuleType]) -> None:
    with pytest.raises(LookupError, match=r"no floor, room or arrow: cli -\.-> runs"):
        rendering["rooms"].picture_in(contributing().replace("cli --> runs", "cli -.-> runs"))


def test_the_drawing_has_a_link_for_every_room_and_a_line_for_every_arrow(rendering: dict[str, ModuleType]) -> None:
    rooms = rendering["rooms"]
    picture = rooms.picture_in(contributing())
    drawn, text = rooms.drawing(picture), rooms.rooms_text(picture)
    assert drawn.count('class="arrow"') == len(picture.arrows)
    links = re.findall(r'href="#([^"]+)"', drawn)
    assert len(set(links)) == sum(len(floor.rooms) for floor in picture.floors)
    assert all(f"{{#{link}}}" in text for link in links)


def test_no_two_rooms_are_drawn_in_one_place(rendering: dict[str, ModuleType]) -> None:
    drawn = rendering["rooms"].drawing(rendering["rooms"].picture_in(contributing()))
    places = re.findall(r'<rect class="room" x="([\d-]+)" y="([\d-]+)"', drawn)
    assert len(set(places)) == len(places)


def test_every_room_and_every_file_is_on_the_page(rendering: dict[str, ModuleType]) -> None:
    text = rendering["rooms"].rooms_text(rendering["rooms"].picture_in(contributing()))
    headings = re.findall(r"^#+ `bpframe/([^`]+)`", text, re.MULTILINE)
    rooms = {f"{room.relative_to(BPFRAME).as_posix()}/" for room in rooms_of(BPFRAME)}
    assert set(headings) == rooms | {"network.py", "extend.py", "errors.py"}
    assert len(headings) == len(set(headings))
    files = [each for each in BPFRAME.rglob("*.py") if each.name != "__init__.py" and each.parent != BPFRAME]
    files = [
        each for each in files if each.parent.parent != BPFRAME / "examples"
    ]  # scripts, shown on a page of their own
    assert len(re.findall(r"^    - `\w+\.py`: \S", text, re.MULTILINE)) == len(files)


@pytest.mark.parametrize("file", ["network", "extend", "errors"])
def test_the_rooms_that_are_files_ask_a_question(rendering: dict[str, ModuleType], file: str) -> None:
    question, _, answer = rendering["source_text"].docstring_of(BPFRAME / f"{file}.py").partition("\n\n")
    assert question.endswith("?")
    assert answer


def test_the_walk_leads_to_its_files_in_order() -> None:
    text = (INSIDE / "heart.md").read_text(encoding="utf-8")
    stops = re.split(r"^### \d+\. .*$", text, flags=re.MULTILINE)[1:]
    assert len(stops) == len(WALK)
    for module, stop in zip(WALK, stops, strict=True):
        assert f": bpframe.{module}" in stop, module


def asked_for(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^<!-- (file|docstring|code): ([\w.:]+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", sorted(INSIDE.glob("*.md")), ids=lambda page: page.stem)
def test_what_a_page_asks_for_is_there(rendering: dict[str, ModuleType], page: Path) -> None:
    source = rendering["source_text"]
    for kind, name in asked_for(page):
        assert len(getattr(source, f"shown_{kind}")(name)) > 40, name
    comments = re.findall(r"<!-- .*? -->", page.read_text(encoding="utf-8"))
    others = {"<!-- rooms -->", "<!-- rooms: picture -->", "<!-- equations -->"}
    assert len([each for each in comments if each not in others]) == len(asked_for(page))


@pytest.mark.parametrize("name", ["bpframe.core.gone:forward", "bpframe.core.backprop.forward:gone"])
def test_what_is_gone_is_named(rendering: dict[str, ModuleType], name: str) -> None:
    with pytest.raises(LookupError, match="gone"):
        rendering["source_text"].piece(name)


def test_code_is_shown_as_it_stands_with_its_lines(rendering: dict[str, ModuleType]) -> None:
    each = rendering["source_text"].piece("bpframe.core.component.signature:Signature.call")
    lines = (ROOT / each.file).read_text(encoding="utf-8").splitlines()
    first, *rest = each.code.splitlines()
    assert lines[each.line - 1] == f"    {first}"
    assert rest[-1].strip() in lines[each.line + len(rest) - 1]
    assert f'linenums="{each.line}"' in each.block()


# Where a line goes ---------------------------------------------------------------------------------------------------


def missing_paths(text: str) -> list[str]:
    """Return the files and folders that a text of the repository names and that are not there."""
    named = set(re.findall(r"`((?:bpframe|plugins|tests|docs)/[\w./-]*|(?:\w+/)+(?:\w+\.py)?)`", text))
    return sorted(name for name in named if not (ROOT / name).exists() and not (BPFRAME / name).exists())


def test_the_files_that_contributing_names_are_there() -> None:
    assert missing_paths(contributing()) == []


def test_a_file_that_moved_away_is_named() -> None:
    assert missing_paths("`bpframe/gone.py`, `tests/gone`, `gone/`, `core/` and `a.b`") == [
        "bpframe/gone.py",
        "gone/",
        "tests/gone",
    ]


def test_contributing_says_where_every_kind_of_line_goes() -> None:
    _, _, section = contributing().partition("## Where does a line go?")
    rows = re.findall(r"^\| (?!what is new|---)([^|]+) \|", section.partition("\n## ")[0], re.MULTILINE)
    kinds = ("an operator", "a derivative", "a layer", "an optimizer", "data file", "spec file", "a command", "a check")
    for kind in (*kinds, "an error", "a room"):
        assert any(kind in row for row in rows), kind
