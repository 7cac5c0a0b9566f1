"""Sets whose components sin: by what they declare, and by what they do when they run."""

from __future__ import annotations

from tests.hostile.sin import Sin, layer, sin

__all__ = ["DECLARED", "RUNNING"]

TWICE = layer(name="Same") + "\nfirst = Same\n" + layer(name="Same").replace("[Same]", "[first, Same]")

#: Found, or harmless, when the set is loaded.
DECLARED: dict[str, Sin] = {
    "names_two_alike": sin(TWICE, "broken", reason="two components of 'names_two_alike' are named 'same'"),
    "takes_a_reserved_name": sin(layer(fields="name: str = 'x'\n"), "broken", reason="'name', a name that specs use"),
    "takes_the_kind": sin(
        layer(fields="kind: int = 3\n"), "broken", reason="'kind', a name that specs use", warning="it printed"
    ),
    "has_a_foreign_name": sin(layer(name="Überschlag"), "broken", reason="kind is not a name that specs can use"),
    "one_twin": sin(layer(name="Twin")),
    "other_twin": sin(layer(name="Twin")),
    "cannot_be_shown": sin(layer(name="Unshown", fields="def __repr__(self):\n    raise RuntimeError('no words')\n")),
    "is_silent": sin(layer(name="Silent") + "\nSilent.__doc__ = None\n"),
    "defaults_oddly": sin(layer(name="Odd", fields="limit: float = float('nan')\nlist_: list = []\n")),
    "defaults_never": sin(
        layer(
            name="Never",
            before="from pydantic import Field\ndef fail():\n    raise RuntimeError('no default')\n",
            fields="limit: float = Field(default_factory=fail)\n",
        ).replace("(Never()", "(Never(limit=1.0)")
    ),
    "has_no_schema": sin(
        layer(
            name="Schemaless",
            fields=(
                "@classmethod\n"
                "def __get_pydantic_json_schema__(cls, schema, handler):\n"
                "    raise ZeroDivisionError('no schema')\n"
            ),
        )
    ),
}

#: Each with the check of the kit that finds it, and words of the finding.
RUNNING: dict[str, tuple[Sin, str, str]] = {
    "declares_falsely": (
        sin(layer(name="False_", jacobian="return Diagonal(np.full_like(x, 3))")),
        "jacobian[x]",
        "factor",
    ),
    "writes_into_its_input": (sin(layer("x *= 2\nreturn x", name="Writer")), "purity", "writes"),
    "returns_another_shape": (sin(layer("return np.concatenate([x, x], -1)", name="Wide")), "shape", "shape"),
    "cannot_be_pickled": (
        sin(
            layer(
                name="Stuck",
                fields="def __reduce_ex__(self, protocol):\n    raise TypeError('cannot pickle this')\n",
            )
        ),
        "pickle",
        "cannot pickle this",
    ),
    "never_returns": (sin(layer("while True:\n    time.sleep(0.1)", name="Endless")), "", "did not end within 3 s"),
    "ends_the_process": (sin(layer("os._exit(0)", name="Exiting")), "", "it ended the process: exit status 0"),
    "shoots_itself": (
        sin(layer("os.kill(os.getpid(), signal.SIGKILL)", name="Shooting")),
        "",
        "it ended the process: signal SIGKILL",
    ),
    "exits_in_forward": (sin(layer("raise SystemExit(0)", name="Leaving")), "", "SystemExit"),
    "prints_in_forward": (sin(layer("print('SPOILT')\nos.write(1, b'SPOILT')\nreturn 2 * x", name="Loud")), "", ""),
}
