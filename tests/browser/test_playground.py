"""The playground: its arithmetic is bpframe's, it learns to a stated accuracy, and its points are explained."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import numpy as np
import pytest
from bpframe_activations import Relu, Tanh
from bpframe_classification import BinaryCrossEntropy
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp

ACTIVATIONS = {"sigmoid": Sigmoid, "tanh": Tanh, "relu": Relu}
PATH = "tutorial/playground/"


def in_bpframe(network: dict[str, Any]) -> bp.Network:
    """A network of the playground; the cross-entropy takes the score in front of the last sigmoid."""
    last = len(network["sizes"])
    layers: list[Any] = []
    for units in network["sizes"][1:]:
        layers += [Dense(units=units), ACTIVATIONS[network["hidden"]]()]
    layers.pop()
    quadratic = network["cost"] == "quadratic"
    if quadratic:
        layers.append(Sigmoid())
    built = bp.Network(
        layers, cost=QuadraticCost() if quadratic else BinaryCrossEntropy(), input_shape=(network["sizes"][0],)
    )
    for layer in range(2, last + 1):
        name = f"dense_{layer - 1}" if last > 2 else "dense"
        built.parameters[f"{name}.w"] = np.array(network["weights"][layer])
        built.parameters[f"{name}.b"] = np.array(network["biases"][layer])
    return built


def same(found: Any, expected: Any) -> None:
    """To 1e-12 of the largest entry."""
    expected = np.asarray(expected)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=1e-12 * np.max(np.abs(expected), initial=0))


@pytest.fixture
def open_playground(open_page: Callable[..., Any]) -> Callable[..., tuple[Any, Any]]:
    """Opens a page, and waits for its playground: page and playground."""

    def opened(path: str = PATH, **words: Any) -> tuple[Any, Any]:
        page = open_page(path, **words)
        page.locator(".bp-playground .bp-bar-row").first.wait_for()
        return page, page.locator(".bp-playground")

    return opened


def train(page: Any, playground: Any, epochs: int) -> float:
    """Train until so many epochs are over, and pause: the accuracy."""
    playground.locator(".bp-train").click()
    page.wait_for_function(f"Number(document.querySelector('.bp-playground').dataset.epoch) >= {epochs}")
    playground.locator(".bp-train").click()
    return float(playground.get_attribute("data-accuracy"))


def explained(page: Any, playground: Any) -> dict[str, Any]:
    """Have the chosen point explained: the network, the input and the target of the stepper's address."""
    playground.locator(".bp-explain").click()
    page.locator(".bp-stepper .bp-equation").first.wait_for()
    state = {key: unquote(values[0]) for key, values in parse_qs(page.url.partition("#")[2]).items()}
    sizes = [int(size) for size in state["sizes"].split(",")]
    numbers = {
        key: [float(part) for part in state[key].split(",")] for key in state if re.fullmatch(r"[wb]\d|a1|y", key)
    }
    weights = [np.reshape(numbers[f"w{i + 2}"], (sizes[i + 1], sizes[i])).tolist() for i in range(len(sizes) - 1)]
    biases = [numbers[f"b{i + 2}"] for i in range(len(sizes) - 1)]
    network = {"sizes": sizes, "weights": [[], [], *weights], "biases": [[], [], *biases]}
    network |= {"hidden": state["hidden"], "cost": state["cost"]}
    return {"network": network, "x": numbers["a1"], "y": numbers["y"]}


def test_a_training_step_costs_and_error_norms_are_those_of_bpframe(open_playground: Callable[..., Any]) -> None:
    page, _ = open_playground()
    rng = np.random.default_rng(7)
    cases = []
    for hidden in ACTIVATIONS:
        for cost in ("quadratic", "cross-entropy"):
            sizes = [2, 5, 3, 1] if hidden != "relu" else [3, 4, 2]
            inputs, targets = rng.normal(size=(7, sizes[0])), rng.integers(0, 2, (7, sizes[-1]))
            batch = [{"x": x, "y": y} for x, y in zip(inputs.tolist(), targets.tolist(), strict=True)]
            cases.append({"sizes": sizes, "hidden": hidden, "cost": cost, "seed": len(cases), "batch": batch})
    found = page.evaluate(
        """async (cases) => {
          const {batchStep, errorNorms, measured, randomNetwork} = await import("/assets/stepper/training.js");
          const {generator} = await import("/assets/stepper/random.js");
          return cases.map(({sizes, hidden, cost, seed, batch}) => {
            const network = randomNetwork(sizes, {hidden, cost}, generator(seed));
            return {network, after: batchStep(network, batch, 0.5), ...measured(network, batch),
                    norms: errorNorms(network, batch)};
          });
        }""",
        cases,
    )
    for case, each in zip(cases, found, strict=True):
        network = each["network"]
        built = in_bpframe(network)
        x, y = (np.array([sample[key] for sample in case["batch"]], float) for key in ("x", "y"))
        share = case["sizes"][-1] if case["cost"] == "cross-entropy" else 1
        same(each["cost"], built.cost(x, y) * share)
        gradient, errors = built.gradient(x, y), built.errors(x, y)
        for layer in range(2, len(case["sizes"]) + 1):
            name = f"dense_{layer - 1}"
            same(
                each["after"]["weights"][layer], np.array(network["weights"][layer]) - gradient[f"{name}.w"] * share / 2
            )
            same(each["after"]["biases"][layer], np.array(network["biases"][layer]) - gradient[f"{name}.b"] * share / 2)
            same(each["norms"][layer], np.mean(np.linalg.norm(errors[name], axis=1)))


