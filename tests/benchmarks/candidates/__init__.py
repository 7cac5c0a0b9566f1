"""What is timed: the same training step by different hands.

A module of this folder makes a candidate from a case, or raises `Unavailable` with the reason why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from tests.benchmarks.cases import Case


class Unavailable(Exception):
    """There is no such candidate here; the message says why."""


class Candidate(Protocol):
    """A network with its batch, ready to take steps."""

    steps: int  # training steps in one call

    def load(self, parameters: Sequence[np.ndarray]) -> None:
        """Start from these parameters."""

    def run(self, calls: int) -> None:
        """Take `calls` times `steps` steps, and wait until they are done."""

    def parameters(self) -> list[np.ndarray]:
        """Return the parameters of now."""


class Stepping:
    """A candidate whose steps are done when they return."""

    steps = 1

    def step(self) -> None:
        raise NotImplementedError

    def run(self, calls: int) -> None:
        step = self.step
        for _ in range(calls):
            step()


#: Every candidate's module and function by the name that tables show.
CANDIDATES: dict[str, tuple[str, str]] = {
    "products": ("by_hand", "products"),
    "prototype": ("by_hand", "prototype"),
    "bpframe": ("by_bpframe", "bpframe"),
    "PyTorch": ("by_torch", "eager"),
    "torch.compile": ("by_torch", "compiled"),
    "jax.jit": ("by_jax", "jitted"),
    "jax scan": ("by_jax", "scanned"),
    "autograd": ("by_autograd", "autograd"),
    "scikit-learn": ("by_sklearn", "sklearn"),
}

#: What a candidate does differently, by name; the reference holds it to its own cost.
COSTS = {"scikit-learn": "logistic"}


def make(name: str, case: Case) -> Candidate:
    """Return a candidate at the case's start.

    Errors: Unavailable where there is none for this case or on this machine.
    """
    module, function = CANDIDATES[name]
    made: Callable[[Case], Any] = getattr(import_module(f"tests.benchmarks.candidates.{module}"), function)
    try:
        candidate: Candidate = made(case)
    except ImportError as error:
        raise Unavailable(f"{error.name or error} is not installed") from error
    candidate.load(case.start)
    return candidate
