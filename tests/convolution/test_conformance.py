"""Every component of the set passes the conformance kit."""

from __future__ import annotations

from collections.abc import Callable

import bpframe_convolution

from bpframe.testing import parametrize_with_components


@parametrize_with_components(bpframe_convolution.bpframe_examples())
def test_the_set_conforms(check: Callable[[], object]) -> None:
    check()
