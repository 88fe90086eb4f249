"""Factor analysis of items: published fits, enumeration of all rows, and refits."""

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sklearn_helmholtz import FactorAnalysis, OrdinalFactorAnalysis, polychoric_correlation
from sklearn_helmholtz.factors import Ogives, infer, rotate
from tests import lsat
from tests.factor_models import rows_with_moments

INF = np.inf
FULL = {"estimation": "likelihood"}


def normal_items(n_rows=600, seed=0):
    """Six items of 2 to 4 levels on two factors that are correlated."""
    L = np.array([[0.8, 0], [0.7, 0.1], [0.6, 0], [0.1, 0.7], [0, 0.8], [0, 0.5]])
    phi = np.array([[1, 0.4], [0.4, 1]])
    rng = np.random.default_rng(seed)
    noise = np.sqrt(1 - np.diag(L @ phi @ L.T))
    y = rng.multivariate_normal([0, 0], phi, n_rows) @ L.T + noise * rng.normal(size=(n_rows, 6))
    cuts = [0.2], [-0.4, 0.6], [-1, 0, 0.8], [-0.3], [-0.6, 0.5], [-0.8, 0.1, 1]
    return np.column_stack([np.digitize(y[:, j], cut) for j, cut in enumerate(cuts)])


def all_rows(model):
    """Every row of levels of a model."""
    return np.array(list(itertools.product(*model.levels_)))


# Published fits


@pytest.fixture(scope="module")
def section_six():
    return OrdinalFactorAnalysis(**FULL).fit(lsat.section_six())


def test_section_six_of_the_lsat_is_that_of_bock_and_aitkin(section_six):
    """Slopes of normal ogives by full information, Bock & Aitkin (1981)."""
    slopes = [0.4169, 0.4333, 0.5373, 0.4044, 0.3587]
    assert_allclose(section_six.slopes_.ravel(), slopes, atol=6e-5)


def test_likelihood_beats_correlations_and_both_are_near(section_six):
    X = lsat.section_six()
    quick = OrdinalFactorAnalysis().fit(X)
    assert_allclose(section_six.score(X) * 1000, section_six.loglike_[-1])
    assert section_six.score(X) > quick.score(X) > section_six.score(X) - 1e-3
    assert_allclose(quick.loadings_, section_six.loadings_, atol=0.03)
    assert_array_equal(quick.loglike_, [])


# The model


@pytest.fixture(scope="module", params=["correlations", "likelihood"])
def model(request):
    X = normal_items()
    return OrdinalFactorAnalysis(2, estimation=request.param, rotation="oblimin").fit(X)


def test_probabilities_sum_to_one_and_scores_to_the_prior(model):
    rows = all_rows(model)
    masses = np.exp(model.score_samples(rows))
    assert_allclose(masses.sum(), 1, atol=1e-10)
    found = model.posterior(rows)
    (mean,), (covariance,) = found.mean, found.covariance
    assert_array_equal(mean, model.transform(rows))
    second = covariance + mean[:, :, None] * mean[:, None]
    assert_allclose(masses @ mean, 0, atol=1e-10)
    total = np.einsum("r,rkl->kl", masses, second)
    assert_allclose(total, model.factor_correlation_, atol=1e-6)
    shares = [masses[rows[:, 2] <= level].sum() for level in range(3)]
    assert_allclose(ndtri(shares), model.thresholds_[2], atol=1e-6)


def test_missing_values_are_summed_over(model):
    row = np.array([[1, 2, np.nan, 0, np.nan, 3]])
    filled = [
        np.where(np.isnan(row), np.array([[0, 0, a, 0, b, 0]]), row)[0]
        for a in range(4) for b in range(3)
    ]  # fmt: skip
    logs = model.score_samples(np.array(filled))
    assert_allclose(model.score_samples(row), np.log(np.exp(logs).sum()), atol=1e-10)
    nothing = np.full((1, 6), np.nan)
    assert_allclose(model.score_samples(nothing), 0, atol=1e-12)
    assert_allclose(model.transform(nothing), 0, atol=1e-12)


def test_attributes_go_together(model):
    L, phi = model.loadings_, model.factor_correlation_
    assert_allclose(np.diag(L @ phi @ L.T), model.communalities_, atol=1e-10)
    assert_allclose(model.noise_variance_, 1 - model.communalities_)
    assert_allclose(model.slopes_, L / np.sqrt(model.noise_variance_)[:, None])
    assert_array_equal(model.components_, L.T)
    assert [len(t) for t in model.thresholds_] == [1, 2, 3, 1, 2, 3]
    with pytest.raises(AttributeError, match="cannot be set"):
        model.loadings_ = L


