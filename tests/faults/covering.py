"""Which tests run which lines, and which notice a fault: pytest in a process of its own, on a copy of the tree."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Covering", "Selected", "copied", "run_apart"]

LEFT_OUT = (".git", ".*_cache", ".hypothesis", "site", "dist", "build")

MEMORY = 8 * 2**30  # a fault may well be a list that grows for ever


def copied(root: Path, to: Path) -> Path:
    """Copy a tree, without its history and what was made from it."""
    return Path(shutil.copytree(root, to, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True))


class Covering:
    """A pytest plugin that writes down which lines of the sources each test runs, how long it takes, whether it passes.

    What runs while a file is collected counts for every test of the file, and what runs in fixtures for every test of
    the folder: their results are shared. Tests that start a process may run anything.
    """

    def __init__(self, tree: Path, to: Path) -> None:
        self.tree, self.to = tree, to
        self.tests: dict[str, dict[str, Any]] = {}
        self.began = False
        sys.addaudithook(self._audit)
        import coverage  # in the extra `faults`

        self.coverage = coverage.Coverage(
            data_file=None, config_file=False, source=[str(tree / "bpframe"), str(tree / "plugins")]
        )
        self.coverage.start()

    def _audit(self, event: str, arguments: Any) -> None:
        if event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
            self.began = True

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        self.coverage.switch_context(collector.nodeid.split("::")[0])
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.began = False
        self.tests[item.nodeid] = {"seconds": 0.0, "passed": True}
        found = yield
        self.tests[item.nodeid]["processes"] = self.began
        return found

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context(str(Path(item.nodeid.split("::")[0]).parent))

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tests[report.nodeid]["seconds"] += report.duration
        self.tests[report.nodeid]["passed"] &= not report.failed

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        names: dict[str, int] = {}
        lines = {
            str(Path(file).relative_to(self.tree)): {
                line: [names.setdefault(name, len(names)) for name in found]
                for line, found in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        self.to.write_text(json.dumps({"tests": self.tests, "names": list(names), "lines": lines}))


class Selected:
    """A pytest plugin that runs some tests in a given order, and writes down the first that fails."""

    def __init__(self, names: Iterable[str], to: Path) -> None:
        self.order = {name: place for place, name in enumerate(names)}
        self.to = to

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(chosen, key=lambda item: self.order[item.nodeid])

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.to.write_text(report.nodeid)

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.to.write_text(f"{report.nodeid}, as it is read")


def run_apart(tree: Path, arguments: list[str], plugin: Callable[[], object], limit: float) -> int | None:
    """Run pytest on the copy in a process of its own: its exit status, or None where it did not end in time."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            log = os.open(tree / "pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.chdir(tree)
            sys.path[:0] = [str(tree), str(tree / "plugins")]
            os.environ["PYTHONPATH"] = f"{tree}:{tree / 'plugins'}"
            status = pytest.main(["-n", "0", "-q", "-p", "no:cacheprovider", *arguments], plugins=[plugin()])
        finally:
            os._exit(int(status))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _end(child)
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    _end(child)
    os.waitpid(child, 0)
    return None


def _end(child: int) -> None:
    """End the child and what it left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
