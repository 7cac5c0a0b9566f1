"""Every example of the set of optimizers passes the kit."""

from __future__ import annotations

from collections.abc import Callable

import bpframe_optimizers

from bpframe.testing import parametrize_with_components


@parametrize_with_components(bpframe_optimizers.bpframe_examples())
def test_the_optimizers_pass(check: Callable[[], object]) -> None:
    check()
