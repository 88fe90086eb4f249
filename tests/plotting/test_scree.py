"""Scree plots draw the eigenvalues of correlation matrices, and thresholds as they are given."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz.plotting import ScreeDisplay

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 1)) + RNG.normal(size=(60, 5)) * [1, 1, 1, 3, 9]
THRESHOLDS = [1.5, 1.2, 0.9, 0.8, 0.7]


def singular_eigenvalues(table):
    """Eigenvalues of the correlation matrix by another way: squares of singular values."""
    scaled = (table - table.mean(axis=0)) / table.std(axis=0)
    return np.linalg.svd(scaled, compute_uv=False) ** 2 / len(table)


def test_eigenvalues_are_those_of_the_correlation_matrix(style):
    display = ScreeDisplay.from_data(pd.DataFrame(X), thresholds=THRESHOLDS)
    display.figure_.canvas.draw()
    assert_array_equal(display.line_.get_xdata(), [1, 2, 3, 4, 5])
    assert_allclose(display.line_.get_ydata(), singular_eigenvalues(X))
    assert_array_equal(display.threshold_line_.get_ydata(), THRESHOLDS)
    assert display.line_.get_markerfacecolor() == display.ax_.get_facecolor()


def test_eigenvalues_before_the_first_that_fails_are_filled():
    display = ScreeDisplay([3.0, 1.1, 1.0, 0.5], thresholds=[1.5, 1.1, 0.8, 0.7]).plot()
    assert display.n_above_ == 1
    assert_array_equal(display.retained_.get_data(), [[1], [3.0]])
    assert ScreeDisplay([3.0, 1.0], thresholds=[0.5, 0.5]).n_above_ == 2
    assert ScreeDisplay([3.0, 1.0], thresholds=[9, 9]).plot().n_above_ == 0
    assert ScreeDisplay([3.0, 1.0]).plot().n_above_ is None


@pytest.mark.parametrize("model", [FactorAnalysis(1), PCA(2)])
def test_models_have_eigenvalues_of_their_own(model):
    display = ScreeDisplay.from_estimator(model.fit(X))
    covariance = model.get_covariance()
    scale = np.diag(1 / np.sqrt(np.diag(covariance)))
    expected = np.sort(np.linalg.eigvals(scale @ covariance @ scale).real)[::-1]
    assert_allclose(display.line_.get_ydata(), expected)
    assert display.eigenvalues.sum() == pytest.approx(5)


@pytest.mark.parametrize("of", ["component", "factor"])
def test_results_of_parallel_analyses_are_drawn(of):
    fields = {"component_eigenvalues": [2.5, 0.5], "component_thresholds": [1.5, 0.6]}
    fields |= {"factor_eigenvalues": [1.5, -0.5], "factor_thresholds": [0.25, -0.75]}
    display = ScreeDisplay.from_result(fields, of=of)
    assert_array_equal(display.line_.get_ydata(), fields[f"{of}_eigenvalues"])
    assert_array_equal(display.threshold_line_.get_ydata(), fields[f"{of}_thresholds"])
    assert display.n_above_ == {"component": 1, "factor": 2}[of]
    assert_array_equal(display.mean_line_.get_ydata(), {"component": 1.5, "factor": 0.5}[of])


def test_a_single_column_has_one_eigenvalue():
    assert_allclose(ScreeDisplay.from_data(X[:, :1]).eigenvalues, [1])


def test_bad_input_is_named():
    frame = pd.DataFrame(X, columns=list("abcde"))
    with pytest.raises(ValueError, match=r"Column 1 \('b'\) of X holds missing .* from_estimator"):
        ScreeDisplay.from_data(frame.assign(b=np.nan))
    with pytest.raises(ValueError, match=r"Column 2 \('c'\) of X is constant"):
        ScreeDisplay.from_data(frame.assign(c=0.1))
    with pytest.raises(ValueError, match=r"X must have columns and at least 2 rows, got shape \(1"):
        ScreeDisplay.from_data(X[:1])
    with pytest.raises(TypeError, match="X must be dense, got a sparse matrix"):
        ScreeDisplay.from_data(scipy.sparse.csr_array(X))
    with pytest.raises(ValueError, match="thresholds must hold 5 numbers, got 4"):
        ScreeDisplay.from_data(X, thresholds=THRESHOLDS[:4])
    with pytest.raises(ValueError, match="thresholds must hold finite numbers, got nan"):
        ScreeDisplay([2.0, 1.0], thresholds=[1.0, np.nan])
    with pytest.raises(ValueError, match="falling order, but number 2 is larger"):
        ScreeDisplay([1.0, 2.0])
    machine = HelmholtzMachine(2, max_iter=1).fit(np.eye(4))
    with pytest.raises(ValueError, match="result must have the fields component_eigenvalues and"):
        ScreeDisplay.from_result({"component_eigenvalues": [1.0]})
    with pytest.raises(ValueError, match=r"of must be one of \('component', 'factor'\), got 'a'"):
        ScreeDisplay.from_result({}, of="a")
    with pytest.raises(TypeError, match="must be fitted and have get_covariance, got Helmholtz"):
        ScreeDisplay.from_estimator(machine)
    assert not plt.get_fignums()
