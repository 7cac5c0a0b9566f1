"""Why no component expresses an operator at all."""

from __future__ import annotations

__all__ = ["reason_of"]

#: Operators by what keeps them out.
REASONS = {
    "elementary functions: a component of your own takes five minutes, see Your first activation": (
        "Acos Acosh Asin Asinh Atan Atanh Cos Cosh Erf Exp Log Reciprocal Sin Sinh Sqrt Tan Div Pow Shrink "
        "ThresholdedRelu"
    ),
    "steps, which have no derivative worth a name": "Ceil Floor Hardmax Mod Round Sign",
    "whole numbers or truth values, in or out: components compute in float32 and float64": (
        "And ArgMax ArgMin Binarizer BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Equal "
        "Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not NonZero OneHot Or Shape Size Unique Xor"
    ),
    "quantised: bpframe computes in float32 and float64": (
        "ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear"
    ),
    "arrays out of nothing: windows, constants, numbers in a row": (
        "Bernoulli BlackmanWindow Constant ConstantOfShape EyeLike HammingWindow HannWindow MelWeightMatrix Range"
    ),
    "reductions that no component computes": (
        "CumProd CumSum Det Einsum LpNormalization LpPool ReduceL2 ReduceLogSum ReduceLogSumExp ReduceProd TopK"
    ),
    "places that are computed or given as an input, where gather and slice have fields": (
        "AffineGrid ArrayFeatureExtractor CenterCropPad Col2Im Compress GatherElements GatherND GridSample MaxUnpool "
        "ReverseSequence RoiAlign Scatter ScatterElements ScatterND TensorScatter Trilu Where"
    ),
    "strings, trees, images in files: that is data, not a network": (
        "ImageDecoder LabelEncoder NonMaxSuppression RegexFullMatch StringConcat StringNormalizer StringSplit "
        "TfIdfVectorizer TreeEnsemble"
    ),
    "control flow, and lists of arrays: a network is a graph of arrays": (
        "If Loop OptionalGetElement OptionalHasElement Scan SequenceInsert SequenceMap SplitToSequence"
    ),
    "spectra: bpframe is real": "DFT STFT",
    "layers that are not shipped": "DeformConv FlexAttention LinearAttention LRN",
}

REASON_OF = {operator: reason for reason, operators in REASONS.items() for operator in operators.split()}


def reason_of(operator: str) -> str:
    """Return why; KeyError for an operator that is new in ONNX, for which a reason or a rule has to be written."""
    return REASON_OF[operator]
