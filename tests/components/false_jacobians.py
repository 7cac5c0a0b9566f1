"""The bank of false Jacobians: what is declared wrong, and the words in which it has to be refused.

PLANTED are single mistakes in components that are right; SHIPPED are whole components, rebuilt small, as other projects
published them, and what else a check is there for. One table, longer than other files, so that it is seen at a glance
which mistakes are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from bpframe_activations import Softmax
from bpframe_reference import Dense, QuadraticCost

from bpframe.core.component import contract_of
from bpframe.extend import (
    Activation,
    Array,
    BatchMatrix,
    Broadcast,
    Component,
    Cost,
    Diagonal,
    Field,
    Gather,
    IdentityMap,
    Layer,
    Matrix,
    Operator,
    Parameter,
    RankOne,
    State,
    WeightTimes,
    add,
    compose,
)

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class FalseJacobian:
    """A right component, what its jacobian is replaced by, the words of the diagnosis, and the check that fails.

    The check is that of the first input where none is named. `story` says where the mistake was shipped.
    """

    name: str
    component: Component
    shapes: Shapes
    jacobian: Callable[..., Any]
    cause: str
    key: str = ""
    story: str = ""

    @property
    def check(self) -> str:
        contract = contract_of(type(self.component))
        return f"jacobian[{self.key or ('a' if contract.category == 'cost' else (contract.inputs or ('',))[0])}]"

    @property
    def false(self) -> Component:
        """The component with the false Jacobian."""
        cls = type(self.component)
        made = type(f"{cls.__name__}False", (cls,), {"jacobian": self.jacobian, "__doc__": cls.__doc__})
        return made(**dict(self.component))


def sigma(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


class Sigmoid(Activation):
    """A sigmoid of k x."""

    k: float = Field(1.0, description="How steep it is.")

    def forward(self, x: Array) -> Array:
        return sigma(self.k * x)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(self.k * y * (1 - y))


class Tanh(Activation):
    """The hyperbolic tangent."""

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(1 - y * y)


class Asinh(Activation):
    """The inverse of the hyperbolic sine."""

    def forward(self, x: Array) -> Array:
        return np.arcsinh(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(1 / np.sqrt(1 + x * x))


class Elu(Activation):
    """x above 0, α (eˣ − 1) below."""

    alpha: float = Field(-2.0, description="The height of the negative branch.")

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x.real, 0)))

    def jacobian(self, x: Array, y: Array) -> Operator:
        return Diagonal(np.where(x > 0, np.ones_like(y), y + self.alpha))


class Residual(Activation):
    """x + σ(x)."""

    def forward(self, x: Array) -> Array:
        return x + sigma(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(1 + sigma(x) * (1 - sigma(x)))


class Degrees(Activation):
    """The sine of an angle in degrees."""

    domain: ClassVar = (-1e5, 1e5)

    def forward(self, x: Array) -> Array:
        return np.sin(x * np.pi / 180)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.cos(x * np.pi / 180) * np.pi / 180)


class Waves(Activation):
    """Sines of the first half of the entries, cosines of the second."""

    def forward(self, x: Array) -> Array:
        return np.concatenate([np.sin(x[:, :2]), np.cos(x[:, 2:])], axis=1)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.concatenate([np.cos(x[:, :2]), -np.sin(x[:, 2:])], axis=1))


class Mean(Layer):
    """x² divided by the number of examples."""

    def forward(self, x: Array) -> Array:
        return x * x / max(len(x), 1)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x / max(len(x), 1))


class Multiply(Layer):
    """a ⊙ b."""

    def forward(self, a: Array, b: Array) -> Array:
        return a * b

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Diagonal(b), "b": Diagonal(a)}


class Subtract(Layer):
    """a − b."""

    def forward(self, a: Array, b: Array) -> Array:
        return a - b

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": IdentityMap(), "b": Diagonal(-np.ones_like(b))}


class SinTimes(Layer):
    """sin(a) b."""

    def forward(self, a: Array, b: Array) -> Array:
        return np.sin(a) * b

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Diagonal(np.cos(a) * b), "b": Diagonal(np.sin(a))}


class Larger(Layer):
    """2a where a is larger than b, else 3b."""

    def forward(self, a: Array, b: Array) -> Array:
        return np.where(a.real > b.real, 2 * a, 3 * b)

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Diagonal(np.where(a > b, 2 * np.ones_like(a), 0)), "b": Diagonal(np.where(a > b, 0 * b, 3))}


class Weighted(Layer):
    """Sums of neighbours, each output with a weight of its own: 2, 3, 5."""

    def forward(self, x: Array) -> Array:
        return (x + np.roll(x, 1, axis=1)) * np.array([2, 3, 5]).astype(x.real.dtype)

    def jacobian(self, x: Array) -> Array:
        return self.sums() * np.array([2, 3, 5])[:, None]

    def sums(self) -> Array:
        return np.eye(3) + np.roll(np.eye(3), 1, axis=0)


class Normalise(Layer):
    """x / ‖x‖."""

    def forward(self, x: Array) -> Array:
        return x / np.sqrt((x * x).sum(axis=1, keepdims=True) + 1e-3)

    def jacobian(self, x: Array, y: Array) -> Operator:
        return compose(Diagonal(self.scale(x)), add(IdentityMap(), RankOne(-y, y)))

    def scale(self, x: Array) -> Array:
        return np.ones_like(x) / np.sqrt((x * x).sum(axis=1, keepdims=True) + 1e-3)


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
        return self.blocks(saved["x"], p["g"] * saved["scale"])

    def blocks(self, x: Array, scale: Array, own: float = 1.0) -> dict[str, Operator]:
        """`own` is the factor of the term in which the variance changes."""
        n, ones = x.shape[-1], np.ones_like(x[:1])
        terms = [IdentityMap(), RankOne(-ones / n, ones), *([RankOne(-own * x / n, x)] if own else [])]
        return {"x": compose(Diagonal(scale), add(*terms)), "g": compose(Diagonal(x), Broadcast()), "b": Broadcast()}


class Quotient(Layer):
    """y = (x + x³) / (1 + (b x)²)."""

    def parameters(self) -> dict[str, Parameter]:
        return {"b": Parameter((1,), init=0.5)}

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        return (x + x**3) / (1 + (p["b"] * x) ** 2)

    def jacobian(self, x: Array, y: Array, p: Mapping[str, Array]) -> dict[str, Any]:
        return self.blocks(x, y, p["b"], 2)

    def blocks(self, x: Array, y: Array, b: Array, factor: float) -> dict[str, Any]:
        q = 1 + (b * x) ** 2
        towards_x = Diagonal((1 + 3 * x**2 - factor * y * b**2 * x) / q)
        return {"x": towards_x, "b": (-2 * y * b * x**2 / q)[..., None]}


class Huber(Cost):
    """½r² up to |r| = 0.8, and from there on its tangent."""

    def forward(self, a: Array, y: Array) -> Array:
        r = np.abs(a - y)
        return np.where(r < 0.8, r * r / 2, 0.8 * (r - 0.4)).sum(axis=1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return np.clip(a - y, -0.8, 0.8)


_LAST: WeakKeyDictionary[type, dict[str, Array]] = WeakKeyDictionary()


def _stale(self: Any, x: Array, y: Array) -> Operator:
    last = _LAST.setdefault(type(self), {})  # each false component remembers on its own, whichever test came before
    before = last.get(str(x.shape), y)
    last[str(x.shape)] = y.copy()
    return Diagonal(before * (1 - before))


def _slope(formula: Callable[[Any, Array, Array], Array]) -> Callable[..., Any]:
    """The Jacobian of an activation, from self, x and y = σ(x)."""
    return lambda self, x, y: Diagonal(formula(self, x, y))


def _dense(**changed: Callable[[Array, Array], Any]) -> Callable[..., Any]:
    """The Jacobian of z = w a + b with some entries made anew from a and w."""

    def jacobian(self: Any, a: Array, p: Mapping[str, Array]) -> dict[str, Any]:
        right = {"a": Matrix(p["w"]), "w": WeightTimes(a), "b": Broadcast()}
        return {**right, **{key: make(a, p["w"]) for key, make in changed.items()}}

    return jacobian


def _conv(change: Callable[[Array, Array], tuple[Array, Array]]) -> Callable[..., Any]:
    def jacobian(self: Any, x: Array, p: Mapping[str, Array]) -> dict[str, Array]:
        right = Conv.jacobian(self, x, p)
        return dict(zip("xw", change(right["x"], right["w"]), strict=True))

    return jacobian


def _with(array: Array, place: Any, change: Callable[[Array], Array]) -> Array:
    """A copy with some of its entries changed."""
    changed = array.copy()
    changed[place] = change(changed[place])
    return changed


S, ONE, THREE = Sigmoid(), ((4,),), ((3,),)
TWO = ((3,), (3,))
DENSE = Dense(units=3)

# fmt: off
PLANTED = [
    FalseJacobian("sigmoid-sign", S, ONE, _slope(lambda s, x, y: -y * (1 - y)), "sign"),
    FalseJacobian("sigmoid-doubled", S, ONE, _slope(lambda s, x, y: 2 * y * (1 - y)),
                  "constant factor: measured/declared = 0.5"),
    FalseJacobian("asinh-reciprocal", Asinh(), ONE, lambda self, x: Diagonal(np.sqrt(1 + x * x)), "reciprocal",
                  story="graphax keeps derivative rules in a table; that of asinh was upside down, untested."),
    FalseJacobian("sigmoid-squared", S, ONE, _slope(lambda s, x, y: (y * (1 - y)) ** 2), "a square too many"),
    FalseJacobian("sigmoid-root", S, ONE, _slope(lambda s, x, y: np.sqrt(y * (1 - y))), "a square is missing"),
    FalseJacobian("sigmoid-of-x", S, ONE, _slope(lambda s, x, y: x * (1 - x)), "derivative at x instead of y"),
    FalseJacobian("tanh-of-x", Tanh(), ONE, lambda self, x: Diagonal(1 - x * x), "derivative at x instead of y",
                  story="MXNet #4316 discusses 1 − a²: right where a is the output, wrong when read as the input."),
    FalseJacobian("sigmoid-at-y", S, ONE, _slope(lambda s, x, y: sigma(y) * (1 - sigma(y))),
                  "derivative at y instead of x"),
    FalseJacobian("sigmoid-at-own-y", S, ONE, lambda self, x: Diagonal(sigma(sigma(x)) * (1 - sigma(sigma(x)))),
                  "right for an input of y"),
    FalseJacobian("sigmoid-zero", S, ONE, _slope(lambda s, x, y: 0 * y), "zero block"),
    FalseJacobian("sigmoid-nan", S, ONE, _slope(lambda s, x, y: np.where(x < 0, np.nan, y * (1 - y))),
                  "NaN or infinite"),
    FalseJacobian("sigmoid-lost-factor", S, ONE, _slope(lambda s, x, y: 1 - y),
                  "a factor is missing: measured = declared × y"),
    FalseJacobian("sigmoid-stale", S, ONE, _stale, "stale saved value"),
    FalseJacobian("sigmoid-at-zero", S, ONE, _slope(lambda s, x, y: np.full_like(y, 0.25)), "right only at x = 0"),
    FalseJacobian("sigmoid-frozen", S, ONE, _slope(lambda s, x, y: np.full_like(y, 0.17)), "frozen"),
    FalseJacobian("sigmoid-negative-side", S, ONE, _slope(lambda s, x, y: np.where(x < 0, -1, 1) * y * (1 - y)),
                  "a wrong branch: only entries with x < 0 are wrong: there it has the wrong sign"),
    FalseJacobian("sigmoid-threshold", S, ONE, _slope(lambda s, x, y: np.where(x > 1, 0, y * (1 - y))),
                  "a wrong branch: only entries with x >"),
    FalseJacobian("elu-sign-of-y", Elu(), ONE, _slope(lambda s, x, y: np.where(y > 0, 1, y + s.alpha)),
                  "a wrong branch: only entries with x",
                  story="PyTorch #47671: the branch was chosen by the output's sign, for a negative α another."),
    FalseJacobian("sigmoid-last-example", S, ONE,
                  _slope(lambda s, x, y: _with(y * (1 - y), np.s_[-1:], lambda last: 2 * last)),
                  "only examples 6 of 7 are wrong"),
    FalseJacobian("sigmoid-first-example", S, ONE,
                  _slope(lambda s, x, y: np.broadcast_to((y * (1 - y))[:1], y.shape)),
                  "the first example's Jacobian is declared for all"),
    FalseJacobian("sigmoid-examples-shifted", S, ONE, _slope(lambda s, x, y: np.roll(y * (1 - y), 1, 0)),
                  "in another order"),
    FalseJacobian("steep-forgotten", Sigmoid(k=1.7), ONE, _slope(lambda s, x, y: y * (1 - y)), "which is k"),
    FalseJacobian("steep-twice", Sigmoid(k=1.7), ONE, _slope(lambda s, x, y: s.k**2 * y * (1 - y)), "which is 1/k"),
    FalseJacobian("degrees", Degrees(), ONE, lambda self, x: Diagonal(np.cos(x * np.pi / 180)),
                  "degrees against radians"),
    FalseJacobian("residual-missing", Residual(), ONE, lambda self, x: Diagonal(sigma(x) * (1 - sigma(x))),
                  "the identity is missing"),
    FalseJacobian("residual-twice", Residual(), ONE, lambda self, x: Diagonal(2 + sigma(x) * (1 - sigma(x))),
                  "an identity too many"),
    FalseJacobian("softmax-diagonal", Softmax(), ONE, lambda self, y: Diagonal(y * (1 - y)), "off-structure",
                  story="A softmax with a sigmoid's derivative: the commonest slip in networks written by hand."),
    FalseJacobian("softmax-plus", Softmax(), ONE, lambda self, y: add(Diagonal(y), RankOne(y, y)),
                  "the term 'rank one' has the wrong sign"),
    FalseJacobian("softmax-no-diagonal", Softmax(), ONE, lambda self, y: RankOne(-y, y), "only the diagonal is wrong"),
    FalseJacobian("softmax-twice", Softmax(), ONE, lambda self, y: add(Diagonal(y), RankOne(-2 * y, y)),
                  "is twice what it should be"),
    FalseJacobian("dense-transposed", DENSE, THREE, _dense(a=lambda a, w: Matrix(w.T)), "transposed",
                  story="The slip that eq. (20) of the tutorial warns of: shapes agree, nothing but numbers tells."),
    FalseJacobian("dense-weight-doubled", DENSE, THREE, _dense(w=lambda a, w: WeightTimes(2 * a)),
                  "constant factor: measured/declared = 0.5", "w",
                  story="Andrew Ng's gradient-checking exercise (notes #10): dW is doubled on purpose."),
    FalseJacobian("dense-bias-fourfold", DENSE, THREE, _dense(b=lambda a, w: Diagonal(4 * np.ones_like(w[:1]))),
                  "constant factor: measured/declared = 0.25", "b",
                  story="Andrew Ng's gradient-checking exercise again: db is taken four times."),
    FalseJacobian("dense-bias-zero", DENSE, THREE, _dense(b=lambda a, w: np.zeros((3, 3))), "zero block", "b"),
    FalseJacobian("dense-weight-axes", DENSE, THREE, _dense(w=lambda a, w: np.einsum("il,nj->nijl", np.eye(3), a)),
                  "axes 0 and 1 of 'w' are exchanged", "w"),
    FalseJacobian("dense-column", DENSE, THREE,
                  _dense(a=lambda a, w: Matrix(_with(w, np.s_[:, 0], lambda column: 1.1 * column))),
                  "only the column of a[0] is wrong"),
    FalseJacobian("dense-entry", DENSE, THREE,
                  _dense(a=lambda a, w: Matrix(_with(w, (1, 2), lambda entry: entry + 0.1))),
                  "a single entry is wrong, in every example: ∂y[1]/∂a[2]"),
    FalseJacobian("mean", Mean(), THREE, lambda self, x: Diagonal(2 * x), "missing batch mean",
                  story="The missing 1/N: a mean over the batch, with the gradient of a sum (many courses' slip)."),
    FalseJacobian("quadratic-mean", QuadraticCost(), THREE, lambda self, a, y: (a - y) / max(len(a), 1),
                  "double batch mean"),
    FalseJacobian("quadratic-sign", QuadraticCost(), THREE, lambda self, a, y: y - a, "sign",
                  story="teaching-monolith #1: course material had the difference the wrong way round."),
    FalseJacobian("quadratic-half", QuadraticCost(), THREE, lambda self, a, y: 0.5 * (a - y),
                  "as of a derivative of a square"),
    FalseJacobian("quadratic-mean-of-features", QuadraticCost(), ((5,),), lambda self, a, y: (a - y) / 5,
                  "5, the size of the last axis"),
    FalseJacobian("multiply-swapped", Multiply(), TWO, lambda self, a, b: {"a": Diagonal(a), "b": Diagonal(a)},
                  "swapped blocks"),
    FalseJacobian("multiply-own", Multiply(), TWO, lambda self, a, b: {"a": Diagonal(a * b), "b": Diagonal(a)},
                  "a factor too many: measured = declared / a"),
    FalseJacobian("multiply-absolute", Multiply(), TWO, lambda self, a, b: {"a": Diagonal(np.abs(b)), "b": Diagonal(a)},
                  "absolute value"),
    FalseJacobian("subtract-sign", Subtract(), TWO, lambda self, a, b: {"a": IdentityMap(), "b": IdentityMap()},
                  "sign", "b",
                  story="micrograd_c #1: a − b handed on equal errors; ORB-SLAM3 #330: so did prior − estimate."),
    FalseJacobian("sin-times-sign", SinTimes(), TWO,
                  lambda self, a, b: {"a": Diagonal(np.cos(a) * b), "b": Diagonal(-np.sin(a))}, "sign", "b",
                  story="JAX #3213: the documentation's custom rule of sin(x) y had −sin(x) for the derivative in y."),
    FalseJacobian("larger-zero", Larger(), ((4,), (4,)),
                  lambda self, a, b: {"a": Diagonal(np.where(a > b, 2 * np.ones_like(a), 0)), "b": Diagonal(0 * b)},
                  "zero block", "b",
                  story="After HIPS autograd #396, on np.where: one of the two selected values got no gradient."),
    FalseJacobian("layer-norm-gain", LayerNorm(), ((5,),),
                  lambda self, saved: self.blocks(saved["x"], saved["scale"] * np.ones_like(saved["x"])),
                  "a factor is missing: measured = declared × g"),
    FalseJacobian("layer-norm-scale", LayerNorm(), ((5,),),
                  lambda self, p, saved: self.blocks(saved["x"], p["g"][None]),
                  "one factor per example is missing"),
    FalseJacobian("layer-norm-variance-sign", LayerNorm(), ((5,),),
                  lambda self, p, saved: self.blocks(saved["x"], p["g"] * saved["scale"], -1.0),
                  "the term 'rank one' has the wrong sign"),
    FalseJacobian("layer-norm-constants", LayerNorm(), ((5,),),
                  lambda self, p, saved: self.blocks(saved["x"], p["g"] * saved["scale"], 0.0),
                  "a term of rank one is missing",
                  story="A normalisation that takes the deviation for a constant, as hand-written backward passes do."),
    FalseJacobian("conv-flipped", Conv(), ((7,),), _conv(lambda x, w: (x, w[..., ::-1])),
                  "reversed along axis 0 of 'w'", "w",
                  story="The kernel's gradient ran the wrong way in early Theano-to-Caffe ports."),
    FalseJacobian("conv-shifted", Conv(), ((7,),), _conv(lambda x, w: (np.roll(x, 1, 1), w)),
                  "shifted by one along axis 0 of 'x'"),
    FalseJacobian("max-pool-loser", MaxPool(), ((6,),), lambda self, x: Gather(self.winners(-x)),
                  "right values in wrong places",
                  story="Max-pooling kernels of several frameworks, where a comparison was turned round."),
    FalseJacobian("normalise-constant", Normalise(), ONE, lambda self, x: Diagonal(self.scale(x)), "rank one"),
    FalseJacobian("weighted-without", Weighted(), THREE, lambda self, x: self.sums(),
                  "one factor per entry of the output's last axis"),
    FalseJacobian("waves-half-sign", Waves(), ONE,
                  lambda self, x: Diagonal(np.concatenate([np.cos(x[:, :2]), np.sin(x[:, 2:])], axis=1)),
                  "only y[2:4] is wrong: there it has the wrong sign"),
    FalseJacobian("quotient-chain", Quotient(), THREE, lambda self, x, y, p: self.blocks(x, y, p["b"], 1),
                  "right where b = 0: the mistake is in a term with b"),
    FalseJacobian("huber-slope", Huber(), ONE,
                  lambda self, a, y: np.where(np.abs(a - y) < 0.8, a - y, np.sign(a - y)),
                  "a wrong branch: only entries with |a − y| > "),
]
# fmt: on


class EluByWhere(Activation):
    """MXNet #14673: both branches were computed and one picked, so that 0 · ∞ made NaN of large inputs."""

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))

    def jacobian(self, x: Array) -> Operator:
        positive = (x > 0).astype(x.dtype)
        return Diagonal(positive + (1 - positive) * np.exp(x))


