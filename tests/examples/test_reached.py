"""What the examples reach on held-back data, as medians of 5 seeds."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Dense, QuadraticCost, Sigmoid

import bpframe as bp
from bpframe.examples import example_named


def medians(name: str) -> dict[str, float]:
    spec = importlib.util.spec_from_file_location("five_seeds", Path(__file__).with_name("five_seeds.py"))
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.medians(name))


@pytest.mark.soak
def test_the_autoencoder_is_better_than_as_many_principal_components() -> None:
    reached = medians("autoencoder")
    assert reached["mean squared error"] < 0.65 * reached["of 8 principal components"]


@pytest.mark.soak
def test_the_convolution_network_reads_985_digits_of_a_thousand() -> None:
    assert medians("lenet")["accuracy on held-back digits"] >= 0.985


def test_lanczos_finds_the_spectrum_of_the_dense_hessian() -> None:
    example = example_named("hessian_spectrum")
    lanczos = runpy.run_path(str(example.script))["lanczos"]
    net = bp.Network([Dense(units=4), Sigmoid()], cost=QuadraticCost(), input_shape=(3,), seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.uniform(size=(20, 4))
    size = net.parameters.vector.size
    dense = net.hvp(x, y, np.eye(size))
    start = rng.normal(size=size)
    nodes, weights = lanczos(net.linear_operator("hessian", x, y), start, 60)
    np.testing.assert_allclose(nodes, np.linalg.eigvalsh(dense), rtol=1e-8, atol=1e-12)
    # The quadrature is exact for the moments of v.
    unit = start / np.linalg.norm(start)
    assert weights @ nodes == pytest.approx(unit @ dense @ unit)
    assert weights @ nodes**2 == pytest.approx(unit @ dense @ dense @ unit)
