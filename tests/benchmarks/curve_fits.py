"""Twenty fits of formulas beside scipy.optimize.curve_fit and lmfit: digits, time, and what has to be written.

    python tests/benchmarks/curve_fits.py [--rounds 9]

Sixteen are nonlinear regressions of NIST's reference datasets, one of them of two variables, eight from the far start;
four have bounds, weights, two variables or 5,000 points. Everybody gets the same Python function and start, and is
used as its documentation shows, with default tolerances. Times are the processor's, medians of the rounds. Digits are
those of the worst parameter that agree with the certified value, or with a fit at 1e-14 by curve_fit and an exact
Jacobian. lmfit comes with the extra `bench`.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import bpframe as bp
from tests.minimizers.nist import FORMULAS, PROBLEMS, digits

#: NIST's problems, by the start that is used: 1 is far, 2 is near.
NIST = {
    "Misra1a": 1, "Chwirut2": 1, "Lanczos3": 2, "Gauss1": 1, "Gauss2": 2, "DanWood": 1, "Kirby2": 1, "Hahn1": 1,
    "Nelson": 2, "MGH17": 2, "Roszman1": 2, "Thurber": 2, "ENSO": 2, "Rat43": 1, "MGH09": 2, "Eckerle4": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One fit: f(*points, *parameters)."""

    f: Callable[..., Any]
    points: dict[str, np.ndarray]
    y: np.ndarray
    start: dict[str, float]
    expected: np.ndarray
    sigma: np.ndarray | None = None
    bounds: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)


def function_of(name: str) -> Callable[..., Any]:
    """Return NIST's formula as people write it, f(x, b1, b2, ...)."""
    names = ", ".join(f"b{k}" for k in range(1, 1 + len(PROBLEMS[name]["certified"])))
    if name == "Nelson":
        return lambda x1, x2, b1, b2, b3: b1 - b2 * x1 * np.exp(-b3 * x2)
    found: Callable[..., Any] = eval(f"lambda x, {names}: formula(x, ({names},))", {"formula": FORMULAS[name]})
    return found


def regression(name: str) -> Problem:
    problem = PROBLEMS[name]
    x, start = np.array(problem["x"]), problem[f"start{NIST[name]}"]
    points = {"x1": x[:, 0], "x2": x[:, 1]} if name == "Nelson" else {"x": x}
    starts = {f"b{k}": value for k, value in enumerate(start, start=1)}
    return Problem(function_of(name), points, np.array(problem["y"]).ravel(), starts, np.array(problem["certified"]))


def decay(x: Any, a: Any, k: Any, c: Any) -> Any:
    return a * np.exp(-k * x) + c


def bump(u: Any, v: Any, a: Any, m: Any, s: Any) -> Any:
    return a * np.exp(-((u - m) ** 2 + v**2) / (2 * s**2))


def others() -> dict[str, Problem]:
    """Return fits with bounds, weights, two variables and many points."""
    rng = np.random.default_rng(1)
    x, many = np.linspace(0, 4, 40), np.linspace(0, 4, 5000)
    sigma = 0.05 + 0.02 * x
    y = decay(x, 2.5, 1.3, 0.5) + sigma * rng.normal(size=40)
    u, v = rng.uniform(-1, 1, (2, 200))
    start = {"a": 1.0, "k": 1.0, "c": 0.7}
    plane = {"a": 1.0, "m": 0.0, "s": 0.8}
    long = decay(many, 2.5, 1.3, 0.5) + 0.1 * rng.normal(size=5000)
    z = bump(u, v, 2.0, 0.3, 0.5) + 0.02 * rng.normal(size=200)
    some = {
        "bounds": ({"x": x}, y, start, None, {"a": (0.0, 10.0), "c": (0.6, None)}),
        "weights": ({"x": x}, y, start, sigma, {}),
        "5,000 points": ({"x": many}, long, start, None, {}),
    }
    found = {name: Problem(decay, *each[:3], np.zeros(3), *each[3:]) for name, each in some.items()}
    found["two variables"] = Problem(bump, {"u": u, "v": v}, z, plane, np.zeros(3))
    return {name: exact(problem) for name, problem in found.items()}


