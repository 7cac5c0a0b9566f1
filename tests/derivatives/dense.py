"""The matrices of second order written out, without asking for any declared second order or Hessian.

`hessian` is the complex step of the back-propagated gradient, as is the Hessian in its scores of a cost that weighs its
targets; everything else comes from forward passes alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from bpframe_reference import Identity

from bpframe import Network
from bpframe.core.backprop.forward import costs
from bpframe.derivatives.first_order.vjp import input_vjp, parameter_vjp
from bpframe.derivatives.points.linearisation import Linearisation
from tests.oracles import along, input_jacobian, parameter_jacobian, run, written_out


class At:
    """A network at a batch as a function of one vector: its parameters, or its inputs one after another."""

    def __init__(self, network: Any, x: Any, y: Any, wrt: str = "parameters", training: bool = False) -> None:
        self.network, self.wrt, self.training = network, wrt, training
        self.inputs, self.targets = network._samples(x, y, None)
        self.batch = len(next(iter(self.inputs.values())))
        self.names = [name for name in network.graph.inputs if name not in network.graph.integer_inputs]
        self.point = network.parameters.vector.copy() if wrt == "parameters" else self.joined(self.inputs)

    def joined(self, arrays: Any) -> np.ndarray:
        return np.concatenate([arrays[name].reshape(-1) for name in self.names])

    def trace(self, vector: np.ndarray) -> Any:
        if self.wrt == "parameters":
            return run(self.network, self.inputs, vector, self.training)
        moved, start = dict(self.inputs), 0
        for name in self.names:
            end = start + self.inputs[name].size
            moved[name] = vector[start:end].reshape(self.inputs[name].shape)
            start = end
        return run(self.network, moved, training=self.training)

    def cost(self, vector: np.ndarray) -> np.ndarray:
        return np.mean(costs(self.trace(vector).workspace, self.targets))

    def gradient(self, vector: np.ndarray) -> np.ndarray:
        """Of the mean cost, by back-propagation; it may be complex."""
        point = Linearisation(self.trace(vector), self.targets)
        if self.wrt == "inputs":
            return self.joined(input_vjp(point.trace, point.errors)) / self.batch
        found = parameter_vjp(point.trace, point.errors)
        return np.concatenate([found[path].reshape(-1) for path in self.network.parameters]) / self.batch

    def hessian(self) -> np.ndarray:
        return written_out(self.gradient, self.point, "complex")

    def hessian_times(self, v: np.ndarray) -> np.ndarray:
        """H v: differences, along v, of a gradient that the complex step takes from the cost."""
        return along(lambda vector: written_out(self.cost, vector, "complex"), self.point, v, "differences")

    def jacobian(self) -> np.ndarray:
        """Of all outputs, (N·out, D)."""
        network, rows = self.network, []
        for output in network.graph.outputs:
            if self.wrt == "parameters":
                parts = [
                    parameter_jacobian(network, self.inputs, path, training=self.training, output=output)
                    for path in network.parameters
                ]
            else:
                parts = [
                    input_jacobian(network, self.inputs, name, training=self.training, output=output)
                    for name in self.names
                ]
            size = self.batch * int(np.prod(network.graph.shapes[output]))
            rows.append(np.concatenate([part.reshape(size, -1) for part in parts], axis=1))
        return np.concatenate(rows)

    def cost_hessian(self) -> np.ndarray:
        """∂² Σ_n C_n/∂a² over all outputs, (N·out, N·out)."""
        trace, blocks = self.trace(self.point), []
        for output, cost in self.network.graph.cost.items():
            a = trace[output]
            if len(self.targets) > len(self.network.graph.cost):  # a cost that counts its targets itself
                alone = At(Network([Identity()], input_shape=a.shape[1:], cost=cost), a, self.targets[output], "inputs")
                blocks.append(alone.hessian() * self.batch)
                continue

            def slope(flat: np.ndarray, cost: Any = cost, shape: Any = a.shape, y: Any = self.targets[output]) -> Any:
                return written_out(lambda each: cost.forward(each.reshape(shape), y).sum(), flat, "complex")

            blocks.append(written_out(slope, a.reshape(-1), "differences"))
        size = sum(map(len, blocks))
        whole, start = np.zeros((size, size)), 0
        for block in blocks:
            whole[start : start + len(block), start : start + len(block)] = block
            start += len(block)
        return whole

    def gauss_newton(self) -> np.ndarray:
        jacobian = self.jacobian()
        return jacobian.T @ self.cost_hessian() @ jacobian / self.batch

    def empirical_fisher(self) -> np.ndarray:
        def each(vector: np.ndarray) -> np.ndarray:
            return costs(self.trace(vector).workspace, self.targets)

        gradients = written_out(each, self.point, "complex")
        return gradients.T @ gradients / self.batch
