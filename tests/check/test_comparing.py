"""A structured operator in place of a written-out array: proved equal, and timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bpframe_reference import Add, Dense, QuadraticCost, ScaledNormal, Sigmoid

from bpframe.errors import ContractError
from bpframe.extend import Activation, Array, BatchMatrix, Broadcast, Cost, Diagonal, Layer, Matrix, Operator
from bpframe.extend import WeightTimes as Times
from bpframe.testing import compare_jacobians

from .conftest import SOFT_SIGN


class WrittenOut(Activation):
    """σ with its Jacobian as an array (N, n, n)."""

    def forward(self, x: Array) -> Array:
        return Sigmoid().forward(x, np.empty_like(x))

    def jacobian(self, y: Array) -> Array:
        entries = y * (1 - y)
        count = entries[0].size if len(entries) else int(np.prod(y.shape[1:]))
        dense = np.zeros((len(y), count, count), y.dtype)
        dense[:, range(count), range(count)] = entries.reshape(len(y), count)
        return dense.reshape(len(y), *y.shape[1:], *y.shape[1:])


class Shifted(WrittenOut):
    """One entry in a thousand is off by 1e-6 relative."""

    def jacobian(self, y: Array) -> Array:
        dense = np.array(super().jacobian(y))
        dense.flat[0] *= 1 + 1e-6
        return dense


def test_equal_declarations_are_proved_equal_and_timed() -> None:
    found = compare_jacobians(WrittenOut(), Sigmoid(), [(4,)])
    assert found.ok, found.text()
    assert [each.check for each in found.passed] == ["forward", "equal[z]"]
    assert found.timed_at == ((256,),)
    # 256 numbers for each example in place of 65,536.
    assert found.ratio > 3
    assert found.ratio == found.seconds_old / found.seconds_new
    assert "x batch matrix; new: z diagonal" in found.text()


def test_a_single_entry_that_differs_is_found() -> None:
    found = compare_jacobians(Shifted(), WrittenOut(), [(3, 2)])
    (failure,) = found.failed
    assert failure.check == "equal[x]"
    assert dict(failure.rows)["worst"].startswith("J[0, 0, 0, 0]")
    assert dict(failure.rows)["entries"].startswith("1 of ")


class BadTranspose(Diagonal):
    def vjp(self, cotangent: Array, out: Array | None = None) -> Array:
        return 2 * super().vjp(cotangent)


class WrongBack(WrittenOut):
    def jacobian(self, y: Array) -> Operator:  # type: ignore[override]
        return BadTranspose(y * (1 - y))


def test_a_transpose_that_differs_is_found() -> None:
    (failure,) = compare_jacobians(WrittenOut(), WrongBack(), [(4,)]).failed
    assert dict(failure.rows)["worst"].startswith("Jᵀ u[")


def test_a_forward_that_differs_is_found() -> None:
    class Other(WrittenOut):
        """Another function."""

        def forward(self, x: Array) -> Array:
            return np.tanh(x)

    assert {each.check for each in compare_jacobians(WrittenOut(), Other(), [(4,)]).failed} == {"forward", "equal[x]"}


class Textbook(Dense):
    """The dense layer with its Jacobians written out."""

    def jacobian(self, a: Array, p: Mapping[str, Array]) -> dict[str, Any]:
        eye = np.eye(self.units)
        return {"a": p["w"], "w": BatchMatrix(np.einsum("ij,nk->nijk", eye, a)), "b": eye}


class TwiceTheWeights(Dense):
    """Its weights' Jacobian is twice what it should be."""

    def jacobian(self, a: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        return {"a": Matrix(p["w"]), "w": Times(2 * a), "b": Broadcast()}


def test_parameters_are_compared_by_name() -> None:
    assert compare_jacobians(Textbook(units=3), Dense(units=3), [(4,)]).ok
    assert [each.check for each in compare_jacobians(Textbook(units=3), TwiceTheWeights(units=3), [(4,)]).failed] == [
        "equal[w]"
    ]


def test_costs_are_compared() -> None:
    class Doubled(Cost):
        """Not ½‖y−a‖² but twice as much."""

        def forward(self, a: Array, y: Array) -> Array:
            return np.asarray(np.sum((a - y) ** 2, axis=-1))

        def jacobian(self, a: Array, y: Array) -> Array:
            return 2 * (a - y)

    assert compare_jacobians(QuadraticCost(), QuadraticCost(), [(4,)]).ok
    assert not compare_jacobians(QuadraticCost(), Doubled(), [(4,)]).ok


@pytest.mark.parametrize(
    ("old", "new", "shapes"),
    [
        (ScaledNormal(), ScaledNormal(), [(4, 3)]),
        (Add(), Sigmoid(), [(4,), (4,)]),
        (Dense(units=2), Sigmoid(), [(4,)]),
        (Dense(units=2), Dense(units=3), [(4,)]),
    ],
)
def test_what_cannot_be_compared_is_refused(old: Any, new: Any, shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ContractError):
        compare_jacobians(old, new, shapes)


def test_a_layer_and_an_activation_of_one_function_can_be_compared() -> None:
    class AsLayer(Layer):
        """σ as a layer."""

        def forward(self, x: Array) -> Array:
            return Sigmoid().forward(x, np.empty_like(x))

        def jacobian(self, y: Array) -> dict[str, Operator]:
            return {"x": Diagonal(y * (1 - y))}

    assert compare_jacobians(AsLayer(), Sigmoid(), [(4,)]).ok


OLD = SOFT_SIGN.replace(
    "return Diagonal(self.sharpness * (1 - np.abs(y)) ** 2)",
    """slope = self.sharpness * (1 - np.abs(y)) ** 2
        eye = np.eye(y[0].size if len(y) else int(np.prod(y.shape[1:])))
        dense = slope.reshape(len(y), -1)[:, :, None] * eye
        return dense.reshape(len(y), *y.shape[1:], *y.shape[1:])""",
)


def test_the_command_compares_two_files(write: Callable[..., Path], invoke: Callable[..., Any]) -> None:
    write("old.py", OLD)
    write("new.py", SOFT_SIGN)
    write("wrong.py", SOFT_SIGN.replace("** 2)", "** 2 + 1e-6)"))
    write("none.py", SOFT_SIGN.replace("SoftSign", "One"), SOFT_SIGN.replace("SoftSign", "Two"))
    result = invoke("new.py", "--against", "old.py")
    assert result.exit_code == 0, result.stdout
    assert result.stdout.count("compared with old.py") == 2
    assert "times as fast" in result.stdout
    wrong = invoke("wrong.py", "--against", "old.py", "--only", "shape")
    assert wrong.exit_code == 2
    assert "equal[x] failed: old and new disagree" in wrong.stdout
    none = invoke("new.py", "--against", "none.py", "--only", "shape")
    assert none.exit_code == 2
    assert "none.py has no SoftSign" in none.stdout
    apart = invoke("new.py", "--against", "old.py", "--isolated", "--only", "shape")
    assert apart.exit_code == 0, apart.stdout
    assert "times as fast" in apart.stdout
