"""Slow features with noise: likelihoods, smoothing, draws and imputations of sequences."""

import numpy as np
import pytest
import scipy.sparse
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold

from sklearn_helmholtz import SlowFeatureAnalysis
from sklearn_helmholtz.sequences import Sequences, fit_dynamic_factors
from tests.sequences.builders import joint, make_machine, make_rows

N = 600
GROUPS = np.repeat([3, 1, 2], [200, 1, N - 201])


def planted(noise=0.5, share=0.0, n=N, p=6, offset=50.0):
    """Two features in six columns; the machine, and twice as many rows as are to be learnt from."""
    machine = make_machine(2, p, noise=noise)
    machine.mean[:] += offset
    machine.persistence[:] = 0.95, 0.6
    rows, _ = make_rows(machine, (2 * n,), share=share)
    return machine, rows


def model_of(machine):
    return SlowFeatureAnalysis.from_parameters(
        machine.loadings.T, machine.persistence, machine.noise, machine.mean
    )


@pytest.fixture(scope="module")
def fitted():
    machine, X = planted()
    return machine, SlowFeatureAnalysis(2, noise="diagonal").fit(X[:N]), X[N:]


def test_scores_are_exact():
    machine, X = planted(share=0.2)
    model, rows = model_of(machine), X[:6]
    mean, covariance, _ = joint(machine, 6)
    seen = ~np.isnan(rows.ravel())
    d = (rows.ravel() - mean)[seen]
    covariance = covariance[np.ix_(seen, seen)]
    expected = -d @ np.linalg.solve(covariance, d) - np.linalg.slogdet(covariance)[1]
    expected = (expected - seen.sum() * np.log(2 * np.pi)) / 2
    assert model.score(rows) == pytest.approx(expected / 6, abs=1e-10)
    result = model.log_likelihood(rows)
    assert result.per_sample.sum() == pytest.approx(expected, abs=1e-10)
    assert (result.method, result.bound, result.reliable) == ("exact", "exact", True)
    assert_allclose(result.per_sample, machine.log_prob(rows, Sequences.one(6)))
    assert "nats per row" in repr(result)
    n_parameters = 6 + 12 + 6 + 2
    assert model.n_parameters_ == n_parameters
    assert model.aic(rows) == pytest.approx(2 * n_parameters - 2 * expected)
    rows = np.vstack([rows, np.full(6, np.nan)])
    assert model.bic(rows) == pytest.approx(np.log(6) * n_parameters - 2 * expected)


def test_groups_are_sequences_of_their_own(fitted):
    _, model, X = fitted
    parts = [model.log_likelihood(X[group == GROUPS]).per_sample for group in (3, 1, 2)]
    assert_allclose(model.log_likelihood(X, groups=GROUPS).per_sample, np.concatenate(parts))
    assert model.score(X, groups=GROUPS) != pytest.approx(model.score(X), abs=1e-6)
    parts = [model.smooth(X[group == GROUPS]) for group in (3, 1, 2)]
    assert_allclose(model.smooth(X, groups=GROUPS), np.concatenate(parts))


@pytest.mark.parametrize("noise", [0.0025, 0.5, 2])
def test_what_was_planted_is_found(noise):
    machine, X = planted(noise)
    model = SlowFeatureAnalysis(2, noise="diagonal").fit(X[:N])
    assert model.score(X[:N]) >= model_of(machine).score(X[:N])
    # A parameter costs half a nat, of all rows together, on either side.
    assert model.score(X[N:]) > model_of(machine).score(X[N:]) - 2 * model.n_parameters_ / N
    assert_allclose(model.autocorrelations_, machine.persistence, atol=0.08)
    assert_allclose(model.delta_values_, 2 - 2 * model.autocorrelations_)
    assert_allclose(model.noise_variance_, machine.noise, rtol=0.3)
    assert (np.diff(model.loglike_) > -1e-6).all()
    assert model.loglike_[-1] == pytest.approx(N * model.score(X[:N]))


def test_the_maximum_is_that_from_another_start():
    machine, X = planted()
    one = SlowFeatureAnalysis(2, noise="diagonal", tol=1e-12).fit(X[:N])
    variances = X[:N].var(axis=0)
    other = fit_dynamic_factors(machine, X[:N], Sequences.one(N), variances, 1e-12, 1000)
    assert one.loglike_[-1] == pytest.approx(other.path[-1], abs=1e-6)
    assert_allclose(np.abs(one.mixing_.T), np.abs(other.machine.loadings), atol=1e-3)


def test_without_noise_all_is_as_in_closed_form():
    X, _ = make_rows(make_machine(4, 4, noise=1e-12), (300,))
    closed = SlowFeatureAnalysis().fit(X)
    errors = []
    for noise in (1e-6, 1e-8):
        model = SlowFeatureAnalysis.from_parameters(
            closed.mixing_, closed.autocorrelations_, np.full(4, noise), closed.mean_
        )
        errors.append(np.abs(model.smooth(X) - closed.transform(X)).max())
        errors.append(np.abs(model.transform(X) - closed.transform(X)).max())
    assert max(errors[2:]) < 1e-5
    assert max(errors[2:]) < max(errors[:2]) / 50
    assert_allclose(model.components_ @ model.mixing_, np.eye(4), atol=1e-5)


