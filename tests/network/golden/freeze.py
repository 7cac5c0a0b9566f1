"""Write frozen.npz, the values that the trainings arrive at, and frozen.json, the digests of their bytes.

    python tests/network/golden/freeze.py

To be run only where a change is meant to change bytes, and says so. Digests are taken with each kernel of OpenBLAS that
the processor may run; those of other machines are dropped, since they belong to other values.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import numpy as np

from tests.network.golden.trainings import DTYPES, TRAININGS, arithmetic, digest, trained

VALUES, DIGESTS = (Path(__file__).with_name(name) for name in ("frozen.npz", "frozen.json"))

#: In the order of the instruction sets that they need; a processor without the last ones ends the list.
KERNELS = ("Haswell", "SkylakeX")


def key(name, dtype):
    return f"{name}-{dtype}"


def values():
    return {key(name, dtype): trained(name, dtype) for name in TRAININGS for dtype in DTYPES}


def digests():
    """Print this process's arithmetic and the digests."""
    print(json.dumps([arithmetic(), {name: digest(vector) for name, vector in values().items()}]))


def main():
    np.savez(VALUES, **values())
    found = {}
    for kernel in KERNELS:
        environment = {**os.environ, "OPENBLAS_CORETYPE": kernel}
        command = [sys.executable, __file__, "--digests"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            name, by_training = json.loads(done.stdout)
            found[name] = by_training
    DIGESTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    digests() if "--digests" in sys.argv else main()
