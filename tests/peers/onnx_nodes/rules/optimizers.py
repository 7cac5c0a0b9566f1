"""Optimizers. ONNX adds the gradient of ½ λ‖θ‖², a penalty here, in the operator."""

from __future__ import annotations

from typing import Any

import numpy as np
from bpframe_optimizers import Adagrad, Adam, Momentum

from onnx_nodes.case import Case, NotExpressed
from onnx_nodes.rules.registry import Array, numbers, rule
from onnx_nodes.running import step_of

#: A step after which β₁ᵗ and β₂ᵗ are 0: before the first step, ONNX corrects nothing.
LATE = 1_000_000


@rule("Adagrad", "Adam", "Momentum")
def step(case: Case) -> list[Array]:
    rate, count = float(case.input(0)), int(case.input(1))
    if count:
        raise NotExpressed("after the first step, with rates and corrections of ONNX's own")
    names, optimizer = chosen(case, rate)
    arrays = numbers(case, *range(2, len(case.inputs)))
    many = len(arrays) // (2 + len(names))
    columns = [arrays[place::many] for place in range(many)]
    found = [
        step_of(
            optimizer,
            parameters,
            gradient + np.float32(case.attribute("norm_coefficient", 0.0)) * parameters,
            dict(zip(names, state, strict=True)),
            LATE if case.operator == "Adam" else 0,
            rate,
        )
        for parameters, gradient, *state in columns
    ]
    return [each[place] for place in range(1 + len(names)) for each in found]


def chosen(case: Case, rate: float) -> tuple[tuple[str, ...], Any]:
    """The names of an optimizer's state in ONNX's order, and the optimizer."""
    if case.operator == "Adagrad":
        return ("sum",), Adagrad(learning_rate=rate, epsilon=case.attribute("epsilon", 0.0))
    if case.operator == "Adam":
        beta_1, beta_2 = case.attribute("alpha", 0.9), case.attribute("beta", 0.999)
        return ("m", "v"), Adam(
            learning_rate=rate, beta_1=beta_1, beta_2=beta_2, epsilon=case.attribute("epsilon", 0.0)
        )
    nesterov = case.attribute("mode") == "nesterov"
    return ("velocity",), Momentum(learning_rate=rate, momentum=case.attribute("alpha"), nesterov=nesterov)
