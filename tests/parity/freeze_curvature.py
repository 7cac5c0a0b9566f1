"""Write curvature.npz: Jacobians and curvature by PyTorch, and Kronecker factors by BackPACK, in float64.

Run it where the extra `peers` and `tests/peers/no-deps.txt` are installed, after a case has changed:

    python tests/parity/freeze_curvature.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from curvature_cases import FROZEN, case
from curvature_frameworks import by_backpack, by_torch


def main():
    import warnings
    from importlib.metadata import version

    warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
    arrays = {"made by": np.array(f"PyTorch {version('torch')}, BackPACK {version('backpack-for-pytorch')}")}
    for name in FROZEN:
        values = by_backpack(case(name)) | by_torch(case(name))
        arrays |= {f"{name}: {quantity}": value for quantity, value in values.items()}
    np.savez_compressed(Path(__file__).with_name("curvature.npz"), **arrays)


if __name__ == "__main__":
    main()
