"""One operator of each structure, and of each way in which its arrays serve examples and lead axes."""

from __future__ import annotations

import numpy as np

from bpframe.core.operators import (
    BatchMatrix,
    Broadcast,
    Composed,
    Diagonal,
    Gather,
    IdentityMap,
    Matrix,
    Operator,
    Reshape,
    Sum,
    WeightTimes,
)
from bpframe.structures import (
    BatchMatMul,
    DiagonalBlocks,
    Permute,
    Pool,
    RankOne,
    Restriction,
    Scan,
    Transposed,
    Windows,
)

BATCH = 3


def examples(dtype: type = np.float64) -> dict[str, Operator]:
    """Return bound operators whose arrays have a dtype, by name."""

    def random(*shape: int) -> np.ndarray:
        return np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)

    return {
        "identity": IdentityMap().bind((2, 3), (2, 3)),
        "reshape": Reshape().bind((2, 3), (6,)),
        "restriction": Restriction((slice(1, None, 2), slice(2))).bind((4, 3), (2, 2)),
        "permute": Permute((2, 0, 1)).bind((2, 3, 4), (4, 2, 3)),
        "diagonal": Diagonal(random(BATCH, 2, 3)),
        "shared diagonal": Diagonal(random(1, 4)),
        "diagonal along an axis": Diagonal(random(BATCH, 1, 3)).bind((2, 3), (2, 3)),
        "matrix": Matrix(random(2, 4)).bind((4,), (2,)),
        "matrix with lead": Matrix(random(2, 4)).bind((3, 2, 4), (3, 2, 2)),
        "batch matrix": BatchMatrix(random(BATCH, 2, 3, 4)).bind((4,), (2, 3)),
        "shared batch matrix": BatchMatrix(random(1, 2, 3)),
        "gather": Gather(np.array([[[0, -1, 2], [5, 5, 1]]]), (2, 3)),
        "gather per example": Gather(np.random.default_rng(0).integers(-1, 4, (BATCH, 5)), (4,)),
        "broadcast": Broadcast().bind((2,), (3, 4, 2)),
        "broadcast to the same": Broadcast().bind((3,), (3,)),
        "rank one": RankOne(random(BATCH, 3), random(BATCH, 4)),
        "rank one with lead": RankOne(random(BATCH, 2, 3), random(1, 1, 4)).bind((2, 4), (2, 3)),
        "shared rank one with lead": RankOne(random(1, 1, 3), random(1, 2, 4)).bind((2, 4), (2, 3)),
        "diagonal blocks": DiagonalBlocks([[random(BATCH, 3), None], [random(1, 3), random(BATCH, 3)]]),
        "diagonal blocks with lead": DiagonalBlocks([[random(BATCH, 1, 2), None, random(1, 4, 2)]]),
        "shared diagonal blocks": DiagonalBlocks([[random(1, 2)], [random(1, 2)]]),
        "weight times": WeightTimes(random(BATCH, 4)).bind((2, 4), (2,)),
        "weight times with lead": WeightTimes(random(BATCH, 5, 4)).bind((2, 4), (5, 2)),
        "batch matmul": BatchMatMul(random(BATCH, 3, 4), "left").bind((4, 2), (3, 2)),
        "batch matmul of a transpose": BatchMatMul(random(BATCH, 3, 4), "left", transpose=True).bind((2, 4), (3, 2)),
        "batch matmul with lead": BatchMatMul(random(BATCH, 1, 4, 3), "right").bind((5, 2, 4), (5, 2, 3)),
        "shared batch matmul": BatchMatMul(random(1, 2, 4, 3), "right", transpose=True).bind((2, 4, 5), (2, 5, 3)),
        "windows": Windows(3).bind((5, 2), (3, 6)),
        "windows of an image": Windows((2, 3), stride=(2, 1), padding=((1, 0), (0, 2)), dilation=(1, 2)).bind(
            (3, 4, 2), (2, 2, 12)
        ),
        "pool": Pool(Windows((2, 2), stride=(1, 2), padding=((1, 0), 0), dilation=(2, 1))).bind((3, 4, 2), (2, 2, 2)),
        "pool of tiles": Pool(Windows(2, stride=2)).bind((4, 3), (2, 3)),
        "pool that picks": Pool(Windows(3, padding=1), np.random.default_rng(0).integers(0, 3, (BATCH, 4, 2))).bind(
            (4, 2), (4, 2)
        ),
        "pool that picks from tiles": Pool(
            Windows((2, 1), stride=(2, 1)), np.random.default_rng(1).integers(0, 2, (BATCH, 2, 2, 2))
        ).bind((4, 2, 2), (2, 2, 2)),
        "transposed windows": Transposed(Windows(2, stride=2, padding=1).bind((4, 2), (3, 4))),
        "scan": Scan([BatchMatrix(random(BATCH, 2, 2)) for _ in range(4)]),
        "scan of pairs": Scan([(Diagonal(random(BATCH, 3)), Matrix(random(3, 2)).bind((2,), (3,))) for _ in range(3)]),
        "shared scan": Scan([Matrix(random(2, 2))] * 3).bind((3, 2), (3, 2)),
        "transposed gather": Transposed(Gather(np.array([[[0, -1, 2], [5, 5, 1]]]), (2, 3))),
        "transposed weight times": Transposed(WeightTimes(random(BATCH, 5, 4)).bind((2, 4), (5, 2))),
        "transposed broadcast": Transposed(Broadcast().bind((2,), (3, 4, 2))),
        "composed": Composed((Diagonal(random(BATCH, 2)), Matrix(random(2, 4)))),
        "composed, reshaped last": Composed((Reshape(), Matrix(random(3, 3)))).bind((3,), (3,)),
        "composed of nothing": Composed((IdentityMap(), Reshape())).bind((3,), (3,)),
        "sum": Sum((Diagonal(random(BATCH, 3)), RankOne(random(BATCH, 3), random(BATCH, 3)), IdentityMap())).bind(
            (3,), (3,)
        ),
        "sum of one": Sum((IdentityMap(),)).bind((3,), (3,)),
        "sum that begins with nothing": Sum((IdentityMap(), BatchMatrix(random(BATCH, 3, 3)))).bind((3,), (3,)),
        "sum that ends with nothing": Sum((BatchMatrix(random(BATCH, 3, 3)), Reshape())).bind((3,), (3,)),
    }


NAMES = tuple(examples())
