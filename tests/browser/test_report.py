"""The page of an explanation: walked by keys and buttons, with the network's numbers, its paths, and no way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpframe.explanation import Explanation
from bpframe.explanation.html.drawing import short
from bpframe.explanation.paths import chain_rule
from tests.derivatives.zoo import ZOO
from tests.explanation.html.hostile_words import WORDS
from tests.explanation.html.reading import with_words
from tests.explanation.networks import A1, Y, linear, olah, sigmoids

#: The digits of letters with layers, as lists and headings write them.
SCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")


@pytest.fixture
def open_report(open_page: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Opens an explanation's page from a file."""

    def opened(found: Explanation, **words: Any) -> Any:
        return open_page(found.save(tmp_path / "report.html").as_uri(), **words)

    return opened


def digits() -> Explanation:
    return sigmoids(30, 10, inputs=64).explain(np.random.default_rng(0).random(64), np.eye(10)[3])


def of_zoo(name: str) -> Explanation:
    example = next(each for each in ZOO if each.name == name)
    x, y = example.data(1)
    return example.make().explain(x, y)


def seen(page: Any, kind: str) -> dict[str, str]:
    """What can be read in the drawing, by unit: its value or its error."""
    return page.evaluate(  # type: ignore[no-any-return]
        """kind => Object.fromEntries([...document.querySelectorAll(`.graph.lying .unit .${kind}`)]
          .filter(each => getComputedStyle(each).visibility === "visible" && each.textContent)
          .map(each => [each.closest("[data-key]").dataset.key, each.textContent.replace("δ ", "")]))""",
        kind,
    )


def lit(page: Any, name: str) -> set[str]:
    return {each.get_attribute("data-key") for each in page.locator(f".graph.lying .{name}").all()}


def test_the_walk_goes_forward_and_back_by_keys_and_buttons_and_tells_the_networks_numbers(
    open_report: Callable[..., Any],
) -> None:
    network = sigmoids(2, 1, seed=4)
    found = network.explain(A1, Y)
    page = open_report(found)
    z, a = ({node.name: node.value for node in found.nodes if node.name.startswith(kind)} for kind in ("dense", "sigm"))
    errors = network.errors(np.array([A1]), np.array([Y]))
    inputs = {"u0-0": "1", "u0-1": "2"}
    assert page.locator("article.step:visible").count() == 1
    steps = [(page.locator(".step:visible h2").inner_text().splitlines()[-1], seen(page, "value"), seen(page, "error"))]
    while page.get_by_role("button", name="Next").is_enabled():
        page.keyboard.press("ArrowRight")
        steps.append(
            (page.locator(".step:visible h2").inner_text().splitlines()[-1], seen(page, "value"), seen(page, "error"))
        )
    told = {title: (values, wrong) for title, values, wrong in steps}
    first = {f"u1-{j}": short(number) for j, number in enumerate(z["dense_1"])}
    assert told["The value of dense_1"] == (inputs | first, {})
    first = {f"u1-{j}": short(number) for j, number in enumerate(a["sigmoid_1"])}
    assert told["The value of sigmoid_1"] == (inputs | first, {})
    values = inputs | first | {"u2-0": short(a["sigmoid_2"][0]), "C": short(found.value)}
    assert told["The cost"] == (values, {})
    last = {"u2-0": short(errors["dense_2"][0, 0])}
    assert told["The error of dense_2"] == (values, last)
    before = {f"u1-{j}": short(number) for j, number in enumerate(errors["dense_1"][0])}
    assert told["The error of dense_1"] == (values, last | before)
    assert [title for title, _, _ in steps][-4:] == [
        f"{path} after the step" for path in ("dense_1.w", "dense_1.b", "dense_2.w", "dense_2.b")
    ]
    count = len(steps)
    assert page.locator(".progress").inner_text() == f"{count} of {count}"
    page.get_by_role("button", name="Back").click()
    assert page.locator(".progress").inner_text() == f"{count - 1} of {count}"
    page.get_by_role("button", name="First step").click()
    assert page.get_by_role("button", name="Back").is_disabled()
    assert seen(page, "error") == {}
    page.keyboard.press("End")
    assert page.get_by_role("button", name="Next").is_disabled()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    status = page.get_by_role("status").inner_text()
    assert status.startswith(f"Step 2 of {count}. The value of sigmoid_1.")
    assert "a^2 = σ(z^2)" in status


