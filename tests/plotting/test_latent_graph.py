"""The edges of a latent graph are the strongest weights, drawn where their nodes stand."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz.plotting import LatentGraphDisplay
from tests import mixed_frames

RNG = np.random.default_rng(0)
WEIGHTS = [RNG.normal(size=(5, 8)), RNG.normal(size=(3, 5))]
NORMAL = RNG.normal(size=(80, 1)) * [1, 2, -10, 100] + RNG.normal(size=(80, 4)) * [1, 1, 10, 300]


@pytest.fixture(scope="module")
def mixed():
    frame = mixed_frames.frame(60).astype({"sex": "category", "job": "category"})
    return HelmholtzMachine((3, 2), max_iter=2, random_state=0).fit(frame)


def plain_edges(weights, n_strongest):
    """All edges that should be drawn where nothing is left out."""
    return {
        (layer, unit, int(below), row[below])
        for layer, matrix in enumerate(weights, 1)
        for unit, row in enumerate(matrix)
        for below in sorted(range(len(row)), key=lambda place: -abs(row[place]))[:n_strongest]
    }


def test_edges_are_the_strongest_of_each_unit(style):
    display = LatentGraphDisplay(WEIGHTS).plot(n_strongest=2)
    display.figure_.canvas.draw()
    assert set(display.edges_) == plain_edges(WEIGHTS, 2)
    weights = np.array([weight for *_, weight in display.edges_])
    assert_array_equal(display.lines_.get_array(), weights)
    assert display.lines_.get_clim() == (-abs(weights).max(), abs(weights).max())
    widths = display.lines_.get_linewidths()
    assert_allclose(widths, 0.8 + 3.2 * abs(weights) / abs(weights).max())
    assert_array_equal(np.argsort(widths), np.arange(len(widths)))  # the strongest on top


def test_lines_lead_from_units_to_what_they_drive():
    names = [f"column {number}" for number in range(8)]
    display = LatentGraphDisplay(WEIGHTS, feature_names=names).plot()
    ticks = {label.get_text(): label.get_position()[0] for label in display.ax_.get_xticklabels()}
    assert list(ticks) == names
    for (start, end), (layer, unit, below, _) in zip(
        display.lines_.get_segments(), display.edges_, strict=True
    ):
        assert tuple(start) == display.unit_texts_[layer, unit].get_position()
        if layer == 1:
            assert tuple(end) == (ticks[names[below]], 0)
        else:
            assert tuple(end) == display.unit_texts_[layer - 1, below].get_position()


def test_units_stand_above_what_they_drive():
    weights = np.zeros((3, 9))
    weights[0, 8] = weights[1, 0] = weights[2, 4] = 1
    texts = LatentGraphDisplay([weights]).plot().unit_texts_
    places = [texts[1, unit].get_position()[0] for unit in range(3)]
    assert places[1] < places[2] < places[0]


def test_the_largest_are_kept_of_many():
    weights = [RNG.normal(size=(40, 64)), RNG.normal(size=(20, 40))]
    display = LatentGraphDisplay(weights).plot(max_units=6, max_columns=10)
    units = np.argsort(-(weights[0] ** 2).sum(axis=1))[:6]
    columns = np.argsort(-abs(weights[0][units]).max(axis=0))[:10]
    assert {unit for layer, unit, *_ in display.edges_ if layer == 1} == set(units)
    assert {below for layer, _, below, _ in display.edges_ if layer == 1} <= set(columns)
    upper = np.argsort(-(weights[1][:, units] ** 2).sum(axis=1))[:6]
    assert {unit for layer, unit, *_ in display.edges_ if layer == 2} == set(upper)
    shown = {int(label.get_text()[1:]) for label in display.ax_.get_xticklabels()}
    assert shown == set(columns)
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == [
        "columns\n(10 of 64)",
        "hidden layer 1\n(6 of 40)",
        "hidden layer 2\n(6 of 20)",
    ]


def test_mixed_tables_have_the_names_of_their_inputs(mixed):
    display = LatentGraphDisplay.from_estimator(mixed)
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert labels == list(mixed.input_names_)
    assert set(display.edges_) == plain_edges(mixed.generative_coefs_, 3)


def test_units_of_measurement_make_no_difference():
    edges = []
    for scale in ([1, 1, 1, 1], [1000, 1, 0.1, 5]):
        machine = HelmholtzMachine.from_parameters(
            [np.multiply([[1.0, 2.0, -3.0, 0.5]], scale), [[1.0]]],
            [[0.0] * 4, [0.0], [0.0]],
            [np.ones((4, 1)), [[1.0]]],
            [[0.0], [0.0]],
            noise_variance=np.square(scale) * [1, 4, 9, 0.01],
        )
        edges.append(LatentGraphDisplay.from_estimator(machine).edges_)
    assert [edge[:3] for edge in edges[0]] == [edge[:3] for edge in edges[1]]
    assert_allclose([e[3] for e in edges[0]], [e[3] for e in edges[1]], rtol=1e-5)
    assert_allclose(max(edges[0], key=lambda e: e[3])[3], 5, rtol=1e-5)  # 0.5 / sqrt(0.01)


def test_loadings_are_standardised_and_components_are_not():
    model = FactorAnalysis(1).fit(NORMAL)
    display = LatentGraphDisplay.from_estimator(model, n_strongest=4)
    scale = np.sqrt(np.diag(model.get_covariance()))
    drawn = {below: weight for _, _, below, weight in display.edges_}
    assert_allclose([drawn[j] for j in range(4)], model.components_[0] / scale)
    model = PCA(1).fit(NORMAL)
    display = LatentGraphDisplay.from_estimator(model, n_strongest=1)
    assert display.edges_[0][3] == model.components_[0, 3]


def test_weights_of_zero_are_no_edges(style):
    display = LatentGraphDisplay([np.zeros((2, 3))]).plot()
    display.figure_.canvas.draw()
    assert display.edges_ == []


def test_names_do_not_overlap(style):
    names = [f"a column with a very long name, number {number}" for number in range(40)]
    units = [[f"a unit with a long name {number}" for number in range(12)]]
    weights = [RNG.normal(size=(12, 40))]
    display = LatentGraphDisplay(weights, feature_names=names, unit_names=units).plot()
    display.figure_.draw_without_rendering()
    for texts in (display.ax_.get_xticklabels(), display.unit_texts_.values()):
        boxes = sorted((text.get_window_extent() for text in texts), key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_bad_input_is_named(mixed):
    with pytest.raises(ValueError, match=r"weights\[1\] must have 5 columns, the units of the"):
        LatentGraphDisplay([WEIGHTS[0], WEIGHTS[0]])
    with pytest.raises(ValueError, match="weights must hold a matrix for each hidden layer"):
        LatentGraphDisplay([])
    with pytest.raises(ValueError, match="feature_names must hold 8 names, got 1"):
        LatentGraphDisplay(WEIGHTS, feature_names=["a"])
    with pytest.raises(ValueError, match="unit_names must hold a list for each of 2 hidden layers"):
        LatentGraphDisplay(WEIGHTS, unit_names=[["a"]])
    with pytest.raises(ValueError, match=r"unit_names\[1\] must hold 3 names, got 2"):
        LatentGraphDisplay(WEIGHTS, unit_names=[None, ["a", "b"]])
    for name in ("n_strongest", "max_units", "max_columns"):
        with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got 0"):
            LatentGraphDisplay.from_estimator(mixed, **{name: 0})
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes"):
        LatentGraphDisplay.from_estimator(mixed, ax=3)
    assert not plt.get_fignums()