class CrossEntropyOfProbabilities(Cost):
    """A step left out in many hand-written networks (NeuralNetworkFromScratch #3): the sigmoid's slope is missing."""

    domain: ClassVar = (-50.0, 50.0)

    def forward(self, a: Array, y: Array) -> Array:
        return (0.5 * (sigma(a) - y) ** 2).sum(axis=tuple(range(1, a.ndim)))

    def jacobian(self, a: Array, y: Array) -> Array:
        return sigma(a) - y


class MeanOfBatch(Cost):
    """The missing 1/N again, in a cost, which also couples the examples (cs231n's slip)."""

    def forward(self, a: Array, y: Array) -> Array:
        return 0.5 * ((a - y) ** 2).sum(axis=1) / max(len(a), 1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return a - y


class Select(Layer):
    """After PyTorch #59615: a Jacobian false in few places, which a random direction does not see.

    Entries are chosen by a mask; the one block of ones at the end is declared to be zero.
    """

    def forward(self, x: Array) -> Array:
        return x * 1.0

    def jacobian(self, x: Array) -> Operator:
        kept = np.ones_like(x[:1])
        kept[..., -1:] = 0
        return Diagonal(kept)


class Renorm(Layer):
    """PyTorch #59615 and #59650: clipping to a norm, with the branches of its backward pass exchanged."""

    limit: float = Field(1.5, description="The largest norm.")

    def forward(self, x: Array) -> Array:
        norm = np.sqrt((x * x).sum(axis=1, keepdims=True))
        return np.where(norm.real > self.limit, x * self.limit / norm, x)

    def jacobian(self, x: Array) -> Array:
        norm = np.sqrt((x * x).sum(axis=1, keepdims=True))
        unit = x / norm
        eye = np.eye(x.shape[1], dtype=x.dtype)
        clipped = self.limit / norm[..., None] * (eye - unit[:, :, None] * unit[:, None, :])
        return np.where(norm[..., None] <= self.limit, clipped, eye)


class Sort(Layer):
    """PyTorch #57166: a permutation's Jacobian that is wrong where two entries are close, unseen along one direction.

    Entries nearer than `tolerance` are taken for equal and left in their order.
    """

    tolerance: float = Field(0.2, description="Entries nearer than this count as ties.")

    def forward(self, x: Array) -> Array:
        return np.sort(x, axis=1)

    def jacobian(self, x: Array) -> Operator:
        return Gather(np.argsort(np.round(x / self.tolerance), axis=1, kind="stable"))


class UnaryFactor(Layer):
    """GTSAM #704: a position factor whose Jacobian is the identity; with a heading it is a rotation. Right at angle 0.

    Inputs: a displacement (2,) in the body's frame and a heading (1,); output: the displacement in the world's.
    """

    def output_shape(self) -> tuple[int, ...]:
        return (2,)

    def forward(self, t: Array, angle: Array) -> Array:
        c, s = np.cos(angle[:, 0]), np.sin(angle[:, 0])
        return np.stack([c * t[:, 0] - s * t[:, 1], s * t[:, 0] + c * t[:, 1]], axis=1)

    def jacobian(self, t: Array, angle: Array) -> dict[str, Operator | Array]:
        c, s = np.cos(angle[:, 0]), np.sin(angle[:, 0])
        turned = np.stack([-s * t[:, 0] - c * t[:, 1], c * t[:, 0] - s * t[:, 1]], axis=1)
        return {"t": IdentityMap(), "angle": turned[:, :, None]}


class NormAtZero(Layer):
    """HIPS autograd #151, PyTorch #2421, JAX #3058: the derivative of a norm divides by it, NaN for zeros."""

    def output_shape(self) -> tuple[int, ...]:
        return (1,)

    def forward(self, x: Array) -> Array:
        return np.sqrt((x * x).sum(axis=1, keepdims=True))

    def jacobian(self, x: Array, y: Array) -> Array:
        return (x / y)[:, None, :]


class AddInPlace(Layer):
    """thinc's add: `Y += layer_Y` wrote into an array that another layer, or the caller, still held."""

    def forward(self, a: Array, b: Array) -> Array:
        a += b
        return a

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": IdentityMap(), "b": IdentityMap()}


class BatchNormOfBatchInEvaluation(Layer):
    """PyTorch #586, PyTorch/XLA #913: in evaluation, the backward pass took the batch's deviation, not the running one.

    In training, too, this sketch uses the running statistics, so that only the slope is at stake.
    """

    def initial_state(self, features: int) -> dict[str, State]:
        return {"variance": State((features,), init=1)}

    def forward(self, x: Array, state: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        return x / np.sqrt(state["variance"] + 0.1), state

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x) / np.sqrt(x.var(axis=0) + 0.1))


