"""Programs from seeds."""

from __future__ import annotations

import random

from .bank import BANK
from .bank.costs import COSTS
from .bank.rules import RULES
from .program import Node, Program

__all__ = ["program_of"]

NAMES = sorted(BANK)
PLAIN = ("plain.Tanh", "plain.Square", "plain.Where", "plain.Softsign", "plain.UsesOut", "plain.SavesMask")
SHAPES = ((3,), (3,), (4,), (2,), (1,), (6,), (2, 3))
#: What nobody doubts: what `inner` behaviours may stand behind.
SURE = ("bank.Dense(", "bank.plain.Tanh(", "bank.plain.Square(", "bank.Add(")
FORMED = ("copied", "fortran", "gaps", "backwards", "stretched", "locked", "single", "lists")

#: uses and their weights
HOT = (("predict", 5), ("cost", 3), ("gradient", 6), ("training", 3), ("fit", 3), ("sizes", 1))
COLD = (
    ("vjp", 2), ("jvp", 2), ("parameter_vjp", 1), ("parameter_jvp", 1), ("jacobian", 2), ("per_example.gradients", 2),
    ("per_example.squared_norms", 1), ("per_example.gram", 1), ("hvp", 1), ("ggn_vp", 1), ("values", 2),
    ("curvature.gauss_newton_diagonal", 1), ("curvature.empirical_fisher_diagonal", 1), ("curvature.kfac", 1),
)  # fmt: skip


def program_of(seed: int) -> Program:
    """Return the program of a seed: the same on every machine. Behaviours take turns, one in each program at least."""
    return _Drawing(seed).program()


