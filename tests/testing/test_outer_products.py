"""An operator whose kronecker_form is not its vjp is refused, with the slip named."""

from __future__ import annotations

from typing import Any

import pytest

from bpframe.extend import (
    Array,
    Broadcast,
    Field,
    KroneckerForm,
    Layer,
    Matrix,
    Operator,
    Parameter,
    PositiveInt,
    WeightTimes,
)
from bpframe.testing import check_component


class Form(WeightTimes):
    """A weight's operator whose form is made by `slip`."""

    slip: Any

    def kronecker_form(self, u: Array) -> Any:
        return type(self).slip(self, super().kronecker_form(u))


class Over(Layer):
    """z = a wᵀ + b, with an operator that a test chooses."""

    units: PositiveInt = Field(description="How many outputs there are at every place.")

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], self.units)

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"w": Parameter((self.units, features), init=1), "b": Parameter((self.units,))}

    def forward(self, a: Array, p: dict[str, Array]) -> Array:
        return a @ p["w"].T + p["b"]

    def jacobian(self, a: Array, p: dict[str, Array]) -> dict[str, Operator]:
        return {"a": Matrix(p["w"]), "w": Form(a), "b": Broadcast()}


SLIPS = {
    "none": (lambda self, form: form, None),
    "exchanged": (
        lambda self, form: KroneckerForm(form.right, form.left, form.shape) if form.left.ndim == 3 else form,
        "the sides are exchanged",
    ),
    "doubled": (lambda self, form: KroneckerForm(2 * form.left, form.right, form.shape), "the form is 2 times"),
    "mean": (
        lambda self, form: KroneckerForm(form.left / form.places, form.right, form.shape),
        "the form is 0.5 times",
    ),
    "one place": (
        lambda self, form: KroneckerForm(form.left[..., :1, :], form.right[:, :1], form.shape),
        "every place once",
    ),
    "another shape": (
        lambda self, form: KroneckerForm(form.left[..., :1], form.right, form.shape),
        "shape",
    ),
    "places apart": (
        lambda self, form: KroneckerForm(form.left, form.right[:, :1].repeat(3, axis=1), form.shape),
        "",
    ),
    "vectors": (lambda self, form: form.vectors(), "no form of pulled-back vectors"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_form_that_is_not_vjp_is_refused_with_its_slip(slip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, reason = SLIPS[slip]
    monkeypatch.setattr(Form, "slip", change, raising=False)
    report = check_component(Over(units=3), [(2, 4)])
    if reason is None:
        assert report.ok, report.text()
        return
    failed = {each.check: each for each in report.failed}
    assert set(failed) == {"adjoint[w]"}, report.text()
    assert "kronecker_form" in failed["adjoint[w]"].message
    assert reason in f"{failed['adjoint[w]'].diagnosis} {failed['adjoint[w]'].message}", report.text()
