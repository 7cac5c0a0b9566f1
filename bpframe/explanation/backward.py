"""The backward pass with its numbers: BP1, BP2, BP3 and BP4, or the general line where a network has no layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bpframe.explanation.elision import ends
from bpframe.explanation.formula import (
    Applied,
    Atom,
    Expression,
    Grid,
    Hadamard,
    Nabla,
    Partial,
    Plus,
    Symbol,
    Times,
    Transposed,
)
from bpframe.explanation.formula.text import on_one_line
from bpframe.explanation.formula.tree import Dots
from bpframe.explanation.forward import written_out
from bpframe.explanation.line import Line
from bpframe.explanation.nodes import entries_of
from bpframe.explanation.notation import Layer
from bpframe.explanation.worked import Worked
from bpframe.validation.plain_arrays import Array

__all__ = ["ANY_GRAPH", "ANY_PARAMETER", "BackwardPass", "backward_pass"]

#: What the general lines are called: BP1 and BP2 for any graph, BP3 and BP4 for any parameter.
ANY_GRAPH, ANY_PARAMETER = "BP2, any graph", "BP4, any parameter"


@dataclass(frozen=True, eq=False)
class BackwardPass:
    """What δ means here, then its lines in the order of the work: `errors` from the output back, and `gradients`.

    `matrices` writes one step back as a product with the transposed Jacobian, eq. (19) and (20); of very many layers
    these are the first and the last.
    """

    meaning: str
    errors: tuple[Line, ...]
    matrices: tuple[Line, ...]
    gradients: tuple[Line, ...]


def backward_pass(worked: Worked) -> BackwardPass:
    """Write the backward pass down."""
    graph = worked.graph
    names = [name for name in graph.shapes if name not in graph.integer_inputs]
    first, _, last = ends(worked.notation.layers[1:])
    reached = [name for name in reversed(names) if name in worked.starts or worked.consumers[name]]
    return BackwardPass(
        meaning=worked.notation.delta,
        errors=tuple(line for name in reached for line in _error(worked, name)),
        matrices=tuple(line for layer in (*first, *last) for line in _matrix(worked, layer)),
        gradients=tuple(line for path in graph.parameters for line in _gradient(worked, path)),
    )


def _error(worked: Worked, name: str) -> Iterator[Line]:
    """Yield the line of one value's error; an activation's is part of its layer's."""
    notation = worked.notation
    layer = notation.layer_of(name)
    if layer is not None and layer.activation == name:
        return
    output = name if layer is None else layer.output
    error = worked.errors[name]
    terms, values, tag, says = _arriving(worked, output)
    symbols: Expression = terms[0] if len(terms) == 1 else Plus(tuple(terms))
    if layer is None:
        if all(each.ndim == 0 for each in values.values()):
            error = error.reshape(())
        yield Line(
            tag, notation.error(name), symbols, values, error if not error.ndim else error.reshape(-1), says, name
        )
        return
    if layer.activation is not None:
        slope = Applied(notation.functions[layer.number], Symbol("z", layer.number), prime=True)
        symbols, values[slope] = Hadamard(symbols, slope), slopes(worked, layer)
    left = notation.error(name)
    if output in worked.starts and not worked.consumers[output]:
        tag = "16" if notation.linear else "BP1"
        says = "the error of the output: how fast the cost changes with it"
        says += ", times the slope of its activation" if layer.activation is not None else ""
    elif tag == "":
        tag = "20" if notation.linear else "BP2"
        says = f"the error of layer {layer.number} from that of layer {layer.number + 1}: back along every weight"
        says += ", times the slope of the activation" if layer.activation is not None else ""
    yield Line(tag, left, symbols, values, error, says, name, layer.number)


