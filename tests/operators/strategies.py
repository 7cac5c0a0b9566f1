"""Random operators of every structure, bound to shapes that fit."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import strategies as st

from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    Composed,
    Diagonal,
    Gather,
    IdentityMap,
    Matrix,
    Operator,
    Reshape,
    Sum,
    WeightTimes,
)
from bpframe.structures import (
    BatchMatMul,
    DiagonalBlocks,
    Permute,
    Pool,
    RankOne,
    Recomputed,
    Restriction,
    Scan,
    Transposed,
    Windows,
)

PLAIN = (
    IdentityMap, Diagonal, Matrix, BatchMatrix, WeightTimes, Broadcast, Reshape, Gather, RankOne, BatchMatMul, Windows,
    DiagonalBlocks, Permute, Pool, Restriction,
)  # fmt: skip

#: The fewest axes that an input, or an output, has to have.
LEAST_IN = {Matrix: 1, RankOne: 1, DiagonalBlocks: 1, WeightTimes: 2, BatchMatMul: 2, Windows: 2, Pool: 2}
LEAST_OUT = {Matrix: 1, RankOne: 1, DiagonalBlocks: 1, WeightTimes: 1, BatchMatMul: 2, Windows: 2, Pool: 2}
KINDS = (*PLAIN, Composed, Sum, Transposed, Scan)

batches = st.sampled_from([0, 1, 2, 3, 5])
sizes = st.integers(1, 4)


def shapes(least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(sizes, min_size=least, max_size=most).map(tuple)


def numbers(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Normal numbers of any real or complex dtype, read-only: an operator that writes to them fails."""
    array = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        array = array + 1j * rng.standard_normal(shape)
    array = np.asarray(array, dtype=dtype)
    array.flags.writeable = False
    return array


@st.composite
def generators(draw) -> np.random.Generator:
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


@st.composite
def operators(draw, kind, batch, in_shape=None, out_shape=None, dtype=np.float64) -> Operator:
    """An operator of a class whose input or output features (or neither) are given."""
    rng = draw(generators())
    if kind is Composed:
        return _composed(draw, batch, in_shape, out_shape, dtype)
    if kind is Windows:
        return _windows(draw, in_shape, out_shape)
    if kind is Pool:
        return _pool(draw, rng, batch, in_shape, out_shape)
    if kind is Scan:
        return _scan(draw, batch, in_shape, out_shape, dtype)
    if kind is Transposed:
        return _transposed(draw, batch, in_shape, out_shape, dtype)
    if kind is Restriction:
        return _restriction(draw, in_shape, out_shape)
    if kind is Permute:
        return _permute(draw, in_shape, out_shape)
    in_shape, out_shape = _both_shapes(draw, kind, in_shape, out_shape)
    if kind is Sum:
        terms = [
            draw(operators(term, batch, in_shape, out_shape, dtype))
            for term in draw(st.lists(st.sampled_from(_taking(in_shape, out_shape)), min_size=1, max_size=3))
        ]
        return Sum(tuple(terms)).bind(in_shape, out_shape)
    rows = draw(st.sampled_from([1, batch]))
    match kind.__name__:
        case "Diagonal":
            features = [draw(st.sampled_from([1, size])) for size in in_shape]
            operator = Diagonal(numbers(rng, (rows, *features), dtype))
        case "Matrix":
            operator = Matrix(numbers(rng, (out_shape[-1], in_shape[-1]), dtype))
        case "BatchMatrix":
            operator = BatchMatrix(numbers(rng, (rows, *out_shape, *in_shape), dtype))
        case "WeightTimes":
            operator = WeightTimes(numbers(rng, (batch, *out_shape[:-1], in_shape[1]), dtype))
        case "RankOne":
            lead = [draw(st.sampled_from([1, size])) for size in in_shape[:-1]]
            left = numbers(rng, (rows, *lead, out_shape[-1]), dtype)
            operator = RankOne(left, numbers(rng, (batch, *in_shape), dtype))
        case "DiagonalBlocks":
            operator = _blocks(draw, rng, batch, in_shape, out_shape, dtype)
        case "BatchMatMul":
            operator = _product(draw, rng, rows, in_shape, out_shape, dtype)
        case "Gather":
            operator = Gather(_index(draw, rng, rows, in_shape, out_shape))
        case _:
            operator = kind()
    return operator.bind(in_shape, out_shape)


