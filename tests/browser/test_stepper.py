"""The stepper: every equation with its numbers, keys and clicks, paths that light up, addresses, both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import exp
from typing import Any

import pytest

from tests.browser.stepper_parts import A1, B2, B3, RATE, SHOWN, W2, W3, W4, Y, address, shown


def walked(page: Any, stepper: Any) -> dict[str, list[list[Any]]]:
    """All steps by their ids, walked with the arrow key: of each equation its number, its value, its TeX."""
    steps = {}
    stepper.locator(".bp-frame").focus()
    while True:
        name, equations = stepper.get_attribute("data-at"), stepper.evaluate(SHOWN)
        assert name not in steps
        steps[name] = equations
        if stepper.locator(".bp-next").is_disabled():
            return steps
        page.keyboard.press("ArrowRight")


def sums(tex: str) -> list[float]:
    """What the lines of an equation come to that hold numbers alone: 2 \\cdot 3 + (-1) \\cdot 4, say."""
    tex = re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"e\1", tex).replace(" e", "e")
    while (plain := re.sub(r"\\htmlClass\{[\w-]+\}\{([^{}]*)\}", r"\1", tex)) != tex:
        tex = plain
    tex = re.sub(r"\\(?:begin|end)\{aligned\}|\\left|\\right|\\bigl|\\bigr|\\[,;]|\\quad|&|\{\}", "", tex)
    tex = tex.replace("\\tfrac12", "0.5 *").replace("^2", "**2").replace("\\cdot", "*").replace("\\odot", "?")
    parts = [part.strip() for line in tex.split("\\\\") for part in line.split("=")]
    return [eval(part) for part in parts if re.fullmatch(r"(?:\d(?:e-?)?|[.+*() -])+", part)]


def close(found: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            close(one, other)
    else:
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_every_equation_of_the_tutorials_network_has_the_number_that_plain_loops_give(
    open_stepper: Callable[..., Any],
) -> None:
    steps = walked(*open_stepper("2-2-2-1", address("2-2-2-1", w2=W2, w3=W3, w4=W4, a1=A1, y=Y, rate=RATE)))
    two = (0, 1)
    a2 = [sum(W2[j][k] * A1[k] for k in two) for j in two]
    a3 = [sum(W3[j][k] * a2[k] for k in two) for j in two]
    a4 = sum(W4[0][k] * a3[k] for k in two)
    head = a4 - Y
    cost = head**2 / 2
    # Paths, written out: eqs. (7) to (12).
    by_w4 = [[head * a3[k] for k in two]]
    by_w3 = [[head * W4[0][j] * a2[k] for k in two] for j in two]
    by_w2 = [[sum(head * W4[0][q] * W3[q][j] for q in two) * A1[k] for k in two] for j in two]
    delta3 = [head * W4[0][j] for j in two]
    delta2 = [delta3[0] * W3[0][k] + delta3[1] * W3[1][k] for k in two]
    expected = {
        "2": [("2", [a4]), ("3", W3)],
        **{f"a2.{j}": [(None, a2[j])] for j in two},
        **{f"a3.{j}": [(None, a3[j])] for j in two},
        "a4.0": [(None, a4)],
        "4": [("4", cost)],
        "5": [("5", cost), (None, a4), (None, by_w2[0][0])],
        "6": [("6", None), (None, head * W4[0][0])],
        "7": [("7", by_w4[0][0])],
        "8": [("8", by_w3[0][0])],
        "9": [("9", by_w3[1][0])],
        "10": [("10", by_w3[0][1])],
        "11": [("11", by_w2[0][0])],
        "12": [(None, by_w2[0][0]), ("12", by_w2[0][0])],
        "13": [("13", delta2[0]), (None, delta2[0])],
        "14": [("14", by_w2[0][0]), (None, by_w2[0][0])],
        "15": [("15", W3[0][0]), (None, W3)],
        "16": [("16", head)],
        "17": [("17", delta3[0])],
        "d3.1": [(None, delta3[1])],
        "18": [("18", delta2[0])],
        "d2.1": [(None, delta2[1])],
        "19": [("19", delta2)],
        "20": [("20", delta2)],
        "gradient": [("14", by_w4), ("14", by_w3), ("14", by_w2)],
    }
    squares = [slope**2 for matrix in (by_w4, by_w3, by_w2) for row in matrix for slope in row]
    new = [[[w - RATE * g for w, g in zip(*rows, strict=True)] for rows in zip(*both, strict=True)]
           for both in ((W2, by_w2), (W3, by_w3), (W4, by_w4))]  # fmt: skip
    after2 = [sum(new[0][j][k] * A1[k] for k in two) for j in two]
    after3 = [sum(new[1][j][k] * after2[k] for k in two) for j in two]
    after = (sum(new[2][0][k] * after3[k] for k in two) - Y) ** 2 / 2
    expected["1"] = [("1", W2[0][0] - RATE * by_w2[0][0]), (None, [cost, cost - RATE * sum(squares), after])]
    assert list(steps) == list(expected)
    for name, equations in expected.items():
        assert [tag for tag, _, _ in steps[name]] == [tag for tag, _ in equations], name
        for (_, found, _), (_, value) in zip(steps[name], equations, strict=True):
            if value is None:
                assert found is None
            else:
                close(found, value)


def test_every_equation_with_biases_and_sigmoids_has_the_number_that_plain_loops_give(
    open_stepper: Callable[..., Any],
) -> None:
    steps = walked(*open_stepper("sigmoid", address("sigmoid", w2=W2, b2=B2, w3=W4, b3=B3, a1=A1, y=Y, rate=RATE)))
    two = (0, 1)
    z2 = [sum(W2[j][k] * A1[k] for k in two) + B2[j] for j in two]
    a2 = [1 / (1 + exp(-z)) for z in z2]
    z3 = sum(W4[0][k] * a2[k] for k in two) + B3[0]
    a3 = 1 / (1 + exp(-z3))
    delta3 = (a3 - Y) * exp(-z3) / (1 + exp(-z3)) ** 2
    delta2 = [W4[0][j] * delta3 * exp(-z2[j]) / (1 + exp(-z2[j])) ** 2 for j in two]
    by_w3, by_w2 = [[delta3 * a2[k] for k in two]], [[delta2[j] * A1[k] for k in two] for j in two]
    expected = {
        "a2.0": [(None, z2[0]), (None, a2[0])],
        "a2.1": [(None, z2[1]), (None, a2[1])],
        "a3.0": [(None, z3), (None, a3)],
        "C": [(None, (a3 - Y) ** 2 / 2)],
        "BP1": [("BP1-2", delta3), ("BP1", [delta3])],
        "BP2-2": [("BP2-2", delta2[0])],
        "d2.1": [("BP2-2", delta2[1])],
        "BP2": [("BP2", delta2)],
        "BP3": [("BP3", [delta3]), ("BP3", delta2)],
        "BP4": [("BP4", by_w2[0][1]), ("BP4", by_w3), ("BP4", by_w2)],
    }
    assert list(steps) == ["start", *expected, "1"]
    for name, equations in expected.items():
        assert [tag for tag, _, _ in steps[name]] == [tag for tag, _ in equations], name
        close([value for _, value, _ in steps[name]], [value for _, value in equations])


def test_olahs_graph_shows_one_path_from_a_and_two_from_b(open_stepper: Callable[..., Any]) -> None:
    page, olah = open_stepper("olah")
    steps = walked(page, olah)
    assert [value for _, value, _ in steps["e"] + steps["de/da"] + steps["de/db"]] == [6, 2, 5]
    assert [value for _, value, _ in steps["back"]] == [1, 3, 2, 5, 2]
    for node, products in {"a": [2], "b": [2, 3]}.items():
        olah.locator(f'.bp-node[data-key="{node}"]').click()
        rows = olah.locator(".bp-path-row").all()
        assert [float(row.get_attribute("data-value")) for row in rows] == products
    assert set(lit(olah)) == {"bc", "bd", "ce", "de"}


@pytest.mark.parametrize(
    ("network", "numbers", "least"),
    [
        ("2-2-2-1", {"w2": W2, "w3": W3, "w4": W4, "a1": A1, "y": Y, "rate": RATE}, 45),
        ("sigmoid", {"w2": W2, "b2": B2, "w3": W4, "b3": B3, "a1": A1, "y": Y, "rate": RATE}, 20),
        ("olah", {"a": -0.5, "b": 2.25}, 15),
    ],
)
def test_the_numbers_that_are_written_come_to_what_the_equation_says(
    open_stepper: Callable[..., Any], network: str, numbers: dict[str, Any], least: int
) -> None:
    steps = walked(*open_stepper(network, address(network, **numbers)))
    checked = 0
    for name, equations in steps.items():
        for tag, value, tex in equations:
            if not isinstance(value, float | int) or name == "11":  # whose middle is open
                continue
            found = sums(tex)
            checked += len(found)
            for each in found:  # they are written with four digits
                assert each == pytest.approx(value, rel=5e-3, abs=2e-3), (name, tag, tex)
    assert checked >= least


def lit(stepper: Any) -> dict[str, str]:
    """The edges on paths that are lit, with the factor that is written there."""
    keys = [edge.get_attribute("data-key") for edge in stepper.locator(".bp-edge.bp-path").all()]
    return {key: stepper.locator(f'[data-of="{key}"] text').text_content() for key in keys}


def test_a_click_on_a_weight_lights_its_paths_with_their_factors(open_stepper: Callable[..., Any]) -> None:
    page, stepper = open_stepper("2-2-2-1")
    weight = stepper.locator('.bp-edge[data-key="w2.0.0"]')
    weight.dispatch_event("click")
    whole = {"w2.0.0": "×1", "w3.0.0": "×2", "w3.1.0": "×−1", "w4.0.0": "×3", "w4.0.1": "×−1", "c.0": "×2"}
    assert lit(stepper) == whole
    rows = stepper.locator(".bp-path-row")
    assert [row.get_attribute("data-value") for row in rows.all()] == ["12", "2"]
    assert stepper.locator(".bp-paths .bp-equation").get_attribute("data-value") == "14"
    rows.nth(1).hover()
    assert set(lit(stepper)) == {"w2.0.0", "w3.1.0", "w4.0.1", "c.0"}
    stepper.locator('.bp-edge[data-key="w3.0.1"]').focus()  # and with the keyboard
    page.keyboard.press("Enter")
    assert lit(stepper) == {"w3.0.1": "×4", "w4.0.0": "×3", "c.0": "×2"}


def test_buttons_and_keys_walk_forward_and_back(open_stepper: Callable[..., Any]) -> None:
    page, stepper = open_stepper("2-2-2-1")
    stepper.locator(".bp-next").click()
    assert stepper.get_attribute("data-at") == "a2.0"
    page.wait_for_function("document.querySelector('.bp-said').textContent.endsWith('−1')")
    page.keyboard.press("ArrowRight")
    assert stepper.get_attribute("data-at") == "a2.1"
    page.keyboard.press("ArrowLeft")
    stepper.locator(".bp-back").click()
    assert stepper.get_attribute("data-at") == "2"
    assert stepper.locator(".bp-back").is_disabled()
    stepper.locator(".bp-frame").focus()
    page.keyboard.press("End")
    assert stepper.get_attribute("data-at") == "1"
    stepper.locator('[data-chapter="errors"]').click()
    assert stepper.get_attribute("data-at") == "13"
    field = stepper.locator('.bp-matrix [data-key="a1.0"]')
    field.focus()
    page.keyboard.press("ArrowRight")  # moves in the field, not through the steps
    assert stepper.get_attribute("data-at") == "13"


def test_what_is_typed_changes_every_equation_and_what_is_no_number_changes_none(
    open_stepper: Callable[..., Any],
) -> None:
    page, stepper = open_stepper("2-2-2-1")
    stepper.locator('[data-chapter="errors"]').click()
    assert shown(stepper)[1] == (None, 14)
    stepper.locator('.bp-matrix [data-key="w4.0.0"]').fill("-2")
    assert shown(stepper)[1] == (None, (-4 - 5 + 1) * (-2 * 2 + 1))
    for wrong in ("", "1e9"):
        stepper.locator('.bp-matrix [data-key="w4.0.0"]').fill(wrong)
        assert stepper.locator(".bp-problem").text_content() == "A number from −1000 to 1000, please."
        assert shown(stepper)[1] == (None, 14)  # as it was before anything was typed
    stepper.locator('.bp-matrix [data-key="w4.0.0"]').fill("-2")
    slider = stepper.locator('input[type="range"]')
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert float(stepper.locator('.bp-matrix [data-key="w4.0.0"]').input_value()) == -1.9
    stepper.locator(".bp-reset").click()
    assert stepper.locator('.bp-matrix [data-key="w4.0.0"]').input_value() == "3"


def test_large_numbers_keep_every_digit_in_front_of_the_point(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper(
        "2-2-2-1", address("2-2-2-1", w2=[[123, 456], [7, 8]], w3=W3, w4=W4, a1=[10, 1], y=Y, rate=0)
    )
    stepper.locator(".bp-next").click()
    assert stepper.locator('[data-key="a2.0"] .bp-value').text_content() == "1686"
    assert "1686" in stepper.locator(".bp-equation .bp-result").last.text_content()
    stepper.locator('.bp-matrix [data-key="w2.0.0"]').fill("987")
    assert stepper.locator('[data-key="a2.0"] .bp-value').text_content() == "10326"


def test_a_step_downhill_is_taken_at_a_button(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("sigmoid", "tutorial/stepper/#stepper=sigmoid&step=1")
    (before, _, after) = shown(stepper)[1][1]
    stepper.locator(".bp-descend").click()
    assert shown(stepper)[1][1][0] == after < before


def test_an_address_opens_the_same_point_again_to_the_last_bit(open_stepper: Callable[..., Any]) -> None:
    page, stepper = open_stepper("sigmoid")
    stepper.locator('.bp-matrix [data-key="w2.0.0"]').fill("0.1")
    stepper.locator('[data-chapter="descend"]').click()
    stepper.locator(".bp-descend").click()
    stepper.locator('[data-chapter="gradient"]').click()
    page.wait_for_function("location.hash.includes('step=BP3')")
    _, again = open_stepper("sigmoid", page.url)
    assert again.get_attribute("data-at") == "BP3"
    assert shown(again) == shown(stepper)


def test_a_page_with_a_network_twice_keeps_them_apart(open_page: Callable[..., Any]) -> None:
    page = open_page("tutorial/backpropagation/")
    both = page.locator('.bp-stepper[data-network="2-2-2-1"]')
    both.nth(1).locator(".bp-equation").first.wait_for()
    assert [stepper.get_attribute("data-at") for stepper in both.all()] == ["2", "18"]
    both.nth(1).locator(".bp-next").click()
    page.wait_for_function("location.hash.startsWith('#stepper=2-2-2-1.2&step=d2.1')")
    page.reload()
    both.nth(1).locator(".bp-equation").first.wait_for()
    assert [stepper.get_attribute("data-at") for stepper in both.all()] == ["2", "d2.1"]


@pytest.mark.parametrize("language", ["", "zh/"])
def test_the_numbers_of_equations_lead_to_the_tutorial(open_stepper: Callable[..., Any], language: str) -> None:
    page, _ = open_stepper("olah", f"{language}tutorial/stepper/")
    links = set(
        page.evaluate("""() => {
      const links = [];
      for (const stepper of document.querySelectorAll(".bp-stepper:not([hidden])")) {
        for (const next = stepper.querySelector(".bp-next"); ; next.click()) {
          links.push(...[...stepper.querySelectorAll("a.bp-tag")].map((link) => link.href));
          if (next.disabled) break;
        }
      }
      return links;
    }""")
    )
    assert len(links) == 27  # (1) to (20), Olah's graph, BP1 to BP4, BP1-2 and BP2-2
    page.goto(links.pop())
    ids = {element.get_attribute("id") for element in page.locator("[id]").all()}
    assert f"/{language}tutorial/backpropagation/#" in page.url
    assert {link.partition("#")[2] for link in links} <= ids


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ("stepper=2-2-2-1&w2=1,2,3", "w2"),
        ("stepper=2-2-2-1&w2=1,2,3,4&w3=1,2,3,NaN", "w3"),
        ("stepper=olah&a=<img src=x onerror=alert(1)>", "a"),
        ("stepper=own&sizes=2,999,1", "sizes"),
        ("stepper=own&sizes=2,1&w2=1,2&b2=0&hidden=evil&output=sigmoid&cost=quadratic", "hidden"),
    ],
)
def test_an_address_that_cannot_be_read_is_named(open_page: Callable[..., Any], wrong: str, what: str) -> None:
    page = open_page(f"tutorial/stepper/#{wrong}")
    problem = page.locator(".bp-stepper > .bp-problem")
    assert problem.text_content() == f"The address could not be read: {what}. These are the first numbers."
    assert page.locator(".bp-stepper img").count() == 0


def test_steppers_speak_the_language_of_the_page(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("2-2-2-1", "zh/tutorial/stepper/")
    assert "下一步" in stepper.locator(".bp-next").text_content()
    assert stepper.locator(".bp-heading").first.text_content() == "网络就是一连串矩阵乘法"


def test_the_language_switch_keeps_what_a_stepper_shows(open_stepper: Callable[..., Any]) -> None:
    page, stepper = open_stepper("sigmoid", address("sigmoid", w2=W2, b2=B2, w3=W4, b3=B3, a1=A1, y=Y, rate=RATE))
    stepper.locator('[data-chapter="gradient"]').click()
    page.wait_for_function("location.hash.includes('step=BP3')")
    before = shown(stepper)
    page.locator("a.md-select__link[hreflang=zh]").dispatch_event("click")
    page.wait_for_url("**/zh/**")
    stepper.locator(".bp-equation").first.wait_for()
    assert stepper.get_attribute("data-at") == "BP3"
    assert shown(stepper) == before


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_page(open_stepper: Callable[..., Any], width: int) -> None:
    for network in ("2-2-2-1", "sigmoid", "olah"):
        _, stepper = open_stepper(network, viewport={"width": width, "height": 800})
        widths = stepper.evaluate("""(stepper) => {
          const widths = [];
          for (const next = stepper.querySelector(".bp-next"); !next.disabled; next.click()) {
            widths.push(document.documentElement.scrollWidth);
          }
          return widths;
        }""")
        assert max(widths) <= width
