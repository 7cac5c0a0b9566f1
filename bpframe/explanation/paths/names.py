"""What a single number of a network is called: `w^2_11` in the tutorial's notation, `lstm_1[0,3]` elsewhere."""

from __future__ import annotations

import re

from bpframe.core.graph.graph import Shape
from bpframe.explanation.formula.latex import in_text

__all__ = ["derivative", "entry_name", "latex_derivative", "latex_name"]


def entry_name(name: str, letter: str | None, index: Shape, shape: Shape) -> str:
    """Return what an entry is called: by its letter with subscripts from 1, or by its name with places from 0.

    `w^2` has the entries w^2_11 and, where a place has two digits, w^2_{10,3}; what has no axis is its letter alone.
    """
    if letter is None:
        return f"{name}[{','.join(map(str, index))}]" if shape else name
    if not shape:
        return letter
    places = [str(place + 1) for place in index]
    if all(length < 10 for length in shape):
        return f"{letter}_{''.join(places)}"
    return f"{letter}_{places[0]}" if len(places) == 1 else f"{letter}_{{{','.join(places)}}}"


def derivative(of: str, by: str) -> str:
    """Return a partial derivative in symbols: ∂a^4_1/∂a^3_2."""
    return f"∂{of}/∂{by}"


_LETTER = re.compile(r"(?P<letter>[a-zA-Z])(\^(?P<layer>\w+?))?(_(?P<places>\d+|\{[\d,]+\}))?")


def latex_name(name: str) -> str:
    r"""Return an entry's name in LaTeX: a^{4}_{1}, or \text{lstm\_1[0,3]}."""
    found = _LETTER.fullmatch(name)
    if found is None:
        return in_text(name)
    layer = f"^{{{found['layer']}}}" if found["layer"] else ""
    places = f"_{{{found['places'].strip('{}')}}}" if found["places"] else ""
    return f"{found['letter']}{layer}{places}"


def latex_derivative(of: str, by: str) -> str:
    r"""Return a partial derivative in LaTeX: \frac{\partial a^{4}_{1}}{\partial a^{3}_{2}}."""
    return rf"\frac{{\partial {latex_name(of)}}}{{\partial {latex_name(by)}}}"
