"""Odd tables and odd parameters: a right answer, or an error that names what is wrong."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.base import clone

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, LatentAnomalyDetector, LatentImputer
from tests.estimators.test_fuzz import EVERY, WORDS, forms_of, is_huge, odd_values, works_or_names
from tests.shells import FEW, fitted_state, real_rows

R = real_rows(24)
INNER = {
    "factors": FactorAnalysis(1, max_iter=20),
    "machine": HelmholtzMachine(2, visible="gaussian", **FEW),
    "mixed": HelmholtzMachine(2, visible="mixed", n_importance_samples=5, **FEW),
}
KINDS = {
    LatentImputer: {"random_state": 0},
    LatentAnomalyDetector: {"n_draws": 20, "random_state": 0},
}


@st.composite
def tables(draw):
    """Real tables of all sizes with gaps, empty and constant columns and rows, in several types."""
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 5)))
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    values = st.floats(-1e3, 1e3, width=32)
    X = draw(arrays.arrays(dtype, shape, elements=values, fill=st.sampled_from([0, 1, 2.5])))
    X = np.where(draw(arrays.arrays(bool, shape)), dtype(np.nan), X)
    if draw(st.booleans()):
        X[:, draw(st.integers(0, shape[1] - 1))] = draw(st.sampled_from([3, np.nan]))
    return X


def dense(X):
    return X.toarray() if scipy.sparse.issparse(X) else np.asarray(X, np.float64)


def check_filled(X, imputer, filled):
    """Nothing is missing, and what was observed is as it was, to the bit but for levels of zero."""
    kept = np.arange(X.shape[1]) if imputer.keep_empty_features else imputer.observed_features_
    filled, X = dense(filled)[:, : len(kept)], X[:, kept]
    assert np.isfinite(filled).all()
    known = ~np.isnan(X)
    assert np.array_equal(filled[known], X[known])
    if imputer.estimator.get_params().get("visible") != "mixed":
        assert filled[known].astype(X.dtype).tobytes() == X[known].tobytes()


@pytest.mark.parametrize("inner", INNER)
def test_imputers_fill_all_gaps_or_say_why_not(inner):
    @settings(EVERY, max_examples=15)
    @given(
        tables(),
        st.sampled_from(["mean", "median", "mode", "sample"]),
        st.sampled_from([np.asarray, pd.DataFrame, scipy.sparse.csr_matrix, pl.DataFrame]),
        st.booleans(),
        st.booleans(),
    )
    def check(X, strategy, form, keeps, flags):
        imputer = LatentImputer(
            INNER[inner], strategy=strategy, keep_empty_features=keeps, add_indicator=flags
        )
        if inner == "mixed" and form is scipy.sparse.csr_matrix:
            form = np.asarray
        given = pd.DataFrame(X) if form is pl.DataFrame and inner == "mixed" else form(X)
        if works_or_names(lambda: imputer.fit(given), *WORDS):
            check_filled(dense(given), imputer, imputer.transform(given))
            assert imputer.transform(given).shape[1] == len(imputer.get_feature_names_out())
            alone = imputer.transform(given[:1])
            if strategy != "sample":
                whole = imputer.transform(given)[:1]
                np.testing.assert_allclose(dense(alone), dense(whole), rtol=1e-5, atol=1e-5)

    check()


@pytest.mark.parametrize("inner", INNER)
def test_detectors_score_all_rows_or_say_why_not(inner):
    @settings(EVERY, max_examples=15)
    @given(tables(), st.sampled_from(["auto", 0.1, 0.5]))
    def check(X, contamination):
        detector = LatentAnomalyDetector(
            INNER[inner], n_draws=20, contamination=contamination, random_state=0
        )
        if works_or_names(lambda: detector.fit(X), *WORDS):
            scores = detector.score_samples(X)
            assert np.isfinite(scores).all()
            assert (scores <= 0).all()
            np.testing.assert_allclose(detector.score_samples(X[-1:]), scores[-1:], atol=1e-6)
            if contamination != "auto":
                assert (detector.predict(X) == -1).mean() <= contamination

    check()


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("kind", KINDS)
def test_every_method_with_odd_tables(kind):
    fitted = kind(INNER["factors"], **KINDS[kind]).fit(R)
    methods = ["transform", "score"] if kind is LatentImputer else ["predict", "score_samples"]
    before, answered = getattr(fitted, methods[0])(R), []
    for table in forms_of(R):
        for method in methods:
            answered.append(works_or_names(lambda m=method, t=table: getattr(fitted, m)(t), *WORDS))
        works_or_names(lambda t=table: clone(fitted).fit(t), *WORDS)
        works_or_names(lambda t=table: clone(fitted).fit(R, sample_weight=t), "sample_weight")
    assert any(answered)
    assert not all(answered)
    assert np.array_equal(getattr(fitted, methods[0])(R), before)


@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in KINDS for name in k().get_params()])
def test_every_parameter_with_odd_values(kind, name):
    fitted = kind(INNER["factors"], **KINDS[kind]).fit(R)
    state = fitted_state(fitted)

    @settings(EVERY, max_examples=10)
    @given(odd_values())
    def check(value):
        if (name == "estimator" and value is None) or (name == "n_draws" and is_huge(value)):
            return  # which takes longer
        model = kind(**{"estimator": INNER["factors"], **KINDS[kind], name: value})
        if works_or_names(lambda: model.fit(R), name):
            use = model.transform if kind is LatentImputer else model.predict
            works_or_names(lambda: use(R), name)
        elif name != "estimator":
            works_or_names(lambda: fitted.set_params(**{name: value}).fit(R), name)
            assert fitted_state(fitted) == state

    check()