class RunningMeanInPlace(Layer):
    """PyTorch #586: gradients changed from call to call, since the backward pass wrote into the running statistics."""

    def initial_state(self, features: int) -> dict[str, State]:
        return {"mean": State((features,), init=0)}

    def forward(self, x: Array, state: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        state["mean"] *= 0.9
        state["mean"] += 0.1 * x.mean(axis=0)
        return x - state["mean"], state

    def jacobian(self, x: Array) -> Operator:
        return IdentityMap()


class FloatOnly(Layer):
    """A kernel with a branch of its own for float32, in which a factor is lost: tests in float64 never see it."""

    def forward(self, x: Array) -> Array:
        return x * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x if x.dtype == np.float64 else x)


class MaskDrawnAgain(Layer):
    """Dropout whose backward pass draws a new mask instead of keeping forward's."""

    couples_batch: ClassVar[bool] = False

    def forward(self, x: Array, rng: np.random.Generator) -> Array:
        return x * (rng.random(x.shape) < 0.5)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal((np.random.default_rng(3).random(x.shape) < 0.5).astype(x.dtype))


class BiasOfOneExample(Layer):
    """The bias's gradient forgets the sum over time steps: only the last step's error arrives."""

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"b": Parameter((features,))}

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        return x + p["b"]

    def jacobian(self, x: Array) -> dict[str, Operator | Array]:
        steps, features = x.shape[1:]
        towards_b = np.zeros((steps, features, features))
        towards_b[-1] = np.eye(features)
        return {"x": IdentityMap(), "b": towards_b if steps > 1 else Broadcast()}