def test_with_hardly_any_noise_fits_are_those_of_the_closed_form():
    _, X = planted(noise=1e-6, n=1500)
    closed = SlowFeatureAnalysis(2).fit(X)
    model = SlowFeatureAnalysis(2, noise="diagonal").fit(X)
    both = np.corrcoef(model.smooth(X).T, closed.transform(X).T)[:2, 2:]
    assert_allclose(np.abs(both), np.eye(2), atol=0.03)
    assert_allclose(model.delta_values_, closed.delta_values_, rtol=0.05)


def test_features_are_smoothed_better_than_row_by_row(fitted):
    machine, model, X = fitted
    means, deviations = model.smooth(X, return_std=True)
    found = machine.smooth(X, Sequences.one(N))
    both = np.corrcoef(means.T, found.means.T)[:2, 2:]
    assert (np.abs(both.diagonal()) > 0.99).all()
    assert_allclose(deviations, found.deviations(), atol=0.1)
    rows = model.transform(X)
    static = (X - model.mean_) @ model.components_.T
    assert_allclose(rows, static, atol=1e-10)
    assert (means.var(axis=0) + (deviations**2).mean(axis=0))[1] == pytest.approx(1, abs=0.2)


def test_posteriors_are_those_of_whole_sequences(fitted):
    _, model, X = fitted
    X = X[:40]
    found = model.posterior(X, groups=np.arange(40) // 20, n_samples=2000, random_state=0)
    means, deviations = model.smooth(X, groups=np.arange(40) // 20, return_std=True)
    assert_allclose(found.mean[0], means)
    assert_allclose(np.sqrt(np.einsum("tkk->tk", found.covariance[0])), deviations)
    draws = found.samples[0]
    assert_allclose(draws.mean(axis=1), means, atol=5 / np.sqrt(2000))
    assert_allclose(np.cov(draws[7].T), found.covariance[0][7], atol=0.05)
    errors = draws - means[:, None]
    steps = (errors[1:, :, 0] * errors[:-1, :, 0]).mean(axis=1)
    assert (np.delete(steps, 19) > 0.008).all()
    assert abs(steps[19]) < 0.003
    assert list(found.to_frame().columns) == list(model.get_feature_names_out())


def test_missing_values_are_left_out_of_fits():
    machine, X = planted(share=0.3)
    X[5] = np.nan
    model = SlowFeatureAnalysis(2, noise="diagonal").fit(X[:N], groups=np.arange(N) // 300)
    assert model.score(X[N:]) > model_of(machine).score(X[N:]) - 0.1
    assert_allclose(model.autocorrelations_, machine.persistence, atol=0.1)
    H = model.transform(X[:20])
    assert np.isfinite(H).all()
    assert_allclose(H[5], 0, atol=1e-12)


def test_imputations_see_the_whole_sequence():
    machine, X = planted(noise=0.1)
    model, gaps = model_of(machine), X[:60].copy()
    gaps[10:13] = np.nan
    filled = model.impute(gaps)
    assert_array_equal(filled[:10], X[:10])
    expected = machine.expected(machine.smooth(gaps, Sequences.one(60)).means)
    assert_allclose(filled[10:13], expected[10:13])
    assert_allclose(model.impute(gaps, "median"), filled)
    draws = model.impute(gaps, "sample", n_imputations=300, random_state=0)
    assert draws.shape == (300, 60, 6)
    assert_array_equal(draws[:, 13:], np.broadcast_to(X[13:60], (300, 47, 6)))
    spread = draws[:, 11].std(axis=0)
    assert_allclose(draws[:, 11].mean(axis=0), filled[11], atol=5 * spread.max() / np.sqrt(300))
    assert_array_equal(draws[:2], model.impute(gaps, "sample", n_imputations=2, random_state=0))
    framed = model.set_output(transform="pandas").impute(gaps)
    assert list(framed.columns) == ["x0", "x1", "x2", "x3", "x4", "x5"]
    assert_allclose(framed, filled)


def test_samples_are_sequences():
    machine, _ = planted()
    model = model_of(machine)
    X, (H,) = model.sample(500, n_sequences=40, random_state=0, return_latents=True)
    assert X.shape == (20_000, 6)
    assert_array_equal(X, model.sample(500, n_sequences=40, random_state=0))
    assert_allclose(H.std(axis=0), 1, atol=0.05)
    within = H.reshape(40, 500, 2)
    steps = (within[:, 1:] * within[:, :-1]).mean(axis=(0, 1))
    assert_allclose(steps, machine.persistence, atol=0.05)
    across = (within[1:, 0] * within[:-1, -1]).mean(axis=0)
    assert_allclose(across, 0, atol=0.5)
    score = model.log_likelihood(X, groups=np.repeat(np.arange(40), 500))
    volume = model.log_likelihood(X).standard_error
    assert score.mean == pytest.approx(model.score(X[:10_000]), abs=8 * volume)


def test_standard_errors_are_those_of_independent_steps():
    machine, _ = planted(n=5)
    model = model_of(machine)
    draws = [model.log_likelihood(model.sample(200, random_state=i)) for i in range(200)]
    spread = np.std([draw.mean for draw in draws])
    assert np.mean([draw.standard_error for draw in draws]) == pytest.approx(spread, rel=0.2)


def test_constant_columns_keep_a_little_noise():
    _, X = planted()
    wide = np.insert(X, 1, 7.0, axis=1)
    model = SlowFeatureAnalysis(2, noise="diagonal").fit(wide[:N])
    alone = SlowFeatureAnalysis(2, noise="diagonal").fit(X[:N])
    assert_allclose(model.mixing_[1], 0)
    assert model.mean_[1] == 7
    assert 0 < model.noise_variance_[1] < 0.1
    assert_allclose(np.delete(model.mixing_, 1, axis=0), alone.mixing_, atol=1e-6)
    wide[3, 1] = 8
    assert np.isfinite(model.score(wide))


def test_units_do_not_matter():
    _, X = planted()
    one = SlowFeatureAnalysis(2, noise="diagonal", tol=1e-11).fit(X[:N])
    scale = 10.0 ** np.arange(-3, 3)
    other = SlowFeatureAnalysis(2, noise="diagonal", tol=1e-11).fit(X[:N] * scale - 1)
    assert_allclose(other.smooth(X * scale - 1), one.smooth(X), atol=1e-3)
    assert other.score(X * scale - 1) == pytest.approx(one.score(X) - np.log(scale).sum(), abs=1e-6)


def test_sparse_and_small_types_are_taken():
    rng = np.random.default_rng(0)
    X = (rng.random((200, 4)) < 0.3).astype(np.uint8)
    dense = SlowFeatureAnalysis(1, noise="diagonal").fit(X.astype(float))
    for form in (scipy.sparse.csr_matrix(X), X):
        model = SlowFeatureAnalysis(1, noise="diagonal").fit(form)
        assert model.score(form) == pytest.approx(dense.score(X.astype(float)), abs=1e-9)
    assert model.smooth(X).dtype == np.float32


def test_searches_compare_numbers_of_features():
    _, X = planted()
    groups = np.arange(N) // 100
    with sklearn.config_context(enable_metadata_routing=True):
        model = SlowFeatureAnalysis(noise="diagonal", max_iter=60, tol=1e-6)
        model.set_fit_request(groups=True).set_score_request(groups=True)
        search = GridSearchCV(model, {"n_components": [1, 2]}, cv=GroupKFold(2))
        search.fit(X[:N], groups=groups)
    assert search.best_params_ == {"n_components": 2}


def test_fits_that_end_early_or_have_too_many_features_say_so():
    _, X = planted()
    with pytest.warns(ConvergenceWarning, match=r"after 5 steps\. Raise max_iter=5, or tol"):
        model = SlowFeatureAnalysis(2, noise="diagonal", max_iter=5).fit(X[:N])
    assert model.n_iter_ == 5
    _, X = planted(noise=1e-12)
    with pytest.warns(UserWarning, match="Heywood case: the noise variance of") as found:
        SlowFeatureAnalysis(2, noise="diagonal").fit(X[:N])
    assert "Heywood" in str(found[0].message)


@pytest.mark.parametrize(("change", "match"), [
    ({"mixing": [1.0, 2.0]}, "mixing must have a row for each feature"),
    ({"autocorrelations": [1.0]}, "autocorrelations must lie between -1 and 1"),
    ({"autocorrelations": [0.5, 0.5]}, r"autocorrelations must have the shape \(1,\)"),
    ({"noise_variance": [0.0, 1.0]}, "noise_variance must be positive"),
    ({"noise_variance": [1.0, 1e-11]}, "noise_variance, 1e-11 for column 1, is too small"),
    ({"mean": [0.0]}, r"mean must have the shape \(2,\)"),
    ({"n_components": 2}, "The arrays make n_components=1"),
    ({"noise": "none"}, "The arrays make n_components=1 and noise='diagonal'"),
])  # fmt: skip
def test_given_parameters_are_checked(change, match):
    good = {"mixing": [[1.0], [2.0]], "autocorrelations": [0.5], "noise_variance": [1.0, 1.0]}
    model = SlowFeatureAnalysis.from_parameters(**good)
    assert model.rank_ == 2
    with pytest.raises(ValueError, match=match):
        SlowFeatureAnalysis.from_parameters(**{**good, **change})
    with pytest.raises(AttributeError, match="cannot be set"):
        model.mixing_ = np.ones((2, 1))
