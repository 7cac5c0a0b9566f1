"""bpframe beside PyTorch, JAX and autograd, live: run where the extra `peers` is installed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from cases import NAMES, case
from frameworks import FRAMEWORKS

# PyTorch's own forward mode calls what it deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", NAMES)
def test_every_quantity_equals_the_peer_s(name, framework):
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed: it belongs to the extra `peers`")
    found, other = case(name).by_bpframe(), FRAMEWORKS[framework](case(name))
    assert set(found) == set(other)
    for quantity, value in found.items():
        np.testing.assert_allclose(value, other[quantity], rtol=1e-11, atol=1e-14, err_msg=quantity)
