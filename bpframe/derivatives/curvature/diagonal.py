"""Diagonals of the Gauss–Newton matrix and of the empirical Fisher matrix."""

from __future__ import annotations

from collections.abc import Mapping

from bpframe.core.backprop.engine import Engine
from bpframe.core.graph.parameters import ParameterVector
from bpframe.core.operators import KroneckerForm
from bpframe.derivatives.curvature.columns import RootColumns
from bpframe.derivatives.points.counted_alike import check_factors
from bpframe.derivatives.points.linearisation import Linearisation
from bpframe.derivatives.points.portions import Portions
from bpframe.validation.plain_arrays import Array

__all__ = ["empirical_fisher_diagonal", "gauss_newton_diagonal"]


def gauss_newton_diagonal(
    engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array], samples: int | None, seed: int
) -> ParameterVector:
    """Return the diagonal of the mean cost's Gauss–Newton matrix, exact or from random vectors.

        diag G = 1/N Σ_n Σ_r (J_nᵀ s_{n,r})²

    The vectors stay outer products e aᵀ: the squares of the errors are added over r before the one product with the
    squares of the activations.

    Errors: DerivativeError for a cost without a Hessian root; BatchCoupledError that names a node.

    Source: Dangel, Kunstner and Hennig, BackPACK: Packing more into Backprop (2020), eqs. (19), (20).
    """
    columns, found, count = RootColumns(samples, seed), engine.parameters.like(), 0
    for _, point in Portions(engine, inputs, targets).in_turn("curvature"):
        count += point.batch
        for seeds in columns.of(point):
            _add_squares(point, seeds, found)
    found.vector *= columns.scale / count
    return found


def empirical_fisher_diagonal(
    engine: Engine, inputs: Mapping[str, Array], targets: Mapping[str, Array]
) -> ParameterVector:
    """Return 1/N Σ_n g_n², entry by entry, of the gradients g_n of each example's cost; none is written out.

    Errors: BatchCoupledError that names a node whose component couples the examples; DerivativeError for examples that
    count differently in several outputs.

    Source: Kunstner, Balles and Hennig, Limitations of the Empirical Fisher Approximation (2019), eq. (3).
    """
    check_factors(engine.graph, targets)
    found, count = engine.parameters.like(), 0
    for _, point in Portions(engine, inputs, targets).in_turn("per example"):
        count += point.batch
        _add_squares(point, point.root_errors, found)
    found.vector *= 1.0 / count
    return found


def _add_squares(point: Linearisation, seeds: Mapping[str, Array], found: ParameterVector) -> None:
    before, folded = None, None
    for path, form in point.parameter_forms(seeds, reuse=True):
        if isinstance(form, KroneckerForm) and form.places == 1:
            if folded is None or not form.has_left_of(before):  # a weight and its bias pull back the same errors
                folded = form.folded()
            found.views[path][...] += form.with_folded(folded)
        else:
            found.views[path][...] += form.sum_of_squares()
        before = form