class Wide(Activation):
    """A NumPy number among the factors makes float64 of every input: the usual slip of float32 networks."""

    def forward(self, x: Array) -> Array:
        return x * np.float64(2) * np.ones(1)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * np.ones_like(x))


class Mixed(Activation):
    """A mean over axis 0, which mixes examples, where that of the features was meant."""

    def forward(self, x: Array) -> Array:
        return x - x.mean(axis=0)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x))


class Lopsided(BatchMatrix):
    """vjp multiplies with the matrix, where its transpose is meant."""

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return np.asarray(self.jvp(u))


class Turned(Activation):
    """A rotation by a quarter, whose operator has a vjp that is not the transpose of its jvp."""

    def forward(self, x: Array) -> Array:
        return np.stack([-x[:, 1], x[:, 0]], axis=1)

    def jacobian(self, x: Array) -> Operator:
        return Lopsided(np.array([[[0.0, -1.0], [1.0, 0.0]]], x.dtype))


class ByRows(BatchMatrix):
    """vjp writes into a reshaped array: a copy, where `zeros_like` took the order of the axes from the argument."""

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        pulled = np.zeros_like(u)
        pulled.reshape(-1)[...] = super().vjp(u).reshape(-1)
        return pulled


class Reversed(Activation):
    """bpframe's own windows had it: errors that lay in memory in another order came back as zeros, in silence."""

    def forward(self, x: Array) -> Array:
        return np.stack([-x[:, 1], x[:, 0]], axis=1)

    def jacobian(self, x: Array) -> Operator:
        return ByRows(np.array([[[0.0, -1.0], [1.0, 0.0]]], x.dtype))