def test_a_step_shows_letters_numbers_and_the_result(open_report: Callable[..., Any]) -> None:
    page = open_report(linear().explain(A1, Y))
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    step = page.locator(".step:visible")
    assert step.locator(".tag").inner_text() == "(20)"
    rows = step.locator("mtable.lines > mtr").all_text_contents()
    assert [re.sub(r"\s", "", each) for each in rows] == ["δ2=(w3)Tδ3", "=2−1116−2", "=144"]
    assert step.locator("mtable.lines").bounding_box()["height"] > 80  # it is typeset


@pytest.mark.parametrize(
    ("network", "example"), [(linear(), (A1, Y)), (sigmoids(3, 2, 1, seed=4), (A1, Y))], ids=["linear", "sigmoids"]
)
def test_every_weight_lights_its_paths_with_their_factors(
    open_report: Callable[..., Any], network: Any, example: Any
) -> None:
    found = network.explain(*example)
    gradient = network.gradient(np.array([example[0]]), np.array([example[1]]))
    page = open_report(found)
    graph = found.paths.graph
    weights = [entry for entry in graph.weights if graph.group_of(entry).name.endswith(".w")]
    for entry in weights:
        name = graph.name(entry)
        label = page.locator("select option").nth(1 + entry)
        assert label.inner_text().translate(SCRIPTS) == name.replace("^", "").replace("_", "")
        page.locator("select").select_option(index=1 + entry)
        rule = chain_rule(graph, name)
        rows = page.locator(".paths li").all_inner_texts()
        assert len(rows) == rule.count
        for row, path in zip(rows, rule.paths, strict=True):
            way, _, numbers = row.partition(": ")
            assert way.translate(SCRIPTS) == " → ".join(path.entries).replace("^", "").replace("_", "")
            assert float(numbers.rpartition(" = ")[2].replace("−", "-")) == pytest.approx(path.product, rel=1e-4)
        array = gradient[graph.group_of(entry).name]
        group = graph.group_of(entry)
        expected = array.ravel()[entry - group.start]
        shown = page.locator(".paths .result").first.text_content() if rule.count <= 4 else None
        assert shown is None or float(shown.replace("−", "-")) == pytest.approx(expected, rel=1e-4)
        (selected,) = lit(page, "selected")
        assert {selected, "C"} <= lit(page, "onpath")
    assert page.locator(".paths .tag", has_text="(12)").count() <= 1
    page.locator("select").select_option(index=0)
    assert lit(page, "onpath") == set()


def test_a_weight_is_chosen_by_a_click_or_the_enter_key_and_left_by_escape(open_report: Callable[..., Any]) -> None:
    page = open_report(linear().explain(A1, Y))
    edge = page.locator('.graph.lying .edge[role="button"]').first
    edge.locator(".hit").dispatch_event("click")
    assert page.locator(".paths h3").inner_text() == "2 paths from w²₁₁ to C"
    assert page.locator(".paths .tag").all_inner_texts() == ["", "(12)"]
    factors = {each for each in page.locator(".graph.lying .onpath .label").all_text_contents() if each}
    assert factors == {"×1", "×2", "×−1", "×3"}
    assert edge.get_attribute("aria-pressed") == "true"
    page.locator(".paths li").first.hover()
    assert len(lit(page, "onpath")) == 8  # a weight, three edges, four units
    page.keyboard.press("Escape")
    assert page.locator(".paths h3").count() == 0
    edge.focus()
    page.keyboard.press("Enter")
    assert page.locator(".paths h3").count() == 1
    page.keyboard.press("Enter")
    assert page.locator(".paths h3").count() == 0


