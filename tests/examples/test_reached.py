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


def test_the_measurements_and_the_rare_points_are_those_of_their_formulas() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (2000, 2))
    spread = 0.05 + 0.2 * (1 + np.tanh(3 * x[:, 0]))
    y = np.sin(3 * x[:, 0]) + x[:, 1] ** 2 + spread * rng.normal(size=2000)
    found = np.loadtxt(example_named("uncertainty").folder / "data.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(found, np.column_stack([x, y]), atol=5.1e-5)
    rng = np.random.default_rng(0)
    rare = rng.random(2400) < 0.05
    points = rng.normal(size=(2400, 2))
    points[rare] = 1.3 + 0.5 * points[rare]
    table = np.genfromtxt(example_named("imbalanced").folder / "data.csv", delimiter=",", skip_header=1, dtype=str)
    np.testing.assert_allclose(table[:, :2].astype(float), points, atol=5.1e-4)
    np.testing.assert_array_equal(table[:, 2] == "rare", rare)


@pytest.mark.soak
def test_intervals_hold_nine_of_ten_new_measurements() -> None:
    reached = medians("uncertainty")
    assert 0.87 <= reached["coverage of 90 % intervals"] <= 0.93


@pytest.mark.soak
def test_the_lstm_is_ten_times_better_than_the_last_value() -> None:
    assert medians("lstm")["times better"] >= 10


@pytest.mark.soak
def test_the_transformer_needs_fewer_bits_than_bigrams() -> None:
    reached = medians("transformer")
    assert reached["bits for a character"] < reached["bigrams"] < reached["single characters"]


@pytest.mark.soak
def test_class_weights_find_what_is_rare() -> None:
    reached = medians("imbalanced")
    assert reached["balanced accuracy"] > reached["balanced without weights"] + 0.1


@pytest.mark.soak
def test_the_differential_equation_is_solved() -> None:
    reached = medians("physics")
    assert reached["largest error of u"] < 1e-3
    assert reached["du/dx beside differences of u"] < 1e-8


@pytest.mark.soak
def test_the_siamese_network_compares_better_than_pixels() -> None:
    reached = medians("siamese")
    assert reached["pairs of new images"] > 0.9
    assert reached["digits named after one image of each"] > reached["the same by pixels"] + 0.05


@pytest.mark.soak
def test_the_u_shaped_network_cleans_better_than_any_linear_map_and_needs_its_skips() -> None:
    reached = medians("unet")
    assert reached["mean squared error"] < reached["of the best linear map"] < reached["of the noisy images"]
    assert reached["mean squared error"] < 0.9 * reached["without skips"]
