"""bpframe: what the trainer does with a batch, its checks of cost and gradient and its choice of threads included."""

from __future__ import annotations

import math

from bpframe.machine.blas_threads import blas_threads
from bpframe.training.largest_product import largest_product
from tests.benchmarks.candidates import Stepping


class BpframeSteps(Stepping):
    def __init__(self, case) -> None:
        from bpframe_reference import GradientDescent

        from bpframe.training.updates import Updater

        self.network = case.build()
        self.engine = self.network._engine
        optimizer = GradientDescent(learning_rate=case.learning_rate)
        self.lane = self.engine._lanes.take()  # as a trainer has one for all of its steps
        self.updater = Updater(optimizer, self.engine.parameters.vector, self.lane.gradient.vector)
        self.product = largest_product(self.network.graph, case.batch)
        x, y = case.data
        self.step = self._stepping({"x": x}, {self.network.graph.outputs[0]: y})

    def _stepping(self, inputs, targets):
        from bpframe.training.nonfinite import all_finite

        engine, lane, updater = self.engine, self.lane, self.updater

        def step():
            cost, _ = engine.differentiate(lane, inputs, targets, training=True, purpose="training")
            if not math.isfinite(cost) or not all_finite(lane.gradient.vector):
                raise FloatingPointError("the cost or the gradient is not finite")
            updater.apply()

        return step

    def run(self, calls: int) -> None:
        with blas_threads(self.product):
            super().run(calls)

    def load(self, parameters) -> None:
        for view, value in zip(self.engine.parameters.views.values(), parameters, strict=True):
            view[...] = value

    def parameters(self):
        return [view.copy() for view in self.engine.parameters.views.values()]


def bpframe(case):
    return BpframeSteps(case)
