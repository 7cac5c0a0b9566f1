"""Which structured maps do images, sequences and attention need?

Operators beside those of the heart, which no pass knows by name: sums and means, gates, products of two matrices that
both change, windows of images and signals, pools of them, axes in another order, parts of arrays, loops over time, and
the way back through any operator. In go arrays, geometry and operators; out come operators like any other. Start with
`rank_one.py`.
"""

from bpframe.structures.batch_matmul import BatchMatMul
from bpframe.structures.diagonal_blocks import DiagonalBlocks
from bpframe.structures.permute import Permute
from bpframe.structures.pool import Pool, largest
from bpframe.structures.rank_one import RankOne
from bpframe.structures.restriction import Restriction
from bpframe.structures.scan import Recomputed, Scan
from bpframe.structures.transposed import Transposed, transposed
from bpframe.structures.windows import Windows

__all__ = [
    "BatchMatMul",
    "DiagonalBlocks",
    "Permute",
    "Pool",
    "RankOne",
    "Recomputed",
    "Restriction",
    "Scan",
    "Transposed",
    "Windows",
    "largest",
    "transposed",
]
