"""Random graphs, and an evaluation of them in plain NumPy that knows nothing of local Jacobians."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from bpframe_reference import Add, Dense, Identity, Multiply, QuadraticCost, Shift, Sigmoid
from hypothesis import strategies as st

import bpframe as bp
from bpframe.extend import Array, Cost

STEP = 1e-30


class CubicCost(Cost):
    """A second cost, whose gradient differs from that of QuadraticCost: C = ⅓ Σ (a − y)³, ∇_a C = (a − y)²."""

    def forward(self, a: Array, y: Array) -> Array:
        return ((a - y) ** 3).reshape(len(a), -1).sum(axis=1) / 3

    def jacobian(self, a: Array, y: Array) -> Array:
        return (a - y) ** 2


@dataclass(frozen=True)
class Item:
    """One node: what it computes, from which values, and (dense alone) whose weights it uses."""

    name: str
    kind: str
    sources: tuple[str, ...]
    units: int = 0
    share: str | None = None


@dataclass(frozen=True)
class Recipe:
    inputs: Mapping[str, tuple[int, ...]]
    items: tuple[Item, ...]
    outputs: tuple[str, ...]
    costs: Mapping[str, str] = field(default_factory=dict)
    batch: int = 2
    seed: int = 0

    def network(self) -> bp.Network:
        components = {
            "dense": lambda each: Dense(units=each.units),
            "dense without bias": lambda each: Dense(units=each.units, bias=False),
            "sigmoid": lambda each: Sigmoid(),
            "identity": lambda each: Identity(),
            "shift": lambda each: Shift(by=0.5),
            "add": lambda each: Add(),
            "multiply": lambda each: Multiply(),
        }
        nodes = {
            each.name: bp.node(components[each.kind](each), *each.sources, share=each.share) for each in self.items
        }
        costs = {name: {"quadratic": QuadraticCost(), "cubic": CubicCost()}[kind] for name, kind in self.costs.items()}
        return bp.Network(
            inputs=self.inputs, nodes=nodes, output=list(self.outputs), cost=costs or None, seed=self.seed
        )

    def values(self, inputs, parameters):
        """Evaluate every node, on real or complex numbers; inputs by name, parameters by path."""
        found = dict(inputs)
        for each in self.items:
            xs = [found[source] for source in each.sources]
            owner = each.share or each.name
            match each.kind:
                case "dense" | "dense without bias":
                    y = np.einsum("...k,jk->...j", xs[0], parameters[f"{owner}.w"])
                    if each.kind == "dense":
                        y = y + parameters[f"{owner}.b"]
                case "sigmoid":
                    y = 1 / (1 + np.exp(-xs[0]))
                case "identity":
                    y = xs[0]
                case "shift":
                    y = xs[0] + 0.5
                case "add":
                    y = sum(xs[1:], xs[0])
                case "multiply":
                    y = xs[0]
                    for x in xs[1:]:
                        y = y * x
            found[each.name] = y
        return found

    def outputs_of(self, inputs, parameters):
        found = self.values(inputs, parameters)
        return {name: found[name] for name in self.outputs}

    def mean_cost(self, inputs, parameters, targets):
        found, total = self.values(inputs, parameters), 0
        for name, kind in self.costs.items():
            difference = found[name] - targets[name]
            total = total + (0.5 * difference**2 if kind == "quadratic" else difference**3 / 3).sum()
        return total / self.batch


def derivatives(function, arrays):
    """Return Im f(… + i h e …)/h for every entry of every array: (*f, *shape) by name."""
    moved = {name: array.astype(complex) for name, array in arrays.items()}
    found = {}
    for name, array in moved.items():
        columns = []
        for position in np.ndindex(array.shape):
            array[position] += 1j * STEP
            columns.append(np.imag(function(moved)) / STEP)
            array[position] = array[position].real
        shape = np.shape(columns[0]) if columns else ()
        found[name] = np.moveaxis(np.array(columns), 0, -1).reshape(*shape, *array.shape)
    return found


def along(function, arrays, tangents):
    """Return the derivative of a function along one direction, Im f(x + i h v)/h, by name of what it returns."""
    moved = {
        name: array + 1j * STEP * tangents[name] if name in tangents else array.astype(complex)
        for name, array in arrays.items()
    }
    return {name: np.imag(value) / STEP for name, value in function(moved).items()}


@st.composite
def recipes(draw, most_items=9):
    """Graphs of one to three inputs; every value is read by some node or is an output."""
    lead = draw(st.sampled_from([(), (), (2,)]))
    shapes = {name: (*lead, draw(st.integers(1, 3))) for name in ("x", "y", "z")[: draw(st.integers(1, 3))]}
    inputs, items, unread = dict(shapes), [], list(shapes)
    for number in range(draw(st.integers(1, most_items))):
        # Favouring what nobody reads yet keeps graphs together; any older value may be read too (fan-out).
        first = draw(st.sampled_from(unread if draw(st.booleans()) and unread else list(shapes)))
        item = _item(draw, f"n{number}", first, shapes, items)
        items.append(item)
        shapes[item.name] = (*shapes[first][:-1], item.units) if item.units else shapes[first]
        unread = [name for name in unread if name not in item.sources] + [item.name]
    for name in [name for name in unread if name in inputs]:
        items.append(Item(f"read_{name}", "dense", (name,), units=2))
        unread[unread.index(name)] = f"read_{name}"
    inside = [each.name for each in items if each.name not in unread]
    also = draw(st.lists(st.sampled_from(inside), max_size=2, unique=True)) if inside else []
    outputs = draw(st.permutations([*unread, *also]))
    with_cost = draw(st.lists(st.sampled_from(outputs), min_size=1, unique=True))
    return Recipe(
        inputs=inputs,
        items=tuple(items),
        outputs=tuple(outputs),
        costs={name: draw(st.sampled_from(["quadratic", "cubic"])) for name in with_cost},
        batch=draw(st.sampled_from([1, 2, 3])),
        seed=draw(st.integers(0, 1000)),
    )


def _item(draw, name, first, shapes, items):
    kind = draw(st.sampled_from(["dense", "dense without bias", "sigmoid", "identity", "shift", "add", "multiply"]))
    if kind in ("add", "multiply"):
        fitting = [other for other, shape in shapes.items() if shape == shapes[first]]
        others = draw(st.lists(st.sampled_from(fitting), max_size=2))  # with repeats: x + x, x · x · y
        return Item(name, kind, (first, *others))
    if kind.startswith("dense"):
        sharable = [
            each
            for each in items
            if each.kind == kind and each.share is None and shapes[each.sources[0]][-1] == shapes[first][-1]
        ]
        if sharable and draw(st.booleans()):
            owner = draw(st.sampled_from(sharable))
            return Item(name, kind, (first,), units=owner.units, share=owner.name)
        return Item(name, kind, (first,), units=draw(st.integers(1, 3)))
    return Item(name, kind, (first,))


def _dense(name, source, units=2, share=None):
    return Item(name, "dense", (source,), units=units, share=share)


#: The shapes of graph that matter, whatever the random ones happen to be.
KNOWN = {
    "diamond": Recipe(
        {"x": (2,)},
        (
            _dense("top", "x"),
            Item("left", "sigmoid", ("top",)),
            Item("right", "shift", ("top",)),
            Item("bottom", "multiply", ("left", "right")),
        ),
        ("bottom",),
        {"bottom": "quadratic"},
    ),
    "diamond within a diamond": Recipe(
        {"x": (2,)},
        (
            _dense("a", "x"),
            Item("b", "sigmoid", ("a",)),
            Item("c", "add", ("b", "a")),
            Item("d", "multiply", ("c", "b", "a")),
            Item("e", "add", ("d", "a", "d")),
        ),
        ("e",),
        {"e": "cubic"},
    ),
    "several inputs and outputs with a cost each": Recipe(
        {"x": (2,), "y": (2,)},
        (_dense("p", "x"), _dense("q", "y"), Item("r", "multiply", ("p", "q")), Item("s", "sigmoid", ("p",))),
        ("r", "s", "q"),
        {"r": "quadratic", "s": "cubic"},
        batch=3,
    ),
    "an output that is also consumed inside": Recipe(
        {"x": (2,)},
        (_dense("h", "x"), Item("a", "sigmoid", ("h",)), _dense("o", "a")),
        ("h", "o"),
        {"h": "cubic", "o": "quadratic"},
    ),
    "shared parameters": Recipe(
        {"x": (2,)},
        (
            _dense("one", "x"),
            Item("s", "sigmoid", ("one",)),
            _dense("two", "s", share="one"),
            Item("t", "sigmoid", ("two",)),
            _dense("three", "t", share="one"),
            Item("sum", "add", ("one", "three")),
        ),
        ("sum",),
        {"sum": "quadratic"},
    ),
    "the same value twice": Recipe(
        {"x": (2,)},
        (_dense("h", "x"), Item("square", "multiply", ("h", "h")), Item("double", "add", ("square", "square"))),
        ("double",),
        {"double": "quadratic"},
    ),
    "time in front of the features": Recipe(
        {"x": (3, 2)},
        (_dense("h", "x", 3), Item("s", "sigmoid", ("h",)), _dense("o", "s")),
        ("o",),
        {"o": "quadratic"},
    ),
    "parameters that no cost reaches": Recipe(
        {"x": (2,)}, (_dense("p", "x"), _dense("q", "x")), ("p", "q"), {"q": "quadratic"}
    ),
    "an input that is an output": Recipe(
        {"x": (2,)}, (_dense("p", "x"), Item("q", "multiply", ("p", "x"))), ("x", "q"), {"x": "quadratic", "q": "cubic"}
    ),
    "nothing to train": Recipe(
        {"x": (2,)}, (Item("p", "identity", ("x",)), Item("q", "multiply", ("p", "x"))), ("q",), {"q": "quadratic"}
    ),
}