def _index(draw, rng, rows, in_shape, out_shape):
    """Positions with repeats, without repeats where there are enough, with and without padding."""
    inputs, outputs = math.prod(in_shape), math.prod(out_shape)
    if outputs <= inputs and draw(st.booleans()):
        index = np.array([rng.permutation(inputs)[:outputs] for _ in range(rows)], dtype=np.intp)
    else:
        index = rng.integers(0, inputs, (rows, outputs))
    if draw(st.booleans()):
        index = np.where(rng.random(index.shape) < 0.3, -1, index)
    index = index.reshape(rows, *out_shape)
    index.flags.writeable = False
    return index


def _product(draw, rng, rows, in_shape, out_shape, dtype):
    """A matrix on a side where it fits, of the argument or its transpose."""
    lead = [draw(st.sampled_from([1, size])) for size in in_shape[:-2]]
    side, transpose = draw(st.sampled_from(_products(in_shape, out_shape)))
    turned = in_shape[:-3:-1] if transpose else in_shape[-2:]
    shape = (out_shape[-2], turned[0]) if side == "left" else (turned[1], out_shape[-1])
    return BatchMatMul(numbers(rng, (rows, *lead, *shape), dtype), side, transpose)


def _blocks(draw, rng, batch, in_shape, out_shape, dtype):
    """Blocks as wide as both sides can be cut, some of them left out, or the same along axes."""
    width = math.gcd(in_shape[-1], out_shape[-1])
    sides = out_shape[-1] // width, in_shape[-1] // width
    kept = np.array([[draw(st.booleans()) for _ in range(sides[1])] for _ in range(sides[0])])
    kept[-1, 0] = True

    def block():
        lead = [draw(st.sampled_from([1, size])) for size in in_shape[:-1]]
        return numbers(rng, (draw(st.sampled_from([1, batch])), *lead, width), dtype)

    return DiagonalBlocks([[block() if each else None for each in row] for row in kept])


def _restriction(draw, in_shape, out_shape):
    """Any slices of an input; for an output, of an input that is larger."""
    if out_shape is None:
        given = draw(shapes()) if in_shape is None else in_shape
        slices = []
        for size in given:
            start, step = draw(st.integers(0, size - 1)), draw(st.sampled_from([-1, 1, 2]))
            slices.append(slice(start, None, step))
    else:
        room = [0] * len(out_shape) if in_shape is not None else [draw(st.integers(0, 2)) for _ in out_shape]
        before = [draw(st.integers(0, each)) for each in room]
        given = tuple(each + more for each, more in zip(out_shape, room, strict=True)) if in_shape is None else in_shape
        slices = [slice(start, start + size) for start, size in zip(before, out_shape, strict=True)]
    operator = Restriction(slices)
    return operator.bind(given, operator._infer(given, None)[1])


def _permute(draw, in_shape, out_shape):
    """Any order of the axes; for an input and an output, one that leads there."""
    if in_shape is not None and out_shape is not None:
        return Permute(_orders(in_shape, out_shape)[-1]).bind(in_shape, out_shape)
    given = draw(shapes()) if in_shape is None and out_shape is None else in_shape or out_shape or ()
    operator = Permute(draw(st.permutations(range(len(given)))))
    known = operator._infer(None, given) if in_shape is None and out_shape is not None else operator._infer(given, None)
    return operator.bind(*known)


def _orders(in_shape, out_shape):
    """The orders of the axes that make one shape of the other."""
    return [
        axes
        for axes in itertools.permutations(range(len(in_shape)))
        if tuple(in_shape[axis] for axis in axes) == out_shape
    ]


