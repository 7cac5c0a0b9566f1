"""Every entry of every declared Jacobian, against what `forward` does."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from bpframe.testing.block_probe import BlockProbe
from bpframe.testing.checks.adjoint import check_adjoint
from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.checks.directions import check_directions
from bpframe.testing.diagnosis import diagnose
from bpframe.testing.measuring import SECOND_OPINION, Block, block, wrong_blocks
from bpframe.validation.plain_arrays import Array

__all__ = ["entry_checks"]


#: Points are normal numbers of these scales: near zero, usual, and where functions saturate.
SCALES = (0.3, 1.0, 4.0)
EXAMPLES = 3

#: Mistakes are looked for in so many examples, at points of these scales.
DIAGNOSED_EXAMPLES = 7
DIAGNOSED_SCALES = (1.0, 2.0)

#: So many numbers are looked at for each scale at least, in so many draws at least and at most.
NUMBERS = 24
DRAWS = (2, 8)

#: How often points are drawn anew where some lie on a kink.
RETRIES = 6


def entry_checks(setting: Setting) -> list[Check]:
    """Return, for every input and parameter, the check of its entries, of its transpose and along directions."""
    if setting.probe is None or isinstance(setting.probe, BlockProbe):  # a block's own are those of its nodes
        return []
    checks: list[Check] = []
    for key in setting.probe.shapes:
        checks += [
            Check(f"jacobian[{key}]", partial(_entries, setting, key)),
            Check(f"adjoint[{key}]", partial(check_adjoint, setting, key)),
            Check(f"directions[{key}]", partial(check_directions, setting, key)),
        ]
    return checks


def _entries(setting: Setting, key: str) -> None:
    """Compare every entry at generic points of several scales and seeds.

    An entry counts only where its measurement settles, away from kinks; where some do not, points are drawn anew. An
    entry that settles nowhere is a failure of its own.
    """
    dodged = 0
    for training in setting.modes():
        covered: Array | None = None
        for scale in SCALES:
            for number in range(_draws(setting, key)):
                # A batch of one may take another path, by broadcasting; statistics of a batch need more examples.
                alone = number and scale == 1 and not (training and setting.need_probe().couples_batch)
                examples = 1 if alone else EXAMPLES
                for retry in range(RETRIES):
                    purpose = f"jacobian {number} {scale} {training} {retry}"
                    found = _checked(setting, key, purpose, scale, training, examples)
                    unsettled = found.uncertain
                    seen = np.any(~unsettled, axis=1) if not found.coupled else ~unsettled
                    covered = seen if covered is None or covered.shape != seen.shape else covered | seen
                    dodged += int(np.count_nonzero(unsettled))
                    if covered.all():
                        break
        if covered is not None and not covered.all():
            raise Failure(
                f"forward has no derivative that differences find, in {np.count_nonzero(~covered)} of {covered.size} "
                "entries, at any of the points that were drawn",
                diagnosis="forward is rough (rounding, randomness), or undefined where it was asked",
                rows=[("try", "a forward that is smooth almost everywhere; domain: ClassVar = (low, high)")],
            )
    if dodged:
        setting.notes.append(
            f"jacobian[{key}]: {dodged} entries lay next to kinks of forward or outside its domain; drawn again"
        )


def _draws(setting: Setting, key: str) -> int:
    """Return how many points there are for each scale: more where each holds few numbers, so that branches are met."""
    probe = setting.need_probe()
    numbers = math.prod(probe.shapes[key]) * (1 if key in probe.parameters else EXAMPLES)
    fewest, most = DRAWS
    return min(max(-(-NUMBERS // max(numbers, 1)), fewest), most)


def _checked(setting: Setting, key: str, purpose: str, scale: float, training: bool, examples: int) -> Block:
    """Return a block without an entry that is certainly wrong."""
    probe = setting.need_probe()
    found = block(probe, setting.point(purpose, examples, scale, training), key)
    wrong = found.wrong
    if wrong.any() and found.measured.method != "complex step":
        wrong &= block(probe, found.point, key, found.operator, SECOND_OPINION).wrong
    if wrong.any():
        raise _failure(setting, found, wrong)
    return found


def _failure(setting: Setting, found: Block, wrong: Array) -> Failure:
    return Failure(
        f"{np.count_nonzero(wrong)} of {wrong.size} entries disagree with forward ({found.measured.method})",
        diagnosis=_diagnosed(setting, found) if setting.diagnosed else None,
        rows=[
            ("worst", found.worst(setting.need_probe(), wrong)),
            ("structure", found.operator.structure),
            ("rerun", f"bpframe check {setting.component.kind} --seed {setting.seed} --only 'jacobian[{found.key}]'"),
        ],
    )


def _diagnosed(setting: Setting, found: Block) -> str | None:
    """Look for the mistake in blocks with more examples, where these are wrong too."""
    training = found.point.training
    points = [setting.point(f"diagnosis {scale}", DIAGNOSED_EXAMPLES, scale, training) for scale in DIAGNOSED_SCALES]
    probe = setting.need_probe()
    return diagnose(probe, *(wrong_blocks(probe, points, found.key) or [found]))
