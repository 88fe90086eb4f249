"""Slow features in closed form: other routes to them, several sequences, refused data."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import scipy.sparse
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_helmholtz import SlowFeatureAnalysis


def make_rows(n=200, p=5, seed=0):
    """Mixed sources, slower and faster ones, far from zero and in several units."""
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(n, p))
    for t in range(1, n):
        h[t] += np.linspace(0.95, 0, p) * h[t - 1]
    return 100 + h @ rng.normal(size=(p, p)) * 10.0 ** np.arange(-2, p - 2)


LENGTHS = 60, 2, 90, 48
GROUPS = np.repeat(["b", "a", "d", "c"], LENGTHS)


def differences(X, lengths, lag=1):
    parts = np.split(X, np.cumsum(lengths)[:-1])
    return np.concatenate([part[lag:] - part[:-lag] for part in parts])


@pytest.mark.parametrize("lag", [1, 3])
def test_features_solve_the_generalised_eigenproblem(lag):
    X = make_rows()
    model = SlowFeatureAnalysis(lag=lag).fit(X)
    d = differences(X, [200], lag)
    deltas, vectors = scipy.linalg.eigh(d.T @ d / len(d), np.cov(X.T, bias=True))
    assert_allclose(model.delta_values_, deltas, rtol=1e-8)
    assert_allclose(np.abs(model.components_), np.abs(vectors.T), rtol=1e-6, atol=1e-12)
    assert_allclose(model.autocorrelations_, 1 - deltas / 2, rtol=1e-8)


def test_features_are_decorrelated_and_slow():
    X = make_rows()
    model = SlowFeatureAnalysis().fit(X)
    H = model.transform(X)
    assert_allclose(H.mean(axis=0), 0, atol=1e-10)
    assert_allclose(np.cov(H.T, bias=True), np.eye(5), atol=1e-10)
    assert_allclose((np.diff(H, axis=0) ** 2).mean(axis=0), model.delta_values_, rtol=1e-9)
    assert (np.diff(model.delta_values_) > 0).all()


def test_features_do_not_depend_on_units_and_mixtures_of_columns():
    X, rng = make_rows(), np.random.default_rng(1)
    one = SlowFeatureAnalysis(2).fit_transform(X)
    other = SlowFeatureAnalysis(2).fit_transform(X / X.std(axis=0) @ rng.normal(size=(5, 5)))
    assert_allclose(np.abs(one), np.abs(other), atol=1e-8)


def test_signs_are_those_of_the_columns_that_are_correlated_most():
    X = make_rows()
    model = SlowFeatureAnalysis().fit(X)
    for h in model.transform(X).T:
        correlations = [np.corrcoef(h, x)[0, 1] for x in X.T]
        assert max(correlations) == max(np.abs(correlations))
    upside_down = SlowFeatureAnalysis().fit(-X)
    assert_allclose(upside_down.transform(-X), -model.transform(X), atol=1e-9)


def test_the_way_back_is_the_best_linear_one():
    X = make_rows()
    model = SlowFeatureAnalysis(2).fit(X)
    H = model.transform(X)
    ones = np.column_stack([H, np.ones(len(H))])
    best = ones @ np.linalg.lstsq(ones, X, rcond=None)[0]
    assert_allclose(model.inverse_transform(H), best, rtol=1e-9)
    every = SlowFeatureAnalysis().fit(X)
    assert_allclose(every.inverse_transform(every.transform(X)), X, rtol=1e-9)


def test_groups_have_no_differences_from_one_to_the_next():
    X = make_rows()
    model = SlowFeatureAnalysis().fit(X, groups=GROUPS)
    d = differences(X, LENGTHS)
    deltas = scipy.linalg.eigh(d.T @ d / len(d), np.cov(X.T, bias=True), eigvals_only=True)
    assert_allclose(model.delta_values_, deltas, rtol=1e-8)


def test_two_halves_are_one_sequence_but_for_one_difference():
    X = make_rows()
    halves = SlowFeatureAnalysis().fit(X, groups=np.arange(200) // 100)._moments.differences
    whole = SlowFeatureAnalysis().fit(X)._moments.differences
    step = X[100] - X[99]
    assert (whole.n_pairs, halves.n_pairs) == (199, 198)
    assert_allclose(whole.second - halves.second, np.outer(step, step), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("lag", [1, 2])
def test_parts_of_sequences_add_up_to_all(lag):
    X, groups = make_rows(), np.repeat([0, 1, 2], [60, 100, 40])
    whole = SlowFeatureAnalysis(lag=lag).fit(X, groups=groups)
    parts = SlowFeatureAnalysis(lag=lag)
    for part in (X[:60], X[60:160], X[160:]):
        parts.partial_fit(part)
    for name in ("delta_values_", "components_", "mixing_", "mean_"):
        expected = getattr(whole, name)
        scale = np.abs(expected).max(axis=0)
        assert_allclose(getattr(parts, name) / scale, expected / scale, atol=1e-12)
    again = SlowFeatureAnalysis(lag=lag).partial_fit(X[:160], groups=groups[:160])
    again.partial_fit(X[160:], groups=groups[:40])  # labels may come again
    assert_allclose(again.delta_values_, whole.delta_values_, rtol=1e-12)


def test_many_rows_are_taken_in_blocks():
    X = np.random.default_rng(0).normal(size=(3000, 400)).astype(np.float32)
    lengths = [1300, 3, 697, 1000]
    model = SlowFeatureAnalysis(3, lag=2).fit(X, groups=np.repeat(range(4), lengths))
    d = differences(X.astype(np.float64), lengths, 2)
    assert_allclose(model._moments.differences.second, d.T @ d, atol=1e-8)


@pytest.mark.parametrize(
    "form", [scipy.sparse.csr_matrix, scipy.sparse.coo_array, np.asfortranarray]
)
def test_forms_of_data_do_not_matter(form):
    X = make_rows()
    X[::3, 0] = 0
    model, other = SlowFeatureAnalysis(3).fit(X), SlowFeatureAnalysis(3).fit(form(X))
    assert_allclose(other.transform(form(X)), model.transform(X), atol=1e-8)


def test_answers_have_the_types_and_frames_of_the_data():
    X = make_rows()
    model = SlowFeatureAnalysis(2).fit(X)
    assert model.transform(X.astype(np.float32)).dtype == np.float32
    frame = pd.DataFrame(X, columns=list("abcde"), index=np.arange(200) * 2)
    model = SlowFeatureAnalysis(2).set_output(transform="pandas").fit(frame)
    H = model.transform(frame)
    assert list(H.columns) == ["slowfeatureanalysis0", "slowfeatureanalysis1"]
    back = model.inverse_transform(H)
    assert list(back.columns) == list("abcde")
    assert_array_equal(back.index, frame.index)


def test_labels_of_groups_go_by_the_index():
    X = pd.DataFrame(make_rows(), columns=list("abcde"), index=np.arange(200) + 7)
    groups = pd.Series(GROUPS, index=X.index)
    model = SlowFeatureAnalysis(2).fit(X, groups=groups[::-1])
    assert_allclose(model.delta_values_, SlowFeatureAnalysis(2).fit(X, groups=GROUPS).delta_values_)


def test_groups_are_routed_as_metadata():
    X = make_rows()
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler(), PolynomialFeatures(2, include_bias=False),
            SlowFeatureAnalysis(3).set_fit_request(groups=True),
        )  # fmt: skip
        routed = pipeline.fit(X, groups=GROUPS)[-1].delta_values_
    quadratic = pipeline[:-1].transform(X)
    assert_allclose(routed, SlowFeatureAnalysis(3).fit(quadratic, groups=GROUPS).delta_values_)
    assert (routed != SlowFeatureAnalysis(3).fit(quadratic).delta_values_).all()


# Directions without variance


@pytest.mark.parametrize("flat", ["constant", "copy", "sum"])
def test_features_are_found_where_rows_vary(flat):
    X = make_rows()
    more = {"constant": np.full(200, 1e6), "copy": X[:, 1], "sum": X[:, 0] + 3 * X[:, 3]}[flat]
    wide = np.insert(X, 2, more, axis=1)
    with pytest.warns(UserWarning, match=r"vary in 5 of 6 directions.* 1 without") as found:
        model = SlowFeatureAnalysis().fit(wide)
    assert ("constant: 2" in str(found[0].message)) == (flat == "constant")
    assert model.rank_ == 5
    expected = SlowFeatureAnalysis().fit(X)
    assert_allclose(model.delta_values_, expected.delta_values_, rtol=1e-6)
    assert_allclose(np.abs(model.transform(wide)), np.abs(expected.transform(X)), atol=1e-5)
    assert_allclose(model.inverse_transform(model.transform(wide)), wide, rtol=1e-6)


def test_fewer_rows_than_columns_have_a_rank():
    X = np.random.default_rng(0).normal(size=(6, 10))
    with pytest.warns(UserWarning, match="vary in 5 of 10 directions"):
        model = SlowFeatureAnalysis().fit(X)
    assert model.components_.shape == (5, 10)


REFUSED = {
    "more than columns": ({"n_components": 6}, {}, "n_components=6 must be at most the number"),
    "lag": ({"lag": 200}, {}, r"X has 200 rows, .* lag=200 apart need at least 201"),
    "short group": (
        {"lag": 2}, {"groups": GROUPS}, "The sequence 'a' of groups has 2 rows, .* at least 3",
    ),
    "single row": ({}, {"groups": np.arange(200) // 199}, "sequence 1 of groups has 1 row, "),
    "unsorted": ({}, {"groups": np.arange(200) % 2}, "0 is back in row 2 after other groups"),
    "no label": ({}, {"groups": [np.nan] * 200}, "groups must hold a label for each row"),
    "few labels": ({}, {"groups": [1, 2]}, "groups must hold a label for each of the 200 rows"),
    "lag of a model": ({"noise": "diagonal", "lag": 2}, {}, "lag must be 1, got 2"),
    "noise": ({"noise": "isotropic"}, {}, "noise"),
    "components": ({"n_components": 0}, {}, "n_components"),
}  # fmt: skip


@pytest.mark.parametrize(("params", "given", "match"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_in_a_sentence(params, given, match):
    model = SlowFeatureAnalysis(**params)
    with pytest.raises(ValueError, match=match):
        model.fit(make_rows(), **given)
    with pytest.raises(NotFittedError):
        model.transform(make_rows())


@pytest.mark.parametrize("noise", ["none", "diagonal"])
def test_ranks_that_are_too_low_are_refused(noise):
    X = make_rows()
    X[:, 4] = X[:, 0] - X[:, 1]
    with pytest.raises(ValueError, match=r"n_components=5 must be at most the rank .* in 4 of 5"):
        SlowFeatureAnalysis(5, noise=noise).fit(X)
    with pytest.raises(ValueError, match="No column of X varies"):
        SlowFeatureAnalysis(noise=noise).fit(np.ones((5, 3)))


def test_missing_values_need_noise():
    X = make_rows()
    model = SlowFeatureAnalysis().fit(X)
    X[3, 1] = np.nan
    for call in (SlowFeatureAnalysis().fit, model.transform, model.partial_fit):
        with pytest.raises(ValueError, match=r"contains NaN.* Use noise='diagonal'"):
            call(X)


def test_partial_fit_goes_on_from_what_left_moments():
    X = make_rows()
    model = SlowFeatureAnalysis(2).fit(X)
    with pytest.raises(ValueError, match=r"another lag than before: .* lag=2 now"):
        model.set_params(lag=2).partial_fit(X)
    with pytest.raises(AttributeError) as found:
        SlowFeatureAnalysis(noise="diagonal").partial_fit(X)
    assert "partial_fit keeps second moments" in str(found.value.__cause__)
    before = model.delta_values_.copy()
    with pytest.raises(ValueError, match="8 features"):
        model.set_params(lag=1).partial_fit(np.ones((5, 8)))
    assert_array_equal(model.delta_values_, before)


def test_a_closed_form_has_no_density():
    model = SlowFeatureAnalysis(2).fit(make_rows())
    for name in ("score", "log_likelihood", "smooth", "posterior", "sample", "impute", "aic"):
        assert not hasattr(model, name)
        with pytest.raises(AttributeError) as found:
            getattr(model, name)
        assert "has no density" in str(found.value.__cause__)
        assert "Use noise='diagonal'." in str(found.value.__cause__)
    assert not hasattr(model, "n_parameters_")
    assert not hasattr(SlowFeatureAnalysis(noise="diagonal"), "score_samples")
    with pytest.raises(ValueError, match="was fitted with noise='none'"):
        model.set_params(noise="diagonal").score(make_rows())


@pytest.mark.filterwarnings("ignore:Heywood case:UserWarning")
def test_a_fit_leaves_nothing_of_another():
    X = make_rows()
    model = SlowFeatureAnalysis(1, noise="diagonal").fit(X)
    model.set_params(noise="none").fit(X)
    assert not hasattr(model, "noise_variance_")
    assert not hasattr(model, "loglike_")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(X)