#: Component, shapes, the check that must fail, words of its diagnosis or message.
SHIPPED: list[tuple[Component, Shapes, str, str]] = [
    (EluByWhere(), ((4,),), "extremes", "not finite at x = 1000"),
    (CrossEntropyOfProbabilities(), ((3,),), "jacobian[a]", "measured/declared lies between"),
    (MeanOfBatch(), ((3,),), "jacobian[a]", "missing batch mean"),
    (Select(), ((20,),), "jacobian[x]", "single entry is wrong, in every example: ∂y[19]/∂x[19]"),
    (Renorm(), ((3,),), "jacobian[x]", ""),
    (Sort(), ((5,),), "jacobian[x]", "wrong places"),
    (UnaryFactor(), ((2,), (1,)), "jacobian[t]", ""),
    (NormAtZero(), ((3,),), "extremes", "not finite"),
    (AddInPlace(), ((3,), (3,)), "purity", "in place"),
    (BatchNormOfBatchInEvaluation(), ((4,),), "jacobian[x]", ""),
    (RunningMeanInPlace(), ((4,),), "purity", "in place"),
    (FloatOnly(), ((4,),), "precision", "dtype"),
    (MaskDrawnAgain(), ((9,),), "jacobian[x]", ""),
    (BiasOfOneExample(), ((4, 3),), "jacobian[b]", "leaves out"),
    (Wide(), ((3,),), "dtype", "another dtype"),
    (Mixed(), ((3,),), "independence", "depends on another example's"),
    (Turned(), ((2,),), "adjoint[x]", "not the transpose"),
    (Reversed(), ((2,),), "adjoint[x]", "depends on how its argument lies in memory"),
    *((each.false, each.shapes, each.check, each.cause) for each in PLANTED if each.story),
]
