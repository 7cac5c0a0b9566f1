from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from bpframe_reference import Dense, GradientDescent, QuadraticCost

import bpframe as bp
from bpframe.derivatives.points import given_rows
from bpframe.errors import BpframeError, DataError

COUNT = 1100
X = np.random.default_rng(0).normal(size=(COUNT, 3)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(COUNT, 2))


@pytest.fixture(autouse=True)
def _nothing_is_kept_in_memory(monkeypatch):
    monkeypatch.setattr(given_rows, "IN_MEMORY", 0)
    monkeypatch.setattr(given_rows, "PORTION", 10_000)


class Sequence:
    """Examples that are made one by one."""

    def __init__(self, array):
        self.array, self.asked = array, []

    def __len__(self):
        return len(self.array)

    def __getitem__(self, k):
        if not isinstance(k, int):
            raise TypeError("one at a time")
        self.asked.append(k)
        return self.array[k]


class Stored:
    """As a data set of HDF5: rising numbers alone, and slices."""

    chunks = (8, 3)

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        if not isinstance(rows, slice) and (np.diff(rows) <= 0).any():
            raise TypeError("Indexing elements must be in increasing order")
        return self.array[rows]


class Pairs(Sequence):
    def __init__(self, x, y):
        super().__init__(x)
        self.y = y

    def __getitem__(self, k):
        return super().__getitem__(k), self.y[k]


def mapped(tmp_path, array, name):
    np.save(tmp_path / name, array)
    return np.load(tmp_path / name, mmap_mode="r")


def network(**fields):
    return bp.Network([Dense(units=2)], input_shape=(3,), cost=QuadraticCost(), **fields)


def trained(x, y=None, **more):
    net = network()
    net.fit(x, y, optimizer=GradientDescent(learning_rate=0.05), epochs=3, batch_size=64, **more)
    return net


def everything(net):
    return net.parameters.vector.tobytes(), net.history.column("cost"), net.history.epochs[-1].validation_cost


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("kind", ["mapped", "sequence", "stored", "pairs", "mapping"])
def test_examples_from_anywhere_are_those_of_memory_to_the_last_bit(kind, shuffle, tmp_path):
    given = {
        "mapped": lambda: (mapped(tmp_path, X, "x.npy"), mapped(tmp_path, Y, "y.npy")),
        "sequence": lambda: (Sequence(X), Sequence(Y)),
        "stored": lambda: (Stored(X), Y),
        "pairs": lambda: (Pairs(X, Y), None),
        "mapping": lambda: ({"x": Sequence(X)}, Sequence(Y)),
    }[kind]()
    held_back = {"validation_data": (Sequence(X[:9]), Stored(Y[:9]))}
    in_memory = trained(X, Y, shuffle=shuffle, validation_data=(X[:9], Y[:9]))
    assert everything(trained(*given, shuffle=shuffle, **held_back)) == everything(in_memory)


def test_a_batch_asks_for_its_own_examples_alone():
    x, y = Sequence(X), Sequence(Y)
    net = network()
    net.fit(x, y, optimizer=GradientDescent(learning_rate=0.05), epochs=2, batch_size=64)
    assert sorted(x.asked[-COUNT:]) == list(range(COUNT))
    assert x.asked[-COUNT:] != list(range(COUNT))
    pairs = Pairs(X, Y)
    net.fit(pairs, None, optimizer=GradientDescent(learning_rate=0.05), epochs=1, batch_size=64)
    assert sorted(pairs.asked[-COUNT:]) == list(range(COUNT))  # inputs and targets are read together


def test_costs_accuracies_and_predictions_are_measured_in_portions():
    net = trained(X, Y)
    assert net.cost(Sequence(X), Stored(Y)) == net.cost(X, Y)
    assert net.predict(Sequence(X)).tobytes() == net.predict(X).tobytes()
    classes = np.eye(2)[np.arange(COUNT) % 2]
    assert net.accuracy(Sequence(X), classes) == net.accuracy(X, classes)


def test_parts_of_what_is_read_are_kept_for_validation():
    for given in ((X, Y), (Sequence(X), Sequence(Y))):
        net = trained(*given, validation_split=0.25)
        found = everything(net)
    assert found == everything(trained(X, Y, validation_split=0.25))


