"""From a graph to what runs: a flat list of steps over numbered slots.

A plan is made once per network and holds no array. Everything that a step reads or writes (a value, a parameter
mapping, a buffer, the training flag) has a *slot*, a position in the list that a `Workspace` fills, so that running a
step looks up nothing by name.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from bpframe.core.backprop.steps import TRAINING, BackwardStep, Call, CostStep, Slots, Step, Understanding
from bpframe.core.component import Contract, Cost, contract_of
from bpframe.core.graph.graph import Graph, Node
from bpframe.errors import ContractError

__all__ = ["Outside", "Plan"]

#: What is called in a pass, and for derivatives.
_LAYER_METHODS = ("forward", "jacobian", "second_order", "second_derivative")
_COST_METHODS = ("forward", "jacobian", "hessian")


def _unread(component: Any, methods: Iterable[str]) -> Understanding:
    return Understanding("nobody has read its code", {})


def _unmeasured(what: Node | Cost) -> Callable[..., Any]:
    where = what.where if isinstance(what, Node) else type(what).__name__
    raise ContractError(f"{where} declares no jacobian, and nobody measures it")


@dataclass(frozen=True)
class Outside:
    """What a plan asks others for: reading the code of methods, and a Jacobian that a draft does not declare.

    Who is not understood is called with copies, and is right all the same. `measured` returns what is called in the
    place of a layer's or a cost's `jacobian`.
    """

    understand: Callable[[Any, Iterable[str]], Understanding] = _unread
    measured: Callable[[Node | Cost], Callable[..., Any]] = _unmeasured


@dataclass
class Plan:
    """The steps of a graph in order, and the slots that they use."""

    graph: Graph
    outside: Outside = Outside()
    steps: tuple[Step, ...] = field(init=False)
    costs: tuple[CostStep, ...] = field(init=False)
    input_slots: dict[str, int] = field(init=False)
    value_slots: dict[str, int] = field(init=False)
    gradient_slots: dict[str, int] = field(init=False)
    saved_slots: tuple[int, ...] = field(init=False)
    state_slots: dict[str, int] = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = TRAINING + 1
        self.input_slots = {name: self._new() for name in self.graph.inputs}
        self.value_slots = dict(self.input_slots)
        self.gradient_slots = {path: self._new() for path in self.graph.parameters}
        steps: list[Step] = []
        for node in self.graph.nodes:
            steps.append(self._step(node))
            self.value_slots[node.name] = steps[-1].slot
        self.steps = tuple(steps)
        self.costs = tuple(self._cost_step(output, cost) for output, cost in self.graph.cost.items())
        self.state_slots = {step.node.name: step.state_slot for step in steps if step.node.state}
        saved = [*(each.saved_slot for each in steps), *(each.saved_slot for each in self.costs)]
        self.saved_slots = tuple(slot for slot in saved if slot is not None)

    @cached_property
    def components(self) -> tuple[Step | CostStep, ...]:
        """Everything that is called: the steps, then the costs."""
        return (*self.steps, *self.costs)

    @cached_property
    def output_slots(self) -> dict[str, int]:
        """Where every output is."""
        return {name: self.value_slots[name] for name in self.graph.outputs}

    @cached_property
    def step_of(self) -> dict[str, Step]:
        """Every node's step by the node's name."""
        return {step.node.name: step for step in self.steps}

    @cached_property
    def to_parameters(self) -> tuple[BackwardStep, ...]:
        """The way back as far as some parameter: the first layer's input gets no error."""
        return self._backward(frozenset(self.graph.parameters), ())

    @cached_property
    def to_inputs(self) -> tuple[BackwardStep, ...]:
        """The way back to the inputs only: no parameter's gradient is computed."""
        return self._backward(
            frozenset(), [name for name in self.graph.inputs if name not in self.graph.integer_inputs]
        )

    @cached_property
    def to_everything(self) -> tuple[BackwardStep, ...]:
        """The way back to every node, also where none of them leads to a parameter."""
        found = []
        for step in reversed(self.steps):
            keyed = zip(step.node.input_keys, step.input_slots, strict=True)
            integer = step.node.component.integer_inputs
            found.append(BackwardStep(step, tuple((key, slot) for key, slot in keyed if key not in integer), (), ()))
        return tuple(found)

    def _backward(self, paths: frozenset[str], inputs: Iterable[str]) -> tuple[BackwardStep, ...]:
        """Return the steps, last first, that errors pass through to reach these parameters and inputs."""
        users: dict[str, int] = {}
        for node in self.graph.nodes:
            for name in node.parameters:
                users[node.parameter_path(name)] = users.get(node.parameter_path(name), 0) + 1
        wanted = {self.input_slots[name] for name in inputs}
        found: list[BackwardStep] = []
        for step in self.steps:
            node = step.node
            keyed = zip(node.input_keys, step.input_slots, strict=True)
            edges = tuple(
                (key, slot) for key, slot in keyed if slot in wanted and key not in node.component.integer_inputs
            )
            named = [(name, path) for name in node.parameters if (path := node.parameter_path(name)) in paths]
            alone = tuple((name, self.gradient_slots[path]) for name, path in named if users[path] == 1)
            shared = tuple((name, self.gradient_slots[path]) for name, path in named if users[path] > 1)
            if edges or named:
                wanted.add(step.slot)
                found.append(BackwardStep(step, edges, alone, shared))
        return tuple(reversed(found))

    def _new(self) -> int:
        self.size += 1
        return self.size - 1

    def _step(self, node: Node) -> Step:
        contract = node.contract
        called = [contract.methods[method] for method in ("forward", "jacobian") if method in contract]
        words: dict[str, int] = {"training": TRAINING, "y": self._new(), "p": self._new(), "state": self._new()}
        for word in ("saved", "rng"):
            if any(signature.asks_for(word) for signature in called):
                words[word] = self._new()
        inputs = [self.value_slots[source] for source in node.sources]
        if contract.inputs is not None:
            words.update(zip(contract.inputs, inputs, strict=True))
        output_buffer = self._new() if called[0].asks_for("out") else None
        scratch_buffer = self._new() if len(called) > 1 and called[1].asks_for("out") else None
        forward = _call(node.component, contract, "forward", _with_out(words, output_buffer), inputs)
        if contract.is_draft:
            forward, jacobian = self._draft(node, forward, words, inputs)
        else:
            jacobian = _call(node.component, contract, "jacobian", _with_out(words, scratch_buffer), inputs)
        words["u"] = self._new()
        understood = self.outside.understand(node.component, [each for each in _LAYER_METHODS if each in contract])
        declared = next((method for method in ("second_order", "second_derivative") if method in contract), None)
        return Step(
            node=node,
            why=understood.why,
            reads=(*understood.reads_of("forward"), *understood.reads_of("jacobian")),
            forward_reads=understood.reads_of("forward"),
            shapes=node.slot_shapes,
            output_shape=node.output_shape,
            only_key=node.input_keys[0] if len(node.slot_shapes) == 1 and contract.variadic is None else None,
            slot=words["y"],
            forward=forward,
            jacobian=jacobian,
            second_order=_call(node.component, contract, declared, words, inputs) if declared else None,
            cotangent_slot=words["u"],
            input_slots=tuple(inputs),
            parameter_slot=words["p"],
            state_slot=words["state"],
            new_state_slot=self._new() if called[0].asks_for("state") else None,
            saved_slot=words.get("saved"),
            generator_slot=words.get("rng"),
            output_buffer=output_buffer,
            scratch_buffer=scratch_buffer,
        )

    def _draft(self, node: Node, forward: Call, words: dict[str, int], inputs: list[int]) -> tuple[Call, Call]:
        """Return the calls of a node whose Jacobian is measured, at the random numbers that forward drew."""
        kept = self._new()
        called = forward if "rng" not in words else _keeping_generator(forward, words["rng"], kept)
        taken = [TRAINING, words["p"], words["state"], kept, words["y"], *inputs]
        return called, _calling(self.outside.measured(node), taken)

    def _cost_step(self, output: str, cost: Cost) -> CostStep:
        contract = contract_of(type(cost))
        understood = self.outside.understand(cost, [each for each in _COST_METHODS if each in contract])
        words = {"a": self.value_slots[output], "y": self._new(), "saved": self._new()}
        buffer = self._new()
        return CostStep(
            output=output,
            output_shape=self.graph.shapes[output],
            cost=cost,
            why=understood.why,
            reads=(*understood.reads_of("forward"), *understood.reads_of("jacobian")),
            forward_reads=understood.reads_of("forward"),
            forward=_call(cost, contract, "forward", words, []),
            jacobian=_calling(self.outside.measured(cost), [words["a"], words["y"]])
            if contract.is_draft
            else _call(cost, contract, "jacobian", _with_out(words, buffer), []),
            hessian=_call(cost, contract, "hessian", words, []) if "hessian" in contract else None,
            value_slot=words["a"],
            target_slot=words["y"],
            saved_slot=words["saved"],
            buffer_slot=buffer,
        )


