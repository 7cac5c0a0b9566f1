"""What `Explanation.to_dict` returns, as a JSON Schema (draft 2020-12)."""

from __future__ import annotations

from typing import Any

from bpframe.explanation.sections import FORMAT

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """Return the schema of explanations of this format; other formats have another name in `format`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "description": "One example through a network, every number shown. Arrays have no axis of examples.",
        **_object(
            format={"const": FORMAT},
            version=_text("The version of bpframe that wrote it."),
            dtype={"enum": ["float32", "float64"]},
            differentiated=_text("What is differentiated: C, or an output's name where there is no cost."),
            value=_number("Its value."),
            targets={
                "type": "object",
                "additionalProperties": _ref("array"),
                "description": "The target of every output that has a cost.",
            },
            layers=_list(_ref("layer"), "The layers as the tutorial numbers them; empty where there are none."),
            nodes=_list(_ref("node"), "Inputs and nodes, each after all that it reads from."),
            forward=_object(
                weights=_list(_ref("line"), "Which letter stands for which number: eq. (3)."),
                lines=_list(_ref("line"), "Every node's value."),
                whole=_maybe(_ref("line"), "Eq. (2), of a network without biases and activations."),
                costs=_list(_ref("line"), "The cost of every output, eq. (4), and their sum."),
                cost=_number("The cost, or the output that is differentiated."),
            ),
            backward=_object(
                meaning=_text("What δ means in these equations."),
                errors=_list(_ref("line"), "BP1 and BP2, or (16) and (20), or the general line, from the output back."),
                matrices=_list(_ref("line"), "Eq. (19) and (20) of layers that read from others: of 40 at most."),
                gradients=_list(_ref("line"), "BP3 and BP4, or (14), or the general line, of every parameter."),
            ),
            neuron=_maybe(_ref("neuron"), "The equations of one neuron; null where there are no layers."),
            gradient=_object(
                size=_count("How many derivatives there are."),
                checked=_count("How many of them were measured one by one."),
                together=_maybe(_ref("together"), "All of them at once, where not every one was measured."),
                note=_text("What was measured, in words."),
                warning=_maybe({"type": "string"}, "Where back-propagation and what was measured differ."),
                parts=_list(_ref("gradient"), "Every trained parameter, then every input that holds no integers."),
            ),
            paths=_object(
                reason=_maybe({"type": "string"}, "Why there is nothing, where there is nothing."),
                rules=_list(_ref("rule"), "The chain rule for some weights, path by path: eqs. (6) to (12)."),
                lines=_list(_ref("line"), "Those of few paths as equations."),
                counts=_maybe(_ref("counts"), "Multiplications that all derivatives need, by the way to them."),
                shared=_list(_ref("shared"), "The factors that stand in most products."),
            ),
            expansion=_object(
                reason=_maybe({"type": "string"}, "Why there is no formula, where there is none."),
                formula=_maybe(_ref("expansion"), "The network as one formula in its weights: eq. (5)."),
            ),
            step=_maybe(_ref("step"), "One step of gradient descent; null where there is no cost or no parameter."),
            notes=_list({"type": "string"}, "What else should be known."),
        ),
        "$defs": {
            "number": {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]},
            "count": {
                "anyOf": [
                    {"type": "integer", "minimum": 0},
                    {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "Exact, of more than 640 digits."},
                    {
                        "type": "string",
                        "pattern": r"^[1-9]\.[0-9]{16}e\+[0-9]+$",
                        "description": "Of more than 10,000 digits: rounded to 17 digits.",
                    },
                ]
            },
            "array": {"anyOf": [_ref("number"), {"type": "array", "items": _ref("array")}]},
            "layer": _object(
                number={"type": "integer", "minimum": 2},
                affine=_text("The node that computes z = w a + b."),
                activation=_maybe({"type": "string"}, "The node that computes a = σ(z)."),
                reads=_text("The value that the layer starts from."),
                weight=_text("The path of w."),
                bias=_maybe({"type": "string"}, "The path of b."),
                units=_count("The number of neurons."),
            ),
            "node": _object(
                name=_text("The name in the network."),
                kind=_text("The component, or `input`."),
                role={"enum": ["input", "affine", "activation", "other"]},
                layer=_maybe({"type": "integer"}, "The tutorial's number."),
                symbol=_text("What equations call the value."),
                reads=_list({"type": "string"}, "The values that it reads."),
                block=_maybe({"type": "string"}, "The block that it came from."),
                shape=_list({"type": "integer"}, "The value's shape."),
                value=_ref("array"),
                error=_maybe(_ref("array"), "∂C/∂value; null for integers."),
                jacobians=_list(_ref("jacobian"), "One for every input and every parameter."),
            ),
            "jacobian": _object(
                key=_text("What the component calls the input or parameter."),
                of=_text("The value, or the parameter's path."),
                kind={"enum": ["input", "parameter"]},
                structure=_text("What is known of its entries: matrix, diagonal, ..."),
                shape=_list({"type": "integer"}, "Outputs and inputs, each in a row."),
                entries=_maybe(_ref("array"), "Rows of entries; null where there are more than 4,096."),
            ),
            "line": _object(
                tag=_text("The equation's number or name in the tutorial; empty where it has none."),
                left=_text("What the line is about."),
                symbols=_text("The equation's right side in letters."),
                operands={
                    "type": "object",
                    "additionalProperties": _maybe(_ref("array"), "Null above 4,096 entries."),
                    "description": "The numbers of the letters; of large ones see nodes, gradient and step.",
                },
                result=_maybe(_ref("array"), "Null above 4,096 entries."),
                says=_text("A sentence in words."),
                node=_maybe({"type": "string"}, "The node, or the parameter's path, that it belongs to."),
                layer=_maybe({"type": "integer"}, "The tutorial's number."),
            ),
            "neuron": _object(
                node=_text("The node."),
                layer=_maybe({"type": "integer"}, "The tutorial's number."),
                number=_count("The neuron's number in it, from 1."),
                lines=_list(_ref("line"), "BP1-2 and BP2-2, or (13) to (18), from the output's error to its own."),
            ),
            "gradient": _object(
                name=_text("The parameter's path, or the input's name."),
                kind={"enum": ["parameter", "input"]},
                letter=_maybe({"type": "string"}, "What equations call it, where that is not its name."),
                shape=_list({"type": "integer"}, "Its shape."),
                value=_ref("array"),
                gradient=_ref("array"),
                complex_step_reason=_maybe({"type": "string"}, "Why there is no complex step."),
                checks=_list(_ref("check"), "Entries that were measured as well."),
            ),
            "check": _object(
                index=_list({"type": "integer"}, "The entry, counted from 0."),
                back_propagation=_ref("number"),
                difference=_number("(C(θ + h) − C(θ − h)) / 2h."),
                step=_number("h."),
                complex_step=_maybe(_ref("number"), "Im C(θ + ih) / h."),
            ),
            "together": _object(
                back_propagation=_number("‖g‖, the derivative along the gradient g."),
                difference=_number("(C(θ + t g/‖g‖) − C(θ − t g/‖g‖)) / 2t."),
                step=_number("t."),
                complex_step=_maybe(_ref("number"), "Im C(θ + it g/‖g‖) / t."),
                reason=_maybe({"type": "string"}, "Why there is no complex step."),
            ),
            "rule": _object(
                weight=_text("The number that paths begin at."),
                of=_text("Where they end: C, or an output."),
                count=_large("How many paths there are, exactly."),
                shown={"enum": ["all", "largest"]},
                paths=_list(_ref("path"), "All of them, or the largest products."),
                paths_sum=_number("The sum of the products that are shown."),
                total=_number("The derivative."),
                unfactored=_maybe({"type": "string"}, "The sum over all paths in letters."),
                nested=_maybe({"type": "string"}, "The same with common factors taken out."),
                errors=_maybe(
                    {
                        "type": "array",
                        "items": _object(
                            symbol=_text("A bracket: ∂C/∂v."),
                            terms=_list(_list({"type": "string"}, "∂C/∂t and ∂t/∂v."), "What it is the sum of."),
                            number=_ref("number"),
                        ),
                    },
                    "Each bracket computed once, from the end back.",
                ),
                unfactored_multiplications=_large("Every product by itself."),
                nested_multiplications=_large("Brackets written where they are used."),
                factored_multiplications=_large("Each bracket once."),
            ),
            "expansion": _object(
                of=_text("What the formula is of: C, or an output."),
                weights=_count("How many weights stand in it."),
                operations=_large("+ − × ÷, powers and functions of the formula written out."),
                multiplications=_large("× ÷ among them."),
                terms=_maybe(_ref("count"), "Terms after multiplying out; null where it is no polynomial."),
                collected=_maybe(_ref("count"), "Terms once like ones are collected."),
                direct_multiplications=_maybe(_ref("count"), "Those of all derivatives, each written out."),
                formula=_maybe(_ref("formula"), "Null where it is too long to be written."),
                expanded=_maybe(_ref("formula"), "Multiplied out; null where it is too long, or no polynomial."),
                derivatives=_list(
                    _object(
                        symbol=_text("∂C/∂w."),
                        weight=_text("w."),
                        formula=_ref("formula"),
                        number=_number("Of the formula at this example."),
                        back_propagated=_number("By back-propagation."),
                    ),
                    "By all weights, or by some.",
                ),
                conditions=_list({"type": "string"}, "Comparisons that come out the same wherever the formula holds."),
                condition_count=_count("How many there are."),
            ),
            "formula": _object(text=_text("As text."), latex=_text("In LaTeX.")),
            "path": _object(
                entries=_list({"type": "string"}, "The numbers on the way."),
                factors=_list(
                    _object(of=_text("t of ∂t/∂s."), by=_text("s."), number=_ref("number")), "From the end back."
                ),
                product=_ref("number"),
            ),
            "counts": _object(
                of=_text("What is differentiated."),
                weights=_count("Weights that it depends on."),
                edges=_count("Local derivatives on paths from them."),
                paths=_large("Paths, exactly."),
                path_by_path=_large("Multiplications of every product by itself."),
                sweeps=_large("Of forward mode, a sweep for each weight over the whole graph."),
                reaching=_maybe(_ref("count"), "Of forward mode, where nothing is multiplied that is surely 0."),
                reverse=_large("Of back-propagation."),
            ),
            "shared": _object(
                kind={"enum": ["edge", "error"]},
                symbol=_text("The factor."),
                number=_ref("number"),
                weights=_maybe({"type": "integer"}, "In the derivatives by how many weights it stands."),
                paths=_large("In how many products, where every path is written out."),
            ),
            "step": _object(
                learning_rate=_number("η of eq. (1)."),
                parameters={
                    "type": "object",
                    "additionalProperties": _object(before=_ref("array"), gradient=_ref("array"), after=_ref("array")),
                },
                lines=_list(_ref("line"), "Eq. (1) of every parameter."),
                cost_before=_number("C before the step."),
                cost_after=_number("C after it."),
                change=_number("Their difference."),
                predicted=_number("−η ‖∇C‖², the change of a cost that is a straight line along the step."),
                says=_text("What became of the prediction."),
            ),
        },
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _number(description: str) -> dict[str, Any]:
    return {**_ref("number"), "description": description}


def _count(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": description}


def _large(description: str) -> dict[str, Any]:
    """Return what a count that grows with the paths or the formula is."""
    return {**_ref("count"), "description": description}


def _list(items: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "description": description}


def _maybe(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}], "description": description}
