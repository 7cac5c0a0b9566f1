"""What a screen reader is given: names of all controls, mathematics as such, and each change told once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.explanation.networks import A1, Y, sigmoids

CONTROLS = {"button", "combobox", "image", "link", "searchbox", "slider", "spinbutton", "textbox"}

#: Counts how often a live region is filled with a text that it did not have.
LISTEN = """(host) => {
  window.told = [];
  for (const region of host.querySelectorAll("[aria-live=polite], [role=status]")) {
    let last = region.textContent;
    new MutationObserver(() => {
      if (region.textContent !== last) window.told.push(last = region.textContent);
    }).observe(region, {childList: true, characterData: true, subtree: true});
  }
}"""

#: At once, however long the machine takes between two keys.
MOVE_IT_EIGHT_TIMES = """(slider) => {
  for (let time = 0; time < 8; time += 1) {
    slider.stepUp();
    slider.dispatchEvent(new Event("input", {bubbles: true}));
  }
}"""


def tree(page: Any, selector: str) -> list[tuple[str, str]]:
    """The role and the name of everything below an element that is not hidden from a screen reader."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    root = session.send(
        "DOM.querySelector", {"nodeId": session.send("DOM.getDocument")["root"]["nodeId"], "selector": selector}
    )
    place = session.send("DOM.describeNode", {"nodeId": root["nodeId"]})["node"]["backendNodeId"]
    nodes = {node["nodeId"]: node for node in session.send("Accessibility.getFullAXTree")["nodes"]}
    waiting = [next(node for node in nodes.values() if node.get("backendDOMNodeId") == place)]
    found = []
    while waiting:
        node = waiting.pop()
        waiting += [nodes[child] for child in node.get("childIds", []) if child in nodes]
        if not node["ignored"]:
            found.append((node["role"]["value"], node.get("name", {}).get("value", "")))
    return found


@pytest.mark.parametrize(
    ("path", "selector", "formulas"),
    [
        ("", ".bp-stepper", 7),
        ("zh/", ".bp-stepper", 7),
        ("tutorial/stepper/#stepper=sigmoid&step=BP4", '.bp-stepper[data-network="sigmoid"]', 10),
        ("tutorial/playground/", ".bp-playground", 0),
        ("zh/tutorial/playground/", ".bp-playground", 0),
    ],
)
def test_every_control_has_a_name_and_every_formula_is_mathematics(
    open_page: Callable[..., Any], path: str, selector: str, formulas: int
) -> None:
    page = open_page(path)
    page.locator(f"{selector} .bp-frame").wait_for()
    found = tree(page, selector)
    assert [role for role, name in found if role in CONTROLS and not name.strip()] == []
    assert not any(sign in name for _, name in found for sign in "◀▶❚")
    assert sum(role == "MathMLMath" for role, _ in found) >= formulas


def test_an_explanations_page_names_its_controls_and_each_weight(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page(sigmoids(2, 2, 1).explain(A1, Y).save(tmp_path / "report.html").as_uri())
    found = tree(page, "body")
    assert [role for role, name in found if role in CONTROLS and not name.strip()] == []
    names = [name for role, name in found if role == "button"]
    assert len(names) == len(set(names))
    assert sum(role == "MathMLMath" for role, _ in found) > 30


def test_a_step_is_told_once_and_a_slider_when_it_rests(open_page: Callable[..., Any]) -> None:
    page = open_page("tutorial/stepper/#stepper=sigmoid&step=BP2-2")
    stepper = page.locator('.bp-stepper[data-network="sigmoid"]')
    stepper.locator(".bp-equation").first.wait_for()
    stepper.evaluate(LISTEN)
    stepper.locator(".bp-back").click()
    page.wait_for_function("window.told.length === 1")
    assert "(BP1-2): −0.106" in page.evaluate("window.told[0]")
    stepper.locator('.bp-matrix [data-key="w3.0.0"]').focus()
    page.wait_for_timeout(1000)
    slider = stepper.locator("input[type=range]")
    slider.focus()
    page.evaluate("window.told = []")
    slider.evaluate(MOVE_IT_EIGHT_TIMES)
    page.wait_for_function("window.told.length > 0")
    page.wait_for_timeout(1000)  # for one that is told too often
    assert len(page.evaluate("window.told")) == 1


def test_a_training_is_told_when_it_rests(open_page: Callable[..., Any]) -> None:
    page = open_page("zh/tutorial/playground/")
    playground = page.locator(".bp-playground")
    playground.locator(".bp-bar-row").first.wait_for()
    playground.evaluate(LISTEN)
    playground.locator(".bp-train").click()
    page.wait_for_function("Number(document.querySelector('.bp-playground').dataset.epoch) >= 5")
    assert page.evaluate("window.told") == []
    playground.locator(".bp-train").click()
    (told,) = page.evaluate("window.told")
    assert told.startswith("轮数 ")
    assert "；准确率 " in told
    canvas = playground.locator(".bp-canvas")
    canvas.focus()
    before = canvas.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert canvas.get_attribute("aria-valuetext") not in (before, None)


def test_keys_still_work_where_a_button_ends(open_page: Callable[..., Any]) -> None:
    page = open_page("tutorial/stepper/#stepper=sigmoid&step=BP4")
    stepper = page.locator('.bp-stepper[data-network="sigmoid"]')
    stepper.locator(".bp-next").click()
    assert stepper.locator(".bp-next").is_disabled()
    page.keyboard.press("ArrowLeft")
    assert stepper.get_attribute("data-at") == "BP4"
