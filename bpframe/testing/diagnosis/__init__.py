"""Which mistake explains a wrong Jacobian?

The ones that people make are tried on the numbers, one by one; each module holds a family. A hypothesis explains every
entry or says nothing: a wrong diagnosis is worse than none. In go blocks of declared and measured numbers; out comes
one sentence, or None. Start with `case.py`, then `numbers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bpframe.testing.diagnosis.arguments import another_key, at_output, mixed_up, right_at_zero, stale
from bpframe.testing.diagnosis.case import Case
from bpframe.testing.diagnosis.numbers import absolute, explained, factor, not_finite, powers, sign, zero
from bpframe.testing.diagnosis.parts import changed_part
from bpframe.testing.diagnosis.places import axes, diagonal, examples, identity, misplaced, structure, transposed
from bpframe.testing.diagnosis.ratios import known_factor, missing_rank_one, per_example, per_output
from bpframe.testing.diagnosis.regions import branch, several, single, some_examples
from bpframe.testing.measuring import Block
from bpframe.testing.probe import Probe

__all__ = ["HYPOTHESES", "diagnose", "explained"]

#: In the order in which they are tried: what is more particular comes first.
_ORDER: tuple[Callable[[Case], str | None], ...] = (
    not_finite, zero, sign, absolute, factor, powers, branch, single, several, transposed, identity, structure,
    axes, examples, diagonal, misplaced, mixed_up, another_key, at_output, stale, changed_part, known_factor,
    per_example, per_output, missing_rank_one, right_at_zero, some_examples,
)  # fmt: skip

HYPOTHESES: Mapping[str, Callable[[Case], str | None]] = {each.__name__: each for each in _ORDER}


def diagnose(probe: Probe, *found: Block) -> str | None:
    """Return the likely mistake behind blocks that disagree, in one sentence; None where one agrees.

    A mistake must explain all of them: what explains the few wrong numbers of one point may be chance.

    Tried are: a Jacobian that is not finite, zero where it should not be or the other way round, the sign, a constant
    factor (a field, the batch size, the number of features, a known constant), a reciprocal, a square; the transpose,
    exchanged or reversed axes, shifts, entries outside the structure, right values in wrong places, an identity too
    many or too few; x and y mixed up, another key's block, a stale or frozen value; a term of a sum with the wrong
    sign or too many, a factor of a chain too many or upside down; a factor that is an input, a parameter or one
    number per example; a missing term of rank one; a branch, single examples, rows, columns or
    entries; a term that vanishes with a parameter.
    """
    if any(block.agrees for block in found):
        return None
    cases = [Case(probe, block) for block in found]
    with np.errstate(all="ignore"):
        for hypothesis in HYPOTHESES.values():
            causes = [hypothesis(case) for case in cases]
            if all(causes):
                return causes[0]
        return cases[0].pattern()
