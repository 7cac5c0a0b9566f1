"""A schedule's number is that of its formula, a rule is handed it at every step, and files hold it like a number."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import pytest
from bpframe_optimizers import Cosine, Step
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, PositiveInt

import bpframe as bp
from bpframe.categories.present import present_value
from bpframe.errors import ContractError, SpecError
from bpframe.extend import PositiveFloat, Schedule
from tests.network.networks import samples

POSITIVE = st.floats(1e-6, 1e3)


@given(start=POSITIVE, factor=st.floats(0.01, 1.0), every=st.integers(1, 50), t=st.integers(0, 300))
def test_step_decay_multiplies_once_every_so_often(start, factor, every, t) -> None:
    rate = Step(start=start, factor=factor, every=every)
    expected = start
    for _ in range(t // every):  # by repeated multiplication
        expected *= factor
    assert present_value(rate, 12345, t) == pytest.approx(expected, rel=1e-12, abs=1e-300)  # subnormal
    assert present_value(rate.model_copy(update={"by": "step"}), t, 7) == present_value(rate, 0, t)


@given(
    start=POSITIVE, end=st.floats(0, 1e-6), over=st.integers(1, 200), warm_up=st.integers(0, 200), t=st.integers(0, 500)
)
def test_cosine_falls_from_its_start_to_its_end(start, end, over, warm_up, t) -> None:
    warm_up = min(warm_up, over - 1)
    rate = Cosine(start=start, end=end, over=over, warm_up=warm_up)
    value, later = present_value(rate, 0, t), present_value(rate, 0, t + 1)
    assert min(start / (warm_up + 1), end) <= value <= start * (1 + 1e-15)
    assert later >= value if t < warm_up else later <= value * (1 + 1e-12)
    if t >= max(over, warm_up + 1):
        assert value == pytest.approx(end, rel=1e-12, abs=1e-15 * start)
    if t == warm_up:
        assert value == pytest.approx(start, rel=1e-12)


def test_cosine_is_eq_5_of_loshchilov_and_hutter() -> None:
    # η_t = η_min + ½ (η_max − η_min)(1 + cos(T_cur π / T_i)), by mpmath
    mpmath = pytest.importorskip("mpmath")
    rate = Cosine(start=0.1, end=0.001, over=200)
    for t in range(201):
        exact = mpmath.mpf(0.001) + (mpmath.mpf(0.1) - mpmath.mpf(0.001)) * (1 + mpmath.cos(mpmath.pi * t / 200)) / 2
        assert present_value(rate, 0, t) == pytest.approx(float(exact), rel=1e-13)
    warm = Cosine(start=1.0, over=10, warm_up=4)
    assert [present_value(warm, 0, t) for t in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def network(dtype: str = "float64") -> bp.Network:
    return bp.Network(
        [Dense(units=4), Sigmoid(), Dense(units=2)], cost=QuadraticCost(), input_shape=(3,), seed=1, dtype=dtype
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "rate",
    [Step(start=0.5, every=2), Step(start=0.5, every=3, by="step"), Cosine(start=0.5, over=4, warm_up=1)],
    ids=["epochs", "steps", "cosine"],
)
def test_gradient_descent_takes_each_step_at_its_rate(rate: Schedule, dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 3)), rng.standard_normal((12, 2))
    net, by_hand = network(dtype), network(dtype)
    net.fit(x, y, optimizer=GradientDescent(learning_rate=rate), epochs=5, batch_size=4, shuffle=False)
    step = 0
    for epoch in range(5):
        for rows in (slice(0, 4), slice(4, 8), slice(8, 12)):
            by_hand.parameters.vector[:] += by_hand.gradient(x[rows], y[rows]).vector * -present_value(
                rate, step, epoch
            )
            step += 1
    np.testing.assert_allclose(
        net.parameters.vector, by_hand.parameters.vector, rtol=0, atol=2e-6 if dtype == "float32" else 1e-14
    )


def test_a_constant_schedule_has_the_bytes_of_the_number() -> None:
    x, y = samples(9)
    found = []
    for rate in (0.3, Step(start=0.3, every=1000)):
        net = bp.Network([Dense(units=y.shape[1])], cost=QuadraticCost(), input_shape=x.shape[1:], seed=0)
        net.fit(x, y, optimizer=GradientDescent(learning_rate=rate), epochs=3)
        found.append(net.parameters.vector.tobytes())
    assert found[0] == found[1]


def test_a_rule_with_a_schedule_is_equal_hashed_and_saved_by_its_fields(tmp_path) -> None:
    one, other = (GradientDescent(learning_rate=Cosine(start=0.1, over=9)) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != GradientDescent(learning_rate=Cosine(start=0.1, over=8))
    assert one != GradientDescent(learning_rate=0.1)
    net = network()
    net.fit(np.ones((4, 3)), np.ones((4, 2)), optimizer=one, epochs=1)
    net.save(tmp_path / "run")
    assert bp.load(tmp_path / "run").training.optimizer == one
    assert "kind: optimizers.cosine" in (tmp_path / "run" / "spec.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", [0, -1.0, math.nan, math.inf, "0.1", True, None, Cosine, {"kind": "cosine"}])
def test_what_is_neither_a_number_nor_a_schedule_is_refused(wrong: object) -> None:
    with pytest.raises(SpecError, match=r"GradientDescent\.learning_rate cannot be") as caught:
        GradientDescent(learning_rate=wrong)
    assert "a number greater than 0, finite, or an instance, such as Step(" in str(caught.value.expected)


class Wild(Schedule):
    """A schedule that leaves the numbers."""

    start: PositiveFloat = 1.0

    def value(self, step):
        return self.start if step < 1 else math.nan


def test_a_schedule_that_leaves_the_numbers_ends_the_training_by_name() -> None:
    net = network()
    with pytest.raises(ContractError, match="schedule 'wild': value must return a finite number"):
        net.fit(
            np.ones((4, 3)), np.ones((4, 2)), optimizer=GradientDescent(learning_rate=Wild()), epochs=4, batch_size=4
        )
    assert np.isfinite(net.parameters.vector).all()


class Line(Schedule):
    """A number that falls by 0.1 with every step, below zero in the end."""

    start: float

    def value(self, step: int) -> float:
        return self.start - 0.1 * step


class Heavy(GradientDescent):
    """Takes a share of its momentum, too."""

    momentum: Annotated[float, Field(ge=0, lt=1)] | Schedule = 0.5
    offset: float | Schedule = 0.0

    def update(self, gradient, learning_rate, momentum, offset):
        return -learning_rate * (1 - momentum) * gradient + 0 * offset


@pytest.mark.parametrize(
    ("optimizer", "step", "expected"),
    [
        (GradientDescent(learning_rate=Line(start=0.25)), 3, "a number from 0 on"),
        (Heavy(learning_rate=0.1, momentum=Line(start=1.2)), 0, "a number from 0 to 1"),
        (Heavy(learning_rate=0.1, momentum=Line(start=0.15)), 2, "a number from 0 to 1"),
    ],
)
def test_a_schedule_stays_inside_the_limits_of_its_field(optimizer, step, expected) -> None:
    with pytest.raises(ContractError, match="schedule 'line': value is none that the field takes") as caught:
        network().fit(*samples(), optimizer=optimizer, epochs=6, batch_size=1000, progress=False)
    assert caught.value.expected == expected
    assert caught.value.received.endswith(f"at step {step}, epoch {step}")


def test_a_schedule_may_reach_the_limits_and_has_none_where_the_field_has_none() -> None:
    falling = Heavy(learning_rate=Line(start=0.2), offset=Line(start=-1.0))
    network().fit(*samples(), optimizer=falling, epochs=3, batch_size=1000, progress=False)


class Repeated(GradientDescent):
    """Goes several times as far."""

    times: PositiveInt | Schedule = 1

    def update(self, gradient, learning_rate, times):
        return sum(-learning_rate * gradient for _ in range(times))


def test_a_field_of_whole_numbers_is_handed_whole_numbers_alone() -> None:
    net, other = network(), network()
    falling = Repeated(learning_rate=0.1, times=Step(start=4.0, factor=0.5, every=1))
    with pytest.raises(ContractError, match="schedule 'step': value is none that the field takes") as caught:
        net.fit(*samples(), optimizer=falling, epochs=4, batch_size=1000, progress=False)
    assert caught.value.expected == "a whole number from 0 on"
    assert caught.value.received == "0.5 at step 3, epoch 3"
    for times in (4, 2, 1):
        rule = Repeated(learning_rate=0.1, times=times)
        other.fit(*samples(), optimizer=rule, epochs=1, batch_size=1000, progress=False)
    assert (net.parameters.vector == other.parameters.vector).all()
