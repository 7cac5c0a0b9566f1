"""A hook after an epoch may end the training; the history is kept and the network usable."""

from __future__ import annotations

import numpy as np
import pluggy
import pytest
from bpframe_minimizers import LBFGS

from bpframe.plugins.discovery import Discovery
from bpframe.plugins.hooks import hookimpl
from bpframe.plugins.manager import plugin_manager
from bpframe.plugins.registry import Registry
from tests.network.networks import chain, descent, samples

X, Y = samples(10)
OPTIMIZERS = {"rule": descent(0.1), "method": LBFGS()}


class Watching:
    """A plugin that raises after an epoch, and counts the epochs that it was told of."""

    def __init__(self, at=2, raised=None):
        self.at, self.raised, self.seen = at, raised, []

    @hookimpl
    def bpframe_after_epoch(self, network, epoch, history):
        assert network.history is not None
        self.seen.append((epoch, len(history)))
        if epoch == self.at and self.raised is not None:
            raise self.raised


@pytest.fixture
def watched(monkeypatch):
    def watch(*plugins):
        manager: pluggy.PluginManager = plugin_manager()
        for each in plugins:
            manager.register(each)
        discovery = Discovery(Registry([]), manager)
        monkeypatch.setattr("bpframe.trainable.fitting.listeners", discovery.listeners)

    return watch


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("raised", "stopped"),
    [
        (StopIteration("good enough"), "good enough"),
        (StopIteration(), "a hook ended it"),
        (KeyboardInterrupt(), "interrupted"),
    ],
    ids=["reason", "no reason", "interrupt"],
)
def test_a_hook_ends_the_training_after_its_epoch(watched, optimizer, raised, stopped):
    net, same = chain(), chain()
    watched(first := Watching(raised=raised), other := Watching())
    history = net.fit(X, Y, optimizer=OPTIMIZERS[optimizer], epochs=9)
    assert history is net.history
    assert (history.stopped, len(history), history.epochs[-1].epoch) == (stopped, 2, 2)
    assert first.seen == [(1, 1), (2, 2)]
    assert len(other.seen) == 2 or isinstance(raised, KeyboardInterrupt)
    watched()
    same.fit(X, Y, optimizer=OPTIMIZERS[optimizer], epochs=2)
    assert net.parameters.vector.tobytes() == same.parameters.vector.tobytes()
    assert len(net.fit(X, Y, optimizer=OPTIMIZERS[optimizer], epochs=1)) == 1
    assert (net.history.stopped, len(net.history)) == ("completed", 3)


def test_the_reason_of_a_hook_stands_in_the_last_epoch_too(watched):
    watched(Watching(at=3, raised=StopIteration("seen enough")))
    assert chain().fit(X, Y, optimizer=descent(), epochs=3).stopped == "seen enough"


def test_another_error_of_a_hook_is_a_warning(watched):
    watched(Watching(raised=ValueError("no")))
    with pytest.warns(UserWarning, match="bpframe_after_epoch failed: .*no"):
        history = chain().fit(X, Y, optimizer=descent(), epochs=3)
    assert (history.stopped, len(history)) == ("completed", 3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_error_in_between_keeps_the_history(monkeypatch, optimizer):
    def raising(hook):
        def tell(epoch, **told):
            if epoch == 2:
                raise RuntimeError("no")

        return tell

    net = chain()
    monkeypatch.setattr("bpframe.trainable.fitting.listeners", raising)
    with pytest.raises(Exception, match="no"):
        net.fit(X, Y, optimizer=OPTIMIZERS[optimizer], epochs=5)
    assert (net.history.stopped, len(net.history)) == ("failed", 2)
    assert np.isfinite(net.predict(X)).all()