def exact(problem: Problem) -> Problem:
    """Return the problem with what curve_fit finds at tolerances of rounding, with slopes by complex steps."""

    def slopes(_: Any, *theta: float) -> np.ndarray:
        rows = np.array(theta) + 1e-30j * np.eye(len(theta))
        return np.stack([problem.f(*problem.points.values(), *row).imag / 1e-30 for row in rows], axis=1)

    tight = {"jac": slopes, "xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14}
    return Problem(
        problem.f, problem.points, problem.y, problem.start, by_scipy(problem, **tight), problem.sigma, problem.bounds
    )


def problems() -> dict[str, Problem]:
    return {**{name: regression(name) for name in NIST}, **others()}


def by_bpframe(problem: Problem) -> np.ndarray:
    words = {"bounds": problem.bounds} if problem.bounds else {}
    return bp.fit_curve(
        problem.f, problem.points, problem.y, start=problem.start, sigma=problem.sigma, absolute_sigma=False, **words
    ).estimates


def by_scipy(problem: Problem, **more: Any) -> np.ndarray:
    from scipy.optimize import curve_fit

    points, words = list(problem.points.values()), dict(more)
    f = problem.f
    if len(points) > 1:  # one argument for all of them
        f, points = (lambda x, *theta: problem.f(*x, *theta)), [np.stack(points)]
    if problem.bounds:
        pairs = [problem.bounds.get(name, (None, None)) for name in problem.start]
        low = [-np.inf if one is None else one for one, _ in pairs]
        words["bounds"] = low, [np.inf if other is None else other for _, other in pairs]
    found = curve_fit(f, points[0], problem.y, p0=list(problem.start.values()), sigma=problem.sigma, **words)
    return np.asarray(found[0])


def by_lmfit(problem: Problem) -> np.ndarray:
    import lmfit

    model = lmfit.Model(problem.f, independent_vars=list(problem.points))
    parameters = model.make_params(**problem.start)
    for name, (low, high) in problem.bounds.items():
        parameters[name].set(min=-np.inf if low is None else low, max=np.inf if high is None else high)
    weights = None if problem.sigma is None else 1 / problem.sigma
    result = model.fit(problem.y, parameters, weights=weights, **problem.points)
    return np.array([result.params[name].value for name in problem.start])


PROGRAMS = {"bpframe": by_bpframe, "SciPy": by_scipy, "lmfit": by_lmfit}


def measured(problem: Problem, program: Callable[[Problem], np.ndarray], rounds: int) -> tuple[float, float]:
    """Return the digits that a program finds, NaN where it raises, and the milliseconds that it takes."""
    times, found = [], np.full(len(problem.start), np.nan)
    for _ in range(rounds + 1):
        begun = time.process_time()
        try:
            found = program(problem)
        except (RuntimeError, ValueError):
            found = np.full(len(problem.start), np.nan)
        times.append(1e3 * (time.process_time() - begun))
    return digits(found, problem.expected) if np.isfinite(found).all() else np.nan, median(times[1:])


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=9)
    rounds = arguments.parse_args().rounds
    warnings.simplefilter("ignore")
    all_of_them, table = problems(), {}
    for name, problem in all_of_them.items():
        table[name] = {each: measured(problem, program, rounds) for each, program in PROGRAMS.items()}
    print("| problem | " + " | ".join(f"{each}: digits, ms" for each in PROGRAMS) + " |")
    print("|---|" + "---|" * len(PROGRAMS))
    for name, row in table.items():
        cells = ("failed" if np.isnan(found) else f"{found:.0f}, {took:.2f}" for found, took in row.values())
        print(f"| {name} | " + " | ".join(cells) + " |")
    for each in PROGRAMS:
        found, took = zip(*(row[each] for row in table.values()), strict=True)
        print(
            f"\n{each}: digits {median(found):.0f}, least {min(found):.0f}; ms {median(took):.2f}, most {max(took):.1f}"
        )
    for each in ("SciPy", "lmfit"):
        ratios = [row["bpframe"][1] / row[each][1] for row in table.values()]
        print(f"\nbpframe's time over {each}'s: median {median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")


if __name__ == "__main__":
    main()
