"""The code of the page *Compared with other libraries* gives what the page says, in each library that is installed."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = (Path(__file__).parents[2] / "docs/guides/compared-with.md").read_text(encoding="utf-8")
NEEDS = {
    "PyTorch": "torch", "JAX": "jax", "autograd": "autograd", "BackPACK": "backpack", "thinc": "thinc",
    "Keras": "keras", "micrograd": "micrograd",
}  # fmt: skip
BLOCK = re.compile(r'^=== "(\w+)"\n\n    ```py\n(.*?)^    ```', re.MULTILINE | re.DOTALL)


def blocks(part: str) -> dict[str, str]:
    """Return the libraries' code in the tabs of a part of the page."""
    return {name: textwrap.dedent(code) for name, code in BLOCK.findall(part)}


TASK, OTHER = (blocks(part) for part in PAGE.split("## A function of your own"))


def run(name: str, *parts: str) -> dict[str, Any]:
    if importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    namespace: dict[str, Any] = {"__name__": "shown"}
    for part in parts:
        exec(compile(part, f"compared-with.md, {name}", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("name", NEEDS)
def test_the_task_has_one_answer_in_every_library(name: str) -> None:
    w, x, y = np.array([[0.5, -0.25], [1.0, 0.75]]), np.array([1.0, 2.0]), np.array([0.0, 1.0])
    a = 1 / (1 + np.exp(-w @ x))
    expected = np.outer((a - y) * a * (1 - a), x)  # BP1 and BP4
    gradient = run(name, TASK[name])["gradient"]
    gradient = gradient.detach().numpy() if hasattr(gradient, "detach") else np.asarray(gradient)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6 if gradient.dtype == "float32" else 1e-12)


@pytest.mark.parametrize("name", ["PyTorch", "JAX", "thinc"])
def test_softsign_has_its_derivative_in_every_library(name: str) -> None:
    space = run(name, TASK[name], OTHER[name])
    x = np.array([[-1.5, 0.25]])
    expected = 1 / (1 + np.abs(x)) ** 2
    if name == "PyTorch":
        inputs = space["torch"].tensor(x, requires_grad=True)
        space["SoftSign"].apply(inputs).sum().backward()
        found = inputs.grad.numpy()
    elif name == "JAX":
        found = space["jax"].grad(lambda values: space["softsign"](values).sum())(x)
    else:
        _, backprop = space["model"].begin_update(x)
        found = backprop(np.ones_like(x))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_every_library_of_the_table_shows_the_task() -> None:
    assert set(TASK) == set(NEEDS)
    assert set(re.findall(r"^\| \[(\w+)\]", PAGE, re.MULTILINE)) == set(NEEDS)