def _windows(draw, in_shape, out_shape):
    """Any geometry for an input; for an output, or both, one without stride that leads there."""
    if in_shape is None and out_shape is None:
        in_shape = draw(shapes(2, 3))
    if in_shape is None:
        size, dilation = (draw(st.integers(1, 2)) for _ in range(2))
        size = size if out_shape[-1] % size ** (len(out_shape) - 1) == 0 else 1
        reach = dilation * (size - 1) + 1
        places = tuple(full + reach - 1 for full in out_shape[:-1])
        channels = out_shape[-1] // size ** len(places)
        return Windows((size,) * len(places), dilation=dilation).bind((*places, channels), out_shape)
    if out_shape is not None:
        assert in_shape == out_shape
        return Windows((1,) * (len(in_shape) - 1)).bind(in_shape, out_shape)
    axes = len(in_shape) - 1
    size, stride, dilation = (tuple(draw(st.integers(1, most)) for _ in range(axes)) for most in (3, 3, 2))
    padding = []
    for full, one, each in zip(in_shape[:-1], size, dilation, strict=True):
        least = max(each * (one - 1) + 1 - full, 0)
        before = draw(st.integers(0, least + 1))
        padding.append((before, max(least - before, 0) + draw(st.integers(0, 1))))
    operator = Windows(size, stride, padding, dilation)
    return operator.bind(in_shape, operator._infer(in_shape, None)[1])


def _pool(draw, rng, batch, in_shape, out_shape):
    """A sum or a choice, over any windows that fit."""
    if in_shape is None and out_shape is not None:
        size = draw(st.integers(1, 3))
        windows = Windows((size,) * (len(out_shape) - 1))
        in_shape = (*(full + size - 1 for full in out_shape[:-1]), out_shape[-1])
    else:
        windows = _windows(draw, in_shape, out_shape)
        in_shape = windows.in_shape
        windows = Windows(windows.size, windows.stride, windows.padding, windows.dilation)
    out_shape = Pool(windows)._infer(in_shape, None)[1]
    which = None
    if draw(st.booleans()):
        which = rng.integers(0, math.prod(windows.size), (batch, *out_shape))
        which.flags.writeable = False
    return Pool(windows, which).bind(in_shape, out_shape)


def _products(in_shape, out_shape):
    """The sides on which a matrix makes one shape of the other, with whether the argument is transposed."""
    if min(len(in_shape), len(out_shape)) < 2 or in_shape[:-2] != out_shape[:-2]:
        return []
    (p, r), (a, b) = out_shape[-2:], in_shape[-2:]
    kept = {("left", False): (b, r), ("left", True): (a, r), ("right", False): (a, p), ("right", True): (b, p)}
    return [each for each, (one, other) in kept.items() if one == other]


def _both_shapes(draw, kind, in_shape, out_shape):
    """Complete or draw shapes that the class can have."""
    if in_shape is not None and out_shape is not None:
        return in_shape, out_shape
    least = LEAST_IN.get(kind, 0)
    if in_shape is None and out_shape is None:
        in_shape = draw(shapes(least, 2 if kind is WeightTimes else 3))
    given = out_shape if in_shape is None else in_shape
    match kind.__name__:
        case "IdentityMap" | "Diagonal":
            other = given
        case "BatchMatMul":
            one, size = draw(st.sampled_from(given[-2:])), draw(sizes)
            other = (*given[:-2], *draw(st.sampled_from([(one, size), (size, one)])))
        case "Matrix" | "RankOne" | "DiagonalBlocks":
            other = (*given[:-1], draw(sizes))
        case "WeightTimes":
            other = (given[-1], draw(sizes)) if in_shape is None else (*draw(shapes(0, 2)), given[0])
        case "Broadcast":
            other = given[draw(st.integers(0, len(given))) :] if in_shape is None else draw(shapes(0, 2)) + given
        case "Reshape":
            whole = math.prod(given)
            other = draw(st.sampled_from([(whole,), (1, whole), (whole, 1, 1), given[::-1]]))
        case _:
            other = draw(shapes(0, 2))
    return (other, out_shape) if in_shape is None else (in_shape, other)


