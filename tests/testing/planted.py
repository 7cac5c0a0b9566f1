"""Bugs planted in known components: what is declared wrong, and the cause that the diagnosis has to name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np

from bpframe.extend import (
    Activation,
    Array,
    Broadcast,
    Component,
    Cost,
    Diagonal,
    Field,
    Gather,
    Identity,
    Layer,
    Matrix,
    Operator,
    Parameter,
    RankOne,
    WeightTimes,
    add,
    compose,
)

Shapes = tuple[tuple[int, ...], ...]


def sigma(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


class Steep(Activation):
    """A sigmoid of k x."""

    k: float = Field(1.7, description="How steep it is.")

    def forward(self, x: Array) -> Array:
        return sigma(self.k * x)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(self.k * y * (1 - y))


class Sigmoid(Activation):
    """A sigmoid; `slope` is a function of (x, y), to be replaced by a false one."""

    def forward(self, x: Array) -> Array:
        return sigma(x)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(y * (1 - y))


class Residual(Activation):
    """x + σ(x)."""

    def forward(self, x: Array) -> Array:
        return x + sigma(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(1 + sigma(x) * (1 - sigma(x)))


class Softmax(Activation):
    """A softmax."""

    def forward(self, x: Array) -> Array:
        e = np.exp(x - x.real.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def jacobian(self, y: Array) -> Operator:
        return add(Diagonal(y), RankOne(-y, y))


class Dense(Layer):
    """A square dense layer."""

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"w": Parameter((features, features)), "b": Parameter((features,))}

    def forward(self, a: Array, p: Mapping[str, Array]) -> Array:
        return a @ p["w"].T + p["b"]

    def jacobian(self, a: Array, p: Mapping[str, Array]) -> dict[str, Operator | Array]:
        return {"a": Matrix(p["w"]), "w": WeightTimes(a), "b": Broadcast()}


class Divided(Layer):
    """x divided by the number of examples."""

    def forward(self, x: Array) -> Array:
        return x * x / max(len(x), 1)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x / max(len(x), 1))


class LayerNorm(Layer):
    """Layer normalisation."""

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"g": Parameter((features,)), "b": Parameter((features,))}

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Array]) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        saved["scale"] = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 0.1)
        saved["x"] = centred * saved["scale"]
        return saved["x"] * p["g"] + p["b"]

    def jacobian(self, p: Mapping[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        return self.blocks(p, saved["x"], p["g"] * saved["scale"])

    def blocks(self, p: Mapping[str, Array], x: Array, scale: Array, own: float = 1.0) -> dict[str, Operator]:
        n = x.shape[-1]
        ones = np.ones_like(x[:1])
        projection = add(Identity(), RankOne(-ones / n, ones), RankOne(-own * x / n, x))
        return {
            "x": compose(Diagonal(scale), projection),
            "g": compose(Diagonal(x), Broadcast()),
            "b": Broadcast(),
        }


class Conv(Layer):
    """A correlation of one channel with a kernel of three."""

    def output_shape(self, features: int) -> tuple[int, ...]:
        return (features - 2,)

    def parameters(self) -> dict[str, Parameter]:
        return {"w": Parameter((3,))}

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        return np.lib.stride_tricks.sliding_window_view(x, 3, axis=1) @ p["w"]

    def jacobian(self, x: Array, p: Mapping[str, Array]) -> dict[str, Array]:
        towards_x = np.zeros_like(x, shape=(x.shape[1] - 2, x.shape[1]))
        for t in range(x.shape[1] - 2):
            towards_x[t, t : t + 3] = p["w"]
        return {"x": towards_x, "w": np.lib.stride_tricks.sliding_window_view(x, 3, axis=1)}


class Multiply(Layer):
    """a ⊙ b."""

    def forward(self, a: Array, b: Array) -> Array:
        return a * b

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Diagonal(b), "b": Diagonal(a)}


class Quadratic(Cost):
    """½ ‖a − y‖²."""

    def forward(self, a: Array, y: Array) -> Array:
        return 0.5 * ((a - y) ** 2).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return a - y

    def hessian(self) -> Operator:
        return Identity()


class MaxPool(Layer):
    """The largest of each two neighbours."""

    def output_shape(self, features: int) -> tuple[int, ...]:
        return (features // 2,)

    def forward(self, x: Array) -> Array:
        return x.reshape(len(x), x.shape[1] // 2, 2).max(axis=-1)

    def jacobian(self, x: Array) -> Operator:
        return Gather(self.winners(x))

    def winners(self, x: Array) -> Array:
        pairs = x.reshape(len(x), x.shape[1] // 2, 2)
        return pairs.argmax(axis=-1) + 2 * np.arange(x.shape[1] // 2)


class Normalise(Layer):
    """x / ‖x‖."""

    def forward(self, x: Array) -> Array:
        return x / np.sqrt((x * x).sum(axis=1, keepdims=True) + 1e-3)

    def jacobian(self, x: Array, y: Array) -> Operator:
        scale = 1 / np.sqrt((x * x).sum(axis=1, keepdims=True) + 1e-3)
        return compose(Diagonal(scale * np.ones_like(x)), add(Identity(), RankOne(-y, y)))


class Degrees(Activation):
    """The sine of an angle in degrees."""

    domain: ClassVar = (-1e5, 1e5)

    def forward(self, x: Array) -> Array:
        return np.sin(x * np.pi / 180)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.cos(x * np.pi / 180) * np.pi / 180)


class Weighted(Layer):
    """Sums of neighbours, each output with a weight of its own: 2, 3, 5."""

    def forward(self, x: Array) -> Array:
        return (x + np.roll(x, 1, axis=1)) * np.array([2, 3, 5]).astype(x.real.dtype)

    def jacobian(self, x: Array) -> Array:
        return self.sums() * np.array([2, 3, 5])[:, None]

    def sums(self) -> Array:
        return np.eye(3) + np.roll(np.eye(3), 1, axis=0)


class Waves(Activation):
    """Sines of the first half of the entries, cosines of the second."""

    def forward(self, x: Array) -> Array:
        return np.concatenate([np.sin(x[:, :2]), np.cos(x[:, 2:])], axis=1)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(np.concatenate([np.cos(x[:, :2]), -np.sin(x[:, 2:])], axis=1))


class Quotient(Layer):
    """y = (x + x³) / (1 + (b x)²)."""

    def parameters(self) -> dict[str, Parameter]:
        return {"b": Parameter((1,), init=0.5)}

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        return (x + x**3) / (1 + (p["b"] * x) ** 2)

    def jacobian(self, x: Array, y: Array, p: Mapping[str, Array]) -> dict[str, Any]:
        return self.blocks(x, y, p, 2)

    def blocks(self, x: Array, y: Array, p: Mapping[str, Array], factor: float) -> dict[str, Any]:
        b = p["b"]
        q = 1 + (b * x) ** 2
        return {
            "x": Diagonal((1 + 3 * x**2 - factor * y * b**2 * x) / q),
            "b": (-2 * y * b * x**2 / q)[..., None],
        }


class Huber(Cost):
    """½r² up to |r| = 0.8, and from there on its tangent."""

    def forward(self, a: Array, y: Array) -> Array:
        r = np.abs(a - y)
        return np.where(r < 0.8, r * r / 2, 0.8 * (r - 0.4)).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return np.clip(a - y, -0.8, 0.8)


@dataclass(frozen=True)
class Planted:
    """A correct class, what its jacobian is replaced by, and the words of the diagnosis."""

    name: str
    component: Component
    shapes: Shapes
    jacobian: Callable[..., Any]
    cause: str
    check: str = "jacobian[x]"

    @property
    def false(self) -> Component:
        """The component with the false Jacobian."""
        cls = type(self.component)
        made = type(f"{cls.__name__}False", (cls,), {"jacobian": self.jacobian, "__doc__": cls.__doc__})
        return made(**dict(self.component))


_LAST: WeakKeyDictionary[type, dict[str, Array]] = WeakKeyDictionary()


def _stale(self: Any, x: Array, y: Array) -> Operator:
    last = _LAST.setdefault(type(self), {})  # each false component remembers on its own, whichever test came before
    before = last.get(str(x.shape), y)
    last[str(x.shape)] = y.copy()
    return Diagonal(before * (1 - before))


def _nan(self: Any, x: Array, y: Array) -> Operator:
    return Diagonal(np.where(x < 0, np.nan, y * (1 - y)))


def _last(self: Any, x: Array, y: Array) -> Operator:
    d = y * (1 - y)
    d[-1:] *= 2
    return Diagonal(d)


def _first_column(self: Any, a: Array, p: Mapping[str, Array]) -> dict[str, Any]:
    w = p["w"].copy()
    w[:, 0] *= 1.1
    return {"a": Matrix(w), "w": WeightTimes(a), "b": Broadcast()}


def _one_entry(self: Any, a: Array, p: Mapping[str, Array]) -> dict[str, Any]:
    w = p["w"].copy()
    w[1, 2] += 0.1
    return {"a": Matrix(w), "w": WeightTimes(a), "b": Broadcast()}


def _conv(change: Callable[[Array, Array], tuple[Array, Array]]) -> Callable[..., Any]:
    def jacobian(self: Any, x: Array, p: Mapping[str, Array]) -> dict[str, Array]:
        right = Conv.jacobian(self, x, p)
        towards_x, towards_w = change(right["x"], right["w"])
        return {"x": towards_x, "w": towards_w}

    return jacobian


def _dense(**changed: Callable[[Array, Mapping[str, Array]], Any]) -> Callable[..., Any]:
    def jacobian(self: Any, a: Array, p: Mapping[str, Array]) -> dict[str, Any]:
        return {**Dense.jacobian(self, a, p), **{key: make(a, p) for key, make in changed.items()}}

    return jacobian


def _slope(formula: Callable[[Any, Array, Array], Array]) -> Callable[..., Any]:
    def jacobian(self: Any, x: Array, y: Array) -> Operator:
        return Diagonal(formula(self, x, y))

    return jacobian


def _of_a(formula: Callable[[Array, Array], Any]) -> Callable[..., Any]:
    def jacobian(self: Any, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": formula(a, b), "b": Diagonal(a)}

    return jacobian


def _norm(change: Callable[[Any, Mapping[str, Array], dict[str, Array]], dict[str, Operator]]) -> Callable[..., Any]:
    def jacobian(self: Any, p: Mapping[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        return change(self, p, saved)

    return jacobian


def _softmax(formula: Callable[[Array], Any]) -> Callable[..., Any]:
    def jacobian(self: Any, y: Array) -> Any:
        return formula(y)

    return jacobian


def _gradient(formula: Callable[[Array, Array], Array]) -> Callable[..., Any]:
    def jacobian(self: Any, a: Array, y: Array) -> Array:
        return formula(a, y)

    return jacobian


S, ONE = Sigmoid(), ((4,),)

PLANTED = [
    Planted("sigmoid-sign", S, ONE, _slope(lambda s, x, y: -y * (1 - y)), "sign"),
    Planted(
        "sigmoid-doubled", S, ONE, _slope(lambda s, x, y: 2 * y * (1 - y)), "constant factor: measured/declared = 0.5"
    ),
    Planted("sigmoid-reciprocal", S, ONE, _slope(lambda s, x, y: 1 / (y * (1 - y))), "reciprocal"),
    Planted("sigmoid-squared", S, ONE, _slope(lambda s, x, y: (y * (1 - y)) ** 2), "a square too many"),
    Planted("sigmoid-root", S, ONE, _slope(lambda s, x, y: np.sqrt(y * (1 - y))), "a square is missing"),
    Planted("sigmoid-of-x", S, ONE, _slope(lambda s, x, y: x * (1 - x)), "derivative at x instead of y"),
    Planted("sigmoid-at-y", S, ONE, _slope(lambda s, x, y: sigma(y) * (1 - sigma(y))), "derivative at y instead of x"),
    Planted("sigmoid-zero", S, ONE, _slope(lambda s, x, y: 0 * y), "zero block"),
    Planted("sigmoid-nan", S, ONE, _nan, "NaN or infinite"),
    Planted(
        "sigmoid-lost-factor", S, ONE, _slope(lambda s, x, y: 1 - y), "a factor is missing: measured = declared × y"
    ),
    Planted("sigmoid-stale", S, ONE, _stale, "stale saved value"),
    Planted("sigmoid-at-zero", S, ONE, _slope(lambda s, x, y: np.full_like(y, 0.25)), "right only at x = 0"),
    Planted("sigmoid-frozen", S, ONE, _slope(lambda s, x, y: np.full_like(y, 0.17)), "frozen"),
    Planted(
        "sigmoid-negative-side",
        S,
        ONE,
        _slope(lambda s, x, y: np.where(x < 0, -1, 1) * y * (1 - y)),
        "a wrong branch: only entries with x < 0 are wrong: there it has the wrong sign",
    ),
    Planted(
        "sigmoid-threshold",
        S,
        ONE,
        _slope(lambda s, x, y: np.where(x > 1, 0, y * (1 - y))),
        "a wrong branch: only entries with x >",
    ),
    Planted("sigmoid-last-example", S, ONE, _last, "only examples 6 of 7 are wrong"),
    Planted(
        "sigmoid-first-example",
        S,
        ONE,
        _slope(lambda s, x, y: np.broadcast_to((y * (1 - y))[:1], y.shape)),
        "the first example's Jacobian is declared for all",
    ),
    Planted("sigmoid-examples-shifted", S, ONE, _slope(lambda s, x, y: np.roll(y * (1 - y), 1, 0)), "in another order"),
    Planted("steep-forgotten", Steep(), ONE, _slope(lambda s, x, y: y * (1 - y)), "which is k"),
    Planted("steep-twice", Steep(), ONE, _slope(lambda s, x, y: s.k**2 * y * (1 - y)), "which is 1/k"),
    Planted("degrees", Degrees(), ONE, lambda self, x: Diagonal(np.cos(x * np.pi / 180)), "degrees against radians"),
    Planted(
        "residual-missing",
        Residual(),
        ONE,
        lambda self, x: Diagonal(sigma(x) * (1 - sigma(x))),
        "the identity is missing",
    ),
    Planted(
        "residual-twice",
        Residual(),
        ONE,
        lambda self, x: Diagonal(2 + sigma(x) * (1 - sigma(x))),
        "an identity too many",
    ),
    Planted("softmax-diagonal", Softmax(), ONE, _softmax(lambda y: Diagonal(y * (1 - y))), "off-structure"),
    Planted(
        "softmax-plus",
        Softmax(),
        ONE,
        _softmax(lambda y: add(Diagonal(y), RankOne(y, y))),
        "the term 'rank one' has the wrong sign",
    ),
    Planted("softmax-no-diagonal", Softmax(), ONE, _softmax(lambda y: RankOne(-y, y)), "only the diagonal is wrong"),
    Planted(
        "softmax-twice",
        Softmax(),
        ONE,
        _softmax(lambda y: add(Diagonal(y), RankOne(-2 * y, y))),
        "is twice what it should be",
    ),
    Planted("dense-transposed", Dense(), ((3,),), _dense(a=lambda a, p: Matrix(p["w"].T)), "transposed", "jacobian[a]"),
    Planted("dense-bias-zero", Dense(), ((3,),), _dense(b=lambda a, p: np.zeros((3, 3))), "zero block", "jacobian[b]"),
    Planted(
        "dense-weight-axes",
        Dense(),
        ((3,),),
        _dense(w=lambda a, p: np.einsum("il,nj->nijl", np.eye(3), a)),
        "axes 0 and 1 of 'w' are exchanged",
        "jacobian[w]",
    ),
    Planted("dense-column", Dense(), ((3,),), _first_column, "only the column of a[0] is wrong", "jacobian[a]"),
    Planted(
        "dense-entry",
        Dense(),
        ((3,),),
        _one_entry,
        "a single entry is wrong, in every example: ∂y[1]/∂a[2]",
        "jacobian[a]",
    ),
    Planted("divided", Divided(), ((3,),), lambda self, x: Diagonal(2 * x), "missing batch mean"),
    Planted(
        "quadratic-mean",
        Quadratic(),
        ((3,),),
        _gradient(lambda a, y: (a - y) / len(a) if len(a) else a - y),
        "double batch mean",
        "jacobian[a]",
    ),
    Planted("quadratic-sign", Quadratic(), ((3,),), _gradient(lambda a, y: y - a), "sign", "jacobian[a]"),
    Planted(
        "quadratic-half",
        Quadratic(),
        ((3,),),
        _gradient(lambda a, y: 0.5 * (a - y)),
        "as of a derivative of a square",
        "jacobian[a]",
    ),
    Planted(
        "quadratic-mean-of-features",
        Quadratic(),
        ((5,),),
        _gradient(lambda a, y: (a - y) / 5),
        "5, the size of the last axis",
        "jacobian[a]",
    ),
    Planted(
        "multiply-swapped", Multiply(), ((3,), (3,)), _of_a(lambda a, b: Diagonal(a)), "swapped blocks", "jacobian[a]"
    ),
    Planted(
        "multiply-own",
        Multiply(),
        ((3,), (3,)),
        _of_a(lambda a, b: Diagonal(a * b)),
        "a factor too many: measured = declared / a",
        "jacobian[a]",
    ),
    Planted(
        "multiply-absolute",
        Multiply(),
        ((3,), (3,)),
        _of_a(lambda a, b: Diagonal(np.abs(b))),
        "absolute value",
        "jacobian[a]",
    ),
    Planted(
        "layer-norm-gain",
        LayerNorm(),
        ((5,),),
        _norm(lambda s, p, saved: s.blocks(p, saved["x"], saved["scale"] * np.ones_like(saved["x"]))),
        "a factor is missing: measured = declared × g",
    ),
    Planted(
        "layer-norm-scale",
        LayerNorm(),
        ((5,),),
        _norm(lambda s, p, saved: s.blocks(p, saved["x"], p["g"][None])),
        "one factor per example is missing",
    ),
    Planted(
        "layer-norm-variance-sign",
        LayerNorm(),
        ((5,),),
        _norm(lambda s, p, saved: s.blocks(p, saved["x"], p["g"] * saved["scale"], -1.0)),
        "the term 'rank one' has the wrong sign",
    ),
    Planted(
        "layer-norm-constants",
        LayerNorm(),
        ((5,),),
        _norm(
            lambda s, p, saved: {
                **s.blocks(p, saved["x"], p["g"] * saved["scale"]),
                "x": compose(
                    Diagonal(p["g"] * saved["scale"]),
                    add(Identity(), RankOne(-np.ones_like(saved["x"][:1]) / 5, np.ones_like(saved["x"][:1]))),
                ),
            }
        ),
        "a term of rank one is missing",
    ),
    Planted(
        "conv-flipped",
        Conv(),
        ((7,),),
        _conv(lambda x, w: (x, w[..., ::-1])),
        "reversed along axis 0 of 'w'",
        "jacobian[w]",
    ),
    Planted(
        "conv-shifted", Conv(), ((7,),), _conv(lambda x, w: (np.roll(x, 1, 1), w)), "shifted by one along axis 0 of 'x'"
    ),
    Planted(
        "max-pool-loser", MaxPool(), ((6,),), lambda self, x: Gather(self.winners(-x)), "right values in wrong places"
    ),
    Planted(
        "normalise-constant",
        Normalise(),
        ((4,),),
        lambda self, x: Diagonal(np.ones_like(x) / np.sqrt((x * x).sum(1, keepdims=True) + 1e-3)),
        "rank one",
    ),
    Planted(
        "weighted-without",
        Weighted(),
        ((3,),),
        lambda self, x: self.sums(),
        "one factor per entry of the output's last axis",
    ),
    Planted(
        "waves-half-sign",
        Waves(),
        ONE,
        _slope(lambda s, x, y: np.concatenate([np.cos(x[:, :2]), np.sin(x[:, 2:])], axis=1)),
        "only y[2:4] is wrong: there it has the wrong sign",
    ),
    Planted(
        "quotient-chain",
        Quotient(),
        ((3,),),
        lambda self, x, y, p: self.blocks(x, y, p, 1),
        "right where b = 0: the mistake is in a term with b",
    ),
    Planted(
        "huber-slope",
        Huber(),
        ONE,
        lambda self, a, y: np.where(np.abs(a - y) < 0.8, a - y, np.sign(a - y)),
        "a wrong branch: only entries with |a − y| > ",
        "jacobian[a]",
    ),
    Planted(
        "sigmoid-at-own-y",
        S,
        ONE,
        lambda self, x: Diagonal(sigma(sigma(x)) * (1 - sigma(sigma(x)))),
        "right for an input of y",
    ),
]
