"""Every shipped component has a picture of its own, and the numbers below it are right."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bpframe.plugins import default_registry

pytest.importorskip("matplotlib")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "docs" / "rendering")
    return importlib.import_module


def test_every_shipped_component_has_a_picture_of_its_own(rendering: Callable[[str], ModuleType]) -> None:
    for each in default_registry().sets:
        if each.provider.distribution == "bpframe":
            drawn = rendering(f"pictures.{each.provider.set}").PICTURES
            assert set(drawn) == {cls.kind for cls in each.components}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def ten_sigmoids() -> str:
    z = np.arange(-8, 8.005, 0.01)
    mean_square = np.sum((sigmoid(z) * sigmoid(-z)) ** 2 * np.exp(-z * z / 2)) * 0.01 / np.sqrt(2 * np.pi)
    return f"{mean_square**5:.2g}".replace("e-07", " · 10⁻⁷")


def descent_and_momentum() -> str:
    ends = []
    for rate, momentum in ((0.03, 0.8), (0.095, 0)):
        place, speed = np.array([-4.0, 1.2]), 0
        for _ in range(40):
            speed = momentum * speed - rate * np.array([1, 20]) * place
            place = place + speed
        ends.append(f"{0.5 * (place**2 @ [1, 20]):.2g}")
    return "{} (momentum), {} (gradient_descent)".format(*ends)


def nll(sigma: float) -> str:
    return f"{(np.log(sigma**2) + (2 / sigma) ** 2) / 2:.2g}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("activations.relu", "at most 1, less than 5 % where z < 0"),
        ("activations.softmax", f"{np.exp(2):.2g} to 1"),
        ("classification.cross_entropy", f"pulled with {sigmoid(4):.2g}"),
        ("classification.cross_entropy", f"pulls with {2 * sigmoid(4) * sigmoid(4) * sigmoid(-4):.2g}"),
        ("classification.gaussian_nll", f"σ = 0.5 pays {nll(0.5)} and who said σ = 2 pays {nll(2)}"),
        ("classification.huber", "pulls with 4 under the quadratic cost, and with 1 under huber"),
        ("classification.kl_divergence", f"{-(0.7 * np.log(0.7) + 0.3 * np.log(0.3)):.2g} apart"),
        ("convolution.conv1d", "5 outputs instead of 10; with dilation 2 it reaches over 5 places"),
        ("convolution.global_average_pool", "1/64 = 0.016"),
        ("convolution.max_pool1d", "to the entry that won, and nothing to the others: 0, 2, 0, 4"),
        ("merges.matmul", "1 · 2 + 2 · 1 = 4"),
        ("merges.mean", "a third of its error, 1, 2"),
        ("optimizers.momentum", descent_and_momentum()),
        ("optimizers.polynomial", f"{0.1 * 0.25:.2g}"),
        ("optimizers.zeros", "none can learn anything"),
        ("reference.dense", "gets 1 · 1 + 4 · 2 = 9, the weight beside it in the second row 2 · 2 = 4"),
        ("reference.sigmoid", "at most 0.25, less than 5 % where z < −2.9 or z > 2.9 (grey). At standard normal z 10 "
         f"in a row let {ten_sigmoids()} of it"),
        ("regularisation.l1", "exactly at 0 for t from −0.5 to 0.5"),
        ("regularisation.max_norm", f"{np.hypot(2, 2):.2g} long becomes 1.5"),
        ("sequence.embedding", "1 + 5 = 6; the 3 rows"),
        ("sequence.forget_bias", f"{sigmoid(1) ** 10:.2g} are left instead of {0.5**10:.2g}"),
    ],
)  # fmt: skip
def test_the_numbers_of_a_caption_are_right(rendering: Callable[[str], ModuleType], name: str, said: str) -> None:
    set_name, _, kind = name.partition(".")
    assert said in rendering(f"pictures.{set_name}").PICTURES[kind]().caption


@pytest.mark.parametrize(
    ("name", "axes"),
    [("BatchNorm", (0, 1)), ("LayerNorm", (2,)), ("RmsNorm", (2,))],
)
def test_a_normalisation_is_coloured_by_the_axes_that_it_averages(
    rendering: Callable[[str], ModuleType], name: str, axes: tuple[int, ...]
) -> None:
    pictures = rendering("pictures.regularisation")
    groups = pictures.coupled(getattr(pictures, name)())
    others = tuple(axis for axis in range(3) if axis not in axes)
    alike = np.moveaxis(groups, axes, range(len(axes))).reshape(-1, *(groups.shape[axis] for axis in others))
    assert (alike == alike[0]).all()
    assert len(np.unique(alike[0])) == alike[0].size


def test_the_cells_of_a_confusion_matrix_are_counted(rendering: Callable[[str], ModuleType]) -> None:
    pictures = rendering("pictures.metrics")
    scores, y = pictures._four_classes()
    said = scores.argmax(axis=1)
    hits, called, true = np.sum((said == 2) & (y == 2)), np.sum(said == 2), np.sum(y == 2)
    assert f"{hits} of {called} (dashed), {hits / called:.2f}" in pictures.PICTURES["precision"]().caption
    assert f"{hits} of {true} (dashed), {hits / true:.2f}" in pictures.PICTURES["recall"]().caption
    assert f"{np.sum(said == y)} of {len(y)}, {np.mean(said == y):.2f}" in pictures.PICTURES["accuracy"]().caption


def test_which_inputs_an_output_sees_follows_from_the_kernel(rendering: Callable[[str], ModuleType]) -> None:
    pictures = rendering("pictures.convolution")
    seen = pictures.seen_by([pictures.Conv1d(filters=1, kernel_size=3, stride=2, dilation=2)])
    assert [list(np.flatnonzero(row)) for row in seen] == [[0, 2, 4], [2, 4, 6], [4, 6, 8], [6, 8, 10]]


def test_numbers_of_a_caption_follow_what_is_drawn(rendering: Callable[[str], ModuleType]) -> None:
    pictures = rendering("pictures.reference")
    other = pictures.both_ways(pictures.Add(), pictures._added, [1, 2], [3, 4], error=[5, 7])
    assert other.caption.endswith("7 and 7.")


def test_a_screen_reader_is_told_what_is_seen(rendering: Callable[[str], ModuleType]) -> None:
    added = rendering("pictures.reference").PICTURES["add"]()
    assert added.seen == (
        "x₁: 1, −2, 3; x₂: 4, 5, −6; y: 5, 3, −3; error of x₁: 1, 2, 3; error of x₂: 1, 2, 3; error of y: 1, 2, 3"
    )
    plotted = rendering("pictures.activations").PICTURES["tanh"]()
    assert re.fullmatch(r"over z from −\S+ to \S+, lines: sigmoid, beside it, a, a′", plotted.seen)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.25, "0.25"),
        (-3.14159, "−3.1"),
        (327.4, "327"),
        (1e-7, "10⁻⁷"),
        (2.52e-8, "2.5 · 10⁻⁸"),
        (0, "0"),
        (4.8e5, "4.8 · 10⁵"),
    ],
)
def test_numbers_are_said_with_as_many_digits_as_count(
    rendering: Callable[[str], ModuleType], value: float, said: str
) -> None:
    assert rendering("drawing").digits(value) == said


def test_the_bytes_of_a_picture_do_not_depend_on_the_last_bit_of_its_layout(
    rendering: Callable[[str], ModuleType],
) -> None:
    svg = rendering("pictures.merges").PICTURES["matmul"]().svg
    frames = re.findall(r'<clipPath id="(\w+)"', svg)
    assert sorted(frames) == sorted(f"p{number}" for number in range(len(frames)))
    assert {*re.findall(r"url\(#(\w+)\)", svg)} == {*frames}
