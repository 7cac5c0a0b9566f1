"""The stepper is read as it is meant: numbers that nothing hides, words where a number is refused, places that stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.stepper_parts import A1, W2, W4, Y, address


def test_nothing_is_left_of_a_number_that_was_refused(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("2-2-2-1")
    field = stepper.locator('.bp-matrix [data-key="w3.0.0"]')
    field.fill("2.5")
    field.press("Tab")
    field.select_text()
    field.press_sequentially("5000")  # 5, 50 and 500 are numbers
    assert stepper.locator(".bp-problem").text_content() == "A number from −1000 to 1000, please."
    field.press("Tab")
    assert field.input_value() == "2.5"
    field.fill("")
    stepper.locator(".bp-reset").click()
    assert field.input_value() == "2"
    stepper.locator('.bp-matrix [data-key="rate"]').fill("-1")
    assert stepper.locator(".bp-problem").text_content() == "A number from 0 to 1000, please."


def test_steps_that_are_too_long_are_told_and_those_without_bounds_not_taken(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("2-2-2-1", "tutorial/stepper/#stepper=2-2-2-1&step=1")
    stepper.locator('.bp-matrix [data-key="rate"]').fill("0.01")
    assert "promises less than 0" in stepper.locator(".bp-text").first.text_content()
    stepper.locator('.bp-matrix [data-key="rate"]').fill("1")
    assert "The cost rises" in stepper.locator(".bp-text").first.text_content()
    taken = 0
    while stepper.locator(".bp-descend").is_enabled():
        stepper.locator(".bp-descend").click()
        taken += 1
    assert taken > 0
    assert "this step cannot be taken" in stepper.locator(".bp-text").first.text_content()
    assert "?" not in stepper.locator(".bp-network").text_content()
    assert all(field.input_value() for field in stepper.locator(".bp-matrix input").all())


def test_a_step_downhill_shows_the_digits_that_change(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("2-2-2-1", "tutorial/stepper/#stepper=2-2-2-1&step=1")
    stepper.locator('.bp-matrix [data-key="rate"]').fill("0.00000001")
    tex = stepper.locator(".bp-equation annotation").first.text_content()
    assert "= 1 - " in tex
    assert "{0.9999999}" in tex


def test_a_number_in_the_drawing_stands_on_a_ground_that_no_line_shows_through(
    open_stepper: Callable[..., Any],
) -> None:
    _, stepper = open_stepper("2-2-2-1", address("2-2-2-1", w2=W2, w3=[[1.1, 0.2], [1, 2]], w4=W4, a1=A1, y=Y, rate=1))
    for phase in ("expand", "chain", "errors"):
        stepper.locator(f'[data-chapter="{phase}"]').click()
        uncovered = stepper.evaluate("""(stepper) => {
          const plates = [...stepper.querySelectorAll(".bp-plate")].filter((plate) => plate.textContent);
          const after = stepper.querySelector(".bp-plate").parentElement;
          const bare = plates.filter((plate) => {
            const [ground, text] = [plate.querySelector("rect"), plate.querySelector("text")];
            const [below, over] = [ground, text].map((element) => element.getBoundingClientRect());
            const colour = getComputedStyle(ground).fill;
            return below.left > over.left + 1 || below.right < over.right - 1 || /rgba|none/.test(colour);
          });
          return [plates.length, bare.map((plate) => plate.textContent), after.nextElementSibling === null];
        }""")
        assert uncovered[0] >= 10
        assert uncovered[1:] == [[], True]  # and nothing is drawn after them


def test_a_path_is_written_in_the_order_of_its_product(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("sigmoid", "tutorial/stepper/#stepper=sigmoid&step=BP4")
    row = stepper.locator(".bp-path-row annotation")
    route, product = (row.nth(i).text_content() for i in (0, 1))
    assert route.split(" \\leftarrow ") == ["C", "a^{3}_{1}", "z^{3}_{1}", "a^{2}_{1}", "z^{2}_{1}", "w^{2}_{12}"]
    assert product.count("\\cdot") == 4
    assert stepper.locator(".bp-paths .bp-text").text_content().count("slope of its activation") == 1


def test_a_question_is_not_answered_beside_it(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("2-2-2-1", "tutorial/stepper/#stepper=2-2-2-1&step=11")
    tex = stepper.locator(".bp-equations annotation").text_content()
    assert tex.endswith("\\; ? \\end{aligned}")
    assert "\\frac{\\partial a^{2}_{1}}{\\partial w^{2}_{11}}" in tex  # and ends as the tutorial's
    assert stepper.locator(".bp-paths").is_hidden()
    stepper.locator('.bp-edge[data-key="w2.0.1"]').dispatch_event("click")
    assert stepper.locator(".bp-paths").is_visible()


def test_biases_stand_in_the_drawing(open_stepper: Callable[..., Any]) -> None:
    _, stepper = open_stepper("sigmoid")
    biases = {key: stepper.locator(f'[data-key="{key}"] .bp-bias').text_content() for key in ("a2.0", "a2.1", "a3.0")}
    assert biases == {"a2.0": "b = 1", "a2.1": "b = −1", "a3.0": "b = 0"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_pressed_button_can_be_read_while_the_pointer_is_on_it(open_stepper: Callable[..., Any], scheme: str) -> None:
    page, stepper = open_stepper("2-2-2-1", color_scheme=scheme)
    button = stepper.locator('[data-chapter="errors"]')
    ground = "(button) => getComputedStyle(button).backgroundColor"
    button.click()
    over = button.evaluate(ground)
    page.mouse.move(0, 0)
    assert over == button.evaluate(ground) == stepper.locator("[aria-pressed=true]").first.evaluate(ground)


@pytest.mark.parametrize("language", ["", "zh/"])
def test_an_anchor_of_the_page_is_in_place_when_all_is_drawn(open_page: Callable[..., Any], language: str) -> None:
    for anchor in ("with-biases-and-sigmoids", "olahs-graph"):
        page = open_page(f"{language}tutorial/stepper/#{anchor}", viewport={"width": 1280, "height": 500})
        page.locator('[data-network="olah"] .bp-equation').first.wait_for()
        page.wait_for_function(f"Math.abs(document.getElementById('{anchor}').getBoundingClientRect().top - 60) < 70")
