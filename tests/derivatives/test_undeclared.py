"""What needs a cost's Hessian, or examples by themselves, refuses networks without by naming the component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bpframe_minimizers import LevenbergMarquardt, NaturalGradient
from bpframe_reference import Dense
from bpframe_regularisation import BatchNorm

from bpframe import Network
from bpframe.errors import BatchCoupledError, DerivativeError
from tests.components.centred import Centred, CentredInTraining
from tests.components.costs import Quartic

from .test_least_squares import problem
from .zoo import made

Call = Callable[[Network, Any, Any], Any]


def along(product: str) -> Call:
    return lambda network, x, y: getattr(network, product)(x, y, np.ones(network.parameters.vector.size))


def curvature(name: str) -> Call:
    return lambda network, x, y: getattr(network.curvature, name)(x, y)


def minimised(method: Any) -> Call:
    return lambda network, x, y: network.fit(x, y, optimizer=method(), epochs=1, progress=False)


#: What asks the cost for its Hessian.
OF_A_HESSIAN: dict[str, Call] = {
    **{name: along(name) for name in ("hvp", "ggn_vp", "fisher_vp")},
    **{name: curvature(name) for name in ("gauss_newton_diagonal", "gauss_newton_blocks", "kfac", "hessian_diagonal")},
    "residuals": lambda network, x, y: problem(network, x, y).residuals(),
    "levenberg_marquardt": minimised(LevenbergMarquardt),
    "natural_gradient": minimised(NaturalGradient),
}

#: What takes the examples one by one.
OF_EACH_EXAMPLE = (
    "gauss_newton_diagonal",
    "empirical_fisher_diagonal",
    "gauss_newton_blocks",
    "kfac",
    "hessian_diagonal",
)

PER_EXAMPLE: dict[str, Callable[..., Any]] = {
    **{
        name: lambda network, name=name, **given: getattr(network.per_example, name)(**given)
        for name in ("gradients", "squared_norms", "gram", "variance")
    },
    "clipped": lambda network, **given: network.per_example.clipped_gradient(max_norm=1.0, **given),
}


@pytest.mark.parametrize("name", OF_A_HESSIAN)
def test_a_cost_without_hessian_is_named(name: str) -> None:
    with pytest.raises(DerivativeError, match=r"quartic.*declares no hessian"):
        OF_A_HESSIAN[name](*made(Dense(units=2), cost=Quartic()))


def test_gradients_of_each_example_need_no_hessian() -> None:
    network, x, y = made(Dense(units=2), cost=Quartic())
    network.curvature.empirical_fisher_diagonal(x, y)


@pytest.mark.parametrize("layers", [(Dense(units=3), Centred(), Dense(units=2)), (Centred(), Dense(units=2))])
@pytest.mark.parametrize("name", OF_EACH_EXAMPLE)
def test_what_couples_the_examples_is_named_where_curvature_wants_each(name: str, layers: tuple[Any, ...]) -> None:
    with pytest.raises(BatchCoupledError, match="centred"):
        curvature(name)(*made(*layers))


@pytest.mark.parametrize("name", PER_EXAMPLE)
@pytest.mark.parametrize(
    ("layers", "node"),
    [
        ((Dense(units=3), BatchNorm(), Dense(units=2)), "batch_norm_1"),
        ((CentredInTraining(), Dense(units=2)), "centred_"),
    ],
)
def test_what_couples_the_examples_is_named_by_what_asks_for_each(
    name: str, layers: tuple[Any, ...], node: str
) -> None:
    """Also one before all parameters: there no error passes through it, and yet the examples are not alone."""
    network, x, y = made(*layers)
    with pytest.raises(BatchCoupledError, match=node):
        PER_EXAMPLE[name](network, x=x, y=y, training=True)
    PER_EXAMPLE[name](network, x=x, y=y)  # outside training it does not