def mulberry32(seed: int) -> Any:
    """The published generator, in Python's integers."""
    mask = 2**32 - 1
    while True:
        seed = (seed + 0x6D2B79F5) & mask
        mixed = (seed ^ (seed >> 15)) * (seed | 1) & mask
        mixed ^= (mixed + ((mixed ^ (mixed >> 7)) * (mixed | 61) & mask)) & mask
        yield (mixed ^ (mixed >> 14)) / 2**32


def test_random_numbers_are_those_of_mulberry32(open_playground: Callable[..., Any]) -> None:
    page, _ = open_playground()
    uniform, normal, order = page.evaluate(
        """async () => {
          const {generator} = await import("/assets/stepper/random.js");
          const [one, two] = [generator(4000000000), generator(2)];
          const many = (count, draw) => Array.from({length: count}, draw);
          return [many(1000, one.uniform), many(20000, two.normal), two.shuffled(50)];
        }"""
    )
    numbers = mulberry32(4000000000)
    assert uniform == [next(numbers) for _ in range(1000)]
    assert abs(np.mean(normal)) < 0.03
    assert abs(np.std(normal) - 1) < 0.03
    assert sorted(order) == list(range(50)) != order


def test_xor_is_learnt_to_98_percent_of_points_that_it_has_not_seen(open_playground: Callable[..., Any]) -> None:
    page, playground = open_playground()
    assert float(playground.get_attribute("data-accuracy")) < 0.8
    assert train(page, playground, 120) >= 0.98
    # What the picture says of a point is what bpframe says.
    case = explained(page, playground)
    score = in_bpframe(case["network"]).predict(np.array([case["x"]]))[0, 0]
    said = playground.locator(".bp-point").text_content().rpartition(" ")[2].replace("−", "-")
    said = re.sub("⋅10(.*)", lambda power: "e" + power[1].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")), said)
    assert float(said) == pytest.approx(1 / (1 + np.exp(-score)), rel=2e-2)


@pytest.mark.parametrize(
    ("data", "epochs", "accuracy"), [("circles", 100, 0.98), ("gaussians", 30, 0.97), ("digits", 40, 0.8)]
)
def test_the_other_sets_are_learnt(
    open_playground: Callable[..., Any], data: str, epochs: int, accuracy: float
) -> None:
    page, playground = open_playground()
    playground.locator(f'[data-set="{data}"]').click()
    for _ in range(8 if data != "digits" else 0):  # for digits it takes enough neurons by itself
        playground.locator('[data-does="more-0"]').click()
    assert train(page, playground, epochs) >= accuracy
    playground.locator('[data-set="xor"]').click()
    assert playground.locator(".bp-layer b").first.text_content() == ("4" if data == "digits" else "12")


def test_the_digits_are_the_first_of_bpframe(open_playground: Callable[..., Any]) -> None:
    page, _ = open_playground()
    found = page.evaluate(
        """async () => {
          const {digits} = await import("/assets/stepper/datasets.js");
          return digits(await (await fetch("/assets/stepper/digits.txt")).text());
        }"""
    )
    samples = found["training"] + found["unseen"]
    assert (len(found["training"]), len(found["unseen"])) == (400, 200)
    with np.load(Path(bp.__file__).with_name("data") / "digits.npz") as known:
        same([sample["x"] for sample in samples], known["images"][:600] / 16)
        assert np.argmax([sample["y"] for sample in samples], axis=1).tolist() == known["labels"][:600].tolist()


def test_equal_seeds_give_equal_numbers(open_playground: Callable[..., Any]) -> None:
    page, playground = open_playground()

    def after_three_steps() -> dict[str, Any]:
        playground.locator(".bp-restart").click()
        for _ in range(3):
            playground.locator(".bp-one").click()
        return explained(page, playground)

    first, again = after_three_steps(), after_three_steps()
    assert first == again
    playground.locator('[data-setting="seed"]').fill("2")
    assert after_three_steps() != first


def test_a_point_is_explained_by_the_stepper(open_playground: Callable[..., Any]) -> None:
    page, playground = open_playground()
    playground.locator('[data-set="circles"]').click()
    playground.locator('[data-does="add"]').click()
    playground.locator('[data-setting="activation"]').select_option("relu")
    playground.locator('[data-setting="cost"]').select_option("quadratic")
    train(page, playground, 5)
    playground.locator(".bp-canvas").click(position={"x": 40, "y": 200})
    case = explained(page, playground)
    built, x, y = in_bpframe(case["network"]), np.array([case["x"]]), np.array([case["y"]])
    stepper = page.locator('.bp-stepper[data-network="own"]')
    errors, gradient = built.errors(x, y), built.gradient(x, y)

    def values() -> dict[str, Any]:
        found = stepper.locator(".bp-equations .bp-equation").all()
        return {each.get_attribute("data-tag") or "": json.loads(each.get_attribute("data-value")) for each in found}

    stepper.locator('[data-chapter="backwardPass"]').click()
    same(values()["BP1"], errors["dense_3"][0])
    page.keyboard.press("ArrowRight")
    same(values()["BP2-2"], errors["dense_2"][0][0])
    stepper.locator('[data-chapter="gradient"]').click()
    same(values()["BP3"], gradient["dense_1.b"])  # the last of its lines
    page.keyboard.press("ArrowRight")
    same(values()["BP4"], gradient["dense_1.w"])
    # Four times four ways lead from a weight of layer 2 to the cost.
    assert stepper.locator(".bp-paths .bp-text").text_content().startswith("4 paths")


def test_points_are_chosen_by_keys(open_playground: Callable[..., Any]) -> None:
    page, playground = open_playground()

    def place() -> list[float]:
        said = playground.locator(".bp-point").text_content().replace("−", "-")
        return [float(number) for number in re.findall(r"-?[\d.]+", said)[:2]]

    playground.locator(".bp-canvas").focus()
    for key, axis, sign in (("Right", 0, 1), ("Down", 1, -1), ("Left", 0, -1), ("Up", 1, 1)):
        before = place()
        page.keyboard.press(f"Arrow{key}")
        move = [after - one for after, one in zip(place(), before, strict=True)]
        assert sign * move[axis] > 0
        assert abs(move[axis]) >= abs(move[1 - axis])
    playground.locator('[data-set="digits"]').click()
    page.wait_for_function("document.querySelector('.bp-playground').dataset.epoch === '0'")
    playground.locator(".bp-canvas").focus()
    digits = playground.locator(".bp-point")
    first = digits.text_content()
    for key in ("Down", "Right", "Up", "Left"):
        page.keyboard.press(f"Arrow{key}")
    assert digits.text_content() == first


def test_a_seed_that_is_none_is_refused_in_words(open_playground: Callable[..., Any]) -> None:
    _, playground = open_playground()
    seed = playground.locator('[data-setting="seed"]')
    for wrong in ("-5", "1.5", "", "99999999999"):
        seed.fill(wrong)
        problem = playground.locator(".bp-settings .bp-problem")
        assert problem.text_content() == "A whole number from 0 to 4294967295, please."
    seed.press("Tab")
    assert seed.input_value() == "1"
    assert problem.text_content() == ""


def test_numbers_of_a_larger_network_are_not_covered(open_playground: Callable[..., Any]) -> None:
    for width in (390, 1280):
        page, playground = open_playground(viewport={"width": width, "height": 900})
        for _ in range(4):
            playground.locator('[data-does="more-0"]').click()
        playground.locator('[data-does="add"]').click()
        explained(page, playground)
        found = page.locator(".bp-stepper").evaluate("""(stepper) => {
          const wrong = [];
          const box = (element) => element.getBoundingClientRect();
          const meet = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2
            && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 2;
          let count = 0;
          for (const next = stepper.querySelector(".bp-next"); !next.disabled; next.click()) {
            const labels = [...stepper.querySelectorAll(".bp-label")].filter((label) => label.textContent);
            const boxes = [...stepper.querySelectorAll(".bp-node > rect")];
            count += labels.length;
            labels.forEach((label, i) => {
              const others = [...boxes, ...labels.slice(0, i)];
              if (!others.some((each) => meet(box(label), box(each)))) return;
              wrong.push([stepper.dataset.at, label.textContent]);
            });
          }
          return [count, wrong];
        }""")  # fmt: skip
        assert found[0] > 50
        assert found[1] == []


def test_what_is_explained_says_of_which_epoch_it_is(open_playground: Callable[..., Any]) -> None:
    page, playground = open_playground()
    explained(page, playground)
    said = page.locator(".bp-outdated")
    assert said.text_content() == "The network of epoch 0."
    # What σ is, is said of each kind of layer.
    meanings = page.locator(".bp-stepper .bp-equation annotation").all_text_contents()[1:]
    assert [tex.partition(":")[0] for tex in meanings] == ["\\text{Hidden layers", "\\text{Output layer"]
    assert "may come out different" not in playground.text_content()
    assert "written with four digits" in page.locator(".bp-stepper .bp-foot").text_content()
    playground.locator(".bp-one").click()
    assert "It has changed since" in said.text_content()
    explained(page, playground)
    assert "It has changed" not in said.text_content()


def test_relus_that_are_all_switched_off_are_told(open_playground: Callable[..., Any]) -> None:
    page, playground = open_playground()
    playground.locator('[data-setting="activation"]').select_option("relu")
    playground.locator('[data-setting="cost"]').select_option("quadratic")
    playground.locator('[data-setting="rate"]').select_option("10")
    playground.locator('[data-setting="batch"]').select_option("1")
    for _ in range(5):
        playground.locator('[data-does="add"]').click()
    train(page, playground, 10)
    said = playground.locator(".bp-message").last.text_content()
    assert said.startswith("No error reaches layer 2: on every way there a ReLU is switched off")


def test_why_no_error_arrives_depends_on_the_activation(open_playground: Callable[..., Any]) -> None:
    page, _ = open_playground()
    said = page.evaluate(
        """async () => {
          const {ErrorBars} = await import("/assets/stepper/curves.js");
          const {wordsOf} = await import("/assets/stepper/words.js");
          return [[0, "relu"], [0, "tanh"], [0, "sigmoid"], [8, "tanh"]].map(([norm, activation]) => {
            const bars = new ErrorBars(wordsOf(document.body));
            bars.draw([, , norm, 1, 1], activation);
            return bars.message.textContent;
          });
        }"""
    )
    assert "a ReLU is switched off" in said[0]
    for saturated, name in zip(said[1:3], ("tanh", "sigmoid"), strict=True):
        assert f"everywhere a {name} is saturated" in saturated
        assert "ReLU" not in saturated
    assert said[3].startswith("Layer 2 gets 8 times the output's error. Errors grow")


def test_what_the_cost_says_is_named(open_playground: Callable[..., Any]) -> None:
    page, _ = open_playground()
    said = page.evaluate(
        """async () => {
          const {CostCurve} = await import("/assets/stepper/curves.js");
          const {wordsOf} = await import("/assets/stepper/words.js");
          const [falls, overfits] = [[[1, 1], [0.5, 0.6], [0.3, 0.4]], [[1, 1], [0.5, 0.6], [0.1, 0.8]]];
          return [falls, overfits, [[1, 1], [2, 2]], [[1, 1], [NaN, 1]]].map((points) => {
            const curve = new CostCurve(wordsOf(document.body));
            points.forEach((costs, epoch) => curve.add(epoch, costs));
            curve.draw();
            return curve.message.textContent;
          });
        }"""
    )
    assert said[0] == ""
    assert "overfitting" in said[1]
    assert "too large" in said[2]
    assert said[3] == said[2]


def test_sigmoids_in_depth_let_the_error_vanish_and_the_page_says_so(open_playground: Callable[..., Any]) -> None:
    _, playground = open_playground()
    playground.locator('[data-setting="activation"]').select_option("sigmoid")
    for _ in range(5):
        playground.locator('[data-does="add"]').click()
    norms = [float(row.get_attribute("data-norm")) for row in playground.locator(".bp-bar-row").all()]
    assert len(norms) == 7
    assert norms == sorted(norms)
    assert "Errors vanish" in playground.locator(".bp-message").last.text_content()


@pytest.mark.parametrize("language", ["", "zh/"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_page(open_playground: Callable[..., Any], width: int, language: str) -> None:
    page, playground = open_playground(language + PATH, viewport={"width": width, "height": 800})
    assert ("训练" if language else "Train") in playground.locator(".bp-train").text_content()
    for _ in range(5):
        playground.locator('[data-does="add"]').click()
    playground.locator('[data-set="digits"]').click()
    page.wait_for_function("document.querySelector('.bp-playground').dataset.epoch === '0'")
    explained(page, playground)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
