"""What is wrong with a value, in the project's words rather than in pydantic's.

A mistake travels inside a pydantic `ValidationError` up to the place where the whole path to it is known; there
`translated` makes one error of the project of it, which lists every mistake.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from bpframe.errors import BpframeError, SpecError, did_you_mean
from bpframe.validation.in_words import expected_of
from bpframe.validation.strict_numbers import NOT_A_NUMBER, NOT_A_TRUTH_VALUE, meant_truth

__all__ = ["inside", "moved_up", "refusal", "shortened", "told", "translated"]

_TYPE = "bpframe"

#: So many mistakes of one value are told on, and nobody reads the others.
MOST = 100

# What pydantic names after Python's types.
_NOUNS = dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), "a mapping")
_NOUNS |= dict.fromkeys(("tuple_type", "list_type", "set_type"), "a list")


class _Writer(reprlib.Repr):
    def repr_ndarray(self, array: Any, level: int) -> str:
        """Return what kind of array it is: NumPy's own text has several lines."""
        return f"an array {array.shape} of {array.dtype}"


def shortened(value: object, width: int = 80) -> str:
    """Return the `repr` of a value that comes from a user, cut to what a message can hold."""
    writer = _Writer()
    writer.maxstring = writer.maxother = width
    try:
        text = writer.repr(value)
    except Exception:  # a repr of somebody else's class must not hide the mistake that is being told
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else text[: width - 1] + "…"


def refusal(
    what: str,
    *,
    value: object = None,
    loc: tuple[str | int, ...] = (),
    expected: str | None = None,
    hint: str | None = None,
    error: BpframeError | None = None,
) -> ValidationError:
    """Return a `ValidationError` of one mistake, to be raised inside a validator.

    `what` goes on from the place: "cannot be 0". Where an error of the project is already at hand, `error` carries it.
    """
    return ValidationError.from_exception_data("refusal", [_line(what, loc, value, expected, hint, error)])


def _line(
    what: str,
    loc: tuple[str | int, ...],
    value: object,
    expected: str | None = None,
    hint: str | None = None,
    error: BpframeError | None = None,
    known: Sequence[str] | None = None,
) -> InitErrorDetails:
    told = {"what": what, "expected": expected, "hint": hint, "error": error, "known": known}
    return InitErrorDetails(type=PydanticCustomError(_TYPE, "{what}", told), loc=loc, input=value)


def told(error: ValidationError, fields: Mapping[str, FieldInfo] | None, owner: str, data: object) -> ValidationError:
    """Retell the mistakes of a model, while its fields and data are at hand: what each wants, and which was meant.

    `owner` is what messages call the model.
    """
    # A field that is missing is most often one that is misspelt, and the misspelling says more.
    mistakes = sorted(_one_each(error.errors(include_url=False), data), key=lambda each: each["type"] == "missing")
    return ValidationError.from_exception_data(error.title, [_retold(each, fields, owner) for each in mistakes[:MOST]])


def _one_each(mistakes: Sequence[Any], data: object) -> list[Any]:
    """Return one mistake for each value that is wrong: of a choice of types, pydantic tells one for every type.

    What leads deeper into the value says more, and of two at one place, the one that was told in our words already.
    """
    found: dict[tuple[str | int, ...], Any] = {}
    for each in mistakes:
        place, context = _within(data, each["loc"], each["type"]), each.get("ctx", {})
        wanted = context.get("expected") or _NOUNS.get(each["type"]) or each["msg"]
        wanted = wanted.removeprefix("Input should be ").removeprefix("a valid ")
        known = found.get(place)
        if known is not None and _TYPE in (each["type"], known["type"]) and each["type"] != known["type"]:
            ours, theirs = (each, known) if each["type"] == _TYPE else (known, each)
            found[place] = {**ours, "loc": place, "wanted": ours.get("wanted", wanted), "instead": theirs}
        elif known is None or context.get("hint") or context.get("error"):
            instead = {"instead": known["instead"]} if known is not None and "instead" in known else {}
            found[place] = {**each, "loc": place, "wanted": wanted, **instead}
        elif wanted not in known["wanted"]:
            known["wanted"] += f" or {wanted}"
    above = {place[:length] for place in found for length in range(len(place))}
    return [each for place, each in found.items() if place not in above]


def _within(data: object, loc: tuple[str | int, ...], kind: str) -> tuple[str | int, ...]:
    """Return the part of a place that leads into the data: pydantic puts the name of a chosen type between."""
    place: list[str | int] = []
    for at, part in enumerate(loc):
        last = at == len(loc) - 1
        if isinstance(data, Mapping):
            if part not in data and not (last and kind in ("missing", _TYPE) and str(part).isidentifier()):
                continue
            data = data.get(part)
        elif isinstance(data, Sequence) and not isinstance(data, str):
            if not isinstance(part, int) or part >= len(data):
                continue
            data = data[part]
        elif not isinstance(data, BaseModel) or part not in type(data).model_fields:
            continue
        else:
            data = getattr(data, str(part), None)
        place.append(part)
    return tuple(place)


