"""Write reference.json: what PyTorch computes for the cases, in float64.

Run it where the extra `peers` is installed, after a case has changed:

    python tests/parity/freeze.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cases import cases
from frameworks import by_torch


def main():
    import torch

    values = {case.name: {name: value.tolist() for name, value in by_torch(case).items()} for case in cases()}
    content = {"made by": f"PyTorch {torch.__version__.partition('+')[0]}, float64", "cases": values}
    Path(__file__).with_name("reference.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
