"""The reference set: what goes forward and what comes back, in numbers; how steps end, and how a start decides."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from both_ways import both_ways
from bpframe_reference import Add, Dense, Identity, Multiply, ScaledNormal, Shift, Sigmoid, StandardNormal
from callback_pictures import best_kept, csv_rows, curves_of_two, json_lines, time_over
from drawing import Plot, digits
from start_pictures import errors_by_depth
from training_pictures import kept, robust, shared_out, stopped, three_rates, watched

from pictures.activations import passed_on
from pictures.classification import robust_costs

__all__ = ["PICTURES"]


def _added(y: np.ndarray, errors: dict[str, np.ndarray]) -> str:
    first, second = (digits(errors[name][1]) for name in ("x₁", "x₂"))
    return f"Both inputs get the whole error: of the 2 at the second place {first} and {second}."


def _multiplied(y: np.ndarray, errors: dict[str, np.ndarray]) -> str:
    first, second = (digits(errors[name][1]) for name in ("x₁", "x₂"))
    return (
        f"An input's error is that of y times the other input: at the second place 2 · 5 = {first} and 2 · (−2) "
        f"= {second}."
    )


def _multiplied_by_weights(y: np.ndarray, errors: dict[str, np.ndarray]) -> str:
    return (
        "y = w x + b, and the three errors of BP2, BP4 and BP3: wᵀ δ, δ xᵀ and δ. The first input gets 1 · 1 + 4 · 2 = "
        f"{digits(errors['x'][0])}, the weight beside it in the second row 2 · 2 = {digits(errors['w'][1, 0])}."
    )


def _shifted(y: np.ndarray, errors: dict[str, np.ndarray]) -> str:
    return (
        f"All numbers move by {digits(y[0] - 1)}; the error goes on as it came, {digits(errors['x'][1])} at the "
        "second place."
    )


#: The pictures by kind.
PICTURES: dict[str, Callable[[], Plot]] = {
    "add": lambda: both_ways(Add(), _added, [1, -2, 3], [4, 5, -6]),
    "csv_log": csv_rows,
    "dense": lambda: both_ways(
        Dense(units=2), _multiplied_by_weights, [2, -1, 3], w=[[1, -2, 3], [4, 1, -1]], b=[1, 0]
    ),
    "identity": lambda: passed_on(Identity()),
    "json_lines_log": json_lines,
    "keep_best": best_kept,
    "multiply": lambda: both_ways(Multiply(), _multiplied, [1, -2, 3], [4, 5, -6]),
    "shift": lambda: both_ways(Shift(by=1.5), _shifted, [1, -2, 3]),
    "error_norms": kept,
    "gradient_descent": three_rates,
    "nguyen_widrow": shared_out,
    "quadratic": lambda: robust_costs("quadratic"),
    "robust": robust,
    "scaled_normal": lambda: errors_by_depth(ScaledNormal()),
    "sigmoid": lambda: passed_on(Sigmoid()),
    "standard_normal": lambda: errors_by_depth(StandardNormal()),
    "stop_early": stopped,
    "tensor_board": curves_of_two,
    "time_limit": time_over,
    "watch_errors": watched,
}
