"""Which arguments a component's method asks for, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bpframe.errors import ContractError, did_you_mean

__all__ = ["Signature", "read_signature", "unknown_word"]

T = TypeVar("T")


@dataclass(frozen=True)
class Signature:
    """The arguments of one method: `positional` in order, `variadic` for `*xs`, `keyword_only` after it."""

    positional: tuple[str, ...]
    variadic: str | None
    keyword_only: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Every argument that is asked for by name."""
        return self.positional + self.keyword_only

    def arguments(self, words: Mapping[str, T], inputs: Sequence[T] = ()) -> tuple[list[T], dict[str, T]]:
        """Return what a call of the method takes: by place, with `inputs` for `*xs`, and by keyword."""
        placed = [words[word] for word in self.positional]
        return placed + list(inputs if self.variadic else ()), {word: words[word] for word in self.keyword_only}

    def call(self, method: Callable[..., Any], words: Mapping[str, Any], inputs: Sequence[Any] = ()) -> Any:
        """Call the method with the words that it asks for."""
        placed, named = self.arguments(words, inputs)
        return method(*placed, **named)

    def asks_for(self, word: str) -> bool:
        """Whether the method wants this argument."""
        return word in self.positional or word in self.keyword_only


def read_signature(cls: type[Any], method: str, allowed: Collection[str] | None) -> Signature:
    """Read a method's signature and hold its argument names against those that mean something there.

    `allowed` is None where any name will do (a layer's forward, whose other names are its inputs).

    Raises
    ------
    ContractError
        For `**options`, for a method without `self`, and for a name that means nothing, with the closest that does.

    """
    function = inspect.getattr_static(cls, method)
    where = f"{cls.__name__}.{method}"
    if not inspect.isfunction(function):
        raise ContractError(
            f"{where} is not a plain method", expected=f"def {method}(self, ...)", received=repr(function)
        )
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in _POSITIONAL:
        raise ContractError(f"{where} takes no self", expected=f"def {method}(self, ...)")

    def named(*kinds: Any) -> tuple[str, ...]:
        return tuple(each.name for each in parameters[1:] if each.kind in kinds)

    for options in named(inspect.Parameter.VAR_KEYWORD):
        raise ContractError(
            f"{where} has **{options}: arguments are asked for by name",
            hint=f"list what it needs, for example def {method}(self, x)",
        )
    variadic = next(iter(named(inspect.Parameter.VAR_POSITIONAL)), None)
    signature = Signature(named(*_POSITIONAL), variadic, named(inspect.Parameter.KEYWORD_ONLY))
    if allowed is not None:
        for word in signature.words:
            if word not in allowed:
                raise unknown_word(f"{where} asks for '{word}', which means nothing there", word, allowed)
        if variadic is not None and variadic not in allowed:
            raise ContractError(f"{where} takes *{variadic}, but its forward takes no such inputs")
    return signature


def unknown_word(problem: str, word: str, allowed: Collection[str]) -> ContractError:
    """Return the error for a name that means nothing, with the closest of those that do."""
    expected = "any of " + ", ".join(sorted(allowed))
    return ContractError(problem, expected=expected, received=word, hint=did_you_mean(word, allowed))


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
