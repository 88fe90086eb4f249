"""The benchmark of mixed tables: base measure, latent classes, chains, the machine, the page."""

import itertools
import json

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm, truncnorm

from benchmarks import (
    mixed,
    mixed_packages,
    mixed_tables,
)
from benchmarks.classifier_chains import BoostedChain, ClassifierChain
from benchmarks.latent_classes import LatentClasses, interval_log_prob, interval_moments
from benchmarks.mixed_columns import Levels
from benchmarks.mixed_densities import Independent, LatentClassesZ
from benchmarks.mixed_machine import Machine
from benchmarks.mixed_page import page
from tests.mixed_frames import KINDS, frame, only_levels, table


def all_rows(columns):
    """All rows of levels."""
    levels = [range(len(column.shares)) for column in columns]
    return np.array(list(itertools.product(*levels)), dtype=float)


def test_a_table_is_its_data_frame():
    own = table(gaps=0.1)
    assert [len(part) for part in (own.train, own.valid, own.test)] == [280, 60, 60]
    rows = np.concatenate(mixed_tables.parts(400))
    assert sorted(rows) == list(range(400))
    first = frame(gaps=0.1).iloc[rows[:280]].reset_index(drop=True)
    again = own.frame(own.train)
    assert again["grade"].dtype.ordered
    assert not again["job"].dtype.ordered
    for name in KINDS:
        seen = first[name].notna()
        assert (again[name].notna() == seen).all()
        assert (again[name][seen].astype(first[name].dtype) == first[name][seen]).all()
    np.testing.assert_array_equal(own.codes(again), own.train)
    text = mixed_packages.with_text(own, own.train)
    np.testing.assert_array_equal(mixed_packages.of_text(own, text), own.train)
    assert own.visible["x"] == ("real", 0.1)
    assert own.visible["n"] == "count"


@pytest.mark.parametrize(
    ("values", "width"),
    [([3.0, 5.0, 8.0], 1.0), ([0.5, 2.0], 0.1), ([0.25, 1.0], 0.01), ([0.0002, 1.0], 0.0001)],
)
def test_the_resolution_is_a_power_of_ten_of_which_all_values_are_multiples(values, width):
    assert mixed_tables.resolution(np.array(values)) == width


def test_values_on_no_grid_have_a_fine_resolution():
    values = np.random.default_rng(0).normal(size=1000)
    quartiles = np.quantile(values, [0.25, 0.75])
    assert mixed_tables.resolution(values) == pytest.approx(1e-4 * np.diff(quartiles)[0])


def test_the_base_measure_sums_to_one_and_so_do_classes():
    for column in table().columns:
        if column.is_discrete:
            values = np.arange(len(column.shares), dtype=float)
        else:
            step = column.resolution
            values = np.round(np.arange(-600, 2000) * step, 6)
            values = values if step < 1 else np.arange(0.0, 3000.0)
        log_p = column.log_prob(values)
        assert np.exp(logsumexp(log_p)) == pytest.approx(1, abs=1e-6)
        classes = column.classes(values)
        sums = np.bincount(classes, np.exp(log_p), len(column.class_shares))
        np.testing.assert_allclose(sums, column.class_shares, atol=1e-6)
        within = np.bincount(classes, np.exp(column.log_within(values)))
        np.testing.assert_allclose(within, 1, atol=1e-4)


def test_independent_columns_are_a_product():
    own = table(gaps=0.2)
    row = own.test[:1]
    expected = sum(
        column.log_prob(np.array([value]))[0]
        for column, value in zip(own.columns, row[0], strict=True)
        if not np.isnan(value)
    )
    assert Independent(own).log_prob(row)[0] == pytest.approx(expected)


def test_moments_of_intervals_are_those_of_truncated_normal_distributions():
    low, high = np.array([-np.inf, -1.0, 0.3, 2.0, 5.0]), np.array([-0.5, 1.5, 0.304, np.inf, 6.0])
    mean, deviation = np.array([0.2, -1.0]), np.array([1.0, 0.7])
    first, second = interval_moments(np.maximum(low, -500), np.minimum(high, 500), mean, deviation)
    log_p = interval_log_prob(np.maximum(low, -500), np.minimum(high, 500), mean, deviation)
    for i, k in itertools.product(range(5), range(2)):
        a, b = (low[i] - mean[k]) / deviation[k], (high[i] - mean[k]) / deviation[k]
        exact = truncnorm(a, b, loc=mean[k], scale=deviation[k])
        assert first[i, k] == pytest.approx(exact.mean(), abs=1e-6)
        assert second[i, k] == pytest.approx(exact.var(), abs=1e-6)
        p = norm.cdf(b) - norm.cdf(a) if a < 0 else norm.sf(a) - norm.sf(b)
        assert log_p[i, k] == pytest.approx(np.log(p), abs=1e-8)