def test_weights_go_with_what_is_read():
    weight = np.linspace(0.5, 2, COUNT)
    assert everything(trained(Sequence(X), Sequence(Y), sample_weight=weight)) == everything(
        trained(X, Y, sample_weight=weight)
    )


def test_methods_that_take_all_at_once_have_them_in_memory():
    minimizers = pytest.importorskip("bpframe_minimizers")
    found = []
    for given in ((X, Y), (Sequence(X), Sequence(Y))):
        net = network()
        net.fit(*given, optimizer=minimizers.LBFGS(), epochs=3)
        found.append(net.parameters.vector.tobytes())
    assert found[0] == found[1]


def test_a_training_on_what_is_read_is_resumed_exactly():
    whole, parted = trained(Sequence(X), Sequence(Y)), network()
    parted.fit(Sequence(X), Sequence(Y), optimizer=GradientDescent(learning_rate=0.05), epochs=1, batch_size=64)
    parted.resume(Sequence(X), Sequence(Y), epochs=3)
    assert everything(whole) == everything(parted)
    with pytest.raises(DataError, match="not the one that the training began with"):
        parted.resume(Sequence(X + 1), Sequence(Y), epochs=4)


class Lying(Sequence):
    def __len__(self):
        return len(self.array) + 3


class Changing(Sequence):
    def __init__(self, array, change):
        super().__init__(array)
        self.change = change

    def __getitem__(self, k):
        found = super().__getitem__(k)
        return self.change(found) if k == 1031 else found


def _fails(found):
    raise OSError("the disk is gone")


def _not_a_number(found):
    return np.full_like(found, np.nan)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (Lying(X), "no example"),
        (Sequence(X[:1090]), "differ in their number"),
        (Changing(X, lambda each: each[:2]), r"example 1,031 of the input is of another kind"),
        (Changing(X, lambda each: each.astype(int)), r"example 1,031 of the input is of another kind"),
        (Changing(X, _not_a_number), r"example 1,031 of the input: .* not finite"),
        (Changing(X, _fails), r"example 1,031 of the input cannot be read"),
        (Sequence([["a"], ["b"]]), "number|another shape"),
        (Sequence(X[:, :2]), "another shape"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_example(x, message):
    net = network()
    target = Y if len(x) != COUNT + 3 else np.concatenate([Y, Y[:3]])
    with pytest.raises(BpframeError, match=message):
        net.fit(x, target, optimizer=GradientDescent(learning_rate=0.05), epochs=1, batch_size=64)
    assert np.isfinite(net.parameters.vector).all()


def test_numbers_of_examples_are_counted_in_thousands():
    class Many(Sequence):
        def __len__(self):
            return 2000

        def __getitem__(self, k):
            return np.full(3, np.nan if k == 1234 else 0.5)

    net = network()
    with pytest.raises(DataError, match=r"example 1,234 of the input"):
        net.predict(Many(X))


LIMITED = """
import resource, sys
import numpy as np
import bpframe as bp
from bpframe.derivatives.points import given_rows
from bpframe_reference import Dense, GradientDescent, QuadraticCost, Sigmoid

given_rows.IN_MEMORY = 0
x = np.load(sys.argv[1], mmap_mode="r")
assert x.nbytes == 10 * 2**24
net = bp.Network([Dense(units=1), Sigmoid()], input_shape=(x.shape[1],), cost=QuadraticCost(), dtype="float32")
y = np.zeros((len(x), 1), np.float32)
net.fit(x[:2000], y[:2000], optimizer=GradientDescent(learning_rate=0.1), epochs=1, batch_size=64)
used = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (used + 2**24, used + 2**24))
net.fit(x, y, optimizer=GradientDescent(learning_rate=0.1), epochs=2, batch_size=64, validation_split=0.1)
try:
    x.astype(np.float32) + 0
except MemoryError:
    print(len(net.history), "epochs, and the whole does not fit")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is one of Linux")
def test_a_set_of_ten_times_the_memory_is_trained_on(tmp_path):
    file = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (2**15, 10 * 2**7))
    file[::7] = 1
    del file
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "x.npy")], capture_output=True, text=True, timeout=600
    )
    assert done.stdout == "3 epochs, and the whole does not fit\n", done.stderr