def test_a_neuron_tells_where_its_error_comes_from(open_report: Callable[..., Any]) -> None:
    page = open_report(linear().explain(A1, Y))
    page.locator('.graph.lying .unit[data-key="u1-0"]').focus()
    origin = page.locator(".origin")
    assert "Where the error of a²₁ comes from" in origin.inner_text()
    assert origin.locator(".result").text_content() == "14"
    page.keyboard.press("End")
    page.locator('.graph.lying .unit[data-key="u3-0"]').hover()
    assert origin.locator(".result").text_content() == "2"
    page = open_report(olah().explain({"a": 2.0, "b": 1.0}))
    page.locator('.graph.lying .unit[data-key="u1-0"]').hover()
    assert page.locator(".origin .result").text_content() == "5"
    page.locator("select").select_option(label="b")
    assert page.locator(".paths li").all_inner_texts() == ["b → c → e: 2 · 1 = 2", "b → d → e: 3 · 1 = 3"]
    page = open_report(digits())
    page.locator('.graph.lying .unit[data-key="u1"]').hover()
    assert "(BP2)" in page.locator(".origin").inner_text()
    page.locator("select").select_option(label="dense_2.w")
    assert (
        page.locator(".paths").inner_text()
        == "dense_2.w: 300 numbers, and from each of them 1 path to C: 300 together."
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_systems_scheme_and_its_text_can_be_read(open_report: Callable[..., Any], scheme: str) -> None:
    page = open_report(sigmoids(2, 1, seed=4).explain(A1, Y), color_scheme=scheme)
    page.keyboard.press("End")
    page.locator("select").select_option(index=1)
    ground = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (ground < 0.1) == (scheme == "dark")
    found = page.evaluate(
        """[...document.querySelectorAll(
            "p, h2, td, th, .tag, .result, .phase, .step mi, .graph text, figcaption, .count text")]
          .map(each => [getComputedStyle(each)[each.ownerSVGElement ? "fill" : "color"], each.tagName])"""
    )
    for color, name in found:
        one, other = sorted((ground, luminance(color)))
        assert (other + 0.05) / (one + 0.05) > 4.5, (name, color)


def luminance(color: str) -> float:
    parts = [int(each) / 255 for each in re.findall(r"\d+", color)[:3]]
    linear_parts = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear_parts))


