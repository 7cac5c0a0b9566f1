"""scikit-learn's MLPClassifier, one mini-batch with each `partial_fit`.

It is as near as it comes: with several labels per example its outputs are sigmoids, but its cost is their
cross-entropy, so that its step has the same matrix products and lacks one σ'. It checks its arguments in every call and
computes the cost, as bpframe does. Momentum and the penalty are off, so that the update is eq. (1) too.
"""

from __future__ import annotations

from tests.benchmarks.candidates import Stepping, Unavailable


class SklearnSteps(Stepping):
    def __init__(self, case) -> None:
        from sklearn.neural_network import MLPClassifier

        self.model = MLPClassifier(
            case.sizes[1:-1], activation="logistic", solver="sgd", alpha=0.0, batch_size=case.batch, momentum=0.0,
            nesterovs_momentum=False, learning_rate_init=case.learning_rate, shuffle=False, random_state=0,
        )  # fmt: skip
        x, y = case.data
        self.model.partial_fit(x, y.astype(int), classes=range(case.sizes[-1]))
        labels = y.astype(int)
        self.step = lambda: self.model.partial_fit(x, labels)

    def load(self, parameters):
        for mine, value in zip(self.model.coefs_, parameters[::2], strict=True):
            mine[...] = value.T
        for mine, value in zip(self.model.intercepts_, parameters[1::2], strict=True):
            mine[...] = value

    def parameters(self):
        pairs = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        return [each for w, b in pairs for each in (w.T.copy(), b.copy())]


def sklearn(case):
    if not case.sizes:
        raise Unavailable("scikit-learn's MLP is a row of layers")
    return SklearnSteps(case)
