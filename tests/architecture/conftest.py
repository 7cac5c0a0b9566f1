"""A small package in which every rule holds: each test breaks one of them in it."""

from __future__ import annotations

from pathlib import Path

import pytest

#: The floors of the small package.
SMALL = (("",), ("network",), ("training",), ("core.backprop",), ("core.operators",), ("machine",), ("errors",))

FILES = {
    "__init__": '"""The root."""\nfrom bpframe.network import Network\n',
    "errors": "import abc\n",
    "network": "from bpframe.core.operators import Matrix\nimport bpframe.errors\n",
    "machine/__init__": '"""What does this computer allow?\n\nThreads, in `workers.py`.\n"""\n',
    "machine/workers": "import threading\n",
    "machine/doctor": "from bpframe.machine import workers\n",
    "core/__init__": '"""What is computed?\n\nStart with `operators/matrix.py`.\n"""\n',
    "core/operators/__init__": (
        '"""What is a Jacobian?\n\nA matrix.\n"""\nfrom bpframe.core.operators.matrix import Matrix\n'
    ),
    "core/operators/matrix": "import numpy\nfrom ...errors import Error\n",
    "core/backprop/__init__": '"""What runs?\n\nThe `core/operators/matrix.py`.\n"""\n',
    "core/backprop/forward": "from bpframe.core.operators import Matrix\nfrom bpframe.machine.workers import in_rows\n",
    "training/__init__": '"""How do parameters move?\n\nA step at a time.\n"""\n',
    "training/trainer": "from bpframe.core.backprop import forward\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "bpframe"
    for name, text in FILES.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "py.typed").write_text("")
    return folder
