"""Components in another process: what hangs, dies or floods the memory is a finding, and the run goes on."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bpframe.errors import ComponentFileError, UnknownComponent
from bpframe.testing import Outcome, Report
from bpframe.testing.running.isolated import run_isolated
from bpframe.testing.running.order import Follower, Names, Order

from .conftest import NO_FACTOR, SOFT_SIGN

Write = Callable[..., Path]

AT_ONE = "if len(x) == 1:\n            "


def dying(name: str, what: str) -> str:
    """Return an activation that does something to the process for a batch of one example."""
    return SOFT_SIGN.replace("SoftSign", name).replace("kx = self", f"{AT_ONE}{what}\n        kx = self")


def reports_of(path: str, **options: Any) -> list[Report]:
    return list(run_isolated(Order((path,)), **options))


def failure_of(report: Report) -> Outcome:
    (failure,) = report.failed
    return failure


def test_what_dies_is_reported_and_the_next_component_is_checked(write: Write) -> None:
    write(
        "deadly.py",
        "import ctypes, os, time\n",
        dying("Hangs", "time.sleep(60)"),
        dying("Exits", "os._exit(0)"),
        dying("Crashes", "ctypes.string_at(0)"),
        SOFT_SIGN,
    )
    started = time.monotonic()
    reports = reports_of("deadly.py", time_limit=3)
    assert time.monotonic() - started < 30
    hangs, exits, crashes, *good = reports
    assert [each.component for each in reports[:3]] == ["hangs", "exits", "crashes"]
    assert [each.component for each in good] == ["soft_sign", "soft_sign"]
    assert all(each.ok for each in good)

    for each in (hangs, exits, crashes):
        assert not each.ok
        assert each.shapes == ((4,),)
        # What ran before it is kept, and it is known which check it was in.
        assert [passed.check for passed in each.passed][:3] == ["contract", "construction", "shape"]
        assert failure_of(each).check == "batches"
        assert "did not run" in each.text()
    assert "did not end within 3 s" in failure_of(hangs).message
    assert "exit status 0" in failure_of(exits).message
    lines = Path("deadly.py").read_text().splitlines()
    for each, what in ((hangs, "time.sleep(60)"), (crashes, "ctypes.string_at(0)")):
        if each is crashes and os.name == "nt":
            continue
        number = next(i for i, line in enumerate(lines, 1) if what in line)
        assert dict(failure_of(each).rows)["where"] == f"deadly.py, line {number}, in forward"
    if os.name == "posix":
        assert "SIGSEGV" in failure_of(crashes).message
    assert dict(failure_of(hangs).rows)["rerun"] == (
        "bpframe check deadly.py::Hangs --seed 0 --only batches --time-limit 3"
    )


def test_a_loop_that_never_lets_go_of_the_interpreter_is_ended(write: Write) -> None:
    write("loop.py", dying("Loops", "10 ** (10 ** 9)"))
    (report,) = reports_of("loop.py", time_limit=1)
    assert "did not end within 1 s" in failure_of(report).message


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit on memory is set on Linux alone")
def test_a_flood_of_memory_is_a_failure_of_that_check(write: Write) -> None:
    write("flood.py", dying("Floods", "x = [np.ones(10**7) for _ in range(10**4)]"))
    reports = reports_of("flood.py", memory_gib=0.5, time_limit=20)
    first = reports[0].failed[0]
    assert first.check == "batches"
    assert "MemoryError" in first.message


@pytest.mark.parametrize(
    ("statement", "told"), [("import os; os._exit(7)", "exit status 7"), ("while True: pass", "did not end within 1 s")]
)
def test_what_dies_while_it_is_imported_is_reported(write: Write, statement: str, told: str) -> None:
    write("import_dies.py", SOFT_SIGN, statement + "\n")
    (report,) = reports_of("import_dies.py", time_limit=1)
    assert (report.component, failure_of(report).check) == ("import_dies.py", "loading")
    assert told in failure_of(report).message


def test_mistakes_of_the_user_are_raised_as_they_are_in_one_process(write: Write) -> None:
    write("syntax.py", "x = (\n", head="")
    with pytest.raises(ComponentFileError, match="is not Python") as caught:
        reports_of("syntax.py")
    assert dict(caught.value.rows)["line 1"].startswith("x = (")
    with pytest.raises(UnknownComponent, match="'sigmiod' is not a component"):
        reports_of("sigmiod")


def test_reports_are_those_of_one_process(write: Write) -> None:
    from bpframe.testing.running.order import run_order

    def timeless(reports: list[Report]) -> list[dict[str, Any]]:
        dumped = [each.model_dump(mode="json") for each in reports]
        for report in dumped:
            for outcome in report["outcomes"]:
                del outcome["seconds"]
        return dumped

    write("two.py", SOFT_SIGN, NO_FACTOR)
    order = Order(("two.py",), seed=3)
    names, apart_names = Names(), Names()
    here, apart = list(run_order(order, names)), list(run_isolated(order, apart_names))
    assert timeless(here) == timeless(apart)
    assert names.found == apart_names.found


def test_what_components_print_does_not_mix_with_reports(write: Write) -> None:
    noisy = dying("Noisy", "print('{}'); os.write(1, b'[]\\n')")
    write("noisy.py", "import os\nprint('import')\n", noisy)
    assert all(each.ok for each in reports_of("noisy.py"))


#: A component that writes JSON into every pipe that its process has open, that of the reports among them.
FORGING = """
def pipes():
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                yield number
        except OSError:
            pass


def forge():
    for number in pipes():
        for line in (b"{}", b'{"event": 3}', b'{"said": "report"}'):
            os.write(number, line + b"\\n")
"""


def test_an_object_that_a_component_writes_among_the_reports_is_none_of_them(write: Write) -> None:
    write("forging.py", "import os\nimport stat\n", FORGING, dying("Forging", "forge()"))
    assert all(each.ok for each in reports_of("forging.py"))


def test_the_process_is_ended_with_the_run(write: Write) -> None:
    class Noted(Follower):
        def example(self, report: Report, names: tuple[str, ...]) -> None:
            raise KeyboardInterrupt

    write(
        "sleeps.py",
        "import os, time\n",
        dying("Sleeps", "time.sleep(60)"),
        "open('pid', 'w').write(str(os.getpid()))\n",
    )
    with pytest.raises(KeyboardInterrupt):
        list(run_isolated(Order(("sleeps.py",)), Noted()))
    if sys.platform == "linux":
        assert not Path(f"/proc/{Path('pid').read_text()}").exists()


def test_the_command_ends_with_the_users_exit_code(write: Write, process: Callable[..., Any]) -> None:
    write("hangs.py", "import time\n", dying("Hangs", "time.sleep(60)"))
    done = process("bpframe", "check", "hangs.py", "--time-limit", "1", "--json")
    assert done.returncode == 2, done.stderr
    (report,) = json.loads(done.stdout)
    assert not report["ok"]
    assert "did not end" in report["outcomes"][-1]["message"]


def test_each_installed_set_has_a_process_of_its_own(
    installed: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("deadly", "import os\nos._exit(0)\n")
    installed("good", SOFT_SIGN + "\ndef bpframe_components():\n    return [SoftSign]\n")
    monkeypatch.setenv("BPFRAME_PLUGINS", "deadly,good,reference")
    reports = list(run_isolated(Order(only=("documented",))))
    by_name = {each.component: each for each in reports}
    assert failure_of(by_name["deadly"]).check == "loading"
    assert by_name["soft_sign"].ok
    assert by_name["dense"].ok
