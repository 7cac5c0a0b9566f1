"""Random programs show the same, to the last bit, whether passes are repeated from records or components are called."""

from __future__ import annotations

import re

import pytest

from bpframe.replay.program import Program

from .bank import BANK
from .generating import program_of
from .running import made, shown
from .soak import found_in

PROGRAMS = 340
CHUNK = 20


def check(seeds) -> None:
    failing = {seed: found for seed in seeds if (found := found_in(program_of(seed)))}
    if failing:
        seed, found = next(iter(failing.items()))
        told = "\n".join([*map(str, found), f"smaller: python tests/soundness/soak.py --programs 1 --seed {seed}"])
        pytest.fail(f"seeds {list(failing)}; of {seed}:\n{told}\n\n{program_of(seed).script}", pytrace=False)


@pytest.mark.parametrize("start", range(0, PROGRAMS, CHUNK))
def test_repeated_passes_give_what_calling_gives(start) -> None:
    check(range(start, start + CHUNK))


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 10_000, 500))
def test_ten_thousand_programs(start) -> None:
    check(range(start, start + 500))


def test_programs_have_what_they_are_to_have() -> None:
    programs = [program_of(seed) for seed in range(PROGRAMS)]
    text = "\n".join(each.function for each in programs)
    missing = [name for name in BANK if f"bank.{name}(" not in text]
    assert not missing
    uses = ("predict", "cost", "gradient", "fit", "jvp", "vjp", "parameter_jvp", "parameter_vjp", "jacobian",
            "per_example.gradients", "hvp", "curvature.kfac", "training=True", "validation_data",
            "sample_weight")  # fmt: skip
    disturbances = ("copied(", "fortran(", "gaps(", "backwards(", "stretched(", "locked(", "single(", "lists(",
                    "odd_row(", "first(", "cut(", "copy.deepcopy", "pickle.dumps", "see.threads", "see.twin",
                    "net.parameters.vector[...]", "+= 0.125", "['a'][...]", "bank.outside.SCALE =", "float32",
                    "share=", "bank.costs.", "bank.rules.")  # fmt: skip
    assert not [each for each in (*uses, *disturbances) if each not in text]
    assert len(BANK) >= 60
    assert any(len(each.inputs) > 1 for each in programs)
    assert any(len(each.outputs) > 2 for each in programs)
    assert any(set(each.outputs) & set(each.inputs) for each in programs)
    assert any(re.search(r"\* 70:", each.function) for each in programs)


def test_most_programs_repeat_passes_from_records_and_look_again(monkeypatch) -> None:
    """Else the runs would agree because nothing is repeated."""
    repeated, looked = [], []
    repeat, look = Program._repeat, Program._checked_again
    monkeypatch.setattr(Program, "_repeat", lambda self: repeated.append(seed) or repeat(self))
    monkeypatch.setattr(Program, "_checked_again", lambda self: looked.append(seed) or look(self))
    for seed in range(40):
        shown(made(program_of(seed)), True)
    assert len(set(repeated)) > 25
    assert len(repeated) > 1000
    assert len(set(looked)) > 5


def test_a_seed_is_a_program() -> None:
    assert program_of(7) == program_of(7)
    assert program_of(7).script != program_of(8).script


@pytest.mark.parametrize("seed", [5, 8])
def test_what_is_printed_can_be_pasted(seed, capsys) -> None:
    """The printed program finds what the generator's found, and names the calls."""
    exec(compile(program_of(seed).script, "<pasted>", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    found = found_in(program_of(seed))
    assert [each.kind for each in found if each.kind not in printed] == []
    assert bool(found) == bool(printed)