def test_correlations_are_analysed_as_those_of_quantities():
    X = normal_items()
    R = polychoric_correlation(X).correlation
    items = OrdinalFactorAnalysis(2, rotation="varimax").fit(X)
    normal = FactorAnalysis(2, rotation="varimax").fit(rows_with_moments(R, 600))
    assert_array_equal(items.correlation_, R)
    assert_allclose(items.loadings_, normal.loadings_, atol=1e-6)


def test_likelihood_is_at_its_maximum():
    X = normal_items()
    model = OrdinalFactorAnalysis(**FULL, rotation=None).fit(X)
    rng = np.random.default_rng(0)
    A = model.loadings_
    most = 5
    cuts = np.full((6, most), INF)
    cuts[:, 0] = -INF
    for row, own in zip(cuts, model.thresholds_, strict=True):
        row[1 : 1 + len(own)] = own
    best = infer(Ogives.of(A, cuts), X).log_prob.sum()
    assert_allclose(best / len(X), model.score(X))
    for _ in range(10):
        for size in 1e-2, -1e-2:
            moved = cuts + size * rng.normal(size=cuts.shape)
            other = Ogives.of(A + size * rng.normal(size=A.shape), moved)
            assert infer(other, X).log_prob.sum() < best


def test_three_factors_go_through_and_four_only_by_correlations():
    X = np.hstack([normal_items(1500), normal_items(1500, seed=1)])
    three = OrdinalFactorAnalysis(3, rotation="varimax").fit(X)
    assert np.isfinite(three.score_samples(X[:5])).all()
    four = OrdinalFactorAnalysis(4, rotation="varimax").fit(X)
    assert four.loadings_.shape == (12, 4)
    with pytest.raises(ValueError, match="at most 3 of them, but the model has 4"):
        four.transform(X)
    with pytest.raises(ValueError, match="at most 3 components"):
        OrdinalFactorAnalysis(4, **FULL).fit(X)


# Standard errors


def with_expected_weights(n_factors):
    """All rows of some items, and weights as a model expects them."""
    L = np.array([[0.8, 0.0], [0.7, 0.3], [0.6, 0.4], [0.1, 0.7], [0.2, 0.8], [0.1, 0.5]])
    n_levels = [3, 2, 2, 3] if n_factors == 1 else [2] * 5
    cuts = np.full((len(n_levels), max(n_levels) + 1), INF)
    cuts[:, 0], cuts[:, 1] = -INF, np.linspace(-0.7, 0.5, len(cuts))
    cuts[np.array(n_levels) == 3, 2] = 0.9
    rows = np.array(list(itertools.product(*map(range, n_levels))))
    masses = np.exp(infer(Ogives.of(L[: len(cuts), :n_factors], cuts), rows).log_prob)
    return rows, 500 * masses


def changes(rows, weights, n_factors, step=1e-2, **params):
    """Derivatives of loadings, communalities and thresholds by the weight of each row."""
    result = []
    for row in range(len(rows)):
        ends = []
        for sign in (1, -1):
            moved = weights.copy()
            moved[row] *= 1 + sign * step
            model = OrdinalFactorAnalysis(n_factors, **params).fit(rows, sample_weight=moved)
            L, correlation = model.loadings_, np.eye(n_factors)
            if n_factors > 1:
                turned = rotate(L, "oblimin", n_starts=1)
                L, correlation = turned.loadings, turned.factor_correlation
            ends.append({
                "loadings": L, "factor_correlation": correlation,
                "communalities": model.communalities_,
                "noise_variance": model.noise_variance_,
                "thresholds": np.concatenate(model.thresholds_),
            })  # fmt: skip
        unit = 2 * step * weights[row]
        result.append({name: (ends[0][name] - ends[1][name]) / unit for name in ends[0]})
    return {name: np.array([row[name] for row in result]) for name in result[0]}