class _Drawing:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(f"soundness {seed}")
        self.nodes: list[Node] = []
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.tags: set[str] = set()
        self.changes: list[str] = []
        self.has_parameters = False

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, weighted) -> str:
        names, weights = zip(*weighted, strict=True)
        return self.rng.choices(names, weights)[0]

    def program(self) -> Program:
        rng = self.rng
        wanted = BANK[NAMES[self.seed % len(NAMES)]]
        self.inputs = {name: rng.choice(SHAPES) for name in ("a", "b")[: 2 if self.chance(0.25) else 1]}
        if wanted.shape(*[self.inputs["a"]] * wanted.inputs) is None:
            self.inputs["a"] = next(
                shape for shape in ((3,), (4,), (2, 3)) if wanted.shape(*[shape] * wanted.inputs) is not None
            )
        self.shapes.update(self.inputs)
        at = rng.randrange(0, 3)
        count = rng.randrange(max(1, at), 6)
        for number in range(count + 1):
            if number == at:
                self.place(wanted)
                if self.seed % 4 < 3:
                    self.place(BANK[NAMES[(self.seed + len(NAMES) // 2) % len(NAMES)]])
            else:
                self.anything()
        if not self.has_parameters and self.chance(0.85):
            self.dense()
        for name in self.inputs:
            if not any(name in each.sources for each in self.nodes):
                self.dense(name)
        outputs = self.outputs()
        costs = self.costs(outputs)
        sizes = tuple(rng.choice((1, 2, 3, 4, 5)) for _ in range(rng.randrange(2, 5)))
        if self.chance(0.5):
            sizes = (sizes[0], sizes[0], *sizes[1:])
        self.sizes = sizes = (*sizes[:-1], 24) if self.chance(0.15) else sizes
        self.batches = len(sizes)
        self.has_large = "slow" not in self.tags and self.chance(0.06)
        if self.has_large:  # so large that a pass is bound to it where it lies
            sizes = (*sizes, 3000)
        steps = self.steps()
        dtype = "float32" if self.chance(0.3) else "float64"
        return Program(
            self.seed, dtype, self.inputs, tuple(self.nodes), self.shapes, outputs, costs, sizes, steps,
            frozenset(self.tags),
        )  # fmt: skip

    # The network ----------------------------------------------------------------------------------------------------

    def anything(self) -> None:
        kind = self.pick((("dense", 4), ("join", 2), ("plain", 3), ("views", 2), ("any", 3), ("shared", 1)))
        if kind == "dense":
            self.dense()
        elif kind == "join":
            self.join()
        elif kind == "shared" and self.share():
            return
        elif kind == "plain":
            self.place(BANK[self.rng.choice(PLAIN)])
        elif kind == "views":
            self.place(BANK[self.rng.choice([name for name in NAMES if name.startswith("views.")])])
        else:
            self.place(BANK[self.rng.choice(NAMES)])

    def sources(self, inner: bool = False) -> list[str]:
        """Return what may be read, the latest twice."""
        names = list(self.shapes)
        if inner:
            sure = {each.name for each in self.nodes if each.made.startswith(SURE)}
            names = [name for name in names if name in sure]
        return names + names[-2:]

    def add(self, made: str, sources: tuple[str, ...], shape: tuple[int, ...], share: str | None = None) -> None:
        name = f"n{len(self.nodes)}"
        self.nodes.append(Node(name, made, sources, share))
        self.shapes[name] = shape

    def dense(self, source: str | None = None) -> None:
        source = source or self.rng.choice(self.sources())
        units = self.rng.choice((1, 2, 3, 3, 3, 4, 6))
        self.add(f"bank.Dense(units={units})", (source,), (*self.shapes[source][:-1], units))
        self.has_parameters = True

    def join(self) -> None:
        first = self.rng.choice(self.sources())
        alike = [name for name in self.sources() if self.shapes[name] == self.shapes[first]]
        count = self.rng.choice((2, 2, 3))
        chosen = (first, *(self.rng.choice(alike) for _ in range(count - 1)))
        self.add(self.rng.choice(("bank.Add()", "bank.Multiply()")), chosen, self.shapes[first])

    def share(self) -> bool:
        """Use the parameters of another node at another place."""
        for node in self.rng.sample(self.nodes, len(self.nodes)):
            if node.share is None and (node.made.startswith("bank.Dense") or "Affine" in node.made):
                shape = self.shapes[node.sources[0]]
                alike = [name for name in self.sources() if self.shapes[name] == shape]
                self.add(node.made, (self.rng.choice(alike),), self.shapes[node.name], node.name)
                return True
        return False

    def place(self, behaviour) -> None:
        """Put a behaviour behind what it takes; where there is nothing, behind a dense layer of three."""
        inner = "inner" in behaviour.tags
        for _ in range(6):
            names = self.sources(inner)
            if names:
                chosen = [self.rng.choice(names)]
                alike = [name for name in self.sources() if self.shapes[name] == self.shapes[chosen[0]]]
                chosen += [self.rng.choice(alike) for _ in range(behaviour.inputs - 1)]
                shape = behaviour.shape(*(self.shapes[name] for name in chosen))
                if shape is not None:
                    self.add(behaviour.made, tuple(chosen), shape)
                    self.tags |= behaviour.tags
                    self.changes += behaviour.changes
                    self.has_parameters |= behaviour.name in ("carrying.Affine", "carrying.Bilinear")
                    return
            if inner:
                self.dense()
        flat = [name for name in self.shapes if len(self.shapes[name]) == 1]
        if flat and behaviour.shape(*[(3,)] * behaviour.inputs) is not None:
            self.add("bank.Dense(units=3)", (self.rng.choice(flat),), (3,))
            self.add(
                behaviour.made, (self.nodes[-1].name,) * behaviour.inputs, behaviour.shape(*[(3,)] * behaviour.inputs)
            )
            self.tags |= behaviour.tags
            self.changes += behaviour.changes
            self.has_parameters = True

    def outputs(self) -> tuple[str, ...]:
        """Return every value that nobody reads, and now and then one that somebody does."""
        read = {source for each in self.nodes for source in each.sources}
        found = [each.name for each in self.nodes if each.name not in read]
        others = [name for name in self.shapes if name not in found]
        if others and self.chance(0.3):
            found.append(self.rng.choice(others))
        return tuple(found)

    def costs(self, outputs) -> dict[str, str]:
        chosen = [name for name in outputs if self.chance(0.7)] or [outputs[0]]
        found = {}
        for name in chosen:
            if self.chance(0.6):
                found[name] = "bank.QuadraticCost()"
            else:
                cost, tags, changes = self.rng.choice(COSTS)
                found[name] = f"bank.costs.{cost}()"
                self.tags |= set(tags.split())
                self.changes += [changes] if changes else []
        return found

    # What is done ---------------------------------------------------------------------------------------------------

    def steps(self) -> tuple[str, ...]:
        steps: list[str] = []
        favourite = "sizes" if self.has_large else self.pick(HOT)
        for _ in range(self.rng.randrange(6, 12)):
            kind = self.pick((("hot", 10), ("favourite", 6), ("cold", 4), ("disturb", 5)))
            if kind == "hot":
                steps.append(self.hot(self.pick(HOT)))
            elif kind == "favourite":
                steps.append(self.hot(favourite))
            elif kind == "cold":
                steps.append(self.cold(self.pick(COLD)))
            else:
                steps.append(self.disturb())
        return tuple(steps)

    def index(self) -> int:
        return self.rng.randrange(self.batches)

    def batch(self, i: int | str) -> str:
        if self.chance(0.25):
            return f"{self.rng.choice(FORMED)}(x[{i}])"
        return f"x[{i}]"

    def hot(self, use: str) -> str:
        """Something that is done so often that it is repeated from a record."""
        rng = self.rng
        if use == "fit":
            return self.fit()
        if use == "sizes":
            return self.large() if self.has_large else self.many_sizes()
        times = rng.choices((1, 4, 7, 14, 24, 70), (2, 3, 5, 5, 2, 0.3))[0]
        places = [self.index() for _ in range(rng.choice((1, 1, 2, 3)))]
        order = tuple(places) if len(places) > 1 else (places[0],)
        if self.chance(0.12):
            one = self.rng.choice(("first", "odd_row"))
            x, y, w = f"{one}(x[i])", "copied(first(y[i]))", ""
        else:
            x, y, w = self.batch("i"), "y[i]", ", sample_weight=w[i]" if self.chance(0.3) else ""
        call = {
            "predict": f"see(net.predict, {x})",
            "cost": f"see(net.cost, {x}, {y}{w})",
            "gradient": f"see(net.gradient, {x}, {y}{w})",
            "training": f"see(net.gradient, {x}, {y}, training=True{w})",
        }[use]
        return (
            f"for i in {order} * {times}:\n    {call}"
            if times * len(order) > 1
            else call.replace("[i]", f"[{order[0]}]")
        )

    def many_sizes(self) -> str:
        """Batches of ever other sizes, each one seldom."""
        i = max(range(self.batches), key=self.sizes.__getitem__)
        counts = [self.rng.randrange(0 if self.chance(0.1) else 1, self.sizes[i] + 1) for _ in range(12)]
        x, y = f"cut(x[{i}], n)", f"cut(y[{i}], n)"
        call = self.rng.choice((f"net.predict, {x}", f"net.cost, {x}, {y}", f"net.gradient, {x}, {y}"))
        return f"for n in {tuple(counts)} * {self.rng.choice((1, 2, 5))}:\n    see({call})"

    def large(self) -> str:
        i, form = self.batches, self.rng.choice(("", *FORMED[:4], "locked"))
        x = f"{form}(x[{i}])"
        if self.chance(0.3):
            name = self.rng.choice(list(self.inputs))
            return f"x[{i}][{name!r}][...] += 0.25"
        call = self.rng.choice((f"predict, {x}", f"cost, {x}, y[{i}]", f"gradient, {x}, copied(y[{i}])"))
        return f"for _ in range({self.rng.choice((1, 5, 12))}):\n    see(net.{call})"

    def fit(self) -> str:
        i = self.index()
        if self.chance(0.6):
            rule = f"bank.GradientDescent(learning_rate={self.rng.choice((0.01, 0.1))})"
        else:
            name, tags, changes = self.rng.choice(RULES)
            rule = f"bank.rules.{name}()"
            self.tags |= set(tags.split())
            self.changes += [changes] if changes else []
        epochs = self.rng.choices((1, 2, 5, 12), (2, 3, 3, 1))[0]
        size = self.rng.choice((1, 2, 2, 3))
        j = self.index()
        more = self.rng.choice(("", "", "", f", validation_data=(x[{j}], y[{j}])", ", seed=3", ", shuffle=False"))
        more += f", sample_weight=w[{i}]" if self.chance(0.25) else ""
        return (
            f"see(net.fit, x[{i}], y[{i}], optimizer={rule}, epochs={epochs}, batch_size={size}, progress=False{more})"
        )

    def cold(self, use: str) -> str:
        i = self.index()
        x = self.batch(i)
        if use in ("vjp", "parameter_vjp"):
            call = f"see(net.{use}, {x}, u[{i}])"
        elif use == "jvp":
            call = f"see(net.jvp, {x}, v[{i}])"
        elif use == "parameter_jvp":
            call = f"see(net.parameter_jvp, {x}, t)"
        elif use == "jacobian":
            call = f"see(net.jacobian, {x}, wrt={self.rng.choice(('inputs', 'parameters'))!r})"
        elif use in ("hvp", "ggn_vp"):
            call = f"see(net.{use}, {x}, y[{i}], t)"
        elif use == "values":
            call = f"see.values(net, {x})"
        else:
            call = f"see(net.{use}, {x}, y[{i}])"
        return f"for _ in range(3):\n    {call}" if self.chance(0.3) else call

    def disturb(self) -> str:
        rng = self.rng
        kinds = [("numbers", 4), ("parameters", 3), ("entry", 1), ("deepcopy", 2), ("pickle", 1), ("twin", 2)]
        if self.changes:
            kinds.append(("outside", 12))
        if not self.tags & {"impure", "writes", "chance", "state", "draft", "warns"}:
            kinds.append(("threads", 3))
        kind = self.pick(kinds)
        if kind == "numbers":
            name = rng.choice(list(self.inputs))
            return f"x[{self.index()}][{name!r}][...] {rng.choice(('*= -0.5', '+= 0.25', '*= 1.5'))}"
        if kind == "parameters":
            return f"net.parameters.vector[...] *= {rng.choice((0.5, 0.9, -1.0, 1.1))}"
        if kind == "entry":
            return "for array in net.parameters.values():\n    array[...] += 0.125"
        if kind == "deepcopy":
            return "net = see.copy(copy.deepcopy, net)"
        if kind == "pickle":
            return "net = see.copy(lambda net: pickle.loads(pickle.dumps(net)), net)"
        if kind == "twin":
            replaces = any("sneaking.replace(" in each for each in self.changes)  # a network has methods for good
            if replaces or self.tags & {"impure", "chance", "state", "writes"}:
                return self.hot("predict")
            return f"see.twin(net, made, x[{self.index()}])"
        if kind == "outside":
            return rng.choice(self.changes).format(rng.choice((0.25, 0.75, 1.0, -0.5)))
        calls = ", ".join(
            f"lambda: net.{use}" for use in (self.threaded(i % self.batches) for i in range(rng.choice((2, 4))))
        )
        return f"see.threads({calls}, times={rng.choice((3, 8))})"

    def threaded(self, i: int) -> str:
        return self.rng.choice(
            (f"predict(x[{i}])", f"predict(x[{i}])", f"cost(x[{i}], y[{i}])", f"gradient(x[{i}], y[{i}])")
        )
