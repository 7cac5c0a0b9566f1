"""How is an equation written?

As a small tree: letters with layers and indices, put together by the operations of the tutorial. A tree is filled with
numbers, worked out, and written as text or LaTeX. Start with `tree.py`.
"""

from __future__ import annotations

from bpframe.explanation.formula.filling import filled, worked_out
from bpframe.explanation.formula.tree import (
    Applied,
    Atom,
    Call,
    Dots,
    Expression,
    Grid,
    Hadamard,
    HalfSquare,
    Minus,
    Nabla,
    Numbers,
    Partial,
    Plus,
    SumOver,
    Symbol,
    Times,
    Transposed,
)

__all__ = [
    "Applied",
    "Atom",
    "Call",
    "Dots",
    "Expression",
    "Grid",
    "Hadamard",
    "HalfSquare",
    "Minus",
    "Nabla",
    "Numbers",
    "Partial",
    "Plus",
    "SumOver",
    "Symbol",
    "Times",
    "Transposed",
    "filled",
    "worked_out",
]
