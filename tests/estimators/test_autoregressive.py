"""What a user of machines whose units depend on those before them can rely on."""

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.rows import limits
from tests import cases, exact, naive
from tests.learning.test_learning_with_gaps import log_observed

NETS = ["generative_coefs_", "generative_intercepts_", "generative_lateral_coefs_"]
NETS += ["recognition_coefs_", "recognition_intercepts_"]
SCORING = ["score_samples", "transform", "free_energy"]


def copies(n=60, d=6, faithful=0.9, seed=0):
    """Rows of zeros and ones in which each column is likely to copy the one before it."""
    rng = np.random.default_rng(seed)
    flips = rng.random((n, d)) > faithful
    flips[:, 0] = rng.random(n) < 0.5
    return (flips.cumsum(axis=1) % 2).astype(np.float64)


def real_data(n=60, d=4, seed=0):
    """Features of different places and spreads that go together."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 1)) + rng.normal(scale=0.5, size=(n, d))
    return z * 10.0 ** np.arange(-1, d - 1) + 3 * np.arange(d)


DATA = {
    "binary": copies(),
    "fractional": np.random.default_rng(1).random((60, 6)),
    "gaussian": real_data(),
}


def machine(sizes=(4, 3), **params):
    settings = {"autoregressive": True, "max_iter": 5, "random_state": 0, "batch_size": 20}
    return HelmholtzMachine(sizes, **{**settings, **params})


def parameters(model):
    arrays = [array for name in NETS for array in getattr(model, name)]
    return [*arrays, model.noise_variance_] if hasattr(model, "noise_variance_") else arrays


def same_bits(first, second):
    pairs = zip(parameters(first), parameters(second), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def assert_sound(model):
    """Parameters are finite, and lateral weights strictly upper triangular."""
    assert all(np.isfinite(array).all() for array in parameters(model))
    sizes = (model.n_features_in_, *np.atleast_1d(model.hidden_layer_sizes))
    assert [w.shape for w in model.generative_lateral_coefs_] == [(n, n) for n in sizes]
    assert all(w.dtype == np.float32 for w in model.generative_lateral_coefs_)
    assert not any(np.tril(weights).any() for weights in model.generative_lateral_coefs_)


def rebuilt(model, **params):
    arrays = {name[:-1]: getattr(model, name) for name in NETS}
    noise = getattr(model, "noise_variance_", None)
    return HelmholtzMachine.from_parameters(**arrays, noise_variance=noise, **params)


def with_gaps(X, share=0.2, seed=0):
    gaps = np.random.default_rng(seed).random(X.shape) < share
    return np.where(gaps, np.nan, X)


@pytest.fixture(scope="module", params=DATA)
def fitted(request):
    """A fitted machine of 7 hidden units and its data."""
    X = DATA[request.param]
    return machine(max_iter=20, learning_rate_init=0.03).fit(X), X


@pytest.fixture(scope="module", params=DATA)
def wide(request):
    """A machine that is scored by importance sampling, and rows with and without gaps."""
    rng = np.random.default_rng(0)
    X = rng.random((70, 40))
    X = {"binary": (X < 0.3) * 1.0, "fractional": X, "gaussian": 100 * X - 30}[request.param]
    X[:35] = with_gaps(X[:35], 0.1)
    model = HelmholtzMachine(
        (16, 5), autoregressive=True, max_iter=2, n_importance_samples=12, random_state=0
    )
    return model.fit(X), X


# Fitting


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("visible", DATA)
def test_lateral_weights_are_learnt_above_the_diagonal_only(algorithm, solver, visible):
    X = DATA[visible]
    model = machine(algorithm=algorithm, solver=solver, alpha=1e-4, l1_ratio=0.2).fit(X)
    assert_sound(model)
    assert all((np.triu(w, 1) != 0).any() for w in model.generative_lateral_coefs_)
    assert same_bits(clone(model).fit(X), model)
    listed = clone(model).fit(scipy.sparse.csr_array(X))
    assert_sound(listed)
    for one, other in zip(parameters(model), parameters(listed), strict=True):
        assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert_allclose(listed.score_samples(X), model.score_samples(X), rtol=1e-4, atol=1e-4)


def test_lateral_weights_are_penalised_like_others():
    free, held = (machine(alpha=alpha, max_iter=40).fit(DATA["binary"]) for alpha in (0, 1))
    for one, other in zip(
        free.generative_lateral_coefs_, held.generative_lateral_coefs_, strict=True
    ):
        assert np.abs(other).max() < 0.5 * np.abs(one).max()
    sparse = machine(alpha=0.1, l1_ratio=1, max_iter=40).fit(DATA["binary"])
    weights = sparse.generative_lateral_coefs_[0][np.triu_indices(6, 1)]
    assert (weights == 0).any()
    assert (weights != 0).any()


def test_a_chain_of_copies_is_found():
    X = copies(4000, 8)
    settings = {"max_iter": 40, "learning_rate": "cosine", "batch_size": 100, "alpha": 0}
    model, plain = (machine(1, autoregressive=on, **settings).fit(X) for on in (True, False))
    test = copies(4000, 8, seed=1)
    copied = np.diff(test, axis=1) == 0
    truth = np.log(0.5) + np.log(np.where(copied, 0.9, 0.1)).sum(axis=1).mean()
    assert truth - 0.03 < model.score(test) < truth + 0.01
    assert plain.score(test) < truth - 0.5


def test_a_table_that_comes_in_pieces_is_learnt_like_a_whole():
    X = copies(600)
    scores = {}
    for alpha, n_pieces in itertools.product(("auto", 1 / 600), (1, 15)):
        model = machine(6, alpha=alpha)
        for _ in range(12):
            for piece in np.array_split(X, n_pieces):
                model.partial_fit(piece)
        scores[alpha, n_pieces] = model.score(X)
    assert min(scores.values()) > machine(6, max_iter=12).fit(X).score(X) - 0.1


def test_pieces_after_a_fit_have_the_penalty_of_its_table():
    X = copies(600)
    model = machine(6, max_iter=2).fit(X)
    first, second = (pickle.loads(pickle.dumps(model)) for _ in range(2))
    first.partial_fit(X[:30])
    pieces = machine(6).partial_fit(X)
    assert (first._history.n_rows, pieces._history.n_rows) == (600, None)
    second._history = replace(second._history, n_rows=30)
    second.partial_fit(X[:30])
    for _ in range(4):  # not every move changes the average
        first.partial_fit(X[:30])
        second.partial_fit(X[:30])
    assert not same_bits(first, second)


@pytest.mark.parametrize("visible", DATA)
def test_fits_and_scores_have_the_same_bits_for_any_number_of_threads(visible, monkeypatch):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)
    X = np.tile(DATA[visible], (3, 1))
    X[:40] = with_gaps(X[:40])
    results = []
    for n_jobs in (1, 2, 8):
        model = machine((16, 5), batch_size=180, n_importance_samples=12, n_jobs=n_jobs)
        model.fit(X)
        scores = [getattr(model, method)(X) for method in SCORING]
        scores += [model.sample(300, random_state=0), model.loss_curve_]
        results.append([*parameters(model), *scores])
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            assert_array_equal(one, two)


@pytest.mark.parametrize("visible", DATA)
def test_partial_fit_and_pickles_go_on_where_a_fit_ended(visible):
    X = DATA[visible]
    lateral_alpha = "auto" if visible == "gaussian" else 1e-3
    params = {"alpha": 1e-3, "lateral_alpha": lateral_alpha}  # none that grows over all epochs
    model = machine(max_iter=2, **params).fit(X)
    copy = pickle.loads(pickle.dumps(model))
    for method in SCORING:
        assert_array_equal(getattr(copy, method)(X), getattr(model, method)(X))
    copy.partial_fit(X)
    assert_sound(copy)
    assert same_bits(copy, machine(max_iter=3, **params).fit(X))
    assert not same_bits(copy, model)
    clean = clone(model)
    assert clean.autoregressive
    assert not hasattr(clean, "generative_lateral_coefs_")


def test_a_warm_start_keeps_the_kind_of_machine():
    X, name = DATA["binary"], "generative_lateral_coefs_"
    for before in (True, False):
        model = machine(autoregressive=before, warm_start=True).fit(X)
        model.fit(X).set_params(autoregressive=not before)
        message = f"autoregressive is {not before}, .* was made with {before}.*warm_start=False"
        for going_on in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match=message):
                going_on(X)
        assert hasattr(model, name) == before
        assert model.n_iter_ == 10
        model.set_params(warm_start=False).fit(X)
        assert hasattr(model, name) != before


@pytest.mark.parametrize("value", ["yes", None, 2])
def test_autoregressive_is_true_or_false(value):
    with pytest.raises(ValueError, match="'autoregressive' parameter"):
        machine(autoregressive=value).fit(DATA["binary"])


def test_held_out_rows_and_adaptive_rates():
    X = DATA["binary"]
    model = machine(early_stopping=True, learning_rate="adaptive", max_iter=30).fit(X)
    assert max(model.validation_scores_) == model.best_validation_score_
    model = machine(max_iter=3).fit(X, X_val=with_gaps(X))
    assert np.isfinite(model.validation_scores_).all()


# Scores


def test_exact_scores_equal_enumeration_of_the_public_attributes(fitted):
    model, X = fitted
    params = cases.stored(model)
    scores = model.score_samples(X)
    assert_allclose(scores, exact.log_likelihood(params, X), rtol=1e-4, atol=1e-4)
    assert_allclose(model.free_energy(X), exact.free_energy(params, X), rtol=1e-4, atol=1e-4)
    assert (model.free_energy(X) >= -scores - 1e-9).all()


def test_importance_estimates_agree_with_exact_scores(fitted):
    model, X = fitted
    exactly = model.log_likelihood(X, method="exact")
    estimate = model.log_likelihood(X, method="importance", n_importance_samples=2000)
    error = 3 * estimate.monte_carlo_error + abs(estimate.bias)
    assert abs(estimate.mean - exactly.mean) < error < 0.2


@pytest.mark.parametrize("visible", ["ordered binary", "ordered gaussian"])
def test_importance_estimates_of_rows_with_gaps_are_those_of_what_is_observed(visible):
    model, params = cases.small_machine((4, 3), visible, scale=1.0)
    X = with_gaps(cases.make_rows(4, visible, 12).astype(float), 0.4)
    X[:2] = [[np.nan, np.nan, np.nan, 1], [0, np.nan, np.nan, np.nan]]
    expected = np.mean([log_observed(params, x) for x in X])
    estimate = model.log_likelihood(X, method="importance", n_importance_samples=20_000)
    error = 3 * estimate.monte_carlo_error + abs(estimate.bias)
    assert abs(estimate.mean - expected) < error < 0.02


def test_estimates_of_all_that_may_be_observed_sum_to_one():
    model, _ = cases.small_machine((6, 3), "ordered binary", scale=1.0)
    for gaps in ([0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 1], [0, 1, 1, 1, 1, 0]):
        gaps = np.array(gaps, bool)
        rows = np.full((2 ** (~gaps).sum(), 6), np.nan)
        rows[:, ~gaps] = cases.all_rows((~gaps).sum())
        n = 4000
        result = model.log_likelihood(rows, method="importance", n_importance_samples=n)
        p = np.exp(result.per_sample)
        error = np.sqrt((p**2 * (n / result.effective_sample_size - 1) / (n - 1)).sum())
        assert 0 < error < 0.02
        assert abs(p.sum() - 1) < 3 * error


def test_scores_are_a_pure_function_of_the_row(wide):
    model, X = wide
    order = np.random.default_rng(0).permutation(len(X))
    for method, make in itertools.product(SCORING, (np.asarray, scipy.sparse.csr_array)):
        score = getattr(model, method)
        whole = score(make(X))
        assert np.isfinite(whole).all()
        assert_array_equal(score(make(X[order])), whole[order])
        for start, stop in itertools.pairwise([0, 1, 2, 30, 38, 70]):  # the last has no gaps
            assert_array_equal(score(make(X[start:stop])), whole[start:stop])


def test_forms_of_a_row_score_alike(wide):
    model, X = wide
    for method in SCORING:
        score = getattr(model, method)
        for form in (scipy.sparse.csr_array, np.asfortranarray, lambda X: X.astype(object)):
            assert_allclose(score(form(X)), score(X), rtol=1e-4, atol=1e-4)


# Samples and expectations


def test_samples_have_the_enumerated_frequencies():
    model, params = cases.small_machine((4, 2, 2), "ordered binary")
    X, hidden = model.sample(50_000, random_state=0, return_latents=True)
    assert X.dtype == np.uint8
    states = exact.hidden_states((4, 2, 2))
    joint = np.exp([exact.log_joint(params, x, states) for x in exact.all_states(4)])
    numbers = cases.state_numbers(np.hstack([X, *hidden]))
    cases.assert_frequencies(numbers, joint.ravel())
    assert_array_equal(model.sample(50_000, random_state=0), X)


def fully_visible(intercepts, weights, noise_variance=None):
    """A net of which the only hidden unit has no part in the data."""
    d = len(intercepts)
    return HelmholtzMachine.from_parameters(
        [np.zeros((1, d))], [intercepts, [0.0]], [np.zeros((d, 1))], [[0.0]],
        generative_lateral_coefs=[weights, np.zeros((1, 1))], noise_variance=noise_variance,
    )  # fmt: skip


def test_a_fully_visible_net_is_a_product_of_logistic_regressions():
    rng = np.random.default_rng(0)
    b, A = rng.normal(size=6), np.triu(2 * rng.normal(size=(6, 6)), 1)
    model, rows = fully_visible(b, A), exact.all_states(6)
    p = expit(b + rows @ A)
    log_p = np.log(np.where(rows == 1, p, 1 - p)).sum(axis=1)
    assert_allclose(model.score_samples(rows), log_p, rtol=1e-5)
    assert np.exp(log_p).sum() == pytest.approx(1)
    numbers = cases.state_numbers(model.sample(100_000, random_state=0))
    cases.assert_frequencies(numbers, np.exp(log_p))


def test_scores_of_fractions_that_are_parents_are_no_bounds():
    x, model = np.array([[0.5, 0.5]]), fully_visible(np.zeros(2), np.array([[0, 10], [0, 0]]))
    assert model.score(x) > model.score(exact.all_states(2)) + 0.3  # all four are as probable
    assert model.score(x) == pytest.approx(np.log(0.5) + 0.5 * 5 - np.logaddexp(0, 5), rel=1e-6)


def test_guesses_at_missing_values_are_a_part_of_sampled_kl_gaps():
    rows, weights = np.array([[np.nan, 1], [0, 1]]), np.array([[0, 6.0], [0, 0]])
    small = fully_visible([0, -3.0], weights)
    assert_allclose(small.kl_gap(rows), 0, atol=1e-6)
    n = 15
    large = HelmholtzMachine.from_parameters(
        [np.zeros((n, 2))], [[0, -3.0], np.zeros(n)], [np.zeros((2, n))], [np.zeros(n)],
        generative_lateral_coefs=[weights, np.zeros((n, n))], n_importance_samples=4000,
    )  # fmt: skip
    p = expit([-3.0, 3.0])  # of the second value, by the first, which is 0 or 1 at even odds
    gap = large.kl_gap(rows)
    assert gap[0] == pytest.approx(np.log(p.mean()) - np.log(p).mean(), abs=0.15)
    assert gap[1] == pytest.approx(0, abs=1e-6)


def test_a_fully_visible_net_of_real_data_is_a_normal_distribution():
    rng = np.random.default_rng(0)
    b, A, noise = rng.normal(size=4), np.triu(rng.normal(size=(4, 4)), 1), np.array([1, 0.1, 4, 2])
    model = fully_visible(b, A, noise)
    mixing = np.linalg.inv(np.eye(4) - A)  # x = b + x A + noise
    normal = scipy.stats.multivariate_normal(b @ mixing, mixing.T * noise @ mixing)
    X = normal.rvs(200, random_state=0)
    assert_allclose(model.score_samples(X), normal.logpdf(X), rtol=1e-5, atol=1e-5)
    S = model.sample(50_000, random_state=0).astype(np.float64)
    scale = np.sqrt(np.diag(normal.cov_object.covariance))
    assert_allclose(S.mean(axis=0), normal.mean, atol=4.5 * scale.max() / np.sqrt(len(S)))
    whitened = (S - S.mean(axis=0)) @ np.linalg.cholesky(np.linalg.inv(normal.cov))
    assert_allclose(np.cov(whitened.T), np.eye(4), atol=4.5 * np.sqrt(2 / len(S)))
    expected = model.inverse_transform(np.zeros((1, 1)))
    assert_allclose(expected[0], normal.mean, rtol=1e-5)


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("layer", [1, 2, "all"])
def test_expectations_pass_through_units_in_order(visible, layer):
    X = DATA[visible]
    model = machine((4, 3), max_iter=20, transform_layer=layer, learning_rate_init=0.03).fit(X)
    params, H = cases.stored(model), model.transform(X[:5])
    out = model.inverse_transform(H)
    assert out.shape == (5, X.shape[1])
    for row, h in zip(out, H.astype(np.float64), strict=True):
        depth, values = (2, h) if layer == 2 else (1, h[:4])
        for level in range(depth - 1, -1, -1):
            real = level == 0 and visible == "gaussian"
            eta = values @ params.generative_coefs[level] + params.generative_intercepts[level]
            values, _ = naive.complete_in_order(
                np.full(len(eta), np.nan), params.generative_lateral_coefs[level], eta,
                lambda i, eta, real=real: eta if real else naive.sigmoid(eta),
            )  # fmt: skip
        assert_allclose(row, values, rtol=1e-4, atol=1e-4)


# Given parameters


def test_from_parameters_round_trip(fitted):
    model, X = fitted
    other = rebuilt(model)
    assert other.autoregressive is True
    assert_sound(other)
    if model.visible_ == "bernoulli":
        assert same_bits(other, model)
        assert_array_equal(other.score_samples(X), model.score_samples(X))
    else:
        for one, two in zip(parameters(other), parameters(model), strict=True):
            assert_allclose(one, two, rtol=1e-5, atol=1e-6)
        assert_allclose(other.score_samples(X), model.score_samples(X), rtol=1e-4, atol=1e-3)
        assert_allclose(other.transform(X), model.transform(X), rtol=1e-3, atol=1e-5)
        draws = (each.sample(50, random_state=0) for each in (other, model))
        assert_allclose(*draws, rtol=1e-3, atol=1e-2)


def test_given_machines_can_be_trained_further(fitted):
    model, X = fitted
    for going_on in ("partial_fit", "fit"):
        other = rebuilt(model, warm_start=True, max_iter=1, random_state=0, learning_rate_init=1e-5)
        getattr(other, going_on)(X)
        assert_sound(other)
        assert not same_bits(other, model)
        for one, two in zip(parameters(other), parameters(model), strict=True):
            assert_allclose(one, two, rtol=1e-2, atol=1e-2)


GIVEN = {
    "generative_coefs": [np.ones((2, 3))],
    "generative_intercepts": [np.zeros(3), np.zeros(2)],
    "recognition_coefs": [np.ones((3, 2))],
    "recognition_intercepts": [np.zeros(2)],
    "generative_lateral_coefs": [np.triu(np.ones((3, 3)), 1), np.triu(np.ones((2, 2)), 1)],
}
ABOVE = np.triu(np.ones((2, 2)), 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generative_lateral_coefs": []}, r"generative_lateral_coefs must have the shapes"),
        ({"generative_lateral_coefs": [np.zeros((3, 3))]}, r"\(3, 3\), \(2, 2\).*got \[\(3, 3\)\]"),
        ({"generative_lateral_coefs": [ABOVE, np.zeros((3, 3))]}, "must have the shapes"),
        ({"generative_lateral_coefs": [np.zeros(3), ABOVE]}, "must have the shapes"),
        ({"generative_lateral_coefs": 3}, "generative_lateral_coefs must hold arrays"),
        ({"generative_lateral_coefs": [[["a"] * 3] * 3, ABOVE]}, "must hold arrays of real"),
        ({"generative_lateral_coefs": [np.zeros((3, 3)), None]}, "generative_lateral_coefs"),
        ({"generative_lateral_coefs": [np.eye(3), ABOVE]}, r"\[0\] must be strictly upper tri"),
        ({"generative_lateral_coefs": [np.zeros((3, 3)), ABOVE.T]}, r"\[1\] must be strictly"),
        ({"generative_lateral_coefs": [np.full((3, 3), np.nan), ABOVE]}, r"\[0\] must be finite"),
        ({"generative_lateral_coefs": [1e16 * np.triu(np.ones((3, 3)), 1), ABOVE]}, "must be fin"),
        ({"autoregressive": False}, "make autoregressive=True, got False"),
        ({"generative_lateral_coefs": None, "autoregressive": True}, "=False, got True"),
        ({"autoregressive": "yes"}, "'autoregressive' parameter"),
    ],
)
def test_from_parameters_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        HelmholtzMachine.from_parameters(**{**GIVEN, **change})


def test_from_parameters_leaves_the_arrays_alone():
    arrays = [array.copy() for array in GIVEN["generative_lateral_coefs"]]
    model = HelmholtzMachine.from_parameters(**GIVEN, noise_variance=[1.0, 4.0, 9.0])
    assert_allclose(model.generative_lateral_coefs_[0], arrays[0], rtol=1e-6)
    model.partial_fit(real_data(20, 3))
    for one, other in zip(GIVEN["generative_lateral_coefs"], arrays, strict=True):
        assert_array_equal(one, other)


# Data that invite trouble


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize(("shape", "sizes"), [((1, 1), 1), ((1, 6), 3), ((30, 1), 1), ((30, 3), 1)])
def test_tables_may_have_any_shape(shape, sizes, visible, algorithm):
    X = DATA[visible][: shape[0], : shape[1]]
    model = machine(sizes, algorithm=algorithm, visible=kind(visible), n_particles=1).fit(X)
    assert_sound(model)
    assert np.isfinite(model.score_samples(X)).all()
    assert model.sample(3, random_state=0).shape == (3, X.shape[1])
    assert model.inverse_transform(model.transform(X)).shape == X.shape


def kind(visible):
    return "gaussian" if visible == "gaussian" else "bernoulli"


@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("trouble", ["constant", "deep"])
def test_columns_and_nets_that_invite_trouble(visible, trouble):
    X, sizes = DATA[visible].copy(), (6, 5, 4, 3) if trouble == "deep" else (12, 6)
    if trouble != "deep":
        X[:, 1] = X[0, 1]
    model = machine(sizes, max_iter=30, learning_rate_init=0.05).fit(X)
    assert_sound(model)
    for method in SCORING:
        assert np.isfinite(getattr(model, method)(X)).all()
    assert np.isfinite(model.sample(100, random_state=0)).all()


@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_columns_that_others_determine_leave_noise_above_its_floor(algorithm, share):
    X = real_data(300)
    X = np.column_stack([X, 2 * X[:, 0] + 1, X[:, 1] - X[:, 2], np.full(300, 7.3)])
    model = machine((12, 3), algorithm=algorithm, max_iter=150, learning_rate_init=0.05)
    model.fit(with_gaps(X, share))
    assert_sound(model)
    variance = np.append(np.nanvar(X[:, :-1], axis=0), 1)
    assert (model.noise_variance_ > 0.0008 * variance).all()
    assert np.isfinite(model.score_samples(X)).all()
    normal = -0.5 * np.log(2 * np.pi * np.e * variance).sum()
    assert normal < model.score(X) < normal + 3.5 * X.shape[1]
    S = model.sample(500, random_state=0).astype(np.float64)
    assert (np.abs(S.mean(axis=0) - X.mean(axis=0)) < np.sqrt(variance)).all()


@pytest.mark.parametrize("rate", [1e3, 1e6])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("visible", DATA)
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_divergence_is_undone(solver, visible, rate, share):
    X = with_gaps(DATA[visible], share)
    model = machine(solver=solver, learning_rate_init=rate, max_iter=20)
    with np.errstate(all="ignore"), pytest.warns(ConvergenceWarning, match="diverged after.*Lower"):
        model.fit(X)
    assert_sound(model)
    assert model.score(DATA[visible]) > -1e3
    model.set_params(learning_rate_init=1e-3).partial_fit(X)
    assert np.isfinite(model.score(DATA[visible]))


@pytest.mark.parametrize("value", [1e25, 1e50, 1e300])
@pytest.mark.parametrize("sizes", [(4, 3), (16,)])
def test_far_outliers_never_score_nan(sizes, value):
    model = machine(sizes, max_iter=40, learning_rate_init=0.05).fit(real_data())
    assert not np.isnan(model.score_samples(value * np.eye(4))).any()
    gaps = np.where(np.eye(4) == 1, value, np.nan)
    assert not np.isnan(model.log_likelihood(gaps, method="importance").per_sample).any()


@pytest.mark.parametrize("form", ["float16", "object", "text", "uint8"])
def test_forms_of_data(form):
    X = DATA["binary"]
    make = {"text": lambda X: X.astype(str)}.get(form, lambda X: X.astype(form))
    model, other = machine().fit(X), machine().fit(make(X))
    assert same_bits(model, other)
    assert_array_equal(model.score_samples(make(X)), model.score_samples(X))


def test_many_features():
    X = (np.random.default_rng(0).random((40, 2000)) < 0.05).astype(np.uint8)
    model = machine(20, max_iter=1).fit(X)
    assert_sound(model)
    assert np.isfinite(model.score(X[:5]))
    assert model.sample(2, random_state=0).shape == (2, 2000)


def test_given_machines_of_data_far_from_zero_can_be_trained_further():
    X = 100 + 2 * np.random.default_rng(0).normal(size=(300, 4)).cumsum(axis=1)
    fitted = machine(3, max_iter=60).fit(X)
    given = HelmholtzMachine.from_parameters(
        **{name.rstrip("_"): getattr(fitted, name) for name in NETS},
        noise_variance=fitted.noise_variance_, random_state=0,
    )  # fmt: skip
    before = fitted.score(X)
    assert given.score(X) == pytest.approx(before, abs=1e-3)
    for _ in range(3):
        given.partial_fit(X)
        assert given.score(X) > before - 0.05
