"""Jacobians of a whole batch as sparse arrays, multiplied from sparse local Jacobians."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bpframe.derivatives.jacobian.chain import Chain
from bpframe.derivatives.jacobian.derivation import Derivation
from bpframe.derivatives.jacobian.path import Path
from bpframe.derivatives.points.memory import check_memory

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["sparse_jacobian"]


def sparse_jacobian(derivation: Derivation, path: Path, dtype: Any, is_parameter: bool, limit: int | None) -> csr_array:
    """Return the Jacobian of a whole batch along a path, (N·outputs, N·inputs): block diagonal over the examples.

    In a parameter, which all examples share, it is (N·outputs, inputs): the examples' Jacobians below one another.

    Errors: MemoryLimitError where a product may hold more entries than the limit allows.
    """
    from scipy.sparse import csr_array, eye_array  # SciPy is slow to import and rarely needed

    batch = derivation.batch
    outputs, inputs = math.prod(path.out_shape), math.prod(path.in_shape)
    if path.source == path.target:
        return csr_array(eye_array(batch * outputs, dtype=dtype))
    if not path.edges or batch == 0:
        return csr_array((batch * outputs, inputs if is_parameter else batch * inputs), dtype=dtype)
    chain = derivation.chains[path.source]
    found = _multiplied(chain, derivation, dtype, limit)
    if not is_parameter:
        return found
    entries = found.tocoo()
    return csr_array((entries.data, (entries.row, entries.col % inputs)), shape=(batch * outputs, inputs))


def _multiplied(chain: Chain, derivation: Derivation, dtype: Any, limit: int | None) -> csr_array:
    """Multiply the edges' sparse arrays, in the order of the plan or of the mode that was asked for."""
    batch = derivation.batch
    parts = [edge.operator.sparse(batch, dtype) for edge in chain.edges]
    if derivation.chosen != "planned":
        forward = derivation.chosen == "forward"
        found, *others = parts if forward else parts[::-1]
        for part in others:
            found = _product(part, found, batch, limit) if forward else _product(found, part, batch, limit)
        return found
    held: dict[tuple[int, int], csr_array] = {}
    for step in chain.plan.steps:
        first, last, split = step.first - 1, step.last - 1, step.split
        if split is None:
            found = parts[first]
        elif step.later is None:
            found = held.pop((step.first, split))
            for part in parts[split : last + 1]:
                found = _product(part, found, batch, limit)
        else:
            found = held.pop(step.later)
            earlier = [held.pop(step.earlier)] if step.earlier is not None else parts[first:split][::-1]
            for part in earlier:
                found = _product(found, part, batch, limit)
        held[step.first, step.last] = found
    return found


def _product(later: csr_array, earlier: csr_array, batch: int, limit: int | None) -> csr_array:
    """Multiply two sparse arrays, unless the product may be too large: a row has at most the entries that it meets.

    It reaches the columns of one example alone.
    """
    lengths = np.diff(earlier.indptr)
    met = np.concatenate(([0], np.cumsum(lengths[later.indices])))[later.indptr]
    entries = int(np.minimum(np.diff(met), earlier.shape[1] // batch).sum())
    check_memory("a sparse product on the way", (entries,), [("value", later.dtype), ("column", later.indices.dtype)],
                 limit, "form='factored', which is not multiplied out")  # fmt: skip
    product: csr_array = later @ earlier
    return product
