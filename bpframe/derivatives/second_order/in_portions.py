"""Products with the matrices of second order, in portions: one batch in one call, or as a linear operator for many."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Protocol

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.graph.graph import Graph
from bpframe.core.graph.parameters import ParameterVector
from bpframe.derivatives.first_order.spaces import Space, Wrt, space_of
from bpframe.derivatives.points.counted_alike import check_factors
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.points.memory import example_bytes, portions
from bpframe.derivatives.points.portions import Portions
from bpframe.derivatives.second_order.difference import DifferenceProduct
from bpframe.derivatives.second_order.empirical_fisher import EmpiricalFisherProduct
from bpframe.derivatives.second_order.ggn import GaussNewtonProduct, check_fisher
from bpframe.derivatives.second_order.hvp import HessianProduct
from bpframe.derivatives.second_order.penalty_hessian import PenaltyHessian
from bpframe.errors import DerivativeError, did_you_mean
from bpframe.validation.plain_arrays import Array

__all__ = ["KINDS", "PENALISED", "Kind", "Method", "Product", "in_portions", "mean_product", "product_at", "unknown"]

Kind = Literal["hessian", "gauss_newton", "fisher", "empirical_fisher"]
Method = Literal["exact", "difference"]


class Product(Protocol):
    """A symmetric matrix by its product with changes, by name: (*S, *shape) -> (*S, *shape), zeros left out."""

    space: Space
    batch: int

    def __call__(self, change: Mapping[str, Array], stack: tuple[int, ...] = ()) -> dict[str, Array]:
        """Multiply."""


#: The sums over examples whose 1/N is the matrix of the mean cost.
KINDS: Mapping[Kind, Callable[[Linearisation, Space], Product]] = {
    "hessian": HessianProduct,
    "gauss_newton": GaussNewtonProduct,
    "fisher": GaussNewtonProduct,
    "empirical_fisher": EmpiricalFisherProduct,
}


#: Matrices of the whole cost: others are of the examples alone.
PENALISED = ("hessian", "gauss_newton")


def product_at(
    engine: Engine,
    kind: Kind,
    inputs: Mapping[str, Array],
    targets: Mapping[str, Array],
    wrt: Wrt,
    method: Method,
    training: bool,
    parameters: ParameterVector,
) -> Product:
    """Linearise a batch and return the product of one kind, added over its examples.

    Errors: DerivativeError for a kind or method that is none, for differences of anything but the Hessian, and for
    costs whose Gauss–Newton matrix is not known to be the Fisher information; of the empirical one, for examples that
    count differently in several outputs.
    """
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    if method not in ("exact", "difference"):
        raise unknown("method", method, ("exact", "difference"))
    space = space_of(engine.graph, wrt, len(next(iter(inputs.values()))), engine.dtype)
    if method == "difference":
        if kind != "hessian":
            raise DerivativeError("only products with the Hessian are taken by differences", received=repr(kind))
        return DifferenceProduct(engine, inputs, targets, space, training, parameters)
    if kind == "fisher":
        check_fisher(engine.graph)
    if kind == "empirical_fisher":
        check_factors(engine.graph, targets)
    return KINDS[kind](Linearisation.at(engine, inputs, targets, training, parameters), space)


def mean_product(
    engine: Engine,
    kind: Kind,
    inputs: Mapping[str, Array],
    targets: Mapping[str, Array],
    change: Mapping[str, Array],
    stack: tuple[int, ...],
    wrt: Wrt = "parameters",
    method: Method = "exact",
    training: bool = False,
) -> dict[str, Array]:
    """Return the matrix of the mean cost times changes (*S, *shape) by name: all names, arrays of the caller's own.

    Outside training, where no example depends on another, the examples are taken in portions. Penalties add
    to the Hessian and to the Gauss–Newton matrix; the Fisher information is that of the examples.
    """
    examples = Portions(engine, inputs, targets, training)
    shapes = space_of(engine.graph, wrt, examples.count, engine.dtype).shapes
    found = {name: np.zeros((*stack, *shape), engine.dtype) for name, shape in shapes.items()}
    every = (slice(None),) * len(stack)
    for rows in examples.slices():
        product = product_at(engine, kind, *examples.arrays(rows), wrt, method, training, engine.parameters)
        if wrt == "parameters":
            for path, array in in_portions(product, engine.graph, change, stack).items():
                found[path] += array
        else:
            some = {name: array[*every, rows] for name, array in change.items()}
            for name, array in in_portions(product, engine.graph, some, stack).items():
                found[name][*every, rows] = array
    for array in found.values():
        array *= 1 / examples.count
    if wrt == "parameters" and kind in PENALISED:
        PenaltyHessian(engine.penalties, engine.parameters).add_product(change, found, stack)
    return found


def in_portions(
    product: Product, graph: Graph, change: Mapping[str, Array], stack: tuple[int, ...]
) -> dict[str, Array]:
    """Multiply a stack of vectors, as many at a time as temporary arrays allow."""
    if not stack:
        return product(change)
    space, count = product.space, math.prod(stack)
    flat = {name: array.reshape(count, *space.shapes[name]) for name, array in change.items()}
    found: dict[str, Array] = {}
    for part in portions(count, product.batch * example_bytes(graph.shapes.values(), space.dtype)):
        some = {name: array[part] for name, array in flat.items()}
        for name, array in product(some, (part.stop - part.start,)).items():
            if name not in found:
                found[name] = np.zeros((count, *space.shapes[name]), space.dtype)
            found[name][part] = array
    return {name: array.reshape(*stack, *space.shapes[name]) for name, array in found.items()}


def unknown(what: str, value: Any, known: Collection[str]) -> DerivativeError:
    """Return the error for a word that is none of those known, with the closest of them."""
    return DerivativeError(
        f"{what} is unknown",
        expected=", ".join(map(repr, known)),
        received=repr(value),
        hint=did_you_mean(value, known),
    )
