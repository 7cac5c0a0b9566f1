"""The chain rule along paths: for chosen weights every path, eqs. (6) to (12), and what it all costs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bpframe.errors import DataError, MemoryLimitError
from bpframe.explanation.elision import ends
from bpframe.explanation.formula import Atom, Dots, Expression, Partial, Plus, Symbol, Times
from bpframe.explanation.formula.numerals import in_words
from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.line import Line
from bpframe.explanation.paths import (
    ChainRule,
    Multiplications,
    PathProduct,
    ScalarGraph,
    SharedFactor,
    chain_rule,
    multiplications,
    scalar_graph,
    shared_factors,
)
from bpframe.explanation.worked import Worked
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["PathsSection", "in_rows", "paths_section"]

#: So many paths are written into an equation; of more, the rule has the largest.
WRITTEN = 4

#: Where nobody asks for a weight, those of so many layers are followed: the last ones, and the first.
FOLLOWED = 6

#: Above so many edges, which take a second, the graph of single numbers is made only where a weight is asked for.
MOST_EDGES = 60_000


@dataclass(frozen=True, eq=False)
class PathsSection:
    """The derivatives by some weights, path by path, and the multiplications that each way to all of them needs.

    `lines` has the rules of few paths as equations. `counts` compares path by path, forward mode and back-propagation,
    `shared` has the factors that stand in many products; `graph` has all single numbers, from which the paths of any
    other weight are read. `reason` says why there is nothing, where there is nothing.
    """

    rules: tuple[ChainRule, ...]
    lines: tuple[Line, ...]
    counts: Multiplications | None
    shared: tuple[SharedFactor, ...]
    reason: str | None = None
    graph: ScalarGraph | None = None


def paths_section(worked: Worked, weight: str | None) -> PathsSection:
    """Follow one number, such as `w^2_11`, to the cost; where it is left out, the first ones that the tutorial follows.

    Errors: DataError for a weight that there is not; MemoryLimitError where one is asked for in a network too large.
    """
    if weight is not None and not isinstance(weight, str):
        raise DataError("a weight is chosen by its name", expected="such as 'w^2_11'", received=shortened(weight))
    edges = worked.edges
    if weight is None and edges > MOST_EDGES:
        return _nothing(
            f"the graph of single numbers has about {edges:,} edges; it is made where a weight is asked for"
        )
    try:
        graph = _graph(worked)
    except MemoryLimitError as error:
        if weight is not None:
            raise
        return _nothing(error.problem)
    end = graph.name(graph.size - 1)
    begins = [weight] if weight is not None else [*_chosen(worked, graph)]
    try:
        rules = tuple(chain_rule(graph, each, end) for each in begins)
    except KeyError as error:
        raise DataError(str(error.args[0])) from None
    lines = tuple(line for rule in rules for line in _lines(worked, rule))
    trained = bool(len(graph.weights))
    return PathsSection(
        rules,
        lines,
        multiplications(graph, end) if trained else None,
        shared_factors(graph, end) if trained else (),
        graph=graph,
    )


def _nothing(reason: str) -> PathsSection:
    return PathsSection((), (), None, (), reason)


def _graph(worked: Worked) -> ScalarGraph:
    """Return the graph of the network's single numbers, with the letters of the notation."""
    notation = worked.notation
    letters = {name: notation.value(name) for name in worked.graph.shapes} | dict(notation.parameters)
    told = {name: on_one_line(symbol) for name, symbol in letters.items() if not symbol.is_name}
    return scalar_graph(worked.trace, worked.targets if worked.has_cost else None, told)


def _chosen(worked: Worked, graph: ScalarGraph) -> Iterator[str]:
    """Yield the weights whose paths are shown: the first of each layer, without activations those of (7) to (12)."""
    notation = worked.notation
    own = [each for each in reversed(notation.layers) if each.weight in worked.gradient.views]
    own = own if len(own) <= FOLLOWED else [*own[: FOLLOWED - 1], own[-1]]
    letters = [notation.parameters[each.weight] for each in own]
    if own and all(symbol.layer == each.number for symbol, each in zip(letters, own, strict=True)):
        for place, (layer, letter) in enumerate(zip(own, letters, strict=True)):
            gradient = worked.gradient[layer.weight]
            rows, columns = gradient.shape
            # Where the first weight has nothing to do, as at a dark pixel, the one with the largest derivative.
            row, column = divmod(0 if gradient[0, 0] else int(np.argmax(np.abs(gradient))), columns)
            if notation.linear and place == 1:
                yield f"{on_one_line(notation.symbols[layer.output])}_1"
            yield _entry(letter, row + 1, column + 1, rows, columns)
            if notation.linear and place == 1:
                yield from (_entry(letter, 2, 1, rows, columns),) if rows > 1 else ()
                yield from (_entry(letter, 1, 2, rows, columns),) if columns > 1 else ()
        return
    kind = "parameter" if worked.gradient.views else "input"
    for group in [group for group in graph.groups if group.kind == kind and group.stop > group.start][:3]:
        yield graph.name(group.start)


