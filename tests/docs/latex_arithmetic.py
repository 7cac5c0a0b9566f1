r"""Calculates what a page's LaTeX says: `2 \cdot 3 = 6`, `\frac{\partial C}{\partial w^2_{11}} = 14`, matrix products.

Symbols have the values of a table. A chain `A = B \approx C` holds if all its parts that can be calculated agree; parts
with other symbols (indices l and j, functions) are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["chains", "disagreements"]

_MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+(?:\n[^$\n]+)?)\$", re.DOTALL)
_TOKEN = re.compile(r"\d+(?:\.\d+)?|\\[a-zA-Z]+|\S")
_SPACING = re.compile(r"\\[,;!]|\\(?:bigl|bigr|Bigl|Bigr|left|right)\b|\[\d+pt\]|\\(?:tag|text)\{[^}]*\}|\{\}")


class Unknown(Exception):
    """Nothing that could be calculated."""


def chains(markdown: str) -> Iterator[list[str]]:
    """Yield the parts of every chain of equalities in the mathematics of a page."""
    text = re.sub(r"^( *)```.*?^\1```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    for found in _MATH.finditer(text):
        said = re.sub(r"\s+", " ", _SPACING.sub(" ", found[1] or found[2]))
        if "aligned" in said:
            said = re.sub(r"\\(?:begin|end)\{aligned\}|&|\\\\(?![^{}]*\\end\{bmatrix)", " ", said)
        for statement in _split(said, r"\quad", r"\qquad", ",", "，"):
            parts = _split(statement, "=", r"\approx")
            if len(parts) > 1:
                yield [*parts, r"\approx" if r"\approx" in statement else "="]


def _split(text: str, *separators: str) -> list[str]:
    """Split at separators outside of brackets and matrices."""
    parts, depth = [""], 0
    for token in re.findall(r"\\[a-zA-Z]+|.", text):
        depth += (token in ("(", "{", r"\begin")) - (token in (")", "}", r"\end"))
        if depth == 0 and token in separators:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]


def disagreements(markdown: str, table: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return how many equalities of a page were calculated, and those that do not hold."""
    checked, wrong = 0, []
    for *parts, relation in chains(markdown):
        values = [(part, value) for part in parts if (value := _value(part, table)) is not None]
        decimals = [len(part.partition(".")[2]) for part, _ in values if re.fullmatch(r"-?\d+(\.\d+)?", part)]
        tolerance = 1e-9 if relation == "=" or not decimals else 0.75 * 10.0 ** -decimals[-1]
        for (_, first), (_, second) in pairwise(values):
            checked += 1
            if first.shape != second.shape or not np.allclose(first, second, rtol=1e-12, atol=tolerance):
                wrong.append(f"{f' {relation} '.join(parts)}: {first.tolist()} and {second.tolist()}")
    return checked, wrong


def _value(text: str, table: Mapping[str, Any]) -> Any:
    try:
        value = _Reader(text, table).whole()
    except (Unknown, IndexError):
        return None
    return np.squeeze(np.asarray(value, dtype=float))


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str, table: Mapping[str, Any]) -> None:
        self.tokens, self.at, self.table = _TOKEN.findall(text), 0, table

    def whole(self) -> Any:
        value = self.sum()
        if self.at < len(self.tokens):
            raise Unknown
        return value

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.tokens[self.at]
        if expected and token not in expected:
            raise Unknown
        self.at += 1
        return token

    def sum(self) -> Any:
        value = -self.product() if self.next() == "-" and self.take() else self.product()
        while self.next() in ("+", "-"):
            sign = self.take()
            value = value + self.product() if sign == "+" else value - self.product()
        return value

    def product(self) -> Any:
        value = self.power()
        while self.next() and self.next() not in ("+", "-", ")", "}", ",", "&", "\\", r"\end", r"\rVert"):
            sign = self.take() if self.next() in (r"\cdot", r"\odot", r"\times") else ""
            factor = self.power()
            matrices = min(np.ndim(value), np.ndim(factor)) > 0 and sign != r"\odot"
            value = value @ factor if matrices else value * factor
        return value

    def power(self) -> Any:
        value = self.single()
        if self.next() == "^":
            self.take()
            if self.tokens[self.at : self.at + 4] == ["{", r"\mathsf", "T", "}"]:
                self.at += 4
                return np.transpose(value)
            value = value ** (self.group() if self.next() == "{" else float(self.take()))
        return value

    def group(self) -> Any:
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def single(self) -> Any:
        token = self.take()
        if token[0].isdigit():
            return float(token)
        if token == "(":
            entries = [self.sum()]
            while self.take(",", ")") == ",":
                entries.append(self.sum())
            return entries[0] if len(entries) == 1 else np.array(entries)
        if token == r"\lVert":
            value = self.sum()
            self.take(r"\rVert")
            return abs(value)
        if token in (r"\frac", r"\tfrac", r"\dfrac"):
            if self.tokens[self.at + 1] in (r"\partial", r"\mathrm"):
                return self.known(f"{self.raw()}/{self.raw()}")
            return self.group() / self.group()
        if token == r"\begin":
            return self.matrix()
        if token == r"\sigma":
            return self.sigmoid()
        return self.known(token + self.indices())

    def matrix(self) -> Any:
        if self.raw() != "bmatrix":
            raise Unknown
        rows = [[self.sum()]]
        while (token := self.take("&", "\\", r"\end")) != r"\end":
            if token == "&":
                rows[-1].append(self.sum())
            else:
                self.take("\\")
                rows.append([self.sum()])
        self.raw()
        return np.array(rows, dtype=float)

    def sigmoid(self) -> Any:
        slope = self.next() == "'" and bool(self.take())
        self.take("(")
        z = self.sum()
        self.take(")")
        a = 1 / (1 + np.exp(-z))
        return a * (1 - a) if slope else a

    def indices(self) -> str:
        """Read the superscript and the subscript of a symbol; a superscript is a layer."""
        said = ""
        while self.next() in ("^", "_") and self.tokens[self.at + 1 : self.at + 3] != ["{", r"\mathsf"]:
            said += self.take() + (self.raw() if self.next() == "{" else self.take())
        return said

    def raw(self) -> str:
        """Read what stands between braces as it is."""
        self.take("{")
        said, depth = "", 1
        while depth:
            token = self.take()
            depth += (token == "{") - (token == "}")
            said += token if token not in "{}" else ""
        return said

    def known(self, name: str) -> Any:
        if name not in self.table:
            raise Unknown
        return self.table[name]
