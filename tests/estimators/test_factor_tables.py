"""Tables of fitted factor models: arrays, DataFrames and the report."""

import builtins
import importlib

import numpy as np
import pandas as pd
import polars
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.estimators.factor_report import VARIANCES, listed_order
from tests.published_factors import fitted

PROPERTIES = ["complexity_", "determinacy_", "n_parameters_", "ss_loadings_",
              "standardized_loadings_", "structure_", "uniquenesses_"]  # fmt: skip

# Printed by psych for ``fa(x1:x9, nfactors = 3, fm = "ml")`` of lavaan's HolzingerSwineford1939,
# with "none" and "varimax" (its factors in the order 1, 3, 2): see `tests.published_factors`.
PSYCH = """
0.49 0.31 0.39 0.49 0.51 2.7
0.24 0.17 0.40 0.25 0.75 2.1
0.27 0.41 0.47 0.46 0.54 2.6
0.83 -0.15 -0.03 0.72 0.28 1.1
0.84 -0.21 -0.10 0.76 0.24 1.2
0.82 -0.13 0.02 0.69 0.31 1.0
0.23 0.48 -0.46 0.50 0.50 2.4
0.27 0.62 -0.27 0.53 0.47 1.8
0.38 0.56 0.02 0.46 0.54 1.8
"""
PSYCH_VARIMAX = """
0.28 0.62 0.15 0.49 0.51 1.5
0.10 0.49 -0.03 0.25 0.75 1.1
0.03 0.66 0.13 0.46 0.54 1.1
0.83 0.16 0.10 0.72 0.28 1.1
0.86 0.09 0.09 0.76 0.24 1.0
0.80 0.21 0.09 0.69 0.31 1.2
0.09 -0.07 0.70 0.50 0.50 1.1
0.05 0.16 0.71 0.53 0.47 1.1
0.13 0.41 0.52 0.46 0.54 2.0
"""
PSYCH_VARIANCES = """
2.72 1.31 0.82
0.30 0.15 0.09
0.30 0.45 0.54
0.56 0.27 0.17
0.56 0.83 1.00
"""


def table(text):
    return np.array([line.split() for line in text.strip().splitlines()], float)


@pytest.fixture(scope="module")
def oblique():
    return FactorAnalysis(3, rotation="oblimin").fit(load_wine(as_frame=True).data)


@pytest.mark.parametrize(
    ("rotation", "text"), [(None, PSYCH), ("varimax", PSYCH_VARIMAX)], ids=["none", "varimax"]
)
def test_tables_are_those_that_psych_prints(rotation, text):
    model, expected = fitted("holzinger", 3).rotate(rotation), table(text)
    found = model.loadings_frame().to_numpy()
    assert_allclose(found[:, :5], expected[:, :5], atol=0.0065)  # its varimax ends a little early
    assert_allclose(found[:, 5], expected[:, 5], atol=0.06)
    determinacies = [0.95, 0.86, 0.78] if rotation is None else [0.93, 0.81, 0.84]
    assert_allclose(model.determinacy_, determinacies, atol=0.0065)
    if rotation is None:
        assert_allclose(model.variance_frame().to_numpy(), table(PSYCH_VARIANCES), atol=0.00501)


def test_attributes_are_those_of_standardised_features(oblique):
    C, L = oblique.get_covariance(), oblique.standardized_loadings_
    scale = np.sqrt(np.diag(C))
    R, phi = C / np.outer(scale, scale), oblique.factor_correlation_
    assert_allclose(L @ phi @ L.T + np.diag(oblique.uniquenesses_), R)
    assert_allclose(oblique.uniquenesses_ + oblique.communalities_, 1)
    X, (Z,) = oblique.sample(200_000, random_state=0, return_latents=True)
    correlations = np.corrcoef(X.T, Z.T)[:13, 13:]
    assert_allclose(oblique.structure_, correlations, atol=0.015)
    assert oblique.ss_loadings_.sum() == pytest.approx(oblique.communalities_.sum())
    scores = oblique.transform(pd.DataFrame(X, columns=oblique.feature_names_in_))
    correlations = np.diag(np.corrcoef(Z.T, scores.T)[:3, 3:])
    assert_allclose(oblique.determinacy_, correlations, atol=0.01)
    assert_allclose(oblique.complexity_, (L**2).sum(axis=1) ** 2 / (L**4).sum(axis=1))
    isotropic = FactorAnalysis(1, noise="isotropic").fit(load_wine().data)
    expected = isotropic.noise_variance_ / np.diag(isotropic.get_covariance())
    assert_allclose(isotropic.uniquenesses_, expected)


def test_eigenvalues_are_those_of_correlations(oblique):
    X = load_wine(as_frame=True).data
    R = np.corrcoef(X.T)
    for found in (oblique.eigenvalues(), oblique.eigenvalues(X)):
        assert_allclose(found.correlation, np.linalg.eigvalsh(R)[::-1])
        reduced = R - np.eye(13) + np.diag(oblique.communalities_)
        assert_allclose(found.reduced, np.linalg.eigvalsh(reduced)[::-1], atol=1e-10)


