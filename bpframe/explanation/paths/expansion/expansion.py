"""The network as one formula, eq. (5): how long it is, what it is, and its derivative by each weight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bpframe.errors import DerivativeError
from bpframe.explanation.paths.expansion.collecting import collected_terms
from bpframe.explanation.paths.expansion.differentiating import direct_multiplications
from bpframe.explanation.paths.expansion.expression import Expression, depth, in_order
from bpframe.explanation.paths.expansion.feeding import Formulas
from bpframe.explanation.paths.expansion.symbolic_number import Comparison
from bpframe.explanation.paths.expansion.sympy_form import SympyForm
from bpframe.explanation.paths.expansion.writing import written, written_in_latex
from bpframe.explanation.paths.names import derivative
from bpframe.explanation.paths.path_sums import derivatives_of
from bpframe.explanation.paths.scalar_graph import ScalarGraph

__all__ = ["DerivativeFormula", "Expansion", "FormulaText", "expansion"]

#: How many operations a formula may have to be written, and how many of them one within the other, since SymPy works
#: by recursion; how many terms it may have to be multiplied out, and differentiated.
MOST_WRITTEN, MOST_NESTED = 500, 60
MOST_EXPANDED = 300

#: How many operations the differentiated formulas may have together.
MOST_DIFFERENTIATED = 600

#: How many conditions are written.
MOST_CONDITIONS = 100


@dataclass(frozen=True)
class FormulaText:
    """A formula as text and in LaTeX."""

    text: str
    latex: str


@dataclass(frozen=True)
class DerivativeFormula:
    """The derivative by one weight: as a formula, its number at the example, and what back-propagation found.

    `number` comes from the formula alone.
    """

    symbol: str
    weight: str
    formula: FormulaText
    number: float
    back_propagated: float


@dataclass(frozen=True)
class Expansion:
    """A network as one formula in its weights, inputs and targets, and how long it is.

    `formula` is the one that its components compute, brackets as they stand; `expanded` has them multiplied out and
    like terms collected. Both are None where they are too long to write, or nested too deeply, `expanded` also where it
    is no polynomial.
    Of a long formula, `derivatives` has those by some of the weights; of one that is not written, none.

    `operations` and `multiplications` count those of `formula` written out as a tree, exact however long it is; `terms`
    those after multiplying out, before like ones are collected, `collected` after (None where there are too many, both
    None where it is no polynomial). `direct_multiplications` are those of all derivatives, each written out by itself.

    The formula holds for all numbers with which the comparisons in `conditions` come out the same. There are
    `condition_count`. Of many the first are written, and none with a number beyond ±50, by which components keep
    exponents within the machine's numbers.
    """

    of: str
    weights: int
    operations: int
    multiplications: int
    terms: int | None
    collected: int | None
    direct_multiplications: int | None
    formula: FormulaText | None
    expanded: FormulaText | None
    derivatives: tuple[DerivativeFormula, ...]
    conditions: tuple[str, ...]
    condition_count: int


def expansion(graph: ScalarGraph, found: Formulas, of: str = "C", first: str | None = None) -> Expansion:
    """Return an entry of a network as one formula, with its derivatives by all weights, or by some of a long one.

    `first` is the weight by which it is differentiated first.

    Raises
    ------
    DerivativeError
        A constant in the formula is not finite.
    MissingExtra
        Without SymPy, which the extra `symbolic` installs, where the formula is short enough to be written.
    KeyError
        For names that there are not.

    """
    end = graph.entry(of)
    formula = found.entries[graph.name(end)]
    begun = [] if first is None else [graph.name(graph.entry(first))]
    few = max(1, MOST_DIFFERENTIATED // max(1, formula.operations))
    by = [*dict.fromkeys([*begun, *found.weights])][:few]
    conditions = [each for each in found.decided if not _is_limit(each)]
    form = _form(formula) if formula.operations <= MOST_WRITTEN and depth(formula) <= MOST_NESTED else None
    collected = collected_terms(formula)
    short = form is not None and formula.terms is not None and formula.terms <= MOST_EXPANDED
    return Expansion(
        of=graph.name(end),
        weights=len(found.weights),
        operations=formula.operations,
        multiplications=formula.multiplications,
        terms=formula.terms,
        collected=collected,
        direct_multiplications=direct_multiplications(formula, found.weights),
        formula=None if form is None else FormulaText(written(formula), written_in_latex(formula)),
        expanded=_text(form, form.expanded()) if form is not None and short else None,
        derivatives=() if form is None else tuple(_derivatives(graph, found, form, end, by)),
        conditions=tuple(_condition(found, each) for each in conditions[:MOST_CONDITIONS]),
        condition_count=len(found.decided),
    )


def _form(formula: Expression) -> SympyForm:
    wrong = next((each.value for each in in_order([formula]) if not math.isfinite(each.value)), None)
    if wrong is not None:
        what = "not a number" if math.isnan(wrong) else "infinite"
        raise DerivativeError(f"a constant in the formula, such as that of a mask, is {what}", received=repr(wrong))
    return SympyForm(formula)


_SIGNS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}


def _condition(found: Formulas, comparison: Comparison) -> str:
    left, sign, right = comparison
    return f"{written(left, found.names)} {_SIGNS.get(sign, sign)} {written(right, found.names)}"


def _derivatives(
    graph: ScalarGraph, found: Formulas, form: SympyForm, end: int, by: Sequence[str]
) -> list[DerivativeFormula]:
    back_propagated = derivatives_of(graph, end)
    formulas = [form.derivative(name) for name in by]
    numbers = form.at(formulas, found.numbers)
    return [
        DerivativeFormula(
            symbol=derivative(graph.name(end), name),
            weight=name,
            formula=_text(form, formula),
            number=number,
            back_propagated=back_propagated[graph.entry(name)],
        )
        for name, formula, number in zip(by, formulas, numbers, strict=True)
    ]


def _text(form: SympyForm, expression: object) -> FormulaText:
    return FormulaText(form.text(expression), form.latex(expression))


def _is_limit(comparison: Comparison) -> bool:
    """Whether a comparison is with a number so far from 0 that it is there for the machine's limits."""
    return any(side.operation == "number" and abs(side.value) > 50 for side in (comparison[0], comparison[2]))
