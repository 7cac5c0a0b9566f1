"""Reading a CSV file of 200,000 rows and 21 columns of numbers, beside pandas: time and memory, in fresh processes.

    python tests/benchmarks/csv_files.py

Medians over interleaved runs. Memory is what each process holds at its peak beyond what its imports hold (of Linux).
bpframe reads with pyarrow where it is installed, else with NumPy's loader; `cell by cell` is the way that knows what to
say of a mistake.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS, COLUMNS = 200_000, 21

BEGIN = """
import re, sys, time
from pathlib import Path
path = Path(sys.argv[1])
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
END = """
before, started = peak(), time.perf_counter()
read()
print(time.perf_counter() - started, peak() - before)
"""
OURS = """
from dataclasses import replace
from bpframe.data import cell_index
from bpframe.data.table import read_table
"""
READERS = {
    "pandas": "import pandas\ndef read(): return pandas.read_csv(path).to_numpy()",
    "bpframe, pyarrow": OURS + "import pyarrow.csv\n"
    "def read(): return read_table(path, header=True).numbers(range(21), '')",
    "bpframe, NumPy": OURS + "cell_index._LARGE = 2**60\n"
    "def read(): return read_table(path, header=True).numbers(range(21), '')",
    "cell by cell": OURS
    + "def read(): return replace(read_table(path, header=True), index=None).numbers(range(21), '')",
}


def main(rounds: int = 5) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.csv"
        with path.open("w") as file:
            file.write(",".join(f"c{k}" for k in range(COLUMNS)) + "\n")
            for row in np.random.default_rng(0).normal(size=(ROWS, COLUMNS)).tolist():
                file.write(",".join(map(repr, row)) + "\n")
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in READERS}
        for _ in range(rounds):
            for name, reader in READERS.items():
                command = [sys.executable, "-c", BEGIN + reader + END, str(path)]
                seconds, kilobytes = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
                found[name].append((float(seconds), float(kilobytes) / 1024))
    medians = {name: tuple(statistics.median(each) for each in zip(*runs, strict=True)) for name, runs in found.items()}
    seconds, megabytes = medians["pandas"]
    for name, (time, memory) in medians.items():
        ratios = f"{time / seconds:5.2f} of pandas' time and {memory / megabytes:.2f} of its memory"
        print(f"{name:18s} {time:6.3f} s, {memory:4.0f} MB: {ratios}")


if __name__ == "__main__":
    main()
