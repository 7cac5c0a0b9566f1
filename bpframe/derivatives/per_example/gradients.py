"""Gradients per example, and what can be known of them without writing them out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from bpframe.core.backprop.engine import Engine
from bpframe.core.backprop.weights import factor_key
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.graph.randomness import stream
from bpframe.core.operators import PulledVectors
from bpframe.derivatives.per_example.parameter_matrix import ParameterMatrix
from bpframe.derivatives.points.counted_alike import check_factors, sum_of_weights
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.points.memory import check_memory
from bpframe.derivatives.points.portions import Portions
from bpframe.errors import DerivativeError
from bpframe.validation.plain_arrays import Array

__all__ = ["clipped_gradient", "gradients", "gram", "squared_norms", "variance"]


#: How many bytes of pulled-back vectors a Gram matrix keeps of portions that it has to come back to.
KEPT_BYTES = 1 << 28

#: What the pulled-back vectors of one example take, by network: found once, where it matters.
_FORM_BYTES: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


def gradients(examples: Portions, like: ParameterVector, memory_limit: int | None = None) -> ParameterMatrix:
    """Return g_n = ∂C_n/∂θ of every example, written out: a matrix (N, P) and views by path.

    Errors: MemoryLimitError where it is larger than the limit.
    """
    shape = (examples.count, like.vector.size)
    check_memory(
        "the gradients of all examples", shape, like.vector.dtype, memory_limit,
        "squared_norms, gram, variance or clipped_gradient, which never write them out",
    )  # fmt: skip
    found = ParameterMatrix(np.empty(shape, like.vector.dtype), like.shapes)
    for rows, point in _points(examples):
        missing = set(found)
        for path, form in point.parameter_forms(point.errors):
            form.vectors(out=found.views[path][rows])
            missing.remove(path)
        for path in missing:
            found.views[path][rows] = 0
    return found


def squared_norms(examples: Portions, like: ParameterVector) -> dict[str, Array]:
    """Return ‖g_n‖² of every example, by parameter: (N,) each.

        ‖Σ_l e_l a_lᵀ‖² = Σ_lk ⟨e_l, e_k⟩ ⟨a_l, a_k⟩,    with one place: ‖e‖² ‖a‖²

    Source: Goodfellow, Efficient Per-Example Gradient Computations (2015).
    """
    found = {path: np.zeros(examples.count, like.vector.dtype) for path in like}
    for rows, point in _points(examples):
        for path, form in point.parameter_forms(point.errors):
            found[path][rows] = form.squared_norms()
    return found


def gram(examples: Portions, like: ParameterVector, memory_limit: int | None = None) -> Array:
    """Return all inner products ⟨g_n, g_k⟩: (N, N).

    Of portions that do not fit into memory together, forms are kept up to a limit and computed again beyond it.

    Errors: MemoryLimitError where it is larger than the limit.
    """
    shape = (examples.count, examples.count)
    check_memory("the inner products of all pairs", shape, like.vector.dtype, memory_limit, "squared_norms, (N,)")
    found = np.zeros(shape, like.vector.dtype)
    slices = examples.slices(_bytes_besides(examples))
    if len(slices) == 1:
        for _, point in _points(examples):
            for _, form in point.parameter_forms(point.errors):
                found += form.gram()
        return found
    kept: dict[int, dict[str, PulledVectors]] = {}
    for number, rows in enumerate(slices):
        forms = kept.pop(number, None) or _forms(examples.at(rows))
        for form in forms.values():
            found[rows, rows] += form.gram()
        for later in range(number + 1, len(slices)):
            columns = slices[later]
            others = kept.get(later) or _forms(examples.at(columns))
            for path, form in forms.items():
                if path in others:
                    found[rows, columns] += form.gram(others[path])
            found[columns, rows] = found[rows, columns].T
            if later not in kept and sum(map(_nbytes, (*kept.values(), others))) <= KEPT_BYTES:
                kept[later] = others
    return found


def clipped_gradient(
    examples: Portions,
    like: ParameterVector,
    max_norm: float,
    noise_multiplier: float = 0.0,
    seed: int | np.random.Generator | None = None,
) -> ParameterVector:
    """Return the mean of gradients that were made at most `max_norm` long, with noise where it is asked for.

        ĝ = 1/N (Σ_n min(1, c/‖g_n‖) g_n + ν),    ν ~ N(0, (s c)² I),    c = max_norm, s = noise_multiplier

    With weights g_n is the gradient of w_n C_n, so that no example moves the sum by more than c, and N is Σ w_n. One
    pass: norms and weighted sums come from the same outer products.

    Errors: DerivativeError for numbers that are none, and for noise without a seed.

    Source: Abadi et al., Deep Learning with Differential Privacy (2016), algorithm 1.
    """
    count = sum_of_weights(examples.engine.graph, examples.targets, examples.count)
    bound = _number(max_norm, "max_norm", positive=True)
    noise = _number(noise_multiplier, "noise_multiplier", positive=False)
    rng = _generator(seed) if noise else None
    total = like.like()
    for _, point in _points(examples):
        forms = _forms(point)
        norms = np.zeros(point.batch, like.vector.dtype)
        for form in forms.values():
            norms += form.squared_norms()
        np.sqrt(norms, out=norms)
        weights = np.full_like(norms, 1.0 / count)
        # A norm that is not a number leaves the weight, and the gradient shows it.
        np.divide(bound / count, norms, out=weights, where=norms > bound)
        for path, form in forms.items():
            total.views[path][...] += form.weighted(weights).total()
    if rng is not None:
        drawn = rng.standard_normal(total.vector.shape, total.vector.dtype)
        drawn *= noise * bound / count
        total.vector += drawn
    return total


def variance(examples: Portions, like: ParameterVector, ddof: int) -> ParameterVector:
    """Return the variance of every entry of the gradient over the examples.

        (Σ_n w_n g_n² − W ḡ²) / (W − ddof),    ḡ = 1/W Σ_n w_n g_n,    W = Σ_n w_n, N without weights

    The difference is rounded to about the dtype's precision times the mean square, and never negative.

    Errors: DerivativeError where N − ddof is not positive, and for examples that count differently in several outputs.
    """
    check_factors(examples.engine.graph, examples.targets)
    factors = examples.targets.get(factor_key(next(iter(examples.engine.graph.cost))))
    count = examples.count if factors is None else float(factors.sum(dtype=np.float64))
    if isinstance(ddof, bool) or not isinstance(ddof, int | np.integer) or not 0 <= ddof < count:
        raise DerivativeError(
            "the variance divides by N - ddof" if count == examples.count else "the variance divides by Σ w - ddof",
            expected=f"ddof from 0 to {math.ceil(count) - 1}, for {count:g} examples", received=repr(ddof),
        )  # fmt: skip
    squares, mean = like.like(), like.like()
    for _, point in _points(examples):
        for path, form in point.parameter_forms(point.errors):
            mean.views[path][...] += form.total()
            if point.counting is None:
                squares.views[path][...] += form.sum_of_squares()
        for path, form in point.parameter_forms(point.root_errors) if point.counting is not None else ():
            squares.views[path][...] += form.sum_of_squares()
    mean.vector *= 1.0 / count
    squares.vector *= 1.0 / count
    np.multiply(mean.vector, mean.vector, out=mean.vector)
    squares.vector -= mean.vector
    np.maximum(squares.vector, 0, out=squares.vector)
    squares.vector *= count / (count - int(ddof))
    return squares


def _points(examples: Portions) -> Iterator[tuple[slice, Linearisation]]:
    return examples.in_turn("per example", _bytes_besides(examples))


def _bytes_besides(examples: Portions) -> int:
    """Return about how many bytes the vectors take that are pulled back to the parameters, with a copy, per example."""
    engine = examples.engine
    if len(examples.slices(2 * engine.parameters.vector.nbytes)) == 1:  # written out, which is the most
        return 2 * engine.parameters.vector.nbytes
    if engine not in _FORM_BYTES:
        _FORM_BYTES[engine] = _nbytes(_forms(examples.at(slice(0, 1))))
    return 2 * _FORM_BYTES[engine]


def _forms(point: Linearisation) -> dict[str, PulledVectors]:
    return dict(point.parameter_forms(point.errors))


def _nbytes(forms: Mapping[str, PulledVectors]) -> int:
    return sum(form.nbytes for form in forms.values())


def _number(value: Any, name: str, positive: bool) -> float:
    """Return a finite number that is positive, or not negative."""
    fine = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not fine or not math.isfinite(value) or value < 0 or (positive and value == 0):
        raise DerivativeError(
            f"{name} is no such number", expected="a positive number" if positive else "0 or a positive number",
            received=repr(value),
        )  # fmt: skip
    return float(value)


def _generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """Return the random numbers of noise: a generator goes on from call to call, a number starts anew in each."""
    if isinstance(seed, np.random.Generator):
        return seed
    if seed is None or isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise DerivativeError(
            "noise needs a seed", expected="a random generator, or an integer that differs from call to call",
            received=repr(seed), hint="seed=numpy.random.default_rng(), the same one for all steps",
        )  # fmt: skip
    return stream(int(seed), "noise", "clipped_gradient")
