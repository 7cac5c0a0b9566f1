"""Historical mistakes in layers with parameters, state or buffers, rebuilt small."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Cost,
    Diagonal,
    Field,
    Identity,
    Layer,
    Matrix,
    Operator,
    Parameter,
    State,
    WeightTimes,
)


class TransposedWeight(Layer):
    """A square weight matrix handed on without its transpose: the slip that eq. (20) of the tutorial warns of.

    Shapes agree, so that nothing but the numbers tells.
    """

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"w": Parameter((features, features))}

    def forward(self, a: Array, p: Mapping[str, Array]) -> Array:
        return a @ p["w"].T

    def jacobian(self, a: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        return {"a": Matrix(p["w"].T), "w": WeightTimes(a)}


class MeanOfBatch(Cost):
    """The missing 1/N: the cost is a mean over the batch, its gradient that of a sum (cs231n's and many courses' slip).

    It also couples the examples, which costs do not.
    """

    def forward(self, a: Array, y: Array) -> Array:
        return 0.5 * ((a - y) ** 2).sum(axis=1) / max(len(a), 1)

    def jacobian(self, a: Array, y: Array) -> Array:
        return a - y


class DoubledWeightGradient(Layer):
    """Andrew Ng's gradient-checking exercise (notes #10): dW is doubled on purpose, and db is taken four times."""

    def output_shape(self) -> tuple[int, ...]:
        return (2,)

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {"w": Parameter((2, features)), "b": Parameter((2,))}

    def forward(self, a: Array, p: Mapping[str, Array]) -> Array:
        return a @ p["w"].T + p["b"]

    def jacobian(self, a: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        return {"a": Matrix(p["w"]), "w": WeightTimes(2 * a), "b": Diagonal(4 * np.ones_like(p["b"][None]))}


class AddInPlace(Layer):
    """thinc's add: `Y += layer_Y` wrote into an array that another layer, or the caller, still held."""

    def forward(self, a: Array, b: Array) -> Array:
        a += b
        return a

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Identity(), "b": Identity()}


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
        return Identity()


class FlippedKernel(Layer):
    """Convolution against correlation: the kernel's gradient runs the wrong way, as in early Theano-to-Caffe ports."""

    size: int = Field(3, description="How long the kernel is.")

    def output_shape(self, features: int) -> tuple[int, ...]:
        return (features - self.size + 1,)

    def parameters(self) -> dict[str, Parameter]:
        return {"w": Parameter((self.size,))}

    def forward(self, x: Array, p: Mapping[str, Array]) -> Array:
        return np.lib.stride_tricks.sliding_window_view(x, self.size, axis=1) @ p["w"]

    def jacobian(self, x: Array, p: Mapping[str, Array]) -> dict[str, Array]:
        windows = np.lib.stride_tricks.sliding_window_view(x, self.size, axis=1)
        places = x.shape[1] - self.size + 1
        towards_x = np.zeros_like(x, shape=(places, x.shape[1]))
        for t in range(places):
            towards_x[t, t : t + self.size] = p["w"]
        return {"x": towards_x, "w": windows[..., ::-1]}


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
        return {"x": Identity(), "b": towards_b if steps > 1 else Broadcast()}
