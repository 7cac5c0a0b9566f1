"""Nonlinear regressions of the NIST Statistical Reference Datasets: data, starting and certified values.

The numbers in nist.json are NIST/ITL's public ones, StRD, Nonlinear Least Squares Regression: for each problem the
predictor x (Nelson has two), the response y, two starts (1 far, 2 near), the certified parameters with their standard
deviations, and the residual sum of squares.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from bpframe_reference import QuadraticCost

from bpframe import Network
from bpframe.extend import BatchMatrix, Diagonal, Layer, Parameter

PROBLEMS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("nist.json").read_text(encoding="utf-8"))
PROBLEMS["Nelson"]["y"] = np.log(PROBLEMS["Nelson"]["y"]).tolist()  # its model is one of log y


def _gauss(x, b):
    return (
        b[0] * np.exp(-b[1] * x)
        + b[2] * np.exp(-((x - b[3]) ** 2) / b[4] ** 2)
        + b[5] * np.exp(-((x - b[6]) ** 2) / b[7] ** 2)
    )


def _lanczos(x, b):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def _cubic(x, b):
    return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1 + x * (b[4] + x * (b[5] + x * b[6])))


def _enso(x, b):
    terms = b[0] + b[1] * np.cos(2 * np.pi * x / 12) + b[2] * np.sin(2 * np.pi * x / 12)
    terms = terms + b[4] * np.cos(2 * np.pi * x / b[3]) + b[5] * np.sin(2 * np.pi * x / b[3])
    return terms + b[7] * np.cos(2 * np.pi * x / b[6]) + b[8] * np.sin(2 * np.pi * x / b[6])


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "Bennett5": lambda x, b: b[0] * (b[1] + x) ** (-1 / b[2]),
    "BoxBOD": lambda x, b: b[0] * (1 - np.exp(-b[1] * x)),
    "Chwirut1": lambda x, b: np.exp(-b[0] * x) / (b[1] + b[2] * x),
    "Chwirut2": lambda x, b: np.exp(-b[0] * x) / (b[1] + b[2] * x),
    "DanWood": lambda x, b: b[0] * x ** b[1],
    "ENSO": _enso,
    "Eckerle4": lambda x, b: b[0] / b[1] * np.exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Gauss1": _gauss,
    "Gauss2": _gauss,
    "Gauss3": _gauss,
    "Hahn1": _cubic,
    "Kirby2": lambda x, b: (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2),
    "Lanczos1": _lanczos,
    "Lanczos2": _lanczos,
    "Lanczos3": _lanczos,
    "MGH09": lambda x, b: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda x, b: b[0] * np.exp(b[1] / (x + b[2])),
    "MGH17": lambda x, b: b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4]),
    "Misra1a": lambda x, b: b[0] * (1 - np.exp(-b[1] * x)),
    "Misra1b": lambda x, b: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda x, b: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda x, b: b[0] * b[1] * x / (1 + b[1] * x),
    "Nelson": lambda x, b: b[0] - b[1] * x[:, :1] * np.exp(-b[2] * x[:, 1:]),
    "Rat42": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)),
    "Rat43": lambda x, b: b[0] / (1 + np.exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Roszman1": lambda x, b: b[0] - b[1] * x - np.arctan(b[2] / (x - b[3])) / np.pi,
    "Thurber": _cubic,
}


class DraftFormula(Layer):
    """One of NIST's formulas f(x; b), without a Jacobian."""

    draft: ClassVar[bool] = True

    problem: str
    start: tuple[float, ...]

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (1,)

    def parameters(self) -> dict[str, Parameter]:
        return {f"b{k}": Parameter((), init=value) for k, value in enumerate(self.start, start=1)}

    def forward(self, x, p):
        return FORMULAS[self.problem](x, list(p.values()))


class Formula(DraftFormula):
    """The same with ∂f/∂b by the complex step, which is exact to rounding."""

    draft: ClassVar[bool] = False

    def jacobian(self, x, p):
        b, step = np.array(list(p.values())), 1e-30
        formula = FORMULAS[self.problem]
        slopes = [formula(x + 1j * step * unit, b).imag.astype(x.dtype) / step for unit in np.eye(x.shape[1])]
        columns = {"x": Diagonal(slopes[0]) if len(slopes) == 1 else BatchMatrix(np.stack(slopes, axis=2))}
        for k, name in enumerate(p):
            moved = b.astype(complex)
            moved[k] += 1j * step
            columns[name] = formula(x, moved).imag.astype(x.dtype) / step
        return columns


def regression(name: str, start: int, dtype: str = "float64") -> tuple[Network, np.ndarray, np.ndarray]:
    """Return the network that holds a problem's formula at start 1 or 2, with x (N, predictors) and y (N, 1)."""
    problem = PROBLEMS[name]
    layer = Formula(problem=name, start=tuple(problem[f"start{start}"]))
    x, y = (np.array(problem[key], dtype).reshape(len(problem["y"]), -1) for key in "xy")
    network = Network([layer], input_shape=x.shape[1:], cost=QuadraticCost(), dtype=dtype)
    return network, x, y


def digits(found: np.ndarray, certified: np.ndarray) -> float:
    """Return how many significant digits the worst parameter has: −log10 of its relative error."""
    error = np.abs((found - certified) / certified).max()
    return float(min(15.0, -np.log10(error))) if error > 0 else 15.0
