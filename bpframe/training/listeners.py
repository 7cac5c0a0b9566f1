"""Who is called during a training: components and plain functions, with what each asks for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from bpframe.categories import Callback
from bpframe.core.component import Component, contract_of
from bpframe.core.component.signature import unknown_word
from bpframe.errors import ContractError, SpecError, closest

__all__ = ["Hook", "Hooked", "hooked", "is_function"]

#: Everything that a hook may ask for, in the order in which it is handed on; `state` is of each callback.
WORDS = ("network", "history", "state", "epoch", "step", "batch", "cost", "path", "examples")

#: Takes from the values of all words what one hook asks for.
Picking = Callable[[list[Any]], tuple[Any, ...]]


@dataclass(frozen=True)
class Hook:
    """A method or function to call, and what picks its arguments."""

    call: Callable[..., Any]
    picked: Picking


@dataclass(frozen=True)
class Hooked:
    """A callback of one training: what messages and checkpoints call it, its hooks by name, and its first state."""

    kind: str
    hooks: Mapping[str, Hook]
    initial_state: Callable[[], Any]
    #: Whether it asks for some of the examples.
    sees_examples: bool

    @property
    def called(self) -> str:
        """What messages call it."""
        return self.kind if self.kind.startswith("function ") else f"callback '{self.kind}'"


def is_function(value: object) -> bool:
    """Whether a value among callbacks is a plain function, or what is called like one."""
    return callable(value) and not isinstance(value, type | Component)


def hooked(callbacks: Iterable[Any]) -> tuple[Hooked, ...]:
    """Return what to call of each callback, all of its signatures read.

    Errors: ContractError (a function asks for what means nothing); SpecError (something else than a callback).
    """
    return tuple(_of_function(each) if is_function(each) else _of_component(each) for each in callbacks)


def _of_component(callback: Any) -> Hooked:
    if not isinstance(callback, Callback):
        raise SpecError(
            "callbacks has something that is none", expected="callbacks, or functions", received=repr(callback)
        )
    contract = contract_of(type(callback))
    hooks = {
        name: _hook(getattr(callback, name), signature.positional, signature.keyword_only)
        for name, signature in contract.methods.items()
        if name != "initial_state"
    }
    initial: Callable[[], Any] = callback.initial_state if "initial_state" in contract else dict  # type: ignore[attr-defined]
    return Hooked(callback.kind, hooks, initial, contract.asks_for("examples"))


def _of_function(function: Any) -> Hooked:
    """Return a function as what is called after every epoch. Errors: ContractError."""
    name = getattr(function, "__name__", None) or type(function).__name__
    where, words = f"the function {name} among callbacks", Callback._category.methods["after_epoch"].words
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise ContractError(f"{where} would never run", expected="a function without yield, await or async")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise ContractError(f"{where} does not say what it takes", hint=f"lambda epoch: {name}(epoch)") from error
    asked: list[str] = []
    for each in parameters:
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            raise ContractError(
                f"{where} takes *{each.name}: arguments are asked for by name",
                expected="some of " + ", ".join(sorted(words)),
                hint=f"lambda epoch, history: {name}(...)",
            )
        if each.name in words:
            asked.append(each.name)
        elif each.default is each.empty or closest(each.name, words):
            raise unknown_word(f"{where} asks for '{each.name}', which means nothing there", each.name, words)
    plain = len(asked) == len(parameters) and not any(each.kind is each.KEYWORD_ONLY for each in parameters)
    after_epoch = _hook(function, asked, ()) if plain else _hook(function, (), asked)
    return Hooked(f"function {name}", {"after_epoch": after_epoch}, dict, "examples" in asked)


def _hook(call: Callable[..., Any], placed: Sequence[str], named: Sequence[str]) -> Hook:
    """Return what calls something with words by place, and others by name."""
    places = [WORDS.index(word) for word in (*placed, *named)]
    if named:
        return Hook(_naming(call, len(placed), tuple(named)), _picking(places))
    return Hook(call, _picking(places))


def _picking(places: list[int]) -> Picking:
    if not places:
        return lambda values: ()
    if len(places) == 1:
        place = places[0]
        return lambda values: (values[place],)
    return itemgetter(*places)


def _naming(call: Callable[..., Any], placed: int, named: tuple[str, ...]) -> Callable[..., Any]:
    def by_name(*values: Any) -> Any:
        return call(*values[:placed], **dict(zip(named, values[placed:], strict=True)))

    return by_name
