"""The equations of a single neuron, number by number: BP1-2 and BP2-2, or (13) to (18) without activations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bpframe.errors import DataError
from bpframe.explanation.backward import slopes
from bpframe.explanation.elision import ends
from bpframe.explanation.formula import Atom, Dots, Expression, Partial, Plus, SumOver, Symbol, Times
from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.line import Line
from bpframe.explanation.nodes import entries_of
from bpframe.explanation.notation import Layer
from bpframe.explanation.worked import Worked
from bpframe.validation.plain_arrays import Array

__all__ = ["NeuronSection", "neuron_section"]

#: A sum shows so many of its terms.
TERMS = 6


@dataclass(frozen=True, eq=False)
class NeuronSection:
    """One neuron: the `node` and the number, from 1, of its entry; the `lines` lead from the output's error to its own.

    `layer` is the tutorial's number, None for an entry of another node.
    """

    node: str
    layer: int | None
    number: int
    lines: tuple[Line, ...]

    @property
    def place(self) -> str:
        """What headings call its layer or node."""
        return self.node if self.layer is None else f"layer {self.layer} ({self.node})"


@dataclass(frozen=True)
class Place:
    """An entry of a value: the node before an activation, the one behind it, and the entry's place from 0."""

    name: str
    output: str
    layer: Layer | None
    entry: int


def neuron_section(worked: Worked, neuron: str | None) -> NeuronSection | None:
    """Explain one neuron, `2:1` or an entry of a node, `sum[0]`; the first of the first layer where it is left out.

    Errors: DataError for what is none.
    """
    layers = worked.notation.layers
    if neuron is None:
        if not layers:
            return None
        place = Place(layers[0].affine, layers[0].output, layers[0], 0)
    else:
        place = _place(worked, neuron)
    lines = (*_above(worked, place), *_error(worked, place), *_definition(worked, place), *_parameters(worked, place))
    number = None if place.layer is None else place.layer.number
    return NeuronSection(place.name, number, place.entry + 1, lines)


def _place(worked: Worked, neuron: str) -> Place:
    by_number = {str(each.number): each for each in worked.notation.layers}
    name, _, number = str(neuron).rpartition(":")
    layer = by_number.get(name)
    if layer is not None and number.isdecimal() and 1 <= int(number) <= layer.units:
        return Place(layer.affine, layer.output, layer, int(number) - 1)
    name, _, index = str(neuron).removesuffix("]").partition("[")
    known = [each for each in worked.graph.shapes if each not in worked.graph.integer_inputs]
    places = tuple(int(each) for each in index.split(",")) if index.replace(",", "").isdecimal() else ()
    if name in known and worked.errors[name].size == 1 and not index:
        places = (0,) * worked.errors[name].ndim
    shape = worked.errors[name].shape if name in known else ()
    inside = len(places) == len(shape) and all(one < length for one, length in zip(places, shape, strict=False))
    if name not in known or not inside:
        told = [f"{each.number}:1 to {each.number}:{each.units}" for each in worked.notation.layers]
        told += [f"an entry of a node, such as {known[-1]}[{','.join('0' * worked.errors[known[-1]].ndim)}]"]
        raise DataError("there is no such neuron", expected=", ".join(told), received=repr(neuron))
    layer = worked.notation.layer_of(name)
    entry = int(np.ravel_multi_index(places, shape)) if shape else 0
    return Place(name if layer is None else layer.affine, name if layer is None else layer.output, layer, entry)


def _above(worked: Worked, place: Place) -> Iterator[Line]:
    """Yield the errors of the first neurons of the layers above, from the output on, where these are a chain.

    Of very many layers these are the last ones, and those next to the neuron.
    """
    if place.layer is None:
        return
    above: list[Place] = []
    layer: Layer | None = place.layer
    while layer is not None and len(worked.consumers[layer.output]) == 1:
        layer = worked.notation.by_affine.get(worked.consumers[layer.output][0].name)
        if layer is not None:
            above.append(Place(layer.affine, layer.output, layer, 0))
    first, _, last = ends(above[::-1])
    for each in (*first, *last):
        yield from _error(worked, each)


