"""Convolution over one axis: windows, and one matrix for all of them."""

from bpframe.extend import (
    Array,
    BatchMatMul,
    Broadcast,
    Field,
    Initializer,
    Layer,
    Matrix,
    Operator,
    Parameter,
    PositiveInt,
    Reshape,
    ShapeMismatch,
    WeightTimes,
    Windows,
    compose,
    transposed,
)

from .initializer import UniformInitializer


class Conv1d(Layer):
    """Correlate a signal of several channels with kernels.

        y_{t, k} = Σ_{s, c} w_{k, s, c} x_{stride·t + s, c} + b_k

    Shapes: x (N, T, channels) -> y (N, (T − size) // stride + 1, units); w (units, size, channels), b (units,).
    """

    units: PositiveInt = Field(description="How many kernels there are.")
    size: PositiveInt = Field(description="How many places a kernel covers.")
    stride: PositiveInt = Field(1, description="How far apart the places are at which it is applied.")
    kernel: Initializer = Field(UniformInitializer(), description="Where the kernels start.")

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) != 2 or shape[0] < self.size:
            raise ShapeMismatch(
                "the kernel does not fit", expected=f"(N, T, channels) with T >= {self.size}", received=str(shape)
            )
        return ((shape[0] - self.size) // self.stride + 1, self.units)

    def parameters(self, features: int) -> dict[str, Parameter]:
        fan_in = self.size * features
        return {
            "w": Parameter((self.units, self.size, features), init=self.kernel, fan_in=fan_in),
            "b": Parameter((self.units,)),
        }

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        saved["rows"] = Windows(self.size, self.stride).jvp(x)
        return saved["rows"] @ p["w"].reshape(self.units, -1).T + p["b"]

    def jacobian(self, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        return {
            "x": compose(Matrix(p["w"].reshape(self.units, -1)), Windows(self.size, self.stride)),
            "w": compose(WeightTimes(saved["rows"]), Reshape()),
            "b": Broadcast(),
        }

    def second_order(self, u: Array) -> dict[tuple[str, str], Operator]:
        """The errors go back through any kernel: w ↦ windowsᵀ (u w)."""
        back = transposed(Windows(self.size, self.stride))
        return {("x", "w"): compose(back, BatchMatMul(u, "left"), Reshape())}
