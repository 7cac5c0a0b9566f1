"""Jacobians and curvature beside PyTorch, JAX and BackPACK, live: run where the extra `peers` is installed."""

from __future__ import annotations

import importlib.util

import pytest
from curvature_cases import NAMES, assert_equal, by_bpframe, case
from curvature_frameworks import FRAMEWORKS

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", NAMES)
def test_every_quantity_equals_the_peer_s(name, framework):
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed: it belongs to the extra `peers`, or to tests/peers/no-deps.txt")
    chosen = case(name)
    assert_equal(by_bpframe(chosen), FRAMEWORKS[framework](chosen))


def test_peers_compute_all_that_is_compared():
    """A quantity that nobody else computes would pass unseen."""
    pytest.importorskip("torch")
    pytest.importorskip("backpack")
    for name in NAMES:
        chosen = case(name)
        peers = set(FRAMEWORKS["torch"](chosen)) | set(FRAMEWORKS["backpack"](chosen))
        assert set(by_bpframe(chosen)) == peers
