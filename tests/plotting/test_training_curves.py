"""Curves of training are the numbers that estimators and monitors keep, all of one sign."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier

from sklearn_helmholtz import FactorAnalysis, HeldOutLikelihood, HelmholtzMachine
from sklearn_helmholtz.plotting import TrainingCurveDisplay

X = np.random.default_rng(0).integers(0, 2, (60, 6)).astype(np.uint8)
RNG = np.random.default_rng(1)
NORMAL = RNG.normal(size=(50, 1)) + RNG.normal(size=(50, 4))


@pytest.fixture(scope="module")
def trained():
    """A machine that was trained for 5 epochs, and the monitor that looked at every second."""
    monitor = HeldOutLikelihood(every=2)
    machine = HelmholtzMachine(3, max_iter=5, random_state=0)
    return machine.fit(X[:40], X_val=X[40:], monitor=monitor), monitor


def look(epoch, mean=-3.0, **fields):
    return {"epoch": epoch, "mean": mean, "standard_error": 0.1, "reliable": True, **fields}


def test_losses_are_drawn_as_bounds(trained, style):
    machine, monitor = trained
    display = TrainingCurveDisplay.from_estimator(machine, monitor=monitor)
    display.figure_.canvas.draw()
    assert_array_equal(display.bound_line_.get_xdata(), [1, 2, 3, 4, 5])
    assert_array_equal(display.bound_line_.get_ydata(), np.negative(machine.loss_curve_))
    assert_array_equal(display.validation_line_.get_ydata(), machine.validation_scores_)
    assert display.ax_.get_ylabel() == "nats per row (higher is better)"
    assert display.ax_.get_xlabel() == "epoch"
    assert display.unreliable_ is None
    bounds = [-found.free_energy.mean() for found in monitor.history]
    assert_allclose(display.free_energy_line_.get_ydata(), bounds)
    assert display.gap_area_.get_label() == "gap: KL(recognition || posterior)"
    without = [{**found, "free_energy": np.full(20, np.nan)} for found in monitor.history]
    display = TrainingCurveDisplay(np.negative(machine.loss_curve_), history=without).plot()
    assert display.free_energy_line_ is display.gap_area_ is None


def test_looks_have_their_standard_errors(trained):
    machine, monitor = trained
    display = TrainingCurveDisplay.from_estimator(machine, monitor=monitor)
    points, _, (bars,) = display.errorbar_
    means = np.array([found.mean for found in monitor.history])
    errors = np.array([found.standard_error for found in monitor.history])
    assert_array_equal(points.get_xdata(), [2, 4])
    assert_array_equal(points.get_ydata(), means)
    ends = np.array([bar[:, 1] for bar in bars.get_segments()])
    assert_allclose(ends, np.stack([means - errors, means + errors], axis=1))


def test_free_energies_and_gaps_are_below_likelihoods():
    history = [look(1, -3.0, free_energy=4.0), look(2, -2.5, free_energy=2.75)]
    display = TrainingCurveDisplay([-5.0, -4.0], history=history).plot()
    assert_array_equal(display.free_energy_line_.get_ydata(), [-4.0, -2.75])
    (area,) = display.gap_area_.get_paths()
    assert area.contains_point((1.5, -3.0))
    assert not area.contains_point((1.5, -3.5))
    history = [look(1, -3.0, kl_gap=[0.5, 1.5]), look(2, -2.5, kl_gap=0.25)]
    display = TrainingCurveDisplay([-5.0, -4.0], history=history).plot()
    assert_array_equal(display.free_energy_line_.get_ydata(), [-4.0, -2.75])


def test_estimates_that_are_not_reliable_are_rings(style):
    history = [look(1, -3.0, reliable=False), look(2, -2.5)]
    display = TrainingCurveDisplay([-5.0, -4.0], history=history).plot()
    assert_array_equal(display.unreliable_.get_data(), [[1], [-3.0]])
    assert display.unreliable_.get_markerfacecolor() == display.ax_.get_facecolor()
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training bound", "held-out log-likelihood ± standard error", "not reliable"]


@pytest.mark.parametrize("weights", [None, np.arange(1.0, 51.0)])
def test_factor_models_have_log_likelihoods_per_row(weights):
    model = FactorAnalysis(1).fit(NORMAL, sample_weight=weights)
    display = TrainingCurveDisplay.from_estimator(model)
    line = display.bound_line_
    assert line.get_ydata()[-1] == pytest.approx(model.score(NORMAL, sample_weight=weights))
    assert_array_equal(line.get_xdata(), np.arange(len(model.loglike_)))
    assert display.ax_.get_xlabel() == "step"
    assert line.get_label() == "training log-likelihood"


def test_a_closed_form_is_a_point():
    display = TrainingCurveDisplay.from_estimator(FactorAnalysis(1, noise="isotropic").fit(NORMAL))
    assert display.bound_line_.get_marker() == "o"


def test_free_energies_are_weighted_as_likelihoods_are():
    monitor, weights = HeldOutLikelihood(), np.arange(len(X[40:])) + 1.0
    machine = HelmholtzMachine(3, max_iter=1, random_state=0)
    machine.fit(X[:40], X_val=X[40:], sample_weight_val=weights, monitor=monitor)
    drawn = TrainingCurveDisplay.from_estimator(machine, monitor=monitor).free_energy_line_
    energies = machine.free_energy(X[40:])
    assert_allclose(drawn.get_ydata(), -np.average(energies, weights=weights))
    assert abs(energies.mean() - np.average(energies, weights=weights)) > 1e-4


def test_given_axes_and_styles_are_used(trained):
    _, ax = plt.subplots()
    other, _ = plt.subplots()
    display = TrainingCurveDisplay.from_estimator(trained[0], ax=ax, c="red", lw=3)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert plt.gcf() is other
    assert display.bound_line_.get_color() == "red"
    assert display.bound_line_.get_linewidth() == 3


def test_monitors_of_other_fits_are_refused(trained):
    machine, monitor = trained
    twice = HelmholtzMachine(3, max_iter=4, warm_start=True, random_state=0).fit(X[:40])
    second = HeldOutLikelihood()
    twice.fit(X[:40], X_val=X[40:], monitor=second)
    scores = TrainingCurveDisplay.from_estimator(twice).validation_line_.get_ydata()
    assert np.isnan(scores[:4]).all()
    assert_allclose(scores[4:], twice.validation_scores_)
    longer = HelmholtzMachine(3, max_iter=8, random_state=0).fit(X[:40])
    with pytest.raises(ValueError, match=r"last at epoch 4, but the estimator was trained for 8: "):
        TrainingCurveDisplay.from_estimator(longer, monitor=second)
    with pytest.raises(TypeError, match="monitor must be a HeldOutLikelihood, got list"):
        TrainingCurveDisplay.from_estimator(machine, monitor=monitor.history)
    with pytest.raises(ValueError, match=r"after epoch 2 it looks at epoch 1\. Use a new"):
        TrainingCurveDisplay([-1, -2], history=[look(2), look(1)])


def test_what_was_not_trained_is_refused():
    given = FactorAnalysis.from_parameters([[1.0, 2.0]], [1.0, 1.0])
    with pytest.raises(ValueError, match="was not trained but made from given parameters"):
        TrainingCurveDisplay.from_estimator(given)
    machine = HelmholtzMachine.from_parameters(
        [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]]
    )
    with pytest.raises(ValueError, match="This HelmholtzMachine was not trained"):
        TrainingCurveDisplay.from_estimator(machine)
    with pytest.raises(ValueError, match="monitor must be None for FactorAnalysis"):
        TrainingCurveDisplay.from_estimator(
            FactorAnalysis(1).fit(NORMAL), monitor=HeldOutLikelihood()
        )
    assert not plt.get_fignums()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_losses_that_are_no_bounds_are_refused():
    other = MLPClassifier(2, max_iter=2).fit(X, X[:, 0])
    with pytest.raises(TypeError, match=r"must be one of sklearn_helmholtz, .* got MLPClassifier"):
        TrainingCurveDisplay.from_estimator(other)


@pytest.mark.parametrize("bounds", [[], [[1.0]], "ab", None, 3.0])
def test_bounds_are_named(bounds):
    with pytest.raises(ValueError, match="bounds must be a list of numbers that is not empty"):
        TrainingCurveDisplay(bounds)


def test_scores_have_the_length_of_the_bounds():
    with pytest.raises(ValueError, match="validation_scores must hold 2 numbers, got 1"):
        TrainingCurveDisplay([1.0, 2.0], validation_scores=[1.0])