def _retold(each: Any, fields: Mapping[str, FieldInfo] | None, owner: str) -> InitErrorDetails:
    kind, loc, value, context = each["type"], each["loc"], each["input"], each.get("ctx", {})
    field = fields.get(str(loc[0])) if fields and loc else None
    if kind == _TYPE:
        if "instead" in each and context["error"] is None:
            context = {**context, **_either(each["instead"], field if len(loc) == 1 else None, context)}
        return InitErrorDetails(type=PydanticCustomError(_TYPE, "{what}", context), loc=loc, input=value)
    wanted = expected_of(field.annotation, field.metadata) if field is not None else None
    if kind == "extra_forbidden" and len(loc) == 1:
        return _line(f"is not a field of {owner}", loc, value, known=None if fields is None else tuple(fields))
    if kind == "missing":
        return _line("is missing", loc, None, wanted or (field.description if field is not None else None))
    if kind in ("value_error", "assertion_error"):
        return _line(f"cannot be {shortened(value, 40)}: {context['error']}", loc, value, wanted)
    said = each.get("wanted", each["msg"])
    one = kind == "tuple_type" and isinstance(value, int | float | BaseModel)
    hint = f"write [{shortened(value, 40)}]" if one else _hint(value, kind, said)
    return _line(f"cannot be {shortened(value, 40)}", loc, value, wanted or said, hint)


def _either(instead: Any, field: FieldInfo | None, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is wanted, and the hint, where a field takes a component or something else: `float | Schedule`."""
    choices = get_args(field.annotation) if field is not None else ()
    plain = [words for each in choices if each is not type(None) and (words := expected_of(each))]
    wanted = " or ".join(dict.fromkeys(plain)) or instead.get(
        "wanted", instead["msg"].replace("Input should be a valid ", "a ")
    )
    value = instead["input"]
    hint = _hint(value, instead["type"], wanted) if isinstance(value, str) else None
    return {"expected": f"{wanted}, or {context['expected']}", "hint": hint or context["hint"]}


def _hint(value: object, kind: str, said: str) -> str | None:
    """Return what was meant by a number or truth value that was written otherwise; `said` is what was wanted."""
    if isinstance(value, bool) and "string" in said:
        return f"write '{value}' in quotes for the text"
    if isinstance(value, float) and value.is_integer() and "integer" in said:
        return f"write {int(value)}"
    if kind == NOT_A_TRUTH_VALUE and (meant := meant_truth(value)) is not None:
        return f"write {str(meant).lower()}" + (", without quotes" if isinstance(value, str) else "")
    if kind != NOT_A_NUMBER or not isinstance(value, str):
        return None
    for read in (lambda text: int(text, 0), int, float):
        try:
            return f"write {read(value)}, without quotes"
        except ValueError:
            continue
    return None


def moved_up(error: ValidationError, field: str, extra: Sequence[str]) -> ValidationError:
    """Retell the mistakes inside `field` as its owner's own, which takes the keys `extra` beside that field's."""
    lines = []
    for each in error.errors(include_url=False):
        loc, told = each["loc"], dict(each["ctx"])
        if loc and loc[0] == field:
            loc = loc[1:]
            if told["known"] is not None and len(loc) == 1:
                told["known"] = (*told["known"], *extra)
        lines.append(InitErrorDetails(type=PydanticCustomError(_TYPE, "{what}", told), loc=loc, input=each["input"]))
    return ValidationError.from_exception_data(error.title, lines)


def inside(error: ValidationError, key: str) -> ValidationError:
    """Retell the mistakes of a value as those of what holds it under a key."""
    lines = [
        InitErrorDetails(
            type=PydanticCustomError(_TYPE, "{what}", dict(each["ctx"])), loc=(key, *each["loc"]), input=each["input"]
        )
        for each in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data(error.title, lines)


def translated(error: ValidationError, root: str = "") -> BpframeError:
    """Make one error of the project out of a `ValidationError`: the first mistake, the others as rows.

    `root` is the place of the whole value, such as `training`; empty for a document.
    """
    mistakes = [_retold(each, None, root or "the spec") for each in error.errors(include_url=False)]
    (first, where), *others = [(each, _place(root, each["loc"])) for each in mistakes]
    also = [("also", _sentence(each, where)) for each, where in others[:10]]
    if len(others) > 10:
        also.append(("also", f"{'at least ' * (len(mistakes) >= MOST)}{len(others) - 10} more"))
    context = _context(first)
    carried: BpframeError | None = context["error"]
    if carried is not None:
        return type(carried)(
            f"{where} = {carried.problem}",
            expected=carried.expected,
            received=carried.received,
            hint=carried.hint,
            rows=[*carried.rows, *also],
        )
    return SpecError(
        f"{where} {context['what']}",
        expected=context["expected"],
        received=None if first["input"] is None else shortened(first["input"]),
        hint=context["hint"],
        rows=also,
    )


def _context(line: InitErrorDetails) -> dict[str, Any]:
    kind = line["type"]
    assert isinstance(kind, PydanticCustomError)
    context = dict(kind.context or {})
    if context["known"] is not None:
        context["expected"] = "any of " + ", ".join(context["known"]) if context["known"] else "no fields"
        context["hint"] = did_you_mean(line["loc"][-1], context["known"])
    return context


def _sentence(line: InitErrorDetails, where: str) -> str:
    context = _context(line)
    if context["error"] is not None:
        return f"{where} = {context['error'].problem}"
    remark = context["hint"] or (context["expected"] and f"expected {context['expected']}")
    return f"{where} {context['what']}" + (f" ({remark})" if remark else "")


def _place(root: str, loc: tuple[str | int, ...]) -> str:
    place = root
    for part in loc:
        if part in ("[key]", ""):  # pydantic's mark for a wrong key, and a key that no user wrote
            continue
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return place or "the spec"
