"""The benchmark of factor analysis: its tables, what it compares, when it finds a limit missed."""

import csv
import itertools
import sys

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris

from benchmarks import factor_agreement, factor_analysis, factor_memory, factor_speed
from benchmarks.factor_problems import covariance, log_likelihood, planted_rows, problems

SMALL = factor_speed.Size(200, 20, 3, 1.5)


def test_planted_rows_have_the_covariance_of_a_factor_model():
    X = planted_rows(40_000, 6, 1)
    assert X.shape == (40_000, 6)
    np.testing.assert_array_equal(X[:500], planted_rows(500, 6, 1))
    rng = np.random.default_rng(0)
    loadings, deviations = rng.standard_normal((1, 6)), np.sqrt(rng.uniform(0.2, 1, 6))
    expected = loadings.T @ loadings + np.diag(deviations**2)
    np.testing.assert_allclose(covariance(X), expected, atol=0.05)


def test_one_likelihood_serves_all():
    X = load_iris().data
    C = np.cov(X[:100].T)
    expected = multivariate_normal(X.mean(axis=0), C).logpdf(X).mean()
    assert log_likelihood(covariance(X), C) == pytest.approx(expected)


def test_problems_are_many_and_without_constants():
    tables = dict(problems())
    assert len(tables) == 34
    assert list(tables)[:4] == ["iris", "wine", "breast cancer", "digits"]
    assert all(X.std(axis=0).min() > 0 for X in tables.values())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_largest_tol_that_suffices_is_found():
    table = factor_speed.Table(SMALL)
    goal = table.score(factor_speed.FactorAnalysis(3).fit(table.X))
    found = factor_speed.search(table, goal, 60, n_components=3, svd_method="lapack")
    assert found.is_near
    assert abs(found.gap) <= 1e-6
    larger = factor_speed.attempt(
        table, goal, n_components=3, svd_method="lapack", tol=10 * found.model.tol, max_iter=10_000
    )
    assert not larger.is_near


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_search_without_time_ends_with_what_it_has():
    table = factor_speed.Table(SMALL)
    found = factor_speed.search(table, 0.0, 0, n_components=3, svd_method="lapack")
    assert not found.is_near
    assert found.gap > 1
    assert found.model.n_iter_ == 1


def test_who_takes_long_gets_fewer_turns(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(factor_speed.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(factor_speed.time, "sleep", lambda seconds: None)

    def slowly():
        for _ in range(9):
            next(clock)

    spent = factor_speed.take_turns({"fast": lambda: None, "slow": slowly}, 5, 25)
    assert spent == {"fast": [1.0] * 5, "slow": [10.0] * 2}


def speed_row(**changed):
    """What a fit here that keeps all limits is measured as."""
    row = {"threads": 1, "data": "table", "who": factor_speed.OURS, "products": 1.4, "limit": 1.5}
    return row | {"gap": 1e-7, "memory": 10.0, "memory_limit": 20.0} | changed


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (speed_row(), [True, True, True]),
        (speed_row(products=1.6), [False, True, True]),
        (speed_row(gap=2e-6), [True, False, True]),
        (speed_row(memory=21.0), [True, True, False]),
        (speed_row(limit=None), [True, True]),
        (speed_row(memory=None), [True, True]),
        ({"threads": 1, "data": "table", "who": "rival", "ratio": 1.2}, [True]),
        ({"threads": 1, "data": "table", "who": "rival", "ratio": 0.8}, [False]),
        ({"threads": 1, "data": "table", "who": "rival", "ratio": 0.8, "is_lost": True}, [True]),
        ({"threads": 1, "data": "table", "who": factor_speed.PRODUCT, "products": 1.0}, []),
    ],
)
def test_limits_of_speed(row, kept):
    found = list(factor_speed.verdicts([row]))
    assert [is_kept for is_kept, _ in found] == kept
    assert all("table, threads 1: " in sentence for _, sentence in found)


def agreement_row(**changed):
    """Of a table on which both agree."""
    row = {"data": "table", "difference": 0.0, "converged": "both", "covariance": 1e-6}
    return row | changed


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([agreement_row()], [True, True]),
        ([agreement_row(), agreement_row(difference=-2e-8)], [False, True]),
        ([agreement_row(), agreement_row(covariance=1e-3)], [True, False]),
        ([agreement_row(covariance=1e-3, converged="here")], [True, True]),
        ([agreement_row(covariance=1e-3, difference=1e-3)], [True, True]),
    ],
)
def test_limits_of_agreement(rows, kept):
    assert [is_kept for is_kept, _ in factor_agreement.verdicts(rows)] == kept


def test_both_agree_on_iris():
    row = factor_agreement.compare("iris", load_iris().data, 5000)
    assert (row["rows"], row["features"], row["their_steps"] > row["steps"]) == (150, 4, True)
    assert row["difference"] >= -1e-8
    few = factor_agreement.compare("iris", load_iris().data, 2)
    assert few["converged"] == "here"
    assert few["difference"] > 1e-3


def test_memory_is_that_of_one_fit_whatever_the_size_of_who_measures_it():
    large = np.ones(50_000_000)
    assert 0 < factor_memory.peak_of_a_fit(20_000, 50, 2, "ours") < 20
    assert factor_memory.peak_of_a_fit(20_000, 50, 2, "lapack") > 2 * 8  # copies of 8 MB
    del large


def test_tables_are_written_and_missed_limits_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(factor_analysis, "peak_of_a_fit", lambda *args: 3.0)
    monkeypatch.setattr(factor_agreement, "problems", lambda: [("iris", load_iris().data)])
    words = ["factor_analysis", "--folder", str(tmp_path), "--sizes", "200x20", "--threads", "1"]
    monkeypatch.setattr(sys, "argv", [*words, "--repeats", "1", "--seconds", "5", "--check"])
    missed = factor_analysis.main()
    tables = {}
    for name in ("speed", "agreement"):
        with open(tmp_path / f"factor_analysis_{name}.csv", newline="") as file:
            tables[name] = list(csv.reader(file))
    assert tables["speed"][0] == list(factor_speed.HEADS)
    whose = [row[2] for row in tables["speed"][1:]]
    assert sorted(whose) == sorted([factor_speed.PRODUCT, factor_speed.OURS, *factor_speed.RIVALS])
    assert tables["agreement"][0] == list(factor_agreement.HEADS)
    assert [row[0] for row in tables["agreement"][1:]] == ["iris"]
    text = (tmp_path / "factor_analysis.txt").read_text()
    assert text.startswith("Measured on ")
    assert missed == ("MISSED: " in text)
    assert text in capsys.readouterr().out
    monkeypatch.setattr(factor_speed, "LEAST_RATIO", 1e9)
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--only", "speed"])
    assert factor_analysis.main() == 1
    assert (tmp_path / "factor_analysis.txt").read_text() == text