def _taking(in_shape, out_shape):
    """The plain classes that can map these shapes."""
    fitting = [BatchMatrix, Gather]
    if in_shape == out_shape:
        fitting += [IdentityMap, Diagonal, Reshape, Broadcast]
        fitting += [Windows, Pool] * (len(in_shape) > 1)
    if in_shape and out_shape and in_shape[:-1] == out_shape[:-1]:
        fitting += [Matrix, RankOne, DiagonalBlocks]
    if _products(in_shape, out_shape):
        fitting.append(BatchMatMul)
    if len(in_shape) == len(out_shape) and all(map(int.__ge__, in_shape, out_shape)):
        fitting.append(Restriction)
    if _orders(in_shape, out_shape):
        fitting.append(Permute)
    if len(in_shape) == 2 and out_shape and out_shape[-1] == in_shape[0]:
        fitting.append(WeightTimes)
    return fitting


def _composed(draw, batch, in_shape, out_shape, dtype):
    """Two or three plain factors, grown from whichever end is given."""
    count = draw(st.integers(2, 3))
    if in_shape is not None and out_shape is not None:
        first = draw(operators(draw(st.sampled_from(_from(in_shape))), batch, in_shape, None, dtype))
        last = draw(operators(BatchMatrix, batch, first.out_shape, out_shape, dtype))
        return Composed((last, first)).bind(in_shape, out_shape)
    factors: list[Operator] = []
    if out_shape is not None:
        end = out_shape
        for _ in range(count):
            factors.append(draw(operators(draw(st.sampled_from(_to(end))), batch, None, end, dtype)))
            end = factors[-1].in_shape
    else:
        end = draw(shapes()) if in_shape is None else in_shape
        for _ in range(count):
            factors.insert(0, draw(operators(draw(st.sampled_from(_from(end))), batch, end, None, dtype)))
            end = factors[0].out_shape
    return Composed(tuple(factors)).bind(factors[-1].in_shape, factors[0].out_shape)


def _scan(draw, batch, in_shape, out_shape, dtype):
    """Steps of any classes, kept or made again; where the shapes allow it, also without an operator for what enters."""
    given = next((shape for shape in (in_shape, out_shape) if shape is not None), None)
    times, *rest = draw(shapes(1, 2)) if given is None else given
    free = tuple(rest) if draw(st.booleans()) else draw(shapes(0, 2))
    entering = (free if out_shape is not None else tuple(rest)) if in_shape is None else in_shape[1:]
    state = (free if in_shape is not None else tuple(rest)) if out_shape is None else out_shape[1:]

    def step(*sides):
        return draw(operators(draw(st.sampled_from(_taking(*sides))), batch, *sides, dtype))

    plain = entering == state and draw(st.booleans())
    steps = [step(state, state) if plain else (step(state, state), step(entering, state)) for _ in range(times)]
    if draw(st.booleans()) and all(_holds(each, batch) for each in steps):
        scan = Scan(Recomputed(lambda start, stop: steps[start:stop], times, draw(st.integers(1, 3))))
        return scan.bind((times, *entering), (times, *state))
    return Scan(steps).bind((times, *entering), (times, *state))


def _holds(step, batch):
    """Whether a step tells how many examples there are, as the first segment's have to."""
    return any(part.batch == batch for part in (step if isinstance(step, tuple) else (step,)))


def _transposed(draw, batch, in_shape, out_shape, dtype):
    """A view from the other side, also of classes that hold their own transpose."""
    if in_shape is None:
        classes = PLAIN if out_shape is None else _from(out_shape)
    else:
        classes = _to(in_shape) if out_shape is None else _taking(out_shape, in_shape)
    return Transposed(draw(operators(draw(st.sampled_from(classes)), batch, out_shape, in_shape, dtype)))


def _to(out_shape):
    """The plain classes that can give this output."""
    return [kind for kind in PLAIN if len(out_shape) >= LEAST_OUT.get(kind, 0)]


def _from(in_shape):
    """The plain classes that can take this input."""
    return [
        kind
        for kind in PLAIN
        if len(in_shape) >= LEAST_IN.get(kind, 0) and not (kind is WeightTimes and len(in_shape) != 2)
    ]
