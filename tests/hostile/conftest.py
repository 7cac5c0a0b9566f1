"""Every hostile wheel, installed together once, and what each command made of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.at_import import AT_IMPORT
from tests.hostile.distributions import DISTRIBUTIONS, MALFORMED
from tests.hostile.in_components import DECLARED, RUNNING
from tests.hostile.wheels import write_wheel
from tests.made_once import made_once

SPEC = """\
network:
  input_shape: [64]
  layers:
    - {{kind: {kind}, units: 10}}
    - {{kind: sigmoid}}
  cost: {{kind: quadratic}}
training: {{optimizer: {{kind: gradient_descent, learning_rate: 3.0}}, epochs: 1, batch_size: 100, seed: 0}}
data: {{kind: digits}}
"""

#: The set that the dependent spec asks for.
BROKEN = "exits_at_once"

COMMANDS: dict[str, tuple[str, ...]] = {
    "help": ("--help",),
    "json": ("plugins", "--json"),
    "table": ("plugins",),
    "schema": ("schema",),
    "demo": ("demo", "--json", "--epochs", "1"),
    "train": ("train", "unrelated.yaml", "--output", "run", "--json"),
    "dependent": ("train", "dependent.yaml", "--output", "never"),
    "check": ("check", "declares_falsely.false_"),
    "loud": ("train", "loud.yaml", "--output", "loud", "--json"),
}

#: The kit on every component that sins when it runs. The slow sets are left out here.
KIT = ("check", *RUNNING, "--isolated", "--time-limit", "3", "--json")


@dataclass(frozen=True)
class Done:
    code: int
    stdout: str
    stderr: str
    seconds: float


class Host:
    """A folder with every hostile distribution on the path of each process that is started here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"

    def start(self, *command: object, plugins: str | None = None) -> subprocess.Popen[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("BPFRAME_")}
        inherited = [environment["PYTHONPATH"]] if environment.get("PYTHONPATH") else []
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(self.site), *inherited]),
            "BPFRAME_CACHE": str(self.folder / "cache"),
            "BPFRAME_IMPORT_LIMIT": "4",
            "PYTHONIOENCODING": "utf-8",
            "COLUMNS": "300",  # no reason is broken over lines
        }
        if plugins is not None:
            environment["BPFRAME_PLUGINS"] = plugins
        return subprocess.Popen(
            [sys.executable, *map(str, command)],
            env=environment, cwd=self.folder, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def finish(self, process: subprocess.Popen[str], started: float = 0.0) -> Done:
        try:
            stdout, stderr = process.communicate(timeout=600)
        finally:
            process.kill()
        return Done(process.returncode, stdout, stderr, time.monotonic() - started)

    def run(self, *command: object, plugins: str | None = None) -> Done:
        return self.finish(self.start(*command, plugins=plugins), time.monotonic())

    def bpframe(self, *command: object, plugins: str | None = None) -> Done:
        return self.run("-m", "bpframe", *command, plugins=plugins)


def install(host: Host) -> None:
    """Build the wheels, and let pip install them together."""
    wheels = host.folder / "wheels"
    wheels.mkdir()
    sources = {**AT_IMPORT, **DECLARED, **{name: each[0] for name, each in RUNNING.items()}}
    for name, each in sources.items():
        module = f"hostile_{name}"
        write_wheel(wheels, f"hostile-{name}", f"[bpframe]\n{name} = {module}\n", {module: each.source})
    for name, (entry_points, source) in DISTRIBUTIONS.items():
        module = f"hostile_{name.replace('-', '_')}"
        path = write_wheel(wheels, name, entry_points.format(module=module), {module: source})
        if name == MALFORMED:  # pip stops at it; who unpacks a wheel in another way does not
            zipfile.ZipFile(path).extractall(host.site)
            path.unlink()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"),
            *("--disable-pip-version-check", "--target", host.site, *sorted(wheels.iterdir())),
        ],
        cwd=host.folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def measure(host: Host) -> dict[str, Any]:
    """Run every command; the first alone, since it is the one that meets the sets for the first time."""
    (host.folder / "unrelated.yaml").write_text(SPEC.format(kind="reference.dense"))
    (host.folder / "loud.yaml").write_text(SPEC.format(kind="reference.dense").replace("sigmoid", "loud"))
    (host.folder / "dependent.yaml").write_text(SPEC.format(kind=f"{BROKEN}.dense"))
    found = {"first": host.bpframe("plugins", "--json")}
    began = time.monotonic()
    started = {name: host.start("-m", "bpframe", *words) for name, words in COMMANDS.items()}
    kit = host.start("-m", "bpframe", *KIT, plugins=",".join(RUNNING))
    found |= {name: host.finish(process, began) for name, process in started.items()}
    found["kit"] = host.finish(kit, began)
    return {name: asdict(done) for name, done in found.items()}


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The host; one test process installs and runs for all."""

    def make(folder: Path) -> None:
        host = Host(folder)
        install(host)
        (folder / "done.json").write_text(json.dumps(measure(host)))

    return Host(made_once(tmp_path_factory, "hostile", make))


@pytest.fixture(scope="session")
def outcome(host: Host) -> Callable[[str], Done]:
    """What a command made of all the sets together: `outcome("train")`."""
    found = json.loads((host.folder / "done.json").read_text())
    return lambda name: Done(**found[name])


@pytest.fixture(scope="session")
def listed(outcome: Callable[[str], Done]) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(outcome("json").stdout)
    return records
