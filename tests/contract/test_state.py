"""A layer's state is what it returned, whatever happens to the memory that it returned it in."""

from __future__ import annotations

import numpy as np
from bpframe_reference import Dense, GradientDescent, QuadraticCost

from bpframe import Network
from bpframe.extend import IdentityMap, Layer, State

X = np.random.default_rng(0).standard_normal((6, 2))


class Remembering(Layer):
    """y = x; the state, the batch's last example, is a view of the buffer that the next pass writes."""

    def initial_state(self, shape):
        return {"last": State(shape)}

    def forward(self, x, state, training, out):
        if training:
            seen.append(np.array(state["last"]))
        np.copyto(out, x)
        return out, {"last": out[-1]}

    def jacobian(self):
        return IdentityMap()


seen: list[np.ndarray] = []


def test_a_returned_view_of_a_buffer_keeps_its_values():
    seen.clear()
    net = Network([Remembering(), Dense(units=1)], input_shape=(2,), cost=QuadraticCost())
    options = {"optimizer": GradientDescent(learning_rate=0.01), "batch_size": 2, "shuffle": False}
    net.fit(X, np.zeros((6, 1)), epochs=1, **options)
    np.testing.assert_allclose(seen, [[0, 0], X[1], X[3]], rtol=1e-14)
    after = net.state["remembering_1"]["last"]
    np.testing.assert_allclose(after, X[5], rtol=1e-14)
    net.fit(X, np.zeros((6, 1)), epochs=1, **options)
    assert len(seen) == 6
    np.testing.assert_allclose(seen[3], X[5], rtol=1e-14)
    net.fit(X[:4], np.zeros((4, 1)), epochs=1, **options)
    np.testing.assert_allclose(after, X[5], rtol=1e-14, err_msg="a state that was handed out has changed")