def _error(worked: Worked, place: Place) -> Iterator[Line]:
    """Yield an entry's error, with its paths: multiply along each, add them up."""
    notation, output, j = worked.notation, place.output, place.entry
    terms: list[Expression] = []
    values: dict[Atom, Array] = {}
    if output in worked.starts:
        start = Partial(notation.cost, _own(worked, output, j))
        terms.append(start)
        values[start] = worked.starts[output].reshape(-1)[j]
    sum_over = None
    for node in worked.consumers[output]:
        layer = notation.by_affine.get(node.name)
        table = _column(worked, node.name, output, j)
        if table is None:
            return  # too large to be written out
        delta = worked.errors[node.name].reshape(-1)
        found: list[Expression] = []
        for q in range(len(delta)):
            if layer is None and not table[q] and np.count_nonzero(table):
                continue  # there is no path
            if layer is not None:
                local: Atom = notation.parameters[layer.weight].at(q + 1, j + 1)
            else:
                local = Partial(_own(worked, node.name, q), _own(worked, output, j))
            error = _entry(worked, node.name, q)
            values[local], values[error] = table[q], delta[q]
            found.append(Times((error, local)) if notation.linear else Times((local, error)))
        if layer is not None and len(worked.consumers[output]) == 1 and not notation.linear:
            weight = notation.parameters[layer.weight].at("q", j + 1)
            inner = Times((weight, Symbol("δ", layer.number, ("q",))))
            sum_over = SumOver("q", inner, Plus(_shortened(found)))
        terms += _shortened(found)
    pure = len(worked.consumers[output]) == 1 and worked.consumers[output][0].name in notation.by_affine
    symbols: Expression = Plus(tuple(terms)) if len(terms) > 1 else terms[0]
    if sum_over is not None and output not in worked.starts:
        symbols = sum_over
    says = "one path leads back to it" if len(terms) == 1 else "multiply along each path, add over all of them"
    if output in worked.starts and not worked.consumers[output]:
        tag = "16" if notation.linear else "BP1-2" if place.layer is not None else "BP1"
        says = "the cost's own derivative"
    elif notation.linear and pure:
        tag = "17" if len(terms) == 1 else "18"
    else:
        tag = "BP2-2" if pure and place.layer is not None else "BP2-2, any graph"
    if place.layer is not None and place.layer.activation is not None:
        a, z = (Symbol(each, place.layer.number, (j + 1,)) for each in ("a", "z"))
        slope = Partial(a, z)
        symbols, values[slope] = Times((symbols, slope)), slopes(worked, place.layer).reshape(-1)[j]
        says += ", times the slope of the activation"
    left = _entry(worked, place.name, j)
    result = worked.errors[place.name].reshape(-1)[j]
    yield _scalar(tag, left, symbols, values, result, says, place)


def _column(worked: Worked, node: str, output: str, j: int) -> Array | None:
    """Return how fast every entry of a node's value changes with one entry of what it reads."""
    layer = worked.notation.by_affine.get(node)
    if layer is not None:
        return worked.parameter(layer.weight)[:, j]
    found = worked.graph.by_name[node]
    keys = [key for key, source in zip(found.input_keys, found.sources, strict=True) if source == output]
    shape = worked.errors[node].size, worked.errors[output].size
    written = [entries_of(worked.jacobian(found)[key], *shape) for key in keys]
    if any(each is None for each in written):
        return None
    return np.asarray(np.add.reduce([each for each in written if each is not None])[:, j])


