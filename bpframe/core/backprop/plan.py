"""From a graph to what runs: a flat list of steps over numbered slots.

A plan is made once per network and holds no array. Everything that a step reads or writes (a value, a parameter
mapping, a buffer, the training flag) has a *slot*, a position in the list that a `Workspace` fills, so that running a
step looks up nothing by name.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias

from bpframe.core.backprop.outputs import packing, unpacking
from bpframe.core.backprop.steps import OUTSIDE, TRAINING, BackwardStep, Call, CostStep, Slots, Step, Understanding
from bpframe.core.backprop.weights import factor_key, mask_key, weight_key
from bpframe.core.component import Contract, Cost, contract_of
from bpframe.core.graph.graph import Graph, Node
from bpframe.errors import ContractError

__all__ = ["Plan"]

#: What is called in a pass, and for derivatives.
_LAYER_METHODS = ("forward", "jacobian", "second_order", "second_derivative")
_COST_METHODS = ("forward", "jacobian", "hessian")


def _unread(component: Any, methods: Iterable[str]) -> Understanding:
    return Understanding("nobody has read its code", {})


def _unmeasured(what: Node | Cost) -> Callable[..., Any]:
    where = what.where if isinstance(what, Node) else type(what).__name__
    raise ContractError(f"{where} declares no jacobian, and nobody measures it")


#: Says what is known of a component's methods, by name. Who is not understood is called with copies, and is right all
#: the same.
Understand: TypeAlias = Callable[[Any, Iterable[str]], Understanding]

#: Returns what is called in the place of a `jacobian` that a draft does not declare.
Measured: TypeAlias = Callable[[Node | Cost], Callable[..., Any]]


class Plan:
    """The steps of a graph in order, and the slots that they use.

    `understand` reads the code of methods and `measured` stands in for drafts; both are asked of others.
    """

    def __init__(self, graph: Graph, understand: Understand = _unread, measured: Measured = _unmeasured) -> None:
        self.graph = graph
        self._understand = understand
        self._measured = measured
        self.size = OUTSIDE + 1
        self.input_slots = {name: self._new() for name in graph.inputs}
        self.value_slots = dict(self.input_slots)
        self.gradient_slots = {path: self._new() for path in graph.parameters}
        steps: list[Step] = []
        for node in graph.nodes:
            steps.append(self._step(node))
            self.value_slots[node.name] = steps[-1].slot
        self.steps = tuple(steps)
        graph.integer_targets  # noqa: B018  # what is wrong with them is told here
        self.costs = tuple(self._cost_step(output, cost) for output, cost in graph.cost.items())
        #: Where each array of the targets goes: what costs are handed, and the factors of their examples.
        self.target_slots = {key: slot for each in self.costs for key, slot in each.given}
        self.target_slots |= {factor_key(each.output): each.factor_slot for each in self.costs}
        self.state_slots = {step.node.name: step.state_slot for step in steps if step.node.state}
        #: Everything that is called: the steps, then the costs.
        self.components: tuple[Step | CostStep, ...] = (*self.steps, *self.costs)
        self.saved_slots = tuple(each.saved_slot for each in self.components if each.saved_slot is not None)
        self.output_slots = {name: self.value_slots[name] for name in graph.outputs}
        self.step_of = {step.node.name: step for step in steps}

    @cached_property
    def to_parameters(self) -> tuple[BackwardStep, ...]:
        """The way back as far as some parameter that is trained: the first layer's input gets no error."""
        return self._backward(self.graph.parameters, ())

    @cached_property
    def to_inputs(self) -> tuple[BackwardStep, ...]:
        """The way back to the inputs only: no parameter's gradient is computed."""
        return self._backward((), [name for name in self.graph.inputs if name not in self.graph.integer_inputs])

    @cached_property
    def to_everything(self) -> tuple[BackwardStep, ...]:
        """The way back to every node, also where none of them leads to a parameter."""
        everywhere = set(self.value_slots.values())
        return tuple(BackwardStep(step, _edges(step, everywhere), (), ()) for step in reversed(self.steps))

    def _backward(self, paths: Container[str], inputs: Iterable[str]) -> tuple[BackwardStep, ...]:
        """Return the steps, last first, that errors pass through to reach these parameters and inputs."""
        users = Counter(node.parameter_path(name) for node in self.graph.nodes for name in node.parameters)
        wanted = {self.input_slots[name] for name in inputs}
        found: list[BackwardStep] = []
        for step in self.steps:
            node, edges = step.node, _edges(step, wanted)
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
        told = TRAINING if node.trainable else OUTSIDE
        words: dict[str, int] = {"training": told, "y": self._new(), "p": self._new(), "state": self._new()}
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
        has_state = called[0].asks_for("state")
        if node.outputs:
            forward, jacobian = packing(forward, node, has_state), unpacking(jacobian, node)
        understood = self._understand(node.component, [each for each in _LAYER_METHODS if each in contract])
        declared = next((method for method in ("second_order", "second_derivative") if method in contract), None)
        second_order = _call(node.component, contract, declared, words, inputs) if declared else None
        if node.outputs and second_order is not None:
            second_order = unpacking(second_order, node)
        return Step(
            key=node.name,
            where=node.where,
            why=understood.why,
            understood=understood,
            output_shape=node.output_shape,
            forward=forward,
            jacobian=jacobian,
            saved_slot=words.get("saved"),
            read_slots=(*inputs, words["y"]),
            mapping_slots=(words["p"], words["state"]),
            buffers=tuple(slot for slot in (output_buffer, scratch_buffer) if slot is not None),
            node=node,
            shapes=node.slot_shapes,
            only_key=node.input_keys[0] if len(node.slot_shapes) == 1 and contract.variadic is None else None,
            slot=words["y"],
            second_order=second_order,
            cotangent_slot=words["u"],
            input_slots=tuple(inputs),
            parameter_slot=words["p"],
            state_slot=words["state"],
            new_state_slot=self._new() if has_state else None,
            generator_slot=words.get("rng"),
            output_buffer=output_buffer,
            scratch_buffer=scratch_buffer,
        )

    def _draft(self, node: Node, forward: Call, words: dict[str, int], inputs: list[int]) -> tuple[Call, Call]:
        """Return the calls of a node whose Jacobian is measured, at the random numbers that forward drew."""
        kept = self._new()
        called = forward if "rng" not in words else _keeping_generator(forward, words["rng"], kept)
        taken = [words["training"], words["p"], words["state"], kept, words["y"], *inputs]
        return called, _calling(self._measured(node), taken)

    def _cost_step(self, output: str, cost: Cost) -> CostStep:
        contract = contract_of(type(cost))
        understood = self._understand(cost, [each for each in _COST_METHODS if each in contract])
        words = {"a": self.value_slots[output], "y": self._new(), "saved": self._new()}
        given = [(output, words["y"])]
        for word in self.graph.weight_words[output]:
            words[word] = self._new()
            given.append((weight_key(output) if word == "weight" else mask_key(output), words[word]))
        buffer = self._new()
        return CostStep(
            key=f"cost of {output}",
            where=f"the cost of '{output}' ({cost.kind})",
            why=understood.why,
            understood=understood,
            output_shape=self.graph.shapes[output],
            forward=_call(cost, contract, "forward", words, []),
            jacobian=_calling(self._measured(cost), [words["a"], *(slot for _, slot in given)])
            if contract.is_draft
            else _call(cost, contract, "jacobian", _with_out(words, buffer), []),
            saved_slot=words["saved"],
            read_slots=(words["a"], *(slot for _, slot in given)),
            mapping_slots=(),
            buffers=(buffer,),
            output=output,
            cost=cost,
            hessian=_call(cost, contract, "hessian", words, []) if "hessian" in contract else None,
            value_slot=words["a"],
            given=tuple(given),
            factor_slot=self._new(),
            buffer_slot=buffer,
        )


def _edges(step: Step, wanted: Container[int]) -> tuple[tuple[str, int], ...]:
    """Return the node's inputs, by key and slot, that errors go on to; integers have none."""
    keyed = zip(step.node.input_keys, step.input_slots, strict=True)
    integers = step.node.component.integer_inputs
    return tuple((key, slot) for key, slot in keyed if slot in wanted and key not in integers)


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