def _with_out(words: dict[str, int], slot: int | None) -> dict[str, int]:
    return words if slot is None else {**words, "out": slot}


def _call(component: Any, contract: Contract, method: str, words: dict[str, int], inputs: Sequence[int]) -> Call:
    """Bind a method to the slots of its arguments, in the order of its signature."""
    signature = contract.methods[method]
    function = getattr(component, method)
    slots, named = signature.arguments(words, inputs)
    told = [*signature.positional, *(f"{signature.variadic}[{i}]" for i in range(len(inputs)) if signature.variadic)]
    if not named:
        return _calling(function, slots, told)
    count, names = len(slots), tuple(named)

    def by_keyword(*arguments: Any) -> Any:
        return function(*arguments[:count], **dict(zip(names, arguments[count:], strict=True)))

    return _calling(by_keyword, [*slots, *named.values()], [*told, *names])


def _keeping_generator(forward: Call, rng_slot: int, kept_slot: int) -> Call:
    """Have forward first keep a copy of its random generator, so that the same numbers can be drawn again."""

    def kept(slots: Slots) -> Any:
        slots[kept_slot] = copy.deepcopy(slots[rng_slot])
        return forward.function(*forward.arguments(slots))

    return Call(kept, None, lambda slots: (slots,))


def _calling(function: Callable[..., Any], slots: Sequence[int], words: Iterable[str] = ()) -> Call:
    return Call(function, tuple(slots), _picker(slots), tuple(words))


def _picker(slots: Sequence[int]) -> Callable[[Slots], tuple[Any, ...]]:
    """Return what takes these slots out of the list as a tuple."""
    if not slots:
        return lambda _: ()
    if len(slots) == 1:
        only = slots[0]
        return lambda values: (values[only],)
    return itemgetter(*slots)
