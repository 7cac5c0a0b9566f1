"""Layers that take the mean of the batch away, and so couple its examples."""

from typing import ClassVar

from bpframe.extend import Array, IdentityMap, Layer, Operator


class MeanRemoved(Operator):
    """v ↦ v − mean v, over the batch; symmetric."""

    couples_batch = True

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return v - v.mean(axis=-2, keepdims=True)

    vjp = jvp


class Centred(Layer):
    """y = x − mean x, whenever it runs."""

    couples_batch: ClassVar[bool] = True

    def forward(self, x: Array) -> Array:
        return x - x.mean(axis=0)

    def jacobian(self) -> Operator:
        return MeanRemoved()


class CentredInTraining(Layer):
    """y = x − mean x in training, y = x otherwise."""

    couples_batch: ClassVar[bool] = True

    def forward(self, x: Array, training: bool) -> Array:
        return x - x.mean(axis=0) if training else x

    def jacobian(self, training: bool) -> Operator:
        return MeanRemoved() if training else IdentityMap()
