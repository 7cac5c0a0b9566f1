"""A dropped imaginary part is an error in every thread that asks for it, and afterwards nothing has changed."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from bpframe.measured.complex_step import complex_step
from bpframe.measured.complex_warning import complex_warning_raises
from bpframe.measured.line import Line


def test_blocks_that_overlap_in_threads_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    first, second = complex_warning_raises(), complex_warning_raises()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    with pytest.raises(np.exceptions.ComplexWarning):
        np.array([1j]).astype(float)
    second.__exit__(None, None, None)
    assert warnings.filters == before


def test_complex_steps_in_two_threads_at_once_are_refused_and_leave_no_trace() -> None:
    before, meet = list(warnings.filters), [Barrier(2) for _ in range(20)]

    def steps(_: int) -> list[object]:
        def dropping(vector: np.ndarray, number: int) -> np.ndarray:
            meet[number].wait(60)  # both are inside the block
            return vector.astype(float) + 0j

        ones = np.ones(1)
        return [complex_step(Line(lambda v, k=k: dropping(v, k), ones, ones, False, sized=True)) for k in range(20)]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(steps, range(2)))
    assert found == [[None] * 20] * 2
    assert warnings.filters == before