def assert_errors(found, moved, shares):
    for name, slopes in moved.items():
        expected = np.sqrt(np.tensordot(shares, slopes**2, 1))
        error = np.concatenate(found[name]) if name == "thresholds" else found[name]
        assert_allclose(error, expected, rtol=3e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("n_factors", [1, 2])
def test_errors_by_correlations_are_what_refits_make(n_factors):
    rows, weights = with_expected_weights(n_factors)
    rotation = None if n_factors == 1 else "oblimin"
    model = OrdinalFactorAnalysis(n_factors, rotation=rotation).fit(rows, sample_weight=weights)
    found = model.standard_errors(rows, weights, return_covariance=True)
    assert found.method == "sandwich"
    assert_errors(found, changes(rows, weights, n_factors), weights**2)
    variances = np.diag(found.covariance)[found.places["loadings"]]
    assert_allclose(np.sqrt(variances), found.loadings.ravel())


def test_errors_by_likelihood_are_what_refits_make():
    rows, weights = with_expected_weights(1)
    model = OrdinalFactorAnalysis(**FULL, tol=0).fit(rows, sample_weight=weights)
    found = model.standard_errors(rows, weights)
    assert found.method == "observed"
    # Information is the expected one at these weights: a row counts by its weight alone.
    assert_errors(found, changes(rows, weights, 1, step=0.1, tol=0, **FULL), weights)


def test_rare_levels_leave_the_errors_of_other_items():
    """A single row says little of its own item, and next to nothing of the others."""
    X = (normal_items()[:, :5] > 0).astype(int)
    plain = OrdinalFactorAnalysis(**FULL).fit(X).standard_errors(X)
    wide = np.column_stack([X, np.arange(len(X)) == 3]).astype(int)
    errors = OrdinalFactorAnalysis(**FULL).fit(wide).standard_errors(wide)
    assert errors.loadings[5] < 1
    assert_allclose(errors.loadings[:5], plain.loadings, rtol=0.1)
    assert_allclose(np.ravel(errors.thresholds[:5]), np.ravel(plain.thresholds), rtol=0.05)


def test_levels_that_no_row_has_change_nothing():
    """At either end and in between, known from the type."""
    X = normal_items()
    plain = OrdinalFactorAnalysis(**FULL).fit(X)
    levels = pd.CategoricalDtype([-2, 0, 2, 3, 4, 6, 8], ordered=True)
    wide = pd.DataFrame(2 * X, columns=list("abcdef")).astype(int).astype(levels)
    model = OrdinalFactorAnalysis(**FULL).fit(wide)
    assert_allclose(model.loglike_[-1], plain.loglike_[-1], rtol=1e-9)
    assert_allclose(model.loadings_, plain.loadings_, atol=1e-5)
    first = plain.thresholds_[3][0]
    assert_allclose(model.thresholds_[3], [-INF, first, INF, INF, INF, INF], atol=1e-5)
    a, b = plain.thresholds_[1]
    assert_allclose(model.thresholds_[1], [-INF, a, b, b, INF, INF], atol=1e-5)
    errors, wanted = model.standard_errors(wide), plain.standard_errors(X)
    assert_allclose(errors.loadings, wanted.loadings, rtol=1e-4)
    a, b = wanted.thresholds[1]
    assert_allclose(errors.thresholds[1], [np.nan, a, b, b, np.nan, np.nan], rtol=1e-4)


@pytest.mark.filterwarnings("ignore:Heywood case. the factors:UserWarning")
def test_errors_beside_a_heywood_case_come_with_a_warning():
    counts = [63, 17, 17, 4, 4, 17, 17, 63]
    X = np.repeat(list(itertools.product([0, 1], repeat=3)), counts, axis=0)
    model = OrdinalFactorAnalysis().fit(X)
    at_bound = model.heywood_
    assert at_bound.sum() == 1
    with pytest.warns(UserWarning, match="held there"):
        errors = model.standard_errors(X)
    assert_array_equal(np.isnan(errors.communalities), at_bound)
    assert_array_equal(np.isnan(errors.noise_variance), at_bound)


def test_errors_without_factors_are_those_of_shares():
    """Of a threshold ``sqrt(p (1 - p) / n) / phi(threshold)``, Fisher's of a proportion."""
    X = normal_items()
    share = (X[:, 0] == 0).mean()
    wanted = np.sqrt(share * (1 - share) / len(X)) / norm.pdf(ndtri(share))
    for params in {}, FULL:
        found = OrdinalFactorAnalysis(0, **params).fit(X).standard_errors(X)
        assert found.loadings.shape == (6, 0)
        assert_allclose(found.thresholds[0], wanted, rtol=1e-4)


def test_communalities_do_not_know_of_rotations():
    X = normal_items()
    for params in {}, FULL:
        errors = [
            OrdinalFactorAnalysis(2, rotation=r, **params).fit(X).standard_errors(X)
            for r in (None, "varimax")
        ]
        for other in errors[1:]:
            assert_allclose(other.communalities, errors[0].communalities, rtol=1e-4)


# The contract


def test_tables_of_categories_and_what_comes_back():
    X = normal_items()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    kind = pd.CategoricalDtype(["no", "maybe", "yes"], ordered=True)
    frame["b"] = pd.Categorical.from_codes(X[:, 1], dtype=kind)
    model = OrdinalFactorAnalysis(2).fit(frame)
    plain = OrdinalFactorAnalysis(2).fit(X)
    assert_allclose(model.loadings_, plain.loadings_)
    assert list(model.levels_[1]) == ["no", "maybe", "yes"]
    assert_array_equal(model.feature_names_in_, list("abcdef"))
    scores = model.set_output(transform="pandas").transform(frame)
    assert list(scores.columns) == ["ordinalfactoranalysis0", "ordinalfactoranalysis1"]
    assert_allclose(scores, plain.transform(X))
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.score_samples(frame), model.score_samples(frame))
    assert clone(model).get_params() == model.get_params()


