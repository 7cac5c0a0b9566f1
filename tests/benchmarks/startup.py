"""Start-up: how long `import bpframe`, its main class and `bpframe --help` take, each in fresh processes.

    python tests/benchmarks/startup.py

Medians over interleaved runs, beside what NumPy's own import takes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "import numpy": [sys.executable, "-c", "import numpy"],
    "import numpy, bpframe": [sys.executable, "-c", "import numpy, bpframe"],
    "import numpy, bpframe.Network": [sys.executable, "-c", "import numpy; from bpframe import Network"],
    "import bpframe_reference": [sys.executable, "-c", "import numpy; import bpframe_reference"],
    "bpframe --help": [sys.executable, "-m", "bpframe", "--help"],
    "bpframe plugins": [sys.executable, "-m", "bpframe", "plugins"],
}


def main(rounds: int = 9) -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(each) for name, each in times.items()}
    for name, seconds in medians.items():
        beyond = seconds - medians["import numpy"]
        print(f"{name:32s} {seconds:6.3f} s  {beyond:+.3f} s beyond numpy")


if __name__ == "__main__":
    main()