@pytest.mark.parametrize("variant", ["z", "raw", "bins"])
def test_the_objective_of_latent_classes_never_falls(variant):
    own = table(gaps=0.1)
    model = LatentClasses(own.columns, 4, variant, tolerance=-1, max_iter=60).fit(own.train)
    assert np.diff(model.objective).min() > -1e-10


@pytest.mark.parametrize("variant", ["z", "raw", "bins"])
def test_numbers_of_latent_classes_sum_to_one(variant):
    own = table()
    model = LatentClasses(own.columns, 2, variant).fit(own.train)
    for number, values in ((3, np.arange(0.0, 800)), (4, np.round(np.arange(-800, 900) * 0.1, 6))):
        rows = np.full((len(values), 5), np.nan)
        rows[:, number] = values
        total = logsumexp(model.log_prob(rows))
        leaks = (variant, number) == ("raw", 3)  # to counts below zero
        assert -0.2 * leaks - 1e-4 < total < 1e-9


def test_latent_classes_are_a_mixture_and_sum_to_one():
    own = only_levels(table())
    model = LatentClasses(own.columns, 3).fit(own.train)
    rows = all_rows(own.columns)
    joint = np.stack(
        [model.given_class(j, rows[:, j]) for j in range(rows.shape[1])]
    ).sum(axis=0) + model.log_weights  # fmt: skip
    np.testing.assert_allclose(model.log_prob(rows), logsumexp(joint, axis=1))
    assert logsumexp(model.log_prob(rows)) == pytest.approx(0, abs=1e-12)
    gap = np.array([[1.0, np.nan, 2.0]])
    filled = rows[(rows[:, 0] == 1) & (rows[:, 2] == 2)]
    assert model.log_prob(gap)[0] == pytest.approx(logsumexp(model.log_prob(filled)))


def test_latent_classes_find_the_mixture_that_made_the_rows():
    rng = np.random.default_rng(0)
    p = np.array([[0.9, 0.8, 0.1, 0.85], [0.15, 0.1, 0.8, 0.2]])
    rows = (rng.random((4000, 4)) < p[(rng.random(4000) < 0.4).astype(int)]).astype(float)
    every = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    of_class = every @ np.log(p).T + (1 - every) @ np.log(1 - p).T
    exact = logsumexp(of_class + np.log([0.6, 0.4]), axis=1)
    columns = [Levels.fit(values, 2) for values in rows.T]
    model = LatentClasses(columns, 2, tolerance=1e-7, max_iter=500).fit(rows)
    divergence = (np.exp(exact) * (exact - model.log_prob(every))).sum()
    assert 0 <= divergence < 0.003  # nine parameters, 4000 rows: 0.001 are expected


def test_numbers_of_latent_classes_are_found_too(few_classes):
    own = table(n_rows=1000)
    search = LatentClassesZ(own).fit(own.train, own.valid)
    gain = search.log_prob(own.test).mean() - Independent(own).log_prob(own.test).mean()
    assert search.settings["classes"] > 1
    assert gain > 0.7


@pytest.mark.parametrize("kind", [ClassifierChain, BoostedChain])
def test_chains_sum_to_one_and_gain(kind):
    own = only_levels(table(n_rows=700))
    model = kind(own).fit(own.train, own.valid)
    assert logsumexp(model.log_prob(all_rows(own.columns))) == pytest.approx(0, abs=1e-9)
    gain = model.log_prob(own.test).mean() - Independent(own).log_prob(own.test).mean()
    assert gain > 0.1


def test_the_machine_is_asked_for_what_is_compared():
    own = table(n_rows=100)
    levels = {"sex": ["f", "m"], "job": ["c", "a", "b"], "grade": [0, 1, 2, 3, 4]}

    class Fitted:
        categories_ = [levels.get(name) for name in own.kinds]

        def impute(self, rows, strategy, n_imputations, random_state):
            return [rows.ffill().bfill()] * n_imputations

        def predict_proba_missing(self, rows, column):
            return np.tile(np.arange(len(levels[column])), (len(rows), 1))

    model = Machine(own)
    model.machine = Fitted()
    answers = model.answers(mixed_tables.with_gaps(own.test))
    np.testing.assert_array_equal(answers.by_column[1][0], [1, 2, 0])
    assert answers.by_column[4].values.shape == (len(own.test), 100)


def test_results_are_kept_and_paired_on_the_page(tmp_path, few_classes):
    path, own = tmp_path / "results.json", table()
    measured = {
        "independent": Independent(own), "latent-z": LatentClassesZ(own),
    }  # fmt: skip
    for name, model in measured.items():
        mixed.keep(path, "made", "densities", name, mixed.measured_density(model, own))
    mixed.keep(path, "made", "densities", "stepmix", {"error": "ValueError: no"})
    known = json.loads(path.read_text())["made"]["densities"]
    a, b = (np.array(known[name]["rows"]) for name in measured)
    difference = a - b
    error = difference.std(ddof=1) / np.sqrt(len(a))
    text = page(json.loads(path.read_text()))
    assert f"{difference.mean():+.2f} ± {error:.2f}" in text
    assert "ValueError: no" in text
