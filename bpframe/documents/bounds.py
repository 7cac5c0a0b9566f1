"""How much the text of a spec may hold: more than people write, and less than a computer needs minutes for."""

from __future__ import annotations

from typing import Any

from bpframe.errors import SpecFileError

__all__ = ["MOST_DEPTH", "MOST_VALUES", "too_deep", "too_many", "within_bounds"]

#: How many values a text may stand for once its aliases are written out. It holds any spec that people write, and
#: refuses a text of a few lines that stands for more values than a memory can hold.
MOST_VALUES = 75_000

#: How many lists and mappings may be inside one another.
MOST_DEPTH = 100

#: How many bits a whole number may have; more than any seed needs, and what Python writes as digits at once.
MOST_BITS = 256


def within_bounds(value: Any, where: str) -> None:
    """Refuse values that are too many or too deep in one another, and numbers that are too long.

    Errors: SpecFileError.
    """
    left = MOST_VALUES
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        left -= len(level)
        if left < 0:
            raise too_many(where)
        inside: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inside += each.values()
                left -= len(each)
            elif isinstance(each, list):
                inside += each
            elif isinstance(each, int) and each.bit_length() > MOST_BITS:
                raise SpecFileError(
                    f"{where}: a whole number is too long",
                    expected=f"at most {MOST_BITS} bits",
                    received=f"{each.bit_length()} bits",
                )
        level = inside
        if not level:
            return
    raise too_deep(where)


def too_many(where: str) -> SpecFileError:
    """Return the error for more values than a spec may hold."""
    return SpecFileError(
        f"{where}: the text stands for too many values", expected=f"at most {MOST_VALUES}, with aliases written out"
    )


def too_deep(where: str) -> SpecFileError:
    """Return the error for lists and mappings that are too many inside one another."""
    return SpecFileError(
        f"{where}: the values are nested too deeply", expected=f"at most {MOST_DEPTH} lists and mappings in one another"
    )