def test_frames_have_the_names_of_features_and_factors(oblique):
    X = load_wine(as_frame=True).data
    frame = oblique.loadings_frame()
    assert list(frame.index) == list(X.columns)
    assert list(frame.columns) == [
        *oblique.get_feature_names_out(), "communality", "uniqueness", "complexity",
    ]  # fmt: skip
    assert_array_equal(frame.iloc[:, :3], oblique.standardized_loadings_)
    variances = oblique.variance_frame()
    assert list(variances.index) == list(VARIANCES)
    assert_allclose(variances.loc["SS loadings"], oblique.ss_loadings_)
    assert_allclose(variances.loc["Proportion Var"], oblique.ss_loadings_ / 13)
    assert variances.loc["Cumulative Proportion"].iloc[-1] == pytest.approx(1)
    plain = FactorAnalysis(1).fit(X.to_numpy())
    assert list(plain.loadings_frame().index[:2]) == ["x0", "x1"]


def test_loadings_are_sorted_and_small_ones_left_out(oblique):
    frame = oblique.loadings_frame(sort=True, cutoff=0.3)
    loads = frame.iloc[:, :3].to_numpy()
    full = oblique.loadings_frame().loc[frame.index].iloc[:, :3].to_numpy()
    assert_array_equal(np.isnan(loads), abs(full) < 0.3)
    factor, size = abs(full).argmax(axis=1), abs(full).max(axis=1)
    assert (np.diff(factor) >= 0).all()
    assert all((np.diff(size[factor == k]) <= 0).all() for k in range(3))
    assert_array_equal(listed_order(np.array([[0.0, 0], [0.1, -0.5], [0.4, 0], [0.2, 0.9]])),
                       [2, 3, 1, 0])  # fmt: skip
    assert_array_equal(listed_order(np.zeros((3, 0))), [0, 1, 2])


def test_polars_names_rows_in_its_first_column(oblique):
    frame = oblique.loadings_frame(library="polars", cutoff=0.3)
    assert isinstance(frame, polars.DataFrame)
    assert frame.columns[0] == "feature"
    assert_array_equal(frame["feature"].to_list(), oblique.feature_names_in_)
    assert (
        frame["factoranalysis0"].null_count()
        == (abs(oblique.standardized_loadings_[:, 0]) < 0.3).sum()
    )
    assert oblique.variance_frame(library="polars")["quantity"].to_list() == list(VARIANCES)


def test_a_library_that_is_missing_or_unknown_is_named(oblique, monkeypatch):
    with pytest.raises(ValueError, match=r"library must be one of .*, got 'dask'"):
        oblique.loadings_frame(library="dask")

    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(ImportError, match="pip install pandas"):
        oblique.variance_frame()


def test_reports_print_what_they_hold(oblique):
    summary = oblique.summary(sort=True, cutoff=0.3)
    text = repr(summary)
    assert summary.fit.df == 42
    assert "Correlations of the factors" in text
    assert f"Chi square {summary.fit.chi_square:.2f} on 42 degrees of freedom" in text
    assert f"RMSEA {summary.fit.rmsea:.3f}" in text
    lines = text.splitlines()
    assert lines[2].split() == ["F1", "F2", "F3", "h2", "u2", "com"]
    assert len({len(line) for line in lines[2:16]}) == 1
    assert "Correlations of the factors" not in repr(oblique.rotate("varimax").summary())
    X = load_wine().data
    X[0, 0] = np.nan
    gappy = FactorAnalysis(1).fit(X)
    assert gappy.summary().fit is None
    assert "No statistics of fit: fit_statistics needs X, the rows" in repr(gappy.summary())
    assert "Chi square" in repr(gappy.summary(X))


def test_reports_say_why_there_are_no_statistics():
    X = load_wine().data[:, :4]
    X[:, 3] = 2
    summary = FactorAnalysis(1, noise="isotropic").fit(X).summary()
    assert summary.fit is None
    assert "No statistics of fit: fit_statistics needs features that vary" in repr(summary)
    with pytest.raises(ValueError, match="features that vary"):
        FactorAnalysis(1, noise="isotropic").fit(X).summary(X)


def test_reports_of_models_without_freedom_or_factors_print_too():
    X = load_wine().data[:, :3]
    text = repr(FactorAnalysis(3, noise="isotropic").fit(X).summary())
    assert "RMSEA" not in text
    assert "CFI" not in text
    text = repr(FactorAnalysis(0).fit(X).summary())
    assert "Mean item complexity 0.0" in text
    model = FactorAnalysis(0).fit(X)
    assert model.loadings_frame(sort=True).shape == (3, 3)
    assert model.variance_frame().shape == (5, 0)


def test_frames_of_pandas_need_nothing_else(oblique, monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("narwhals"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert isinstance(oblique.loadings_frame(), pd.DataFrame)


@pytest.mark.parametrize("name", PROPERTIES)
def test_attributes_are_there_after_a_fit_only(name, oblique):
    assert not hasattr(FactorAnalysis(), name)
    with pytest.raises(NotFittedError):
        getattr(FactorAnalysis(), name)
    assert np.isfinite(getattr(oblique, name)).all()