def _arriving(worked: Worked, name: str) -> tuple[list[Expression], dict[Atom, Array], str, str]:
    """Return the terms of ∂C/∂value: what the cost says, and what comes back from each node that reads it.

    The tag is empty where they are those of BP2: one layer that reads it, and no cost.
    """
    notation, consumers = worked.notation, worked.consumers[name]
    terms: list[Expression] = []
    values: dict[Atom, Array] = {}
    said = []
    # Single numbers with names are written without brackets, as in Olah's graph.
    singles = notation.symbols[name].is_name and all(
        worked.errors[each].size == 1 and notation.symbols[each].is_name
        for each in (name, *(node.name for node in consumers))
    )
    if name in worked.starts:
        symbol = notation.symbols[name]
        plain = notation.linear or not worked.has_cost
        start = Partial(notation.cost, symbol) if plain else Nabla(notation.cost, symbol)
        terms.append(start)
        values[start] = worked.starts[name].reshape(() if singles else -1)
        said.append("what the cost says" if worked.has_cost else "of the output by itself it is 1")
    for node in consumers:
        layer = notation.by_affine.get(node.name)
        error = notation.error(node.name)
        values[error] = worked.errors[node.name].reshape(-1)
        if layer is not None:
            weight = notation.parameters[layer.weight]
            values[weight] = worked.parameter(layer.weight)
            terms.append(Times((Transposed(weight), error)))
            said.append(f"what comes back from layer {layer.number}")
            continue
        local = Partial(notation.symbols[node.name], notation.symbols[name])
        keys = [key for key, source in zip(node.input_keys, node.sources, strict=True) if source == name]
        operators = [worked.jacobian(node)[key] for key in keys]
        shape = worked.errors[node.name].size, worked.errors[name].size
        if singles:
            values[error] = worked.errors[node.name].reshape(())
        written = [entries_of(each, *shape) for each in operators]
        if all(each is not None for each in written):
            table = np.add.reduce([each for each in written if each is not None])
            values[local] = table.reshape(()) if singles else table
        terms.append(Times((local if singles else Transposed(local), error)))
        said.append(f"back through {node.name} ({' + '.join(each.structure for each in operators)})")
    pure = len(consumers) == 1 and consumers[0].name in notation.by_affine and name not in worked.starts
    only = name in worked.starts and not consumers
    tag = "" if pure else "BP1" if only and worked.has_cost else "" if only else ANY_GRAPH
    many = "added over the paths: " if len(terms) > 1 else ""
    return terms, values, tag, many + ", ".join(said)


def slopes(worked: Worked, layer: Layer) -> Array:
    """Return σ'(z^l), a column: the diagonal of the activation's Jacobian."""
    node = worked.graph.by_name[layer.activation or ""]
    operator = next(iter(worked.jacobian(node).values()))
    ones = np.ones((1, *node.output_shape), worked.trace.dtype)
    return np.array(np.broadcast_to(operator.vjp(ones), ones.shape)[0])


def _matrix(worked: Worked, layer: Layer) -> Iterator[Line]:
    """Yield eq. (19) and (20) of a layer that reads from the one before: its Jacobian's transpose times its error."""
    notation = worked.notation
    before = notation.layer_of(layer.reads)
    if before is None or len(worked.consumers[layer.reads]) != 1 or layer.reads in worked.starts:
        return
    weight = notation.parameters[layer.weight]
    value, read = notation.value(layer.affine), notation.symbols[layer.reads]
    error = notation.error(layer.affine)
    found = worked.errors[layer.reads]
    whole = Partial(value, read)
    array = worked.parameter(layer.weight)
    grid = _partials(value, read, array.shape)
    if notation.linear:
        left: Expression = written_out(Symbol("δ", before.number), found.shape, Symbol("δ", before.number))
    else:
        left = written_of(Partial(notation.cost, read), found.shape)
    right = written_out(error if isinstance(error, Symbol) else read, (layer.units,), error)
    values: dict[Atom, Array] = {whole: array, error: worked.errors[layer.affine], weight: array}
    says = f"the matrix is the transpose of the Jacobian of {_told(value)} by {_told(read)}"
    yield Line("19", left, Times((grid, right)), values, found, says, layer.affine, layer.number)
    above = Symbol("δ", before.number) if notation.linear else Partial(notation.cost, read)
    says = "and that Jacobian is the weight matrix"
    yield Line("20", above, Times((Transposed(weight), error)), values, found, says, layer.affine, layer.number)


