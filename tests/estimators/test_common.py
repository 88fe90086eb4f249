"""scikit-learn's own checks of the estimators, also those that `check_estimator` leaves out."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_helmholtz import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    DeterministicHelmholtzMachine,
    FactorAnalysis,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    IndependentComponents,
    LatentAnomalyDetector,
    LatentImputer,
    OrdinalFactorAnalysis,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
    SlowFeatureAnalysis,
    SparseCoding,
)
from tests.applications.test_classifiers_common import instances as classifiers
from tests.applications.test_mixture_common import instances as mixtures
from tests.applications.test_transformed_common import instances as behind_transformers
from tests.discovery import public_estimators

# Checks of scikit-learn's own test suite; a name that a version does not know is skipped there.
LEFT_OUT = [
    "check_param_validation",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_get_feature_names_out_error",
    "check_dataframe_column_names_consistency",
    "check_inplace_ensure_writeable",
]
OF_TRANSFORMERS = ("_pandas", "_polars", "_transform", "names_out", "names_out_error")
WEIGHTED = [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")]


class Mapped:
    """Sees a map of the data into [0, 1], made right after validation, instead of the data."""

    def _validate(self, X, reset):
        X = super()._validate(X, reset)
        if not scipy.sparse.issparse(X):
            return self._map(X)
        X = X.copy()
        X.data = self._map(X.data)
        return X


class Fractional(Mapped):
    """Sees |x| / (1 + |x|), which lies in [0, 1) and keeps zeros, instead of x."""

    @staticmethod
    def _map(values):
        size = np.abs(np.asarray(values, np.result_type(values, np.float32)))
        return size / (1 + size)


class Binary(Mapped):
    """Sees whether x > 0 instead of x."""

    @staticmethod
    def _map(values):
        return (values > 0).astype(values.dtype)


class FractionalMachine(Fractional, HelmholtzMachine):
    pass


class BinaryMachine(Binary, HelmholtzMachine):
    pass


class FractionalDeterministicMachine(Fractional, DeterministicHelmholtzMachine):
    pass


class FractionalGaussian(Fractional, GaussianHelmholtzMachine):
    pass


class BinaryGaussian(Binary, GaussianHelmholtzMachine):
    pass


class FractionalBoltzmann(Fractional, RestrictedBoltzmannMachine):
    pass


class BinaryBoltzmann(Binary, RestrictedBoltzmannMachine):
    pass


class FractionalDeepBelief(Fractional, DeepBeliefNet):
    pass


class FractionalDeepBoltzmann(Fractional, DeepBoltzmannMachine):
    pass


class BinaryDeepBoltzmann(Binary, DeepBoltzmannMachine):
    pass


class FractionalNet(Fractional, SigmoidBeliefNet):
    pass


class BinaryNet(Binary, SigmoidBeliefNet):
    pass


class FewLevels(OrdinalFactorAnalysis):
    """Sees levels 0 and 1 instead of numbers, in tables of any kind; what is no number stays."""

    def _validate(self, X, reset):
        return super()._validate(self._map(X), reset)

    @staticmethod
    def _map(X):
        is_table = isinstance(X, np.ndarray | pd.DataFrame | pl.DataFrame) and np.ndim(X) == 2
        if not is_table or not np.issubdtype(np.asarray(X).dtype, np.number):
            return X
        values = np.asarray(X)
        if np.iscomplexobj(values) or np.isinf(values).any():
            return X
        levels = np.where(np.isnan(values), values, np.floor(11.4 * values) % 2)
        if isinstance(X, pd.DataFrame):
            return pd.DataFrame(levels, X.index, X.columns)
        return pl.DataFrame(levels, X.columns) if isinstance(X, pl.DataFrame) else levels


def machines():
    """Estimators in which each algorithm meets real data and data in [0, 1], one autoregressive.

    Few epochs change nothing in what the checks look at.
    """
    few, bernoulli = {"max_iter": 3, "batch_size": 32}, {"visible": "bernoulli"}
    return [
        HelmholtzMachine(max_iter=8),
        HelmholtzMachine((3, 2), **few),
        FractionalMachine(**bernoulli, **few),
        HelmholtzMachine(algorithm="wake-sleep", visible="gaussian", **few),
        BinaryMachine(algorithm="wake-sleep", **bernoulli, **few),
        HelmholtzMachine((3, 2), autoregressive=True, **few),
        FractionalMachine(autoregressive=True, **bernoulli, **few),
        HelmholtzMachine((3, 2), visible="mixed", **few),
        HelmholtzMachine(3, visible="mixed", autoregressive=True, **few),
    ]


def deterministic_machines():
    """Deterministic machines in which each solver meets real data and data in [0, 1]."""
    bernoulli = {"visible": "bernoulli"}
    return [
        DeterministicHelmholtzMachine(max_iter=3),
        DeterministicHelmholtzMachine((3, 2), solver="lbfgs", max_iter=20),
        FractionalDeterministicMachine((3, 2), solver="lbfgs", max_iter=20, **bernoulli),
        FractionalDeterministicMachine(3, solver="sgd", max_iter=3, **bernoulli),
        FractionalDeterministicMachine((3, 2), activation="sigmoid", max_iter=3, **bernoulli),
    ]


def nets():
    """Belief nets in which each way to infer meets real data and data in [0, 1], in order and not.

    With several particles "nvil" has another rule, and no other answers: one net of those.

    Where ``visible`` is not known before, a tag allows missing values, which Gaussian features in
    order have no mean field for, and no enumeration to learn by.
    """
    few, bernoulli = {"max_iter": 3, "batch_size": 32}, {"visible": "bernoulli"}
    ordered, gaussian = {"autoregressive": True}, {"visible": "gaussian"}
    several = {"inference": "nvil", "n_particles": 3}
    return [
        SigmoidBeliefNet((3, 2), inference="exact", **few),
        BinaryNet(4, inference="exact", **ordered, **bernoulli, **few),
        SigmoidBeliefNet(3, inference="exact", **ordered, **gaussian, **few),
        SigmoidBeliefNet(4, inference="mean-field", **gaussian, **few),
        FractionalNet(4, inference="mean-field", **bernoulli, **few),
        SigmoidBeliefNet(3, inference="mean-field", **ordered, **gaussian, **few),
        SigmoidBeliefNet((3, 2), inference="gibbs", **few),
        BinaryNet(4, inference="gibbs", **ordered, **bernoulli, **few),
        SigmoidBeliefNet(3, inference="gibbs", **ordered, **few),
        SigmoidBeliefNet(4, inference="nvil", **gaussian, **few),
        BinaryNet(4, **ordered, **bernoulli, **several, **few),
    ]


def gaussian_machines():
    """Machines of Gaussian latents with each rule and covariance, for data of each kind."""
    few, bernoulli = {"max_iter": 3, "hidden_layer_sizes": 5}, {"visible": "bernoulli"}
    rules = [{"algorithm": name} for name in ("wake-sleep", "reweighted-wake-sleep")]
    return [
        GaussianHelmholtzMachine(max_iter=3),
        GaussianHelmholtzMachine(2, covariance="full", **rules[0], **few),
        FractionalGaussian(2, missing_indicator=True, **rules[1], **bernoulli, **few),
        BinaryGaussian(2, covariance="full", n_particles=1, **bernoulli, **few),
        GaussianHelmholtzMachine(2, visible="mixed", n_importance_samples=10, **few),
    ]


def boltzmann_machines():
    """Restricted Boltzmann machines of real data and data in [0, 1], with each negative phase."""
    few, bernoulli = {"n_iter": 3}, {"visible": "bernoulli"}
    return [
        RestrictedBoltzmannMachine(**few),
        RestrictedBoltzmannMachine(4, n_chains=3, **few),
        FractionalBoltzmann(4, **bernoulli, **few),
        RestrictedBoltzmannMachine(4, negative_phase="cd", **few),
        BinaryBoltzmann(4, negative_phase="cd", centred=True, **bernoulli, **few),
        RestrictedBoltzmannMachine(3, visible="mixed", **few),
    ]


def deep_belief_nets():
    """Deep belief nets of real data and data in [0, 1], with each way to fine-tune."""
    few = {"max_iter": 3, "pretrain_max_iter": 3, "n_chains": 20}
    up_down = {"fine_tune": "up-down", "visible": "bernoulli"}
    return [DeepBeliefNet((4, 3), **few), FractionalDeepBelief((4, 3), **up_down, **few)]


def deep_boltzmann_machines():
    """Deep Boltzmann machines of data in [0, 1], with each positive phase."""
    few = {"n_iter": 2}
    return [
        FractionalDeepBoltzmann((4, 3), **few),
        BinaryDeepBoltzmann((3, 2, 2), positive_phase="gibbs", pretrain=False, **few),
    ]


def factor_models():
    """One factor model for each kind."""
    made = [FactorAnalysis(), FactorAnalysis(1), FactorAnalysis(1, noise="isotropic")]
    return [*made, FactorAnalysis(1, scores="bartlett"), FactorAnalysis(2, rotation="promax")]


def slow_features():
    """Slow features with and without noise."""
    return [SlowFeatureAnalysis(), SlowFeatureAnalysis(1, noise="diagonal", max_iter=100)]


def dictionaries():
    """One model of sparse coding for each way to fit it."""
    few = {"n_importance_samples": 4, "n_temperatures": 20}
    few |= {"max_iter": 20}
    return [SparseCoding(transform_kind="mean", **few), SparseCoding(2, algorithm="map", **few)]


def source_models():
    """Independent components with densities that adapt, and with fixed ones and fewer sources."""
    few = {"n_init": 1, "max_iter": 5, "shrinkage": 0.5}
    return [IndependentComponents(**few), IndependentComponents(1, density="logistic", **few)]


def item_models():
    """One factor model of items for each way to fit it."""
    return [FewLevels(), FewLevels(estimation="likelihood")]


def applications():
    """One application of each kind, with a quick model inside."""
    return [LatentImputer(FactorAnalysis(1)), LatentAnomalyDetector(FactorAnalysis(1))]


def all_kinds():
    """Estimators of all kinds, with and without the data that some of them map."""
    own = [*machines(), *gaussian_machines(), *deterministic_machines(), *nets()]
    own += [*boltzmann_machines(), *deep_belief_nets(), *deep_boltzmann_machines()]
    own += [*dictionaries(), *factor_models(), *slow_features(), *source_models()]
    return [*own, *item_models(), *applications()]


def one_of_each():
    """An estimator of each class, algorithm and way to infer: names of columns know no more."""
    made = {}
    for estimator in (*machines()[1:], *gaussian_machines()[:-1], *nets()):
        params = estimator.get_params()
        is_mixed = params["visible"] == "mixed"
        made.setdefault((params.get("algorithm"), params.get("inference"), is_mixed), estimator)
    own = [*made.values(), *deterministic_machines()[:1], *boltzmann_machines()[1:3]]
    own += [*deep_belief_nets()[:1], *deep_boltzmann_machines()[:1]]
    own += [*dictionaries()[:1], *factor_models(), *slow_features(), *source_models()[1:]]
    return [*own, *item_models(), *applications()]


WHOLE_NUMBERS = (
    "check_estimators_dtypes", "check_sample_weights_pandas_series",
    "check_sample_weights_not_an_array", "check_sample_weights_shape",
    "check_sample_weights_not_overwritten",
)  # fmt: skip


def expected_failures(estimator):
    """Enumeration explains rows with gaps that it cannot learn from; a tag is for both.

    Random numbers belong to rows, and equal rows have different ones. Where nothing is drawn, a
    weight is as good as equal rows, but for the strength of a prior, which knows the number of rows
    in effect (``alpha="auto"`` of autoregressive machines).
    """
    ordered = getattr(estimator, "autoregressive", False) and estimator.visible == "gaussian"
    failures, inference = {}, getattr(estimator, "inference", None)
    if isinstance(estimator, LatentAnomalyDetector):
        return dict.fromkeys(
            WEIGHTED, "draws of a factor model turn with a sign that means nothing"
        )
    if ordered and inference in ("exact", "mean-field"):
        failures["check_estimators_nan_inf"] = "transform or predict takes what fit refuses"
    without_chance = FactorAnalysis | IndependentComponents
    without_chance |= OrdinalFactorAnalysis | LatentImputer
    without_chance |= SlowFeatureAnalysis
    merging = DeterministicHelmholtzMachine | GaussianHelmholtzMachine | RestrictedBoltzmannMachine
    merging |= DeepBeliefNet | DeepBoltzmannMachine | SparseCoding
    if isinstance(estimator, RestrictedBoltzmannMachine) and estimator.visible == "mixed":
        return dict.fromkeys(WHOLE_NUMBERS, "whole numbers are counts, which have no units here")
    if isinstance(estimator, without_chance | merging):
        return failures
    if estimator.autoregressive or inference not in ("exact", "mean-field"):
        reason = "equal rows have random numbers of their own, or count in a prior"
        failures |= dict.fromkeys(WEIGHTED, reason)
    return failures


# The data of some checks have no noise, or fewer rows than factors, which factor models report;
# those of others are small whole numbers, which machines take for real ones, and say so.
@pytest.mark.filterwarnings("ignore:visible='auto' took all 2 features:UserWarning")
@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.filterwarnings("ignore:The rows vary in:UserWarning")
@pytest.mark.filterwarnings("ignore:The polychoric correlations make no:UserWarning")
@pytest.mark.filterwarnings("ignore:Items are so steep:UserWarning")
@pytest.mark.filterwarnings("ignore:The maximum was not reached after:UserWarning")
@pytest.mark.filterwarnings("ignore:.*rows are few for:UserWarning")
@pytest.mark.filterwarnings("ignore:.*sources cannot be told from normal ones:UserWarning")
@pytest.mark.filterwarnings("ignore:X has only .* dimensions:UserWarning")
@pytest.mark.filterwarnings("ignore:The likelihood had not reached:UserWarning")
@pytest.mark.usefixtures("short_chains")
@parametrize_with_checks(all_kinds(), expected_failed_checks=expected_failures)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("inference", ["exact", "mean-field", "gibbs", "nvil"])
@pytest.mark.parametrize("visible", ["auto", "bernoulli", "gaussian"])
@pytest.mark.parametrize("autoregressive", [False, True])
def test_tags_say_where_missing_values_are_refused(inference, visible, autoregressive):
    settings = {"inference": inference, "visible": visible, "autoregressive": autoregressive}
    tags = SigmoidBeliefNet(**settings).__sklearn_tags__()
    refused = inference in ("exact", "mean-field") and visible == "gaussian" and autoregressive
    assert tags.input_tags.allow_nan != refused


def left_out():
    """Estimators and names of the checks that they get: some are of transformers only."""
    names = [name for name in LEFT_OUT if hasattr(estimator_checks, name)]
    return [
        (estimator, name)
        for estimator in one_of_each()
        for name in names
        if hasattr(estimator, "transform") or not name.endswith(OF_TRANSFORMERS)
    ]


@pytest.mark.parametrize("checked", [all_kinds, one_of_each])
def test_all_public_estimators_are_checked(checked):
    estimators = (*checked(), *classifiers(), *behind_transformers(), *mixtures())
    known = {kind for estimator in estimators for kind in type(estimator).__mro__}
    assert known >= set(public_estimators())


# These checks mix frames and arrays on purpose, at which every transformer warns.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
@pytest.mark.filterwarnings("ignore:The rows vary in:UserWarning")
@pytest.mark.filterwarnings("ignore:The polychoric correlations make no:UserWarning")
@pytest.mark.filterwarnings("ignore:Items are so steep:UserWarning")
@pytest.mark.filterwarnings("ignore:The maximum was not reached after:UserWarning")
@pytest.mark.filterwarnings("ignore:.*rows are few for:UserWarning")
@pytest.mark.filterwarnings("ignore:.*sources cannot be told from normal ones:UserWarning")
@pytest.mark.filterwarnings("ignore:X has only .* dimensions:UserWarning")
@pytest.mark.parametrize(("estimator", "name"), left_out(), ids=str)
@pytest.mark.usefixtures("short_chains")
def test_checks_that_check_estimator_leaves_out(estimator, name):
    """The check asserts; a version of scikit-learn has most of them (see below)."""
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


def test_most_left_out_checks_exist():
    assert sum(hasattr(estimator_checks, name) for name in LEFT_OUT) >= 9


@pytest.mark.parametrize(
    ("binary", "fractional"), [(BinaryMachine, FractionalMachine), (BinaryNet, FractionalNet)]
)
def test_mapped_machines_are_bernoulli(binary, fractional):
    X = np.random.default_rng(0).normal(scale=3, size=(20, 4))
    binary = binary(visible="bernoulli", max_iter=1).fit(X)
    fractional = fractional(visible="bernoulli", max_iter=1).fit(X)
    assert binary.visible_ == fractional.visible_ == "bernoulli"
    assert binary.score(X) == binary.score(np.sign(X))
    assert fractional.score(X) != fractional.score(np.sign(X))
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        HelmholtzMachine(visible="bernoulli").fit(X)
