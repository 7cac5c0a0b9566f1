"""Mistakes that other projects shipped: each must be rejected, by the check that is there for it, with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from bpframe.testing import check_component
from tests.testing.bugs import elementwise, indexed, layers

BANK = [
    # component, shapes, the check that must fail, words of its diagnosis or message
    (elementwise.Asinh(), ((4,),), "jacobian[x]", "reciprocal"),
    (elementwise.Elu(), ((4,),), "jacobian[x]", "wrong branch: only entries with x"),
    (elementwise.EluByWhere(), ((4,),), "extremes", "not finite at x = 1000"),
    (elementwise.TanhOfInput(), ((4,),), "jacobian[x]", "derivative at x instead of y"),
    (elementwise.LeakySelect(), ((4,), (4,)), "jacobian[b]", "zero block"),
    (elementwise.SinTimes(), ((3,), (3,)), "jacobian[y_]", "sign"),
    (elementwise.Subtract(), ((3,), (3,)), "jacobian[b]", "sign"),
    (elementwise.SquaredError(), ((3,),), "jacobian[a]", "sign"),
    (elementwise.CrossEntropyOfProbabilities(), ((3,),), "jacobian[a]", "measured/declared lies between"),
    (indexed.Select(), ((20,),), "jacobian[x]", "single entry is wrong, in every example: ∂y[19]/∂x[19]"),
    (indexed.Maxout(), ((6,),), "jacobian[x]", "wrong places"),
    (indexed.Renorm(), ((3,),), "jacobian[x]", ""),
    (indexed.Sort(), ((5,),), "jacobian[x]", "wrong places"),
    (indexed.UnaryFactor(), ((2,), (1,)), "jacobian[t]", ""),
    (indexed.PriorFactor(), ((3,),), "jacobian[x]", "sign"),
    (indexed.Softmax(), ((4,),), "jacobian[x]", "off-structure"),
    (indexed.NormAtZero(), ((3,),), "extremes", "not finite"),
    (indexed.LayerNormOfConstants(), ((5,),), "jacobian[x]", "rank one"),
    (layers.TransposedWeight(), ((3,),), "jacobian[a]", "transposed"),
    (layers.MeanOfBatch(), ((3,),), "jacobian[a]", "missing batch mean"),
    (layers.DoubledWeightGradient(), ((3,),), "jacobian[w]", "constant factor: measured/declared = 0.5"),
    (layers.DoubledWeightGradient(), ((3,),), "jacobian[b]", "constant factor: measured/declared = 0.25"),
    (layers.AddInPlace(), ((3,), (3,)), "purity", "in place"),
    (layers.BatchNormOfBatchInEvaluation(), ((4,),), "jacobian[x]", ""),
    (layers.RunningMeanInPlace(), ((4,),), "purity", "in place"),
    (layers.FlippedKernel(), ((6,),), "jacobian[w]", "reversed along axis 0 of 'w'"),
    (layers.FloatOnly(), ((4,),), "precision", "dtype"),
    (layers.MaskDrawnAgain(), ((9,),), "jacobian[x]", ""),
    (layers.BiasOfOneExample(), ((4, 3),), "jacobian[b]", "leaves out"),
]


@pytest.mark.parametrize(
    ("component", "shapes", "check", "reason"), BANK, ids=[f"{type(each[0]).__name__}-{each[2]}" for each in BANK]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_bug_that_was_shipped_is_rejected_with_its_reason(
    component: Any, shapes: tuple[tuple[int, ...], ...], check: str, reason: str, seed: int
) -> None:
    report = check_component(component, shapes, seed=seed)
    assert not report.ok
    failed = {each.check: each for each in report.failed}
    assert check in failed, report.text()
    assert reason in f"{failed[check].diagnosis} {failed[check].message}", report.text()


def test_every_component_of_the_bank_says_what_happened() -> None:
    for component, *_ in BANK:
        assert len(type(component).__doc__ or "") > 60