def _entry(letter: Symbol, row: int, column: int, rows: int, columns: int) -> str:
    told = f"{row}{column}" if max(rows, columns) < 10 else f"{{{row},{column}}}"
    return f"{on_one_line(letter)}_{told}"


def _lines(worked: Worked, rule: ChainRule) -> Iterator[Line]:
    """Yield a rule as equations: one path multiplied, or where there are several, (11) and (12)."""
    if rule.shown == "largest" or not 0 < len(rule.paths) <= WRITTEN or not all(path.factors for path in rule.paths):
        return  # there are too many, or none, or the number is that itself which is differentiated
    values: dict[Atom, Array] = {}
    products: list[list[Expression]] = []
    for path in rule.paths:
        atoms = [Partial(_symbol(worked, each.of), _symbol(worked, each.by)) for each in path.factors]
        values |= {atom: np.asarray(each.number) for atom, each in zip(atoms, path.factors, strict=True)}
        products.append([*atoms])
    left = Partial(_symbol(worked, rule.of), _symbol(worked, rule.weight))
    result = np.asarray(rule.total)
    if len(products) == 1:
        tag = _tag(worked, rule.weight)
        yield Line(tag, left, _product(products[0]), values, result, "one path: multiply along it", rule.weight)
        return
    first, last = products[0][0], products[0][-1]
    ends = all(each[0] == first and each[-1] == last for each in products) and min(map(len, products)) > 2
    if ends:
        says = f"what stands in the middle? {len(products)} paths lead from {rule.weight} to {rule.of}"
        yield Line("11", left, Times((first, Dots(0), last)), {}, result, says, rule.weight)
    says = "every path by itself: multiply along it, add over all"
    yield Line("", left, Plus(tuple(_product(each) for each in products)), values, result, says, rule.weight)
    if all(each[-1] == last for each in products):
        inner = Plus(tuple(_product(each[:-1]) for each in products))
        says = "the factor that all of them have is taken out"
        yield Line("12", left, Times((inner, last)), values, result, says, rule.weight)


def _tag(worked: Worked, weight: str) -> str:
    """Return the tutorial's equation for a weight with one path: (7) to (10), else (6), the chain rule."""
    found = re.fullmatch(r"w\^(\d+)_(\d+|\{[\d,]+\})", weight)
    if found is None or not worked.notation.linear:
        return "6"
    last = worked.notation.layers[-1].number
    if int(found[1]) == last:
        return "7"
    return {"11": "8", "21": "9", "12": "10"}.get(found[2], "6") if int(found[1]) == last - 1 else "6"


def _product(factors: list[Expression]) -> Expression:
    return factors[0] if len(factors) == 1 else Times(tuple(factors))


def _symbol(worked: Worked, name: str) -> Symbol:
    """Return the letter that an entry's name stands for: w^2_11, or a node's name with its places."""
    found = re.fullmatch(r"([abwz])\^(\d+)_(\d+|\{[\d,]+\})", name)
    if found is None:
        array = name.partition("[")[0]
        single = array in worked.errors and worked.errors[array].size == 1
        return Symbol(name) if name == "C" else Symbol(array if single else name, is_name=True)
    written, letter = found[3].strip("{}"), f"{found[1]}^{found[2]}"
    axes = {on_one_line(worked.notation.value(each)): array.ndim for each, array in worked.errors.items()}
    places = written.split(",") if "," in written or axes.get(letter, 2) == 1 or found[1] == "b" else [*written]
    return Symbol(found[1], int(found[2]), tuple(int(place) for place in places))


def in_rows(paths: tuple[PathProduct, ...]) -> list[tuple[str, str]]:
    """Return paths in words: the entries on the way, and the product of the numbers on its edges; of long ones ends."""
    rows = []
    for path in paths:
        numbers = _some([in_words(factor.number) for factor in path.factors], " · ")
        rows.append((_some(path.entries, " → "), f"{numbers} = {in_words(path.product)}"))
    return rows


def _some(told: Sequence[str], sign: str) -> str:
    first, left_out, last = ends(told)
    return sign.join([*first, *([f"... ({left_out:,} more) ..."] if left_out else []), *last])
