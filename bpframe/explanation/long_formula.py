"""A formula's text as mathematics that TeX may break into lines: linear, without a fraction or a growing bracket."""

from __future__ import annotations

import re

from bpframe.explanation.formula.latex import in_text
from bpframe.explanation.paths.names import latex_name

__all__ = ["breakable"]

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_PARTS = re.compile(
    r"(?P<function>[A-Za-z]\w*)(?=\()"
    r"|(?P<name>[A-Za-z_]\w*(?:[-.]\w+)*(?:\[[\d,]*\]|(?:\^\w+?)?_\{[\d,]+\}|\^[0-9]+(?:_[0-9]+)?)?)"
    r"(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|\^[\d.]+)?"
    r"|(?P<digits>\d+(?:\.\d+)?)(?:e(?P<power>[+-]?\d+))?"
    r"|(?P<exponent>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|\^[\d.]+)"
    r"|(?P<space>\s+)"
    r"|(?P<sign>.)",
    re.ASCII,
)

_SIGNS = {"·": r"\cdot ", "½": r"\tfrac{1}{2}", "∂": r"\partial ", "^": r"\mathbin{\text{\textasciicircum{}}}"}


def breakable(text: str) -> str:
    r"""Return a formula's text in LaTeX, one sign after the other: w^{2}_{11} \cdot (a^{1}_{1}+1)/2."""
    return "".join(map(_part, _PARTS.finditer(text)))


def _part(found: re.Match[str]) -> str:
    if function := found["function"]:
        return rf"\operatorname{{{function}}}" if function.isalnum() else in_text(function)
    if name := found["name"]:
        return f"({latex_name(name)}){_above(found['raised'])}" if found["raised"] else latex_name(name)
    if digits := found["digits"]:
        return digits + (rf"\cdot 10^{{{int(found['power'])}}}" if found["power"] else "")
    if exponent := found["exponent"]:
        return "{}" + _above(exponent)
    sign = found["sign"]
    if sign is None:
        return " "
    return sign if sign in "()+-=/,." else _SIGNS.get(sign, in_text(sign))


def _above(exponent: str) -> str:
    return f"^{{{exponent.removeprefix('^').translate(_SUPERSCRIPTS)}}}"
