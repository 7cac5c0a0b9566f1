"""Every entry of every declared Jacobian, against what `forward` does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from bpframe.testing.checks.base import Check, Failure, Setting
from bpframe.testing.checks.directions import check_directions
from bpframe.testing.checks.products import check_products
from bpframe.testing.diagnosis import diagnose
from bpframe.testing.measuring import SECOND_OPINION, Block, block
from bpframe.validation.plain_arrays import Array

__all__ = ["jacobian_checks"]


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


def jacobian_checks(setting: Setting) -> list[Check]:
    """Return, for every input and parameter, the check of its entries, of its transpose and along directions."""
    if setting.probe is None:
        return []
    checks: list[Check] = []
    for key in setting.probe.shapes:
        checks += [
            Check(f"jacobian[{key}]", partial(_entries, setting, key)),
            Check(f"adjoint[{key}]", partial(check_products, setting, key)),
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
    numbers = int(np.prod(probe.shapes[key], dtype=int)) * (1 if key in probe.parameters else EXAMPLES)
    fewest, most = DRAWS
    return min(max(-(-NUMBERS // max(numbers, 1)), fewest), most)


def _checked(setting: Setting, key: str, purpose: str, scale: float, training: bool, examples: int) -> Block:
    """Return a block without an entry that is certainly wrong."""
    probe = setting.need_probe()
    point = probe.sample(setting.rng(purpose), examples, scale, training)
    found = block(probe, point, key)
    wrong = found.wrong
    if wrong.any() and found.measured.method != "complex step":
        wrong &= block(probe, point, key, found.operator, SECOND_OPINION).wrong
    if wrong.any():
        raise _failure(setting, found, wrong)
    return found


def _failure(setting: Setting, found: Block, wrong: Array) -> Failure:
    declared, measured = found.declared, found.measured.value
    error = np.where(wrong, np.where(np.isfinite(found.error), found.error, np.inf), -1.0)
    column, example, *output = (int(i) for i in np.unravel_index(int(np.argmax(error)), error.shape))
    probe = setting.need_probe()
    shape = probe.shapes[found.key]
    count = int(np.prod(shape, dtype=int))
    place = [int(i) for i in np.unravel_index(column % count, shape)] if shape else []
    place_of_x = place if found.key in probe.parameters else [column // count if found.coupled else example, *place]
    worst = (
        f"∂{_indexed('y', [example, *output])}/∂{_indexed(found.key, place_of_x)} at {found.key} = "
        f"{float(found.point.arrays[found.key][tuple(place_of_x)]):.6g}: "
        f"declared {declared[(column, example, *output)]:.6g}, measured {measured[(column, example, *output)]:.6g}"
    )
    return Failure(
        f"{np.count_nonzero(wrong)} of {declared.size} entries disagree with forward ({found.measured.method})",
        diagnosis=_diagnosed(setting, found) if setting.diagnosed else None,
        rows=[
            ("worst", worst),
            ("structure", found.operator.structure),
            ("rerun", f"bpframe check {setting.component.kind} --seed {setting.seed} --only 'jacobian[{found.key}]'"),
        ],
    )


def _diagnosed(setting: Setting, found: Block) -> str | None:
    """Look for the mistake in blocks with more examples, where these are wrong too."""
    probe = setting.need_probe()
    more = []
    for scale in DIAGNOSED_SCALES:
        rng = setting.rng(f"diagnosis {scale}")
        point = probe.sample(rng, DIAGNOSED_EXAMPLES, scale, found.point.training)
        try:
            another = block(probe, point, found.key)
        except Exception:  # it may fail in other ways there
            continue
        if another.wrong.any():
            more.append(another)
    return diagnose(probe, *(more or [found]))


def _indexed(name: str, place: Sequence[int]) -> str:
    return f"{name}[{', '.join(map(str, place))}]" if place else name