def written_of(partial: Partial, shape: tuple[int, ...]) -> Grid:
    """Return ∂C/∂a as a column of its entries."""
    column = written_out(partial.bottom, shape, partial)
    rows = tuple((Partial(partial.top, each) if isinstance(each, Symbol) else each,) for (each,) in column.rows)
    return Grid(rows, partial)


def _partials(value: Symbol, read: Symbol, shape: tuple[int, int]) -> Grid:
    """Return the transposed Jacobian's entries: row k, column j has ∂value_j/∂read_k."""
    plain = written_out(Symbol(""), (shape[1], shape[0]), Symbol(""))
    rows = tuple(
        tuple(each if isinstance(each, Dots) else _partial(value, read, each) for each in row) for row in plain.rows
    )
    return Grid(rows, Transposed(Partial(value, read)))


def _partial(value: Symbol, read: Symbol, place: Expression) -> Expression:
    if not isinstance(place, Symbol):
        return place
    k, j = place.index
    return Partial(value.at(j), read.at(k))


def _entry_k(symbol: Symbol) -> str:
    return on_one_line(symbol.at("k"))


def _told(symbol: Symbol) -> str:
    return symbol.base if symbol.layer is None else f"{symbol.base}^{symbol.layer}"


def _gradient(worked: Worked, path: str) -> Iterator[Line]:
    """Yield the line of one parameter's gradient: BP3, BP4, or the general line; added up over its uses."""
    notation = worked.notation
    parameter = notation.parameters[path]
    left = Partial(notation.cost, parameter)
    terms: list[Expression] = []
    values: dict[Atom, Array] = {}
    tags, said = [], []
    general = False
    for node, name in worked.uses[path]:
        layer, error = notation.by_affine.get(node.name), notation.error(node.name)
        delta = worked.errors[node.name]
        values[error] = delta if layer is not None else delta.reshape(-1)
        if layer is not None and path == layer.weight:
            read = notation.symbols[layer.reads]
            values[read] = worked.value(layer.reads)
            terms.append(Times((error, Transposed(read))))
            tags.append("14" if notation.linear else "BP4")
            said.append(f"entry jk is {_entry_k(read)} times δ^{layer.number}_j")
        elif layer is not None and path == layer.bias:
            terms.append(error)
            tags.append("BP3")
            said.append("a bias is added to z as it is")
        else:
            general = True
            operator = worked.jacobian(node)[name]
            local = Partial(notation.symbols[node.name], parameter)
            written = entries_of(operator, delta.size, worked.parameter(path).size)
            if written is not None:
                values[local] = written
            terms.append(Times((Transposed(local), error)))
            tags.append(ANY_PARAMETER)
            said.append(f"through {node.name} ({operator.structure})")
    penalties = worked.penalties.get(path, ())
    if penalties:
        extra = Partial(Symbol("R"), parameter)
        terms.append(extra)
        values[extra] = np.add.reduce([np.asarray(term.gradient(worked.parameter(path))) for term in penalties])
        said.append("R is the penalty " + " and ".join(term.penalty.kind for term in penalties))
        general_shape = values[extra].reshape(-1) if general else values[extra]
        values[extra] = general_shape
    result = worked.gradient[path]
    says = ("added over its uses: " if len(tags) > 1 else "") + "; ".join(dict.fromkeys(said))
    symbols = terms[0] if len(terms) == 1 else Plus(tuple(terms))
    layer = notation.by_affine.get(path.rpartition(".")[0])
    yield Line(
        tags[0], left, symbols, values, result.reshape(-1) if general else result, says, path,
        None if layer is None else layer.number,
    )  # fmt: skip
