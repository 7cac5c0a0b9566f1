"""A random program as data, which prints as Python that a person can paste."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Node", "Program"]

HEADER = """\
# run from the root of the repository
import copy, os, pickle

import numpy as np

import bpframe as bp
from tests.soundness.forms import *
from tests.soundness.running import compare

"""

FOOTER = """

for finding in compare(program, {tags}):
    print(finding)
"""


@dataclass(frozen=True)
class Node:
    """A node: its component as source, what it reads, whose parameters it shares."""

    name: str
    made: str
    sources: tuple[str, ...]
    share: str | None = None

    @property
    def source(self) -> str:
        share = f", share={self.share!r}" if self.share else ""
        return f"{self.name!r}: bp.node({self.made}, {', '.join(map(repr, self.sources))}{share}),"


@dataclass(frozen=True)
class Program:
    """A network, batches of these sizes, and what is done with them, line by line.

    `tags` are those of the components that take part: what a harness may ask of the program.
    """

    seed: int
    dtype: str
    inputs: dict[str, tuple[int, ...]]
    nodes: tuple[Node, ...]
    shapes: dict[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    costs: dict[str, str]
    sizes: tuple[int, ...]
    steps: tuple[str, ...]
    tags: frozenset[str]

    @property
    def function(self) -> str:
        """The program as a function of `see`, which calls and looks, and `bank`, the components."""
        nodes = "\n".join("                " + each.source for each in self.nodes)
        costs = ", ".join(f"{name!r}: {made}" for name, made in self.costs.items())
        steps = "\n".join("    " + line for step in self.steps for line in step.splitlines())
        return f"""\
def program(see, bank):
    def made():
        return bp.Network(
            inputs={self.inputs},
            nodes={{
{nodes}
            }},
            output={list(self.outputs)},
            cost={{{costs}}},
            dtype={self.dtype!r}, seed={self.seed},
        )

    net = made()
    rng = np.random.default_rng({self.seed})

    def drawn(shapes, n, dtype="float64"):
        return {{name: rng.standard_normal((n, *shape)).astype(dtype) for name, shape in shapes.items()}}

    x = [drawn({self.inputs}, n, {self.dtype!r}) for n in {self.sizes}]
    y = [drawn({self._targets}, n, {self.dtype!r}) for n in {self.sizes}]
    v = [drawn({self.inputs}, n) for n in {self.sizes}]  # tangents
    u = [drawn({self._outputs}, n) for n in {self.sizes}]  # cotangents
    w = [np.random.default_rng(n).integers(0, 3, n) + (np.arange(n) == 0) for n in {self.sizes}]  # weights
    t = {{path: rng.standard_normal(array.shape) for path, array in net.parameters.items()}}
    see.watch(x, y)
{steps}
"""

    @property
    def script(self) -> str:
        return HEADER + "\n" + self.function + FOOTER.format(tags=set(self.tags) or "()")

    @property
    def _targets(self) -> dict[str, tuple[int, ...]]:
        return {name: self.shapes[name] for name in self.costs}

    @property
    def _outputs(self) -> dict[str, tuple[int, ...]]:
        return {name: self.shapes[name] for name in self.outputs}
