"""The networks that are timed: each as a bpframe network and as one function that every framework can run.

All have sigmoids, the quadratic cost of eq. (4) and plain gradient descent, eq. (1), in float32. The function is
written with `ops`, which a framework provides: `dense(a, w, b)`, `sigmoid(z)`, `conv(x, w, b, stride)`; `+` is every
array's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A network with the batch that it is timed at. Parameters are in bpframe's order: w, b of each node in turn."""

    name: str
    batch: int
    input_shape: Shape
    output_shape: Shape
    shapes: tuple[Shape, ...]
    nodes: int
    learning_rate: float
    apply: Callable[[Any, Sequence[Any], Any], Any]
    build: Callable[[], Any]
    draw: Callable[[Sequence[Shape]], list[np.ndarray]]
    sizes: tuple[int, ...] = ()  # of a row of dense layers

    @property
    def key(self) -> str:
        return f"{self.name}, {self.batch}"

    @property
    def count(self) -> int:
        """How many parameters there are."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    @cached_property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs in (0, 1), and targets of zeros and ones, which a classifier can take too."""
        rng = np.random.default_rng(0)
        x = rng.random((self.batch, *self.input_shape), dtype=np.float32)
        y = rng.integers(0, 2, (self.batch, *self.output_shape)).astype(np.float32)
        y[0], y[-1] = 0, 1  # every label both ways, which scikit-learn wants to see
        return x, y

    @cached_property
    def start(self) -> list[np.ndarray]:
        """The parameters that every candidate starts from."""
        return [each.astype(np.float32) for each in self.draw(self.shapes)]


def scaled(shapes: Sequence[Shape], factor: float = 1.0) -> list[np.ndarray]:
    """Draw weights N(0, 1)/√n_in times a factor, and biases N(0, 1)."""
    rng = np.random.default_rng(1)
    drawn = [rng.standard_normal(shape) for shape in shapes]
    return [each if each.ndim == 1 else factor * each / np.sqrt(np.prod(each.shape[1:])) for each in drawn]


def isometric(shapes: Sequence[Shape]) -> list[np.ndarray]:
    """Draw weights 4 Q with orthogonal Q, and biases that centre z: σ' is near ¼ and every Jacobian near Q.

    Through a hundred layers drawn otherwise, errors shrink until arithmetic with denormal numbers is what is timed.
    """
    rng = np.random.default_rng(1)
    found: list[np.ndarray] = []
    for shape in shapes:
        if len(shape) == 1:
            found.append(-0.5 * found[-1].sum(axis=-1))
        else:
            found.append(4 * np.linalg.qr(rng.standard_normal((max(shape), max(shape))))[0][: shape[0], : shape[1]])
    return found


def chain(*sizes: int, batch: int, name: str | None = None, learning_rate: float = 0.1, draw: Any = scaled) -> Case:
    """A row of dense layers with sigmoids."""

    def apply(ops, p, x):
        for w, b in zip(p[::2], p[1::2], strict=True):
            x = ops.sigmoid(ops.dense(x, w, b))
        return x

    def build():
        from bpframe_reference import Dense, Sigmoid

        return network([layer for units in sizes[1:] for layer in (Dense(units=units), Sigmoid())], sizes[:1])

    return Case(
        name or "-".join(map(str, sizes)), batch, sizes[:1], sizes[-1:],
        tuple(shape for m, n in pairwise(sizes) for shape in ((n, m), (n,))),
        2 * (len(sizes) - 1), learning_rate, apply, build, draw, sizes,
    )  # fmt: skip


def deep(layers: int, width: int = 16, batch: int = 16) -> Case:
    name = f"{layers} layers of {width}"
    return chain(*[width] * (layers + 1), batch=batch, name=name, learning_rate=0.01, draw=isometric)


def branches(nodes: int, width: int = 32, batch: int = 16) -> Case:
    """Blocks of five nodes: two dense branches, their sigmoids, and the sum of both with what the block read."""
    if nodes % 5:
        raise ValueError(f"{nodes} nodes are no whole number of blocks of 5")
    blocks = nodes // 5

    def apply(ops, p, x):
        for block in range(blocks):
            w, b, v, c = p[4 * block : 4 * block + 4]
            x = ops.sigmoid(ops.dense(x, w, b)) + ops.sigmoid(ops.dense(x, v, c)) + x
        return x

    def build():
        from bpframe_reference import Add, Dense, Sigmoid

        import bpframe as bp

        layers, read = [], "x"
        for block in range(blocks):
            for side in "ab":
                layers.append(bp.node(Dense(units=width), read, name=f"{side}{block}"))
                layers.append(bp.node(Sigmoid(), f"{side}{block}", name=f"s{side}{block}"))
            layers.append(bp.node(Add(), f"sa{block}", f"sb{block}", read, name=f"sum{block}"))
            read = f"sum{block}"
        return network(layers, (width,))

    return Case(
        f"DAG of {nodes} nodes", batch, (width,), (width,), ((width, width), (width,)) * (2 * blocks),
        nodes, 1e-2, apply, build, partial(scaled, factor=1 / (1 + blocks)),  # each block adds about 1 to what it reads
    )  # fmt: skip


def convolutions(length: int = 64, channels: int = 8, units: int = 16, size: int = 5, batch: int = 32) -> Case:
    """Three convolutions over one axis; the last sees all that is left and gives 10 numbers."""
    once = length - size + 1
    left = (once - size) // 2 + 1
    kernels = ((units, size, channels), (units, size, units), (10, left, units))
    strides = (1, 2, 1)

    def apply(ops, p, x):
        for w, b, stride in zip(p[::2], p[1::2], strides, strict=True):
            x = ops.sigmoid(ops.conv(x, w, b, stride))
        return x

    def build():
        from bpframe_convolution import Conv1d
        from bpframe_reference import Sigmoid

        parts = zip(kernels, strides, strict=True)
        convs = [Conv1d(filters=shape[0], kernel_size=shape[1], stride=stride) for shape, stride in parts]
        return network([layer for conv in convs for layer in (conv, Sigmoid())], (length, channels))

    return Case(
        f"3 convolutions of {length}×{channels}", batch, (length, channels), (1, 10),
        tuple(shape for kernel in kernels for shape in (kernel, kernel[:1])), 6, 0.1, apply, build, scaled,
    )  # fmt: skip


def network(layers, input_shape):
    from bpframe_reference import QuadraticCost

    import bpframe as bp

    return bp.Network(layers, cost=QuadraticCost(), input_shape=input_shape, dtype="float32", seed=0)


#: Made when asked for: the large ones hold megabytes.
NETWORKS: dict[str, Callable[[], Case]] = {
    "mnist-30": lambda: chain(784, 30, 10, batch=10),
    "mnist-100": lambda: chain(784, 100, 10, batch=32),
    "mlp": lambda: chain(784, 256, 128, 10, batch=128),
    "large": lambda: chain(784, 1024, 1024, 10, batch=256),
    "narrow": lambda: chain(64, 64, 64, 64, 64, 10, batch=16),
    "dag": lambda: branches(20),
    "deep": lambda: deep(100),
    "convolution": convolutions,
}