#: The width of the widest step.
WIDEST = """() => Math.max(...[...document.querySelectorAll("article.step")].map(() => {
  const width = document.documentElement.scrollWidth;
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  return width;
}))"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(open_report: Callable[..., Any], width: int) -> None:
    network = linear()
    for found in (
        network.explain(A1, Y), sigmoids(4, 3, 2, inputs=3).explain([1.0, 2.0, 3.0], [0.0, 1.0]), digits(),
        of_zoo("residual"), of_zoo("gated-two-outputs"), of_zoo("attention"),
    ):  # fmt: skip
        page = open_report(found, viewport={"width": width, "height": 800})
        assert page.evaluate(WIDEST) <= width
        if width == 390 and found.nodes[0].value.size < 10:
            page.locator("select").select_option(index=1)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        shown = [each.is_visible() for each in page.locator("svg.graph").all()]
        assert shown == [width > 390, width == 390]


def test_on_paper_all_steps_are_open_and_no_button_is_there(open_report: Callable[..., Any]) -> None:
    page = open_report(linear().explain(A1, Y))
    page.emulate_media(media="print")
    assert all(each.is_visible() for each in page.locator("article.step").all())
    assert page.locator("button:visible, select:visible").count() == 0
    assert len(seen(page, "error")) == 7


def test_without_a_script_everything_is_there(open_report: Callable[..., Any]) -> None:
    page = open_report(linear().explain(A1, Y), java_script_enabled=False)
    assert page.locator("article.step:visible").count() == page.locator("article.step").count() > 10
    assert page.locator("button:visible").count() == 0


def test_nothing_moves_where_motion_is_unwanted(open_report: Callable[..., Any]) -> None:
    page = open_report(linear().explain(A1, Y), reduced_motion="reduce")
    moved = page.evaluate('getComputedStyle(document.querySelector(".line")).transitionDuration')
    assert moved == "0s"


def test_the_drawing_and_its_parts_have_names(open_report: Callable[..., Any]) -> None:
    page = open_report(linear().explain(A1, Y))
    page.get_by_role("group", name="The computational graph").wait_for()
    assert page.get_by_role("navigation", name="Steps").is_visible()
    neuron = page.get_by_role("button", name="a2[0] (dense): -1; error δ 14")
    assert neuron.count() == 1
    assert "a2 (dense) reads a1" in page.locator(".graph.lying desc").text_content()
    assert page.get_by_role("combobox", name="Paths from").is_visible()


def test_jacobians_are_named_tell_their_numbers_and_open_by_the_keyboard(open_report: Callable[..., Any]) -> None:
    page = open_report(sigmoids(2, 1, seed=4).explain(A1, Y))
    drawn = page.get_by_role("img", name="diagonal, 2 by 2: 2 of 4 entries are not 0")
    assert drawn.count() == 1
    box = drawn.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)
    square = drawn.locator("rect").first
    assert square.locator("title").text_content().startswith("row 1, column 1: 0.")
    assert square.bounding_box()["width"] == pytest.approx(16, abs=2)
    table = page.locator(".jacobian", has=drawn).locator("table")
    assert not table.is_visible()
    page.locator(".jacobian", has=drawn).locator("summary").focus()
    page.keyboard.press("Enter")
    assert table.is_visible()
    signs = "[...document.querySelectorAll('.entries .plus, .entries .minus')]"
    assert len({*page.evaluate(f"{signs}.map(each => getComputedStyle(each).fill)")}) == 2
    page.emulate_media(media="print")
    assert page.get_by_role("img", name="diagonal, 1 by 1").is_visible()


def test_a_general_step_shows_the_picture_of_its_jacobian(open_report: Callable[..., Any]) -> None:
    page = open_report(of_zoo("attention"))
    step = page.locator(".step:visible", has_text="The error of mixed")
    for _ in range(20):
        if step.count():
            break
        page.keyboard.press("ArrowRight")
    assert step.locator("figcaption").inner_text().split("\n")[-1] == "reshape"
    assert step.get_by_role("img", name="reshape, 9 by 9: 9 of 81 entries are not 0, each 1").is_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_what_each_way_costs_is_drawn_and_told_and_no_label_leaves_its_picture(
    open_report: Callable[..., Any], width: int
) -> None:
    page = open_report(digits(), viewport={"width": width, "height": 800})
    figures = page.locator(".count svg").all()
    assert len(figures) == 3
    assert "back-propagation 2,600" in figures[0].get_attribute("aria-label")
    assert "back-propagation from 28 to 352" in figures[1].get_attribute("aria-label")
    for figure in figures:
        frame = figure.bounding_box()
        for label in figure.locator("text").all():
            box = label.bounding_box()
            assert box["x"] >= frame["x"] - 1
            assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1


#: All that a page reacts to, and then what is in it.
USED = """() => {
  document.querySelector('[data-go="last"]').click();
  for (const each of document.querySelectorAll(".unit")) each.dispatchEvent(new MouseEvent("mouseenter"));
  const select = document.querySelector("select");
  select.selectedIndex = 1;
  select.dispatchEvent(new Event("change"));
  const all = [...document.querySelectorAll("*")];
  const handlers = all.flatMap(each => [...each.attributes]).filter(each => /^on|href|src/.test(each.name));
  return [
    all.length, document.querySelectorAll("script").length, handlers.length, window.pwned ?? null,
    document.querySelectorAll("a, img, iframe, object, embed, form, link, base, video, foreignObject").length];
}"""


def test_words_of_users_run_nothing(open_report: Callable[..., Any]) -> None:
    hosts = (sigmoids(2, 1, seed=4).explain(A1, Y), of_zoo("gated-two-outputs"))
    expected = [open_report(with_words(host, "-x")).evaluate(USED) for host in hosts]
    page = open_report(hosts[0])
    for number, words in enumerate(WORDS):
        path = with_words(hosts[number % 2], f"-{words}").save(Path(page.url.removeprefix("file://")))
        page.goto(path.as_uri())
        assert page.evaluate(USED) == expected[number % 2], words
        assert expected[number % 2][1:] == [2, 0, None, 0]


def test_in_a_notebook_nothing_leaks(open_page: Callable[..., Any], tmp_path: Path) -> None:
    notebook = tmp_path / "notebook.html"
    frame = linear().explain(A1, Y)._repr_html_()
    plain = "<!doctype html><meta charset='utf-8'><h2 class='step'>mine</h2><button>mine</button>"
    notebook.write_text(f"{plain}{frame}", "utf-8")
    page = open_page(notebook.as_uri())
    inner = page.frame_locator("iframe")
    inner.locator(".step:visible").wait_for()
    inner.get_by_role("button", name="Next").click()
    assert inner.locator(".progress").inner_text() == "2 of 15"
    look = (
        "['step', 'button'].map(each => getComputedStyle(document.querySelector(`.${each}, ${each}`)).cssText).join()"
    )
    with_frame = page.evaluate(look)
    notebook.write_text(plain, "utf-8")
    page.goto(notebook.as_uri())
    assert page.evaluate(look) == with_frame
