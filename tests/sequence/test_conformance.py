"""All that the set provides passes the conformance kit."""

from __future__ import annotations

from collections.abc import Callable

from bpframe_sequence import bpframe_examples

from bpframe.testing import parametrize_with_components


@parametrize_with_components(bpframe_examples())
def test_the_sequence_set_passes(check: Callable[[], object]) -> None:
    check()
