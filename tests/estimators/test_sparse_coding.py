"""Sparse coding as an estimator: scores, codes, gaps, given dictionaries, and refusals."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.decomposition import (
    PCA,
    DictionaryLearning,
    SparseCoder,
    sparse_encode,
)

from sklearn_helmholtz import FactorAnalysis, LatentImputer, SparseCoding, compare_log_likelihood
from tests.laplace_dictionaries import Grid, make_dictionary, make_rows
from tests.shells import SHORT, real_rows

FEW = {"n_importance_samples": 30, "n_temperatures": 60, "n_jobs": 1}


def make_model(n_atoms=2, n_features=3, noise=0.1, **params):
    machine = make_dictionary(n_atoms, n_features, noise)
    model = SparseCoding.from_parameters(
        machine.atoms, machine.noise, machine.mean, **{**FEW, **params}
    )
    return model, machine


def test_scores_are_those_of_quadrature_within_their_errors():
    model, machine = make_model()
    X, _ = make_rows(machine, 16, n_missing=1)
    X[0] = np.nan
    found = model.log_likelihood(X)
    log_p = np.array([Grid(machine, row).log_p for row in X[1:]])
    assert abs(found.mean - log_p.sum() / 16) < 4 * found.monte_carlo_error
    assert found.per_sample[0] == 0
    assert found.bound == "lower"
    assert found.n_temperatures == 60
    assert np.isnan(found.free_energy[1:]).all()
    assert_array_equal(found.per_sample, model.score_samples(X))
    assert model.score(X) == pytest.approx(found.mean)
    more = model.log_likelihood(X, n_temperatures=200, n_importance_samples=60, random_state=0)
    assert more.monte_carlo_error < found.monte_carlo_error
    weights = np.arange(16.0)
    expected = np.average(found.per_sample, weights=weights)
    assert model.score(X, sample_weight=weights) == pytest.approx(expected)


def test_scores_depend_on_the_row_alone():
    model, machine = make_model()
    X, _ = make_rows(machine, 30)
    scores = model.score_samples(X)
    assert_array_equal(model.score_samples(X[::-1])[::-1], scores)
    assert_array_equal(model.set_params(n_jobs=2).score_samples(X), scores)
    means = model.set_params(transform_kind="mean").transform(X)
    assert_array_equal(model.transform(X[7:9]), means[7:9])


def test_bounds_meet_on_dreams():
    model, _ = make_model(4, 3)
    found = model.log_likelihood_bounds(50, n_temperatures=200, random_state=0)
    assert abs(found.gap) < 0.1
    assert found.method == "annealed"


def test_features_are_the_most_probable_codes_or_expected_ones():
    model, machine = make_model(2, 3, 0.3)
    X, _ = make_rows(machine, 10)
    codes = model.transform(X)
    expected = sparse_encode(
        X - model.mean_, model.components_, algorithm="lasso_lars", alpha=model.alpha_
    )
    assert_allclose(codes, expected, atol=1e-6)
    assert_allclose(model.inverse_transform(codes), codes @ model.components_ + model.mean_)
    model.set_params(transform_kind="mean", n_importance_samples=200)
    grids = [Grid(machine, row) for row in X]
    expected = np.array([grid.expect(grid.points) for grid in grids])
    assert_allclose(model.transform(X), expected, atol=0.1)


def test_posteriors_are_those_of_quadrature():
    model, machine = make_model(2, 3, 0.3)
    X, _ = make_rows(machine, 4, n_missing=1)
    found = model.posterior(X, n_samples=400, n_importance_samples=400, random_state=0)
    for row, mean, deviation, samples in zip(
        X, found.mean[0], found.standard_deviation[0], found.samples[0], strict=True
    ):
        grid = Grid(machine, row)
        expected = grid.expect(grid.points)
        spread = np.sqrt(grid.expect((grid.points - expected) ** 2))
        assert_allclose(mean, expected, atol=0.06)
        assert_allclose(deviation, spread, atol=0.06)
        assert_allclose(samples.std(axis=0), spread, rtol=0.3)
    assert found.method == "gibbs"
    assert found.samples[0].shape == (4, 400, 2)


def test_what_is_missing_is_imputed_from_its_distribution():
    model, machine = make_model(2, 3, 0.1, n_importance_samples=400)
    X, _ = make_rows(machine, 2, n_missing=1)
    grid = Grid(machine, X[1])
    means = grid.points @ machine.atoms[:, 0] + machine.mean[0]
    expected = grid.expect(means)
    spread = np.sqrt(grid.expect((means - expected) ** 2) + machine.noise)
    filled = {name: model.impute(X, name)[1, 0] for name in ("mean", "median", "mode")}
    assert filled["mean"] == pytest.approx(expected, abs=0.15 * spread)
    axis, chosen = np.linspace(-10, 10, 1001), grid.weights > 1e-6
    normal = stats.norm(means[chosen, None], np.sqrt(machine.noise))
    density = grid.weights[chosen] @ normal.pdf(axis[None])
    below = np.cumsum(density) / density.sum()
    place = np.interp(filled["median"], axis, below)
    assert place == pytest.approx(0.5, abs=0.06)
    assert np.interp(filled["mode"], axis, density) > 0.93 * density.max()
    draws = model.impute(X, "sample", n_imputations=300, random_state=0)[:, 1, 0]
    assert stats.kstest(draws, lambda x: np.interp(x, axis, below)).pvalue > 0.01
    assert_array_equal(model.impute(X)[0], X[0])
    model.set_params(n_importance_samples=10)
    given = model.sample(300, given=X[1], random_state=0)
    assert_array_equal(given[:, 1:], np.tile(X[1, 1:], (300, 1)))
    assert stats.kstest(given[:, 0], lambda x: np.interp(x, axis, below)).pvalue > 0.01


def test_joint_densities_and_effects():
    model, machine = make_model(2, 3)
    X, H = make_rows(machine, 5, n_missing=1)
    assert_allclose(model.log_joint(X, [H]), machine.log_joint(machine.rows(X), H))
    assert_allclose(model.top_features(0, 1).weights, np.abs(machine.atoms[0]).max(), rtol=5)
    assert_allclose(model.get_covariance(), machine.covariance())
    assert model.n_parameters_ == 2 * 3 + 3 + 1


def test_fits_find_a_planted_dictionary_and_beat_the_gaussian():
    rng = np.random.RandomState(0)
    truth = SparseCoding.from_parameters(
        np.eye(3) + 0.2 * rng.standard_normal((3, 3)), 0.02, [1.0, 2, 3], **FEW
    )
    X, X_test = truth.sample(1500, random_state=1), truth.sample(150, random_state=2)
    model = SparseCoding(max_iter=150, random_state=0, **FEW).fit(X)
    assert model.score(X_test) > truth.score(X_test) - 0.05
    assert model.score(X_test) > FactorAnalysis(noise="isotropic").fit(X).score(X_test) + 0.05
    assert np.sqrt(model.noise_variance_) == pytest.approx(np.sqrt(0.02), rel=0.2)
    lengths = (model.components_**2).sum(axis=1)
    assert (np.diff(lengths) <= 0).all()
    assert (model.components_.sum(axis=1) >= 0).all()
    assert model.noise_path_.shape == (model.n_iter_,) == (150,)
    again = SparseCoding(max_iter=150, random_state=0, **FEW).fit(X)
    assert_array_equal(again.components_, model.components_)
    assert abs(compare_log_likelihood(model, truth, X_test).difference) < 0.05


def test_the_alternation_of_scikit_learn_gets_its_scale_and_noise_by_likelihood():
    X = make_model(4, 3, 0.05)[0].sample(400, random_state=0)
    model = SparseCoding(4, algorithm="map", max_iter=60, random_state=0, **FEW).fit(X)
    assert model.noise_path_.size == 0
    assert model.n_iter_ == 60
    moved = SparseCoding.from_parameters(
        2 * model.components_, model.noise_variance_, model.mean_, **FEW
    )
    assert model.score(X) > moved.score(X) + 0.1


def test_dictionaries_of_scikit_learn_become_models():
    truth = make_model(4, 3, 0.05)[0]
    X = truth.sample(80, random_state=0) - truth.mean_
    frame = pd.DataFrame(X, columns=list("abc"))
    learner = DictionaryLearning(4, alpha=0.3, random_state=0, max_iter=10).fit(frame)
    model = SparseCoding.from_sklearn(learner, frame, random_state=0, **FEW)
    scale = model.components_ / learner.components_
    assert_allclose(scale, scale[0, 0])
    assert list(model.feature_names_in_) == list("abc")
    assert (model.mean_ == 0).all()
    model.set_params(n_temperatures=100)
    for factor, noise in ((0.6, 1), (1.6, 1), (1, 1000)):
        other = SparseCoding.from_sklearn(
            learner,
            scale=factor * scale[0, 0],
            noise_variance=noise * model.noise_variance_,
            **{**FEW, "n_temperatures": 100},
        )
        assert other.score(frame) < model.score(frame)
    half = SparseCoding.from_sklearn(learner, frame, noise_variance=0.3, random_state=0, **FEW)
    assert half.noise_variance_ == 0.3
    coder = SparseCoder(learner.components_)
    assert SparseCoding.from_sklearn(coder, scale=2.0, noise_variance=1.0).components_[
        0, 0
    ] == pytest.approx(2 * learner.components_[0, 0])


# What is refused


def test_too_much_work_is_refused_with_the_time_it_would_take():
    model, machine = make_model(score_limit=20, n_temperatures=300, n_importance_samples=20)
    X, _ = make_rows(machine, 11)
    with pytest.raises(ValueError, match=r"score of 11 rows with 2 atoms .* take about .* score_l"):
        model.score(X)
    with pytest.raises(ValueError, match=r"transform of 11 rows"):
        model.set_params(transform_kind="mean").transform(X)
    assert np.isfinite(model.score(X[:10]))
    assert np.isfinite(model.set_params(score_limit=None).score(X))
    large = SparseCoding.from_parameters(np.eye(513, 8), 1.0)
    with pytest.raises(ValueError, match=r"score of 10000 rows with 513 atoms"):
        large.score(np.zeros((10_000, 8)))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1.0, 2], 1.0), "dictionary must have two dimensions"),
        (([[1.0, np.nan]], 1.0), "dictionary must be finite"),
        (([["a"]], 1.0), "dictionary must hold real numbers"),
        (([[1e200]], 1.0), "dictionary must be at most"),
        (([[1.0, 2]], 0.0), "noise_variance must be a positive number, got 0.0"),
        (([[1.0, 2]], True), "noise_variance must be a positive number"),
        (([[1.0, 2]], [1.0, 2]), "noise_variance must be a positive number"),
        (([[1.0, 2]], 1.0, [1.0]), r"mean must have the shape \(2,\)"),
    ],
)
def test_parameters_that_make_no_model_are_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        SparseCoding.from_parameters(*arguments)


def test_other_refusals_are_sentences():
    model, machine = make_model()
    X, _ = make_rows(machine, 5)
    with pytest.raises(ValueError, match="has 2 atoms, got n_components=3"):
        SparseCoding.from_parameters(machine.atoms, 1.0, n_components=3)
    with pytest.raises(TypeError, match="estimator must be a DictionaryLearning"):
        SparseCoding.from_sklearn(PCA(), X)
    learner = SparseCoder(machine.atoms)
    with pytest.raises(ValueError, match="needs X, rows by whose likelihood"):
        SparseCoding.from_sklearn(learner, scale=1.0)
    with pytest.raises(ValueError, match="scale must be a positive number or None, got -1"):
        SparseCoding.from_sklearn(learner, X, scale=-1)
    with pytest.raises(ValueError, match="aic needs exact log-likelihoods"):
        model.aic(X)
    with pytest.raises(AttributeError, match="neither free_energy nor kl_gap"):
        model.free_energy(X)
    assert not hasattr(model, "kl_gap")
    with pytest.raises(ValueError, match="method must be one of"):
        model.log_likelihood(X, method="exact")
    with pytest.raises(ValueError, match="column 0 has no levels"):
        model.predict_proba_missing(X, 0)
    with pytest.raises(ValueError, match=r"Column 1 .*no|column 1"):
        SparseCoding(**SHORT).fit(np.column_stack([np.arange(5.0), np.full(5, np.nan)]))


def test_constant_and_dependent_columns_and_more_atoms_than_rows_are_learnt():
    X = real_rows()
    X = np.column_stack([X, X[:, 0], np.full(60, 3.0)])
    for n in (None, 2, 70):
        model = SparseCoding(n, **SHORT).fit(X)
        assert np.isfinite(model.score(X))
    assert np.isfinite(SparseCoding(**SHORT).fit(np.ones((4, 2))).score(np.ones((4, 2))))


def test_rows_with_gaps_and_tables_of_any_form_are_taken():
    X = real_rows()
    X[::7, 1] = np.nan
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = SparseCoding(3, **SHORT).fit(frame)
    again = SparseCoding(3, **SHORT).fit(X)
    assert_array_equal(again.components_, model.components_)
    assert_array_equal(again.score_samples(X.tolist()), model.score_samples(frame))
    filled = model.set_output(transform="pandas").impute(frame)
    assert list(filled.columns) == list("abcd")
    assert filled.notna().all(axis=None)
    assert list(model.transform(frame).columns) == [f"sparsecoding{i}" for i in range(3)]
    imputer = LatentImputer(SparseCoding(3, **SHORT)).fit(X)
    assert np.isfinite(imputer.transform(X)).all()
    assert again.transform(np.float32(X)).dtype == np.float32


def test_wrong_calls_are_answered_in_sentences():
    X = real_rows()
    with pytest.raises(TypeError, match=r"SparseCoding.fit\(\) got an unexpected .*sample_weight"):
        SparseCoding(**SHORT).fit(X, sample_weight=np.ones(60))
    assert not hasattr(SparseCoding(), "partial_fit")
    model = SparseCoding(**SHORT).fit(X)
    with pytest.raises(ValueError, match=r"(?i)row 60 has 1"):
        model.score([*X.tolist(), [1.0]])
    with pytest.raises(AttributeError, match="components_ of SparseCoding cannot be set"):
        model.components_ = X