def _definition(worked: Worked, place: Place) -> Iterator[Line]:
    """Yield eq. (13), and (15) for the first path that leads on."""
    notation, j = worked.notation, place.entry + 1
    if place.layer is None:
        return
    left = _entry(worked, place.name, j - 1)
    value = notation.value(place.name).at(j)
    meant = Partial(notation.cost, value)
    result = worked.errors[place.name].reshape(-1)[place.entry]
    tag = "13" if notation.linear else ""
    says = "what δ means: how fast the cost grows with this one number"
    yield _scalar(tag, left, meant, {meant: result}, result, says, place)
    for node in worked.consumers[place.output]:
        layer = notation.by_affine.get(node.name)
        if layer is None:
            continue
        above = notation.value(node.name).at(1)
        weight = notation.parameters[layer.weight].at(1, j)
        number = worked.parameter(layer.weight)[0, place.entry]
        path = Partial(above, notation.symbols[place.output].at(j))
        says = "an edge from neuron to neuron contributes its weight"
        yield _scalar("15", path, weight, {weight: number}, number, says, place)


def _parameters(worked: Worked, place: Place) -> Iterator[Line]:
    """Yield (14), or BP4 and BP3, for the first weight of the neuron, and for its bias."""
    notation, layer, j = worked.notation, place.layer, place.entry + 1
    if layer is None or worked.graph.by_name[place.name].owner != place.name:
        return
    penalised = worked.penalties
    shared = [node for node in worked.graph.nodes if node.owner == place.name]
    error = _entry(worked, place.name, j - 1)
    delta = worked.errors[place.name].reshape(-1)[place.entry]
    if len(shared) > 1:
        return  # its gradient has other terms
    gradient = worked.gradient.views
    if layer.weight in gradient and layer.weight not in penalised:
        weight, read = notation.parameters[layer.weight].at(j, 1), notation.symbols[layer.reads].at(1)
        number, result = worked.value(layer.reads)[0], gradient[layer.weight][place.entry, 0]
        left = Partial(notation.cost, weight)
        if notation.linear:
            local: Atom = Partial(notation.value(place.name).at(j), weight)
            says = f"and that derivative is the activation that the weight is multiplied with, {on_one_line(read)}"
            yield _scalar("14", left, Times((error, local)), {error: delta, local: number}, result, says, place)
        else:
            says = "the activation that enters, times the error of the neuron that it enters"
            yield _scalar("BP4", left, Times((read, error)), {error: delta, read: number}, result, says, place)
    if layer.bias in gradient and layer.bias not in penalised:
        left = Partial(notation.cost, notation.parameters[layer.bias].at(j))
        result = gradient[layer.bias][place.entry]
        yield _scalar("BP3", left, error, {error: delta}, result, "a bias enters with the slope 1", place)


def _own(worked: Worked, name: str, entry: int) -> Symbol:
    """Return the letter for an entry of a value, whose number is counted from 0."""
    symbol = worked.notation.symbols[name]
    return symbol.at(entry + 1) if not symbol.is_name else symbol.at(*_places(worked, name, entry))


def _places(worked: Worked, name: str, entry: int) -> tuple[int, ...]:
    """Return an entry's place in its array; none of a single number."""
    array = worked.errors[name]
    return () if array.size == 1 else tuple(int(place) for place in np.unravel_index(entry, array.shape))


def _entry(worked: Worked, name: str, entry: int) -> Symbol | Partial:
    """Return the letter for an entry of a value's error."""
    error = worked.notation.error(name)
    if isinstance(error, Partial):
        return Partial(error.top, _own(worked, name, entry))
    return error.at(entry + 1) if error.of is None else error.at(*_places(worked, name, entry))


def _shortened(terms: list[Expression]) -> tuple[Expression, ...]:
    if len(terms) <= TERMS:
        return tuple(terms)
    return (*terms[: TERMS - 2], Dots(len(terms) - TERMS + 1), terms[-1])


def _scalar(
    tag: str, left: Expression, symbols: Expression, values: dict[Atom, Array], result: Array, says: str, place: Place
) -> Line:
    numbers = {atom: np.asarray(number) for atom, number in values.items()}
    layer = None if place.layer is None else place.layer.number
    return Line(tag, left, symbols, numbers, np.asarray(result), says, place.name, layer)
