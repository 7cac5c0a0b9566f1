"""What others may import: the list is frozen, so that a change of it is a decision."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

REFERENCE = ROOT / "docs" / "reference"

#: Modules that the guides import from or the reference shows, with the names in their `__all__`.
PUBLIC: dict[str, str] = {
    "bpframe": "History Network __version__ accuracy cross_validate doctor errors fit_curve load node",
    "bpframe.core.backprop.backward": "backward distrusted output_errors pass_on",
    "bpframe.core.backprop.jvp": "changes_of jvp tangents",
    "bpframe.derivatives.first_order.vjp": "input_vjp parameter_vjp",
    "bpframe.core.operators": """
        BatchMatrix Branches Broadcast Composed Diagonal Gather IdentityMap KroneckerForm Matrix Operator
        PulledVectors Reshape ScatteredForm Sum WeightTimes add branches compose dense_operator pulled_once
    """,
    "bpframe.curve_fitting": "Covariance CurveFit FitSummary Verdict covariance fit_curve",
    "bpframe.data": """
        AliceData CsvData DataSpec Dataset DigitsData Divide FittedPreparation IdxData ImagesData NpzData
        ParquetData SeriesData TextData Vocabulary WavesData from_table map_array read_inputs
    """,
    "bpframe.derivatives": "ChainPlan EliminationPlan Factor plan_chain plan_elimination",
    "bpframe.derivatives.curvature.factors": "Damping KroneckerFactors",
    "bpframe.derivatives.curvature.kfac": "WeightSharing kronecker_factors",
    "bpframe.derivatives.jacobian": """
        Branched Derivation Explanation Order Route Structure dense_jacobians derivation_of explain
        factored_jacobian sources sparse_jacobian targets
    """,
    "bpframe.derivatives.jacobian.spectrum": "Spectrum ValueSpectrum spectrum_of",
    "bpframe.derivatives.ordering": "Action ChainPlan ChainStep Factor plan_chain",
    "bpframe.derivatives.ordering.elimination": "EliminationPlan Vertex plan_elimination",
    "bpframe.derivatives.per_example.gradients": "clipped_gradient gradients gram squared_norms variance",
    "bpframe.derivatives.per_example.parameter_matrix": "ParameterMatrix",
    "bpframe.derivatives.second_order.difference": "DifferenceProduct",
    "bpframe.derivatives.second_order.empirical_fisher": "EmpiricalFisherProduct",
    "bpframe.derivatives.second_order.ggn": "GaussNewtonProduct check_fisher",
    "bpframe.derivatives.second_order.hvp": "HessianProduct",
    "bpframe.derivatives.second_order.linear_operators": "OperatorKind curvature_operator jacobian_operator",
    "bpframe.differentiable.curvature": "Curvature",
    "bpframe.documents": """
        NetworkSpec NodeSpec RunSpec TrainingSpec component_document json_schema network_document network_spec
        node parse_spec read_spec resolve_spec spec_document write_spec
    """,
    "bpframe.errors": """
        AmbiguousComponent BatchCoupledError BpframeError BrokenPlugin CheckpointError ComponentCheckFailed
        ComponentFileError ConcurrencyError ContractError CycleError DanglingInput DataError DerivativeError
        DoctorWarning DraftWarning DuplicateNode GradientCheckFailed GraphError MemoryLimitError MissingExtra
        NonFiniteError OperatorError RegistryError ScaffoldError ShapeMismatch SpecError SpecFileError
        StaleRecordError StopTraining TrainingError UnknownComponent UnreachableNode closest did_you_mean
        no_such shown
    """,
    "bpframe.explanation": """
        ErrorFlow Explanation FORMAT LayerFlow error_flow_of explanation_of growth json_schema view_of
    """,
    "bpframe.extend": """
        Activation Array BatchMatMul BatchMatrix Block Broadcast CONTRACT_VERSION Callback Category Component
        Composed Constraint ContractError Cost DataError Diagonal DiagonalBlocks ErrorNorms Field FiniteFloat
        Gather History HistoryColumn IdentityMap Initializer KroneckerForm LargerIsBetter Layer LinearMinimum
        Matrix Method Metric MissingExtra NonNegativeFloat NonNegativeInt Objective Operator Optimizer
        Parameter ParameterPart Penalty Permute Pool PositiveFloat PositiveInt Preparation Problem RankOne
        Recomputed Reshape Restriction ScaledNormal Scan ScatteredForm Schedule ShapeMismatch State
        StopTraining Sum Transposed WatchErrors WeightTimes Windows accuracy add batched call_method compose
        largest node right_classes transposed
    """,
    "bpframe.plugins": """
        Discovery PluginSet Provider Registry default_discovery default_registry discover forget_trials
        hookimpl hookspec listeners load_registry plugin_report
    """,
    "bpframe.plugins.hooks": """
        GROUP bpframe_after_checkpoint bpframe_after_epoch bpframe_categories bpframe_components
        bpframe_examples hookimpl hookspec
    """,
    "bpframe.runs": """
        Evaluation Experiment Predictions SavedRun evaluate go_on_in network_at numbered_example open_run
        overridden prepare_experiment resumed_experiment run_experiment train_in watch_training write_report
    """,
    "bpframe.structures": """
        BatchMatMul DiagonalBlocks Permute Pool RankOne Recomputed Restriction Scan Transposed Windows largest
        transposed
    """,
    "bpframe.testing": """
        Comparison Outcome Report called_for check_component compare_jacobians parametrize_with_components
    """,
    "bpframe.verification.gradient_check": "BothWays CheckedEntry CheckedPath Fault GradientCheck",
    "bpframe_minimizers": "GaussNewton LBFGS LevenbergMarquardt NaturalGradient WeightedQuadraticCost",
    "bpframe_reference": """
        Add CsvLog Dense ErrorNorms GradientDescent Identity JsonLinesLog KeepBest Multiply NguyenWidrow
        QuadraticCost Robust ScaledNormal Shift Sigmoid StandardNormal StopEarly TensorBoard TimeLimit
        WatchErrors
    """,
    "bpframe_activations": """
        Elu Gelu HardSigmoid HardTanh LeakyRelu LogSigmoid LogSoftmax Mish Prelu Relu Selu Silu Softmax
        Softplus Softsign Tanh
    """,
    "bpframe_classification": """
        AbsoluteCost BinaryCrossEntropy CrossEntropy GaussianNllCost HingeCost HuberCost KlDivergenceCost
        PoissonNllCost ProbabilityCrossEntropy QuantileCost
    """,
    "bpframe_convolution": """
        AveragePool1d AveragePool2d Conv1d Conv2d Conv2dTranspose DepthwiseConv2d Flatten GlobalAveragePool
        GlobalMaxPool MaxPool1d MaxPool2d Upsample2d ZeroPad
    """,
    "bpframe_merges": """
        Average Concatenate Encoder GatherLayer Matmul Maximum Mean PermuteLayer Repeat ReshapeLayer Residual
        Scale Sequential Slice Subtract SumLayer
    """,
    "bpframe_metrics": """
        Accuracy CalibrationError ConfusionMatrix F1 LogLoss Mae Precision R2 Recall ReliabilityCurve Rmse
        RocAuc TopK
    """,
    "bpframe_optimizers": """
        Accumulated Adagrad Adam Adamw ClipGlobalNorm ClipNorm ClipValue Constant Cosine Exponential
        ExponentialAverage Glorot He Lecun Lion Momentum Nadam OneCycle Orthogonal Piecewise Plateau Polynomial
        Rmsprop Step StochasticAverage TruncatedNormal WarmUp Zeros
    """,
    "bpframe_regularisation": """
        BatchNorm Dropout ElasticNet GaussianNoise GroupNorm L1 L2 LayerNorm MaxMagnitude MaxNorm NonNegative
        RmsNorm UnitNorm
    """,
    "bpframe_sequence": """
        Attention CrossAttention Embedding ForgetBias Gru Lstm MaskedAttention MaskedGru MaskedLstm
        MaskedMultiHeadAttention MaskedSelfAttention MaskedSimpleRnn MaskedTransformerBlock MultiHeadAttention
        PositionalEncoding SelfAttention SimpleRnn TransformerBlock
    """,
}

#: Single objects that the reference shows beside whole modules.
DOCUMENTED = {
    "bpframe.History",
    "bpframe.Network",
    "bpframe.accuracy",
    "bpframe.core.backprop.trace.Trace",
    "bpframe.core.graph.graph.Graph",
    "bpframe.core.graph.graph.Node",
    "bpframe.core.graph.parameters.ParameterVector",
    "bpframe.curve_fitting.Covariance",
    "bpframe.curve_fitting.CurveFit",
    "bpframe.curve_fitting.FitSummary",
    "bpframe.curve_fitting.Verdict",
    "bpframe.curve_fitting.covariance",
    "bpframe.curve_fitting.fit_curve",
    "bpframe.cross_validate",
    "bpframe.explanation.backward.BackwardPass",
    "bpframe.explanation.chain.PathsSection",
    "bpframe.explanation.forward.ForwardPass",
    "bpframe.explanation.gradient.CheckedEntry",
    "bpframe.explanation.gradient.Gradient",
    "bpframe.explanation.gradient.GradientSection",
    "bpframe.explanation.line.Line",
    "bpframe.explanation.neuron.NeuronSection",
    "bpframe.explanation.nodes.ExplainedNode",
    "bpframe.explanation.nodes.LocalJacobian",
    "bpframe.explanation.notation.Layer",
    "bpframe.explanation.paths.ChainRule",
    "bpframe.explanation.paths.Multiplications",
    "bpframe.explanation.paths.expansion.Expansion",
    "bpframe.explanation.sections.Sections",
    "bpframe.explanation.step.Step",
    "bpframe.load",
    "bpframe.node",
    "bpframe.replay.buffers.Lifetime",
    "bpframe.reports.step_memory.Memory",
    "bpframe.reports.step_plan.PlannedCall",
    "bpframe.reports.step_plan.StepPlan",
    "bpframe.reports.summary.Row",
    "bpframe.reports.summary.Summary",
    "bpframe.trainable.cross_validation.CrossValidation",
    "bpframe.training.history.EpochRecord",
    "bpframe.training.optimizer_state.OptimizerState",
}


def shown_in(folder: Path) -> set[str]:
    """Return what the pages of a reference show, by full name."""
    pages = (page.read_text(encoding="utf-8") for page in folder.glob("*.md"))
    return {name for text in pages for name in re.findall(r"^::: (\S+)", text, re.MULTILINE)}


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_offers_these_names_and_holds_them(module: str) -> None:
    found = import_module(module)
    assert sorted(found.__all__) == sorted(PUBLIC[module].split())
    assert [name for name in found.__all__ if getattr(found, name, None) is None] == []


def shipped_components() -> dict[str, str]:
    """Return every class name that a shipped set gives a component, and which set does."""
    sets = [path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").exists()]
    return {cls.__name__: name for name in sets for cls in import_module(name).bpframe_components()}


def test_no_name_stands_for_an_operator_and_for_a_component() -> None:
    names = shipped_components()
    assert {"Identity", "Dense", "LBFGS"} <= names.keys()
    authors = set(PUBLIC["bpframe.extend"].split()) | set(PUBLIC["bpframe.core.operators"].split())
    authors -= {
        "ErrorNorms",
        "ScaledNormal",
        "WatchErrors",
    }  # one class each, which bpframe has and the reference set lists
    assert {name: names[name] for name in authors & names.keys()} == {}


def test_a_plugin_of_version_1_finds_the_identity_operator_under_its_old_name() -> None:
    extend = import_module("bpframe.extend")
    with pytest.warns(DeprecationWarning, match="is called IdentityMap"):
        assert extend.Identity is extend.IdentityMap
    with pytest.raises(AttributeError, match="no attribute 'Identify'"):
        extend.Identify  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Identify'"):
        exec("from bpframe.extend import Identify")


def test_the_reference_shows_public_names_alone() -> None:
    shown = shown_in(REFERENCE)
    assert shown - PUBLIC.keys() == DOCUMENTED
    assert {"bpframe.documents", "bpframe.core.operators"} <= shown


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_what_the_reference_shows_is_there(name: str) -> None:
    module, _, last = name.rpartition(".")
    assert getattr(import_module(module), last) is not None


def test_pages_of_a_reference_are_read(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Title\n\n::: package.module\n    options: {}\n\n::: package.name\n")
    assert shown_in(tmp_path) == {"package.module", "package.name"}
