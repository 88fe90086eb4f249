"""`sample_weight`: rows that count more, less or not at all, in fits and in means."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import SigmoidBeliefNet, compare_log_likelihood
from tests.shells import BINARY, REAL, binary_rows, fitted_state, real_rows

SHELLS = {f"real {name}": (make, real_rows) for name, make in REAL.items()}
SHELLS |= {name: (make, binary_rows) for name, make in BINARY.items()}
TRAINED = [name for name in SHELLS if "factors" not in name]
each_shell = pytest.mark.parametrize("name", SHELLS)
estimates = pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")


def shell(name):
    make, rows = SHELLS[name]
    return make(), rows()


def some_weights(n, zeros=False):
    weights = np.random.default_rng(2).uniform(0.5, 3, n)
    if zeros:
        weights[::3] = 0
    return weights


@each_shell
def test_rows_of_weight_zero_are_left_out_to_the_bit(name):
    model, X = shell(name)
    weights = some_weights(len(X), zeros=True)
    kept = weights > 0
    state = fitted_state(model.fit(X, sample_weight=weights))
    assert fitted_state(model.fit(X[kept], sample_weight=weights[kept])) == state
    assert fitted_state(model.fit(X)) != state


@pytest.mark.parametrize("inference", ["exact", "mean-field"])
@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("autoregressive", [False, True])
def test_whole_numbers_count_as_so_many_equal_rows(inference, visible, autoregressive):
    """Where nothing is drawn, and a step has all rows."""
    X = binary_rows() if visible == "bernoulli" else real_rows()
    weights = np.random.default_rng(0).integers(0, 4, len(X))
    settings = {"inference": inference, "visible": visible, "autoregressive": autoregressive}
    settings |= {"alpha": 1e-3, "batch_size": 1000, "max_iter": 5, "random_state": 0}
    weighted = SigmoidBeliefNet((3, 2), **settings).fit(X, sample_weight=weights)
    repeated = SigmoidBeliefNet((3, 2), **settings).fit(X.repeat(weights, axis=0))
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-6)
    assert_allclose(weighted.score_samples(X), repeated.score_samples(X), rtol=1e-5)


@estimates
@each_shell
def test_means_are_weighted(name):
    model, X = shell(name)
    weights, scores = some_weights(len(X)), model.fit(X).score_samples(X)
    mean = np.average(scores, weights=weights)
    assert model.score(X, sample_weight=weights) == pytest.approx(mean, rel=1e-12)
    assert model.score(X, sample_weight=8 * weights) == pytest.approx(mean, rel=1e-12)
    result = model.log_likelihood(X, sample_weight=weights)
    assert_array_equal(result.per_sample, scores)
    assert result.mean == pytest.approx(mean, rel=1e-12)
    n, shares = len(X), weights / weights.sum()
    between = n / (n - 1) * (shares**2 * (scores - mean) ** 2).sum()
    if result.bound == "exact" or len(np.unique(X, axis=0)) == n:  # equal rows share their noise
        assert result.standard_error == pytest.approx(np.sqrt(between), rel=1e-12)
    else:
        assert result.standard_error > np.sqrt(between)
    other, _ = shell(name)
    other.fit(X[:30])
    difference = scores - other.score_samples(X)
    found = compare_log_likelihood(model, other, X, weights).difference
    assert found == pytest.approx(np.average(difference, weights=weights), rel=1e-9)


@pytest.mark.parametrize("name", TRAINED)
def test_equal_weights_change_only_what_knows_the_number_of_rows(name):
    model, X = shell(name)
    unweighted = model.fit(X).score_samples(X)
    weighted = model.fit(X, sample_weight=np.ones(len(X))).score_samples(X)
    assert_allclose(weighted, unweighted, rtol=1e-4)


@pytest.mark.parametrize("name", TRAINED)
def test_weights_of_the_rows_to_validate_on(name):
    model, X = shell(name)
    weights = some_weights(20, zeros=True)
    model.set_params(early_stopping=True)
    watched = model.fit(X[20:], X_val=X[:20], sample_weight_val=weights).validation_scores_
    alone = model.fit(X[20:], X_val=X[:20]).validation_scores_
    assert watched != alone
    assert np.isfinite(watched).all()
    equal = model.fit(X[20:], X_val=X[:20], sample_weight_val=np.full(20, 2.0)).validation_scores_
    assert equal == pytest.approx(alone, rel=1e-9)
    with pytest.raises(ValueError, match="sample_weight_val holds weights of the rows of X_val"):
        model.fit(X, sample_weight_val=weights)
    with pytest.raises(ValueError, match="sample_weight_val must hold"):
        model.fit(X, X_val=X[:20], sample_weight_val=-weights)


@pytest.mark.parametrize("name", TRAINED)
def test_all_pieces_have_weights_or_none(name):
    model, X = shell(name)
    weights = some_weights(len(X))
    before = fitted_state(model.partial_fit(X, sample_weight=weights))
    with pytest.raises(ValueError, match=r"sample_weight must be .* the rows so far had weights"):
        model.partial_fit(X)
    assert fitted_state(model) == before
    assert np.isfinite(model.partial_fit(X, sample_weight=weights).score(X))
    model = shell(name)[0].fit(X)
    with pytest.raises(ValueError, match=r"the rows so far had no weights"):
        model.partial_fit(X, sample_weight=weights)
