"""Every way of solving the damped equations gives the step that dense linear algebra gives."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from bpframe_minimizers.damped import Dual, Gram, Normal, Triangular
from bpframe_minimizers.gauss_newton import Undamped
from bpframe_minimizers.iterative import Iterative
from scipy.sparse.linalg import aslinearoperator

SHAPES = {"tall": (30, 8), "square": (6, 6), "wide": (5, 12)}


def data(shape, with_remainder, seed=0):
    rng = np.random.default_rng([seed, *shape])
    matrix = rng.standard_normal(shape) * np.exp(rng.standard_normal(shape[1]))
    return matrix, rng.standard_normal(shape[0]), rng.standard_normal(shape[1]) if with_remainder else None


def factored(matrix, rho, remainder):
    joined = np.linalg.qr(np.column_stack([matrix, rho]), mode="r")
    height = min(matrix.shape)
    return Triangular((1.0, joined[:height, :-1], joined[:height, -1]), remainder)


def ways(matrix, rho, remainder):
    gradient = matrix.T @ rho + (0 if remainder is None else remainder)
    operator, norms = aslinearoperator(matrix), np.linalg.norm(matrix, axis=0)
    return {
        "normal": Normal((1.0, (matrix.T @ matrix).astype(np.float64), gradient)),
        "qr": factored(matrix, rho, remainder),
        "dual": Dual((1.0, matrix, rho), remainder),
        "gram": Gram((1.0, matrix @ matrix.T, rho), operator, remainder),
        "lsmr": Iterative((1.0, operator, rho), norms, remainder, 1e-15),
    }


@pytest.mark.parametrize("damping", [1e-5, 1.0, 1e4])
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("with_remainder", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_way_gives_the_same_step(shape, with_remainder, scaled, damping) -> None:
    matrix, rho, remainder = data(shape, with_remainder)
    gradient = matrix.T @ rho + (0 if remainder is None else remainder)
    scaling = np.linalg.norm(matrix, axis=0) if scaled else None
    diagonal = np.ones(shape[1]) if scaling is None else scaling
    expected = -np.linalg.solve(matrix.T @ matrix + damping * np.diag(diagonal**2), gradient)
    falls = -gradient @ expected - 0.5 * np.sum((matrix @ expected) ** 2)
    for name, system in ways(matrix, rho, remainder).items():
        if name == "gram" and scaled:
            continue
        np.testing.assert_allclose(system.gradient, gradient, rtol=1e-12, atol=1e-12)
        if name != "gram":
            np.testing.assert_allclose(system.norms, np.linalg.norm(matrix, axis=0), rtol=1e-12)
        system.scale(scaling)
        step = system.step(damping)
        assert step is not None, name
        # A remainder outside the rows' range is divided by the damping alone, and cancels in the dual form.
        tolerance = 1e-8 * max(1.0, 1e-2 / damping if with_remainder else 0.0)
        np.testing.assert_allclose(step, expected, rtol=0, atol=tolerance * np.abs(expected).max(), err_msg=name)
        assert system.predicted(step, damping) == pytest.approx(falls, rel=1e-6), name
        assert system.length(step) == pytest.approx(np.linalg.norm(diagonal * expected), rel=1e-6), name


def exact_solution(matrix, rho, damping):
    """Solve (RᵀR + μ) Δ = −Rᵀρ in rational numbers."""
    rows = [[Fraction(each) for each in row] for row in matrix.tolist()]
    right = [Fraction(each) for each in rho.tolist()]
    size = matrix.shape[1]
    square = [[sum(row[i] * row[j] for row in rows) + (Fraction(damping) if i == j else 0) for j in range(size)]
              for i in range(size)]  # fmt: skip
    target = [-sum(row[i] * r for row, r in zip(rows, right, strict=True)) for i in range(size)]
    for i in range(size):
        for k in range(i + 1, size):
            factor = square[k][i] / square[i][i]
            square[k] = [a - factor * b for a, b in zip(square[k], square[i], strict=True)]
            target[k] -= factor * target[i]
    found = [Fraction(0)] * size
    for i in reversed(range(size)):
        found[i] = (target[i] - sum(square[i][k] * found[k] for k in range(i + 1, size))) / square[i][i]
    return np.array([float(each) for each in found])


def test_an_ill_conditioned_matrix_is_solved_by_orthogonal_transformations() -> None:
    matrix = np.vander(np.linspace(0.5, 1, 20), 8)
    rho, damping = np.cos(np.arange(20.0)), 1e-18
    expected = exact_solution(matrix, rho, damping)

    def error(system):
        system.scale(None)
        step = system.step(damping)
        return np.inf if step is None else np.abs(step - expected).max() / np.abs(expected).max()

    asked = []
    equations = 1.0, matrix.T @ matrix, matrix.T @ rho
    precise = lambda: (asked.append(1), factored(matrix, rho, None))[1]  # noqa: E731
    assert error(Normal(equations)) > 1e-4
    assert error(factored(matrix, rho, None)) < 1e-8
    system = Normal(equations, precise)
    assert error(system) < 1e-8
    assert system.imprecise == damping
    assert system.step(1.0) is not None
    assert len(asked) == 1


def test_residuals_that_repeat_one_another_are_solved_in_a_basis_of_their_rows() -> None:
    rng = np.random.default_rng(1)
    matrix = np.repeat(rng.standard_normal((3, 9)), 2, axis=0)
    rho = np.repeat(rng.standard_normal(3), 2)
    for remainder in (None, rng.standard_normal(9)):
        system, same = Dual((1.0, matrix, rho), remainder), factored(matrix, rho, remainder)
        for each in (system, same):
            each.scale(None)
        damping = 1e-14
        np.testing.assert_allclose(system.step(damping), same.step(damping), rtol=1e-6)
    system = Dual((1.0, matrix, rho))
    system.scale(None)
    least_norm = -np.linalg.lstsq(matrix, rho, rcond=1e-10)[0]
    np.testing.assert_allclose(system.step(1e-14), least_norm, rtol=1e-8)


@pytest.mark.parametrize("with_remainder", [True, False])
def test_without_damping_the_step_leads_to_the_models_minimum(with_remainder) -> None:
    matrix, rho, remainder = data((30, 8), with_remainder)
    triangle = np.linalg.qr(np.column_stack([matrix, rho]), mode="r")[:8]
    model = Undamped((1.0, triangle[:, :-1], triangle[:, -1]), remainder, None)
    gradient = matrix.T @ rho + (0 if remainder is None else remainder)
    np.testing.assert_allclose(model.gradient, gradient, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.step, -np.linalg.solve(matrix.T @ matrix, gradient), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_matrix_of_zeros_leaves_the_damped_gradient(dtype) -> None:
    matrix, rho = np.zeros((4, 3), dtype), np.ones(4, dtype)
    remainder = np.array([1, -2, 3], dtype)
    for name, system in ways(matrix, rho, remainder).items():
        system.scale(None)
        step = system.step(0.5)
        assert step.dtype == dtype, name
        np.testing.assert_allclose(step, -2 * remainder, rtol=1e-6, err_msg=name)


def test_numbers_that_are_not_finite_give_no_step() -> None:
    matrix, rho, _ = data((6, 3), False)
    matrix[2, 1] = np.nan
    for name, system in ways(matrix, rho, None).items():
        if name != "lsmr":
            system.scale(None)
            assert system.step(1.0) is None, name