def test_weights_are_repetitions():
    X, weights = normal_items(200), np.arange(200) % 3
    repeated = np.repeat(X, weights, axis=0)
    for params in {}, FULL:
        plain = OrdinalFactorAnalysis(**params).fit(repeated)
        weighted = OrdinalFactorAnalysis(**params).fit(X, sample_weight=weights)
        assert_allclose(weighted.loadings_, plain.loadings_, atol=1e-5)
        assert_allclose(weighted.score(X, sample_weight=weights), plain.score(repeated))


def test_gaps_are_taken_in_training():
    X = normal_items().astype(float)
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    for params in {}, FULL:
        gaps = OrdinalFactorAnalysis(**params).fit(X)
        whole = OrdinalFactorAnalysis(**params).fit(normal_items())
        assert_allclose(gaps.loadings_, whole.loadings_, atol=0.12)
        assert np.isfinite(gaps.standard_errors(X).loadings).all()


@pytest.mark.filterwarnings("ignore:Items are so steep:UserWarning")
@pytest.mark.parametrize("params", [{}, FULL])
def test_heywood_cases_are_marked(params):
    X = normal_items()[:, :3]
    X = np.column_stack([X, X[:, 0]])
    X[:4, 3] = 1 - X[:4, 3]
    with pytest.warns(UserWarning, match="Heywood case"):
        model = OrdinalFactorAnalysis(**params).fit(X)
    assert model.heywood_.any()
    with pytest.warns(UserWarning, match="coarse"):
        assert np.isfinite(model.score(X))


@pytest.mark.parametrize("params", [{}, FULL])
def test_no_factors_are_independent_items(params):
    X = normal_items()
    model = OrdinalFactorAnalysis(0, **params).fit(X)
    shares = [np.bincount(column) / len(X) for column in X.T]
    expected = sum((share * np.log(share)).sum() for share in shares)
    assert_allclose(model.score(X), expected, atol=1e-6)
    assert model.transform(X).shape == (600, 0)


def test_what_cannot_be_answered_is_refused():
    X = normal_items()
    model = OrdinalFactorAnalysis(2).fit(X)
    with pytest.raises(NotFittedError):
        OrdinalFactorAnalysis().transform(X)
    with pytest.raises(ValueError, match="holds 7"):
        model.score_samples(np.full((1, 6), 7))
    with pytest.raises(ValueError, match="3 features"):
        model.score_samples(X[:, :3])
    with pytest.raises(ValueError, match="must be at most the number of features"):
        OrdinalFactorAnalysis(7).fit(X)
    with pytest.raises(ValueError, match="other correlations"):
        model.standard_errors(normal_items(seed=1))
    with pytest.raises(ValueError, match="other parameters are likelier"):
        OrdinalFactorAnalysis(**FULL).fit(X).standard_errors(normal_items(seed=1))
    with pytest.raises(ValueError, match="not unique"):
        OrdinalFactorAnalysis(2, rotation="varimax").fit(X[:, :4]).standard_errors(X[:, :4])
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        OrdinalFactorAnalysis(**FULL, max_iter=1).fit(X)


def test_a_failed_fit_changes_nothing():
    X = normal_items()
    model = OrdinalFactorAnalysis().fit(X)
    before = model.loadings_
    with pytest.raises(ValueError, match="one level only"):
        model.fit(np.zeros((5, 3)))
    assert model.loadings_ is before
    assert model.n_features_in_ == 6
