"""Convolution over one axis, with an operator of its own for the signal and for the kernel."""

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Field,
    Initializer,
    KroneckerForm,
    Layer,
    Operator,
    Parameter,
    PositiveInt,
    ShapeMismatch,
)

from .initializer import UniformInitializer


def windows(x: Array, size: int, stride: int) -> Array:
    """View (..., T, C) as (..., T', size·C) rows, one for each place of the kernel."""
    seen = np.lib.stride_tricks.sliding_window_view(x, size, axis=-2)[..., ::stride, :, :]
    return seen.swapaxes(-1, -2).reshape(*seen.shape[:-2], size * x.shape[-1])


class ConvolveWith(Operator):
    """Move a kernel over a signal: x ↦ Σ_s w_s x_{stride·t + s}.

    Shapes: w (units, size, channels); inputs (T, channels), outputs (T', units).
    """

    def __init__(self, w: Array, stride: int) -> None:
        self.w = w
        self.stride = stride

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        units, size, channels = self.w.shape
        return np.matmul(windows(v, size, self.stride), self.w.reshape(units, size * channels).T, out=out)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        spread = np.zeros_like(u, shape=(*u.shape[:-2], *self.in_shape))
        reach = self.stride * (u.shape[-2] - 1) + 1
        for s in range(self.w.shape[1]):
            spread[..., s : s + reach : self.stride, :] += np.matmul(u, self.w[:, s])
        return spread


class KernelOver(Operator):
    """Move any kernel over a given signal: w ↦ Σ_s w_s x_{stride·t + s}.

    Shapes: rows (N, T', size·channels), the windows of x; inputs (units, size, channels), outputs (T', units).
    """

    def __init__(self, rows: Array) -> None:
        self.rows = rows

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        kernels = v.reshape(*v.shape[:-2], self.rows.shape[-1])
        return np.matmul(self.rows, kernels.swapaxes(-1, -2))

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        found = np.matmul(u.swapaxes(-1, -2), self.rows)
        return found.reshape(*found.shape[:-1], *self.in_shape[1:])

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples and places as one product."""
        stack, units = u.shape[:-3], u.shape[-1]
        flat = u.reshape(*stack, -1, units)
        found = np.matmul(flat.swapaxes(-1, -2), self.rows.reshape(-1, self.rows.shape[-1]))
        return found.reshape(*stack, *self.in_shape)

    def kronecker_form(self, u: Array) -> KroneckerForm:
        """Keep the errors and the windows, one pair for each place of the kernel."""
        return KroneckerForm(u, self.rows, self.in_shape)


class KernelBack(Operator):
    """Spread given errors back to the signal through any kernel: w ↦ the cotangent of x, x̄_{stride·t + s} = Σ w_sᵀ u_t.

    Shapes: u (N, T', units); inputs (units, size, channels), outputs (T, channels).
    """

    def __init__(self, u: Array, stride: int) -> None:
        self.u = u
        self.stride = stride

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        spread = np.zeros_like(v, shape=(*v.shape[:-3], *self.out_shape))
        reach = self.stride * (self.u.shape[1] - 1) + 1
        for s in range(v.shape[-2]):
            spread[..., s : s + reach : self.stride, :] += np.matmul(self.u, v[..., s, :])
        return spread

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        found = np.matmul(self.u.swapaxes(-1, -2), windows(u, self.in_shape[1], self.stride))
        return found.reshape(*found.shape[:-2], *self.in_shape)

    def sum_vjp(self, u: Array, out: Array | None = None) -> Array:
        """Add over examples and places as one product."""
        rows = windows(u, self.in_shape[1], self.stride)
        flat = rows.reshape(*rows.shape[:-3], -1, rows.shape[-1])
        found = np.matmul(self.u.reshape(-1, self.u.shape[-1]).T, flat)
        return found.reshape(*found.shape[:-2], *self.in_shape)


class Conv1d(Layer):
    """Correlate a signal of several channels with kernels.

        y_{t, k} = Σ_{s, c} w_{k, s, c} x_{stride·t + s, c} + b_k

    Shapes: x (N, T, channels) -> y (N, (T − size) // stride + 1, units); w (units, size, channels), b (units,).
    """

    units: PositiveInt
    size: PositiveInt
    stride: PositiveInt = 1
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
        saved["rows"] = windows(x, self.size, self.stride)
        return saved["rows"] @ p["w"].reshape(self.units, -1).T + p["b"]

    def jacobian(self, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        return {"x": ConvolveWith(p["w"], self.stride), "w": KernelOver(saved["rows"]), "b": Broadcast()}

    def second_order(self, u: Array) -> dict[tuple[str, str], Operator]:
        return {("x", "w"): KernelBack(u, self.stride)}
