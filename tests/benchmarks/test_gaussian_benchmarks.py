"""Benchmarks of machines of Gaussian latents: their oracles, their gaps, and how they resume."""

import pickle

import numpy as np
import pytest
from scipy.integrate import quad
from sklearn.mixture import GaussianMixture

from benchmarks import gaussian_mnist
from benchmarks.gaussian_gap_choices import split
from benchmarks.gaussian_gaps import error, of_mixture, with_gaps
from benchmarks.gaussian_linear import exact
from sklearn_helmholtz import GaussianHelmholtzMachine

rng = np.random.default_rng(0)


def test_the_exact_density_of_a_linear_machine_is_that_of_quadrature():
    machine = GaussianHelmholtzMachine.from_parameters(
        [[[1.0, -0.5]]],
        [[0.2, 0.1]],
        [[[0.3, 0], [0.1, 0]]],
        [[0, -0.5]],
        noise_variance=[0.4, 0.9],
    )

    def joint(z):
        x, mean, variance = [0.5, -1.0], [0.2 + z, 0.1 - 0.5 * z], [0.4, 0.9]
        log_prob = -0.5 * (z**2 + np.log(2 * np.pi))
        for value, m, v in zip(x, mean, variance, strict=True):
            log_prob -= 0.5 * ((value - m) ** 2 / v + np.log(2 * np.pi * v))
        return np.exp(log_prob)

    expected = np.log(quad(joint, -10, 10)[0])
    assert exact(machine, [[0.5, -1.0]]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", ["full", "diag"])
def test_marginals_of_a_mixture_are_integrals_of_its_density(kind):
    X = rng.normal(size=(40, 2)) @ [[1, 0.7], [0, 1]] + rng.integers(0, 2, (40, 1)) * 3
    mixture = GaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
    assert of_mixture(mixture, X) == pytest.approx(mixture.score_samples(X), rel=1e-9)
    (found,) = of_mixture(mixture, np.array([[0.4, np.nan]]))
    density = quad(lambda y: np.exp(mixture.score_samples([[0.4, y]])[0]), -12, 15, limit=200)[0]
    assert found == pytest.approx(np.log(density), abs=1e-6)


def test_columns_are_standardised_by_what_training_rows_show():
    splits = [rng.normal(3, 5, (200, 3)), rng.normal(3, 5, (50, 3)), rng.normal(3, 5, (50, 3))]
    whole, gappy = with_gaps(splits)
    assert np.nanmean(gappy[0], axis=0) == pytest.approx(0, abs=1e-12)
    assert np.nanstd(gappy[0], axis=0) == pytest.approx(1)
    for X, gaps in zip(whole, gappy, strict=True):
        shown = ~np.isnan(gaps)
        assert (X[shown] == gaps[shown]).all()
        assert 0.15 < 1 - shown.mean() < 0.35
    assert error(whole[2] + 2.0, whole[2], gappy[2]) == pytest.approx(2)


def test_splits_that_choices_are_made_on_share_no_rows():
    X = np.arange(100.0)[:, None]
    parts = split(X, 0)
    assert [len(part) for part in parts] == [70, 15, 15]
    assert sorted(np.concatenate(parts)[:, 0]) == list(range(100))
    assert (split(X, 1)[2] != parts[2]).any()


def test_a_run_ends_with_all_test_rows_and_goes_on_where_it_was(tmp_path, monkeypatch):
    rows = (rng.random((140, 6)) < 0.3).astype(np.uint8)
    data = {"train": rows[:80], "valid": rows[80:100], "test": rows[100:]}
    monkeypatch.setattr(gaussian_mnist, "PART", 15)
    monkeypatch.setattr(gaussian_mnist, "FINAL_SAMPLES", 300)
    run = gaussian_mnist.Run(1, 2e-3, n_components=3, hidden_layer_sizes=(8,))
    gaussian_mnist.go_on(run, data, tmp_path, 1)
    assert run.progress >= 1
    assert run.curve[-1]["rows"] == 15
    again = pickle.loads((tmp_path / "1.pickle").read_bytes())
    gaussian_mnist.go_on(again, data, tmp_path, None)
    assert again.epochs == run.epochs
    assert (again.curve[-1]["rows"], again.curve[-1]["samples"]) == (40, 300)
    first = again.parts[0][0]
    assert (first == run.parts[0][0]).all()
    order = gaussian_mnist.in_random_order(data["test"])
    scores = run.machine.log_likelihood(data["test"][order[:15]], n_importance_samples=300)
    assert (first == scores.per_sample).all()
    assert again.curve[-1]["test"] == pytest.approx(
        np.mean(np.concatenate([scores for scores, _ in again.parts]))
    )
    # Of some of the rows, in a sample where few samples lack a constant, the rest is known.
    few, _ = gaussian_mnist._scores(run.machine, data["test"], gaussian_mnist.LOOK_SAMPLES)
    run.parts = [(few[order[:15]] + 0.25, few[:15])]
    mean, error, _, n_rows = run._of_all_rows(data["test"], order)
    assert (mean, n_rows) == (pytest.approx(few.mean() + 0.25), 15)
    assert error == pytest.approx(few.std(ddof=1) / np.sqrt(40))
