"""check_gradients at scales from 1e-12 to 1e12: right passes, every mistake fails, and no right one is blamed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bpframe_reference import QuadraticCost

from bpframe import Network
from bpframe.extend import Activation, Diagonal, Layer, Parameter

MISTAKES = {"": lambda d: d, "factor": lambda d: 2 * d, "sign": lambda d: -d, "term": lambda d: d + 0.3 * np.max(d)}


class Formula(Layer):
    """A formula with a Jacobian in which one key may be wrong; `real` makes it one that is not analytic."""

    real: bool = False
    wrong: str = ""
    mistake: str = ""

    def start(self) -> dict[str, float]:
        """Return the parameters."""
        raise NotImplementedError

    def formula(self, x: Any, p: Any) -> Any:
        """Return y."""
        raise NotImplementedError

    def slopes(self, x: Any, p: Any) -> dict[str, Any]:
        """Return dy/dx and dy/dp."""
        raise NotImplementedError

    def parameters(self):
        return {name: Parameter((), init=value) for name, value in self.start().items()}

    def forward(self, x, p):
        y = self.formula(x, p)
        return y + 0 * np.abs(y) if self.real else y

    def jacobian(self, x, p):
        found = self.slopes(x, p)
        if self.wrong:
            found[self.wrong] = MISTAKES[self.mistake](found[self.wrong])
        return {**found, "x": Diagonal(found["x"])}


class Line(Formula):
    """A spectral line in metres."""

    def start(self):
        return {"a": 1.0, "m": 589.02e-9, "s": 0.3e-9}

    def formula(self, x, p):
        u = (x - p["m"]) / p["s"]
        return p["a"] * np.exp(-((np.abs(u) if self.real else u) ** 2) / 2)

    def slopes(self, x, p):
        u = (x - p["m"]) / p["s"]
        y = p["a"] * np.exp(-u * u / 2)
        return {"x": -y * u / p["s"], "a": y / p["a"], "m": y * u / p["s"], "s": y * u * u / p["s"]}


class Transit(Formula):
    """A dip of an hour at a Julian date."""

    def start(self):
        return {"t": 2460000.5, "d": 0.3}

    def formula(self, x, p):
        u = (x - p["t"]) / 0.01
        return 1 - p["d"] * np.exp(-((np.abs(u) if self.real else u) ** 2) / 2)

    def slopes(self, x, p):
        u = (x - p["t"]) / 0.01
        e = np.exp(-u * u / 2)
        return {"x": p["d"] * e * u / 0.01, "t": -p["d"] * e * u / 0.01, "d": -e}


class Decay(Formula):
    """A decay within microseconds."""

    def start(self):
        return {"a": 1.0, "t": 1e-5}

    def formula(self, x, p):
        return p["a"] * np.exp(-(np.abs(x) if self.real else x) / p["t"])

    def slopes(self, x, p):
        y = p["a"] * np.exp(-x / p["t"])
        return {"x": -y / p["t"], "a": y / p["a"], "t": y * x / p["t"] ** 2}


class Power(Formula):
    """a x^1.3 at any scale."""

    a: float = 1.0

    def start(self):
        return {"a": self.a}

    def formula(self, x, p):
        return p["a"] * (np.abs(x) ** 1.3 if self.real else (x * x) ** 0.65)

    def slopes(self, x, p):
        y = (x * x) ** 0.65
        return {"x": 1.3 * p["a"] * y / x, "a": y}


POINTS = np.linspace(0.3, 2, 9)[:, None]
CASES = [
    (Line, {}, np.linspace(588e-9, 590e-9, 9)[:, None]),
    (Transit, {}, 2460000.5 + np.linspace(-0.02, 0.023, 9)[:, None]),
    (Decay, {}, np.linspace(0.1e-5, 3e-5, 8)[:, None]),
    *((Power, {"a": a}, POINTS * scale) for a in (1e-7, 1e9) for scale in (1e-12, 1.0, 1e12)),
    (Power, {}, np.array([[1e-9], [1e6], [3.0], [2e-4], [5e3]])),
]
NAMES = [f"{made.__name__} {fields.get('a', '')} {x[0, 0]:.0e}" for made, fields, x in CASES]


def check(layer: Layer, x: Any, share: float = 0.7, dtype: str = "float64") -> Any:
    """Check with targets of so large a share of what the network predicts."""
    network = Network([layer], cost=QuadraticCost(), input_shape=(x.shape[1],), dtype=dtype)
    return network.check_gradients(x, share * network.predict(x))


@pytest.mark.parametrize("real", [False, True], ids=["complex", "real"])
@pytest.mark.parametrize(("made", "fields", "x"), CASES, ids=NAMES)
def test_what_is_right_passes_and_every_mistake_fails_in_its_key(made, fields, x, real):
    right = check(made(real=real, **fields), x)
    assert right.ok, str(right)
    assert right.method == ("central differences" if real else "complex step")
    for key in ("x", *made(**fields).start()):
        for mistake in ("factor", "sign", "term"):
            wrong = check(made(real=real, wrong=key, mistake=mistake, **fields), x)
            assert [fault.key for fault in wrong.faults] == [key], (key, mistake, str(wrong))
            assert [name.rpartition(".")[2] for name in wrong.failed] == [key]


@pytest.mark.parametrize(("made", "fields", "x"), CASES[2:6], ids=NAMES[2:6])
def test_float32_networks_too(made, fields, x):
    assert check(made(real=True, **fields), x, dtype="float32").ok
    assert check(made(real=True, wrong="x", mistake="factor", **fields), x, dtype="float32").failed == ("x",)


class Wave(Activation):
    """sin kx with a slope that rounds otherwise: 1 − 2 sin² kx/2."""

    k: float
    real: bool = True
    factor: float = 1.0

    def forward(self, x):
        return np.sin(self.k * (x.real if self.real else x))

    def jacobian(self, x):
        return Diagonal(self.factor * self.k * (1 - 2 * np.sin(0.5 * self.k * x) ** 2))


X = np.random.default_rng(4).standard_normal((4, 3))


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("k", [1e3, 1e6, 1e9, 1e12])
def test_waves_however_fast_are_never_blamed_and_never_twice_too_steep(k, real):
    right, wrong = check(Wave(k=k, real=real), X), check(Wave(k=k, real=real, factor=2.0), X)
    assert not right.failed, str(right)
    assert not right.faults
    assert wrong.failed == ("x",), str(wrong)


class Single(Activation):
    """A sine that is computed in float32, whatever comes in."""

    slope: float = 1.0

    def forward(self, x):
        return np.sin(x.real.astype(np.float32)).astype(np.float64)

    def jacobian(self, x):
        return Diagonal(self.slope * np.cos(x))


def test_what_cannot_be_measured_well_enough_is_undecided_with_both_numbers():
    found = check(Single(), X)
    assert not found.failed
    assert found.undecided in ((), ("x",))
    text = str(check(Single(slope=1 + 1e-5), X))
    assert "FAILED" not in text
    assert "gradient check undecided, nothing found wrong: x undecided" in text
    assert "±" in text
    assert check(Single(slope=2.0), X).failed == ("x",)


class Rounded(Activation):
    """Rounding to a grid."""

    digits: int
    slope: float = 0.0

    def forward(self, x):
        return np.round(x.real, self.digits)

    def jacobian(self, x):
        return Diagonal(np.full_like(x, self.slope))


def test_coarse_stairs_have_no_slope_and_fine_ones_may_be_rounding():
    assert check(Rounded(digits=0), X).ok
    assert check(Rounded(digits=0, slope=1.0), X).failed == ("x",)
    for slope in (0.0, 1.0):
        assert not check(Rounded(digits=9, slope=slope), X).failed
    assert check(Rounded(digits=9, slope=2.0), X).failed == ("x",)


def test_values_near_overflow_are_undecided_and_not_blamed():
    class Exponential(Activation):
        """e^x."""

        def forward(self, x):
            return np.exp(x)

        def jacobian(self, y):
            return Diagonal(y)

    found = check(Exponential(), 353 + np.abs(X) / 3)
    assert not found.failed
    assert check(Exponential(), 300 + X, 0.0).ok


def test_values_that_are_tiny_and_on_a_kink_are_checked_beside_it_at_their_own_size():
    class Fold(Activation):
        """max(x, 0) − x/3, with slope −1/3 at the kink."""

        slope: float = 1.0

        def forward(self, x):
            return np.maximum(x, 0) - x / 3 + 1e-9

        def jacobian(self, x):
            return Diagonal(self.slope * ((x > 0) - 1 / 3))

    x = 1e-9 * X
    x[0, 0] = x[2, 1] = 0
    right = check(Fold(), x)
    assert right.ok, str(right)
    assert any(each.beside for each in right.entries), str(right)
    assert all(each.status == "passed" for each in right.entries)
    assert check(Fold(slope=2.0), x).failed == ("x",)
