"""Learning of mixed machines: gradients are slopes of the bound, some weights stay zero."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz import HelmholtzMachine, _tree
from sklearn_helmholtz._keys import Purpose
from sklearn_helmholtz.learning import ReweightedWakeSleep, WakeSleep
from sklearn_helmholtz.rows import Block
from tests import cases
from tests.mixed_machines import later, table, with_random_weights

N_ROWS, N_PARTICLES = 12, 3
ORDERS = pytest.mark.parametrize("autoregressive", [False, True], ids=["plain", "lateral"])
ALONE = {
    "every kind": None,
    "gaussian": ["length", "noise"],
    "real": ["length", "noise"],
    "categorical": ["job"],
    "bits": ["flag", "job"],
}


def make(autoregressive, kinds="every kind", missing=0.0):
    """A model with random weights, and a block of its rows, each with a weight."""
    frame = table(N_ROWS, missing=missing)
    if ALONE[kinds]:
        frame = frame[ALONE[kinds]]
    gaussian = ["noise"] if kinds == "every kind" else ALONE[kinds] if kinds == "gaussian" else []
    estimator = HelmholtzMachine(
        4, visible=dict.fromkeys(gaussian, "gaussian") or "mixed", max_iter=1, random_state=0,
        autoregressive=autoregressive,
    ).fit(frame)  # fmt: skip
    model = with_random_weights(estimator, scale=0.4)._model
    block = model.table(estimator._schema.encode(frame)).take(np.arange(N_ROWS))
    weights = np.linspace(0.5, 2, N_ROWS)
    return model, Block(block.values, block.fill_values, weights)


def step(machine, block):
    """The bound of a block and its gradient, with the same random numbers in every call."""
    out = cases.empty_gradient(machine)
    wake = cases.make_draws(N_ROWS, N_PARTICLES)
    dream = cases.make_draws(N_ROWS, purpose=Purpose.DREAM)
    rule = ReweightedWakeSleep(N_PARTICLES, roulette=0)  # its step is a slope for any numbers
    return rule.gradient(machine, block, wake, dream, out), out


@ORDERS
@pytest.mark.parametrize("kinds", ALONE)
def test_generative_gradients_are_slopes_of_the_bound(autoregressive, kinds):
    """Particles depend on recognition alone, so that the bound is a smooth function of the rest."""
    check_slopes(*make(autoregressive, kinds), autoregressive)


def test_gradients_leave_out_what_is_missing():
    check_slopes(*make(False, missing=0.3), False)


def check_slopes(model, block, autoregressive):
    _, gradient = step(model.machine, block)
    slopes, found = [], []
    parts = parts_of(model.machine)
    for name, leaf in parts.items():
        derivative = parts_of(gradient)[name]
        free = later(model) if name == "lateral 0" else np.ones(leaf.shape)
        if name.startswith("lateral") and name != "lateral 0":
            free = np.triu(free, 1)
        places = np.argwhere(free)
        chosen = np.random.default_rng(0).permutation(len(places))[:40]
        for place in map(tuple, places[chosen]):
            sides = []
            for distance in (2**-6, -(2**-6)):
                machine = _tree.copy(model.machine)
                parts_of(machine)[name][place] += np.float32(distance)
                sides.append(step(machine, block)[0])
            slopes.append((sides[0] - sides[1]) / 2**-5)
            found.append(derivative[place])
        if name.startswith("lateral"):
            assert (derivative[free == 0] == 0).all()
    assert len(slopes) > 4
    assert_allclose(found, slopes, rtol=5e-3, atol=5e-3)
    assert autoregressive == ("lateral 0" in parts)


def parts_of(machine):
    """Arrays of the generative chain by name."""
    found = {}
    for layer, conditional in enumerate(machine.generation.conditionals[::-1]):
        found[f"intercept {layer}"] = conditional.map.intercept
        if conditional.map.weights is not None:
            found[f"weights {layer}"] = conditional.map.weights
        if conditional.lateral is not None:
            found[f"lateral {layer}"] = conditional.lateral.weights
        if layer == 0 and conditional.units.layout.sizes[2]:
            found["variance"] = conditional.units.normal.log_excess
    return found


@ORDERS
@pytest.mark.parametrize(
    "rule", [ReweightedWakeSleep(2), WakeSleep()], ids=["reweighted", "classic"]
)
def test_steps_are_sums_over_rows(autoregressive, rule):
    """Rows alone, weighted, make the step of all of them: also a block of one row."""
    model, block = make(autoregressive)
    machine = model.machine

    def gradient(place, start):
        out, n = cases.empty_gradient(machine), len(block.weights[place])
        part = Block(block.values[place], block.fill_values, block.weights[place])
        wake = cases.make_draws(n, rule.n_particles, start=start)
        dream = cases.make_draws(n, purpose=Purpose.DREAM, start=start)
        bound = rule.gradient(machine, part, wake, dream, out)
        return bound, [np.float64(leaf) for leaf in _tree.leaves(out)]

    bound, together = gradient(slice(None), 0)
    alone = [gradient(slice(row, row + 1), row) for row in range(N_ROWS)]
    assert bound == pytest.approx(sum(b for b, _ in alone), rel=1e-5)
    for number, leaf in enumerate(together):
        total = sum(parts[number] for _, parts in alone)
        assert_allclose(leaf, total, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("algorithm", ["wake-sleep", "reweighted-wake-sleep"])
def test_lateral_weights_on_earlier_columns_stay_zero(algorithm, missing):
    machine = HelmholtzMachine(
        4, algorithm=algorithm, autoregressive=True, max_iter=5, random_state=0, alpha=1e-4
    ).fit(table(120, missing=missing))
    weights, free = machine.generative_lateral_coefs_[0], later(machine._model)
    assert weights.shape == free.shape == (len(machine.code_names_), len(machine.input_names_))
    assert (weights[~free] == 0).all()
    assert (weights[free] != 0).mean() > 0.5
    assert all(np.isfinite(c).all() for c in machine.generative_coefs_)


def test_training_finds_a_common_cause():
    """Columns that a bit decides are told better than alone, and go together in samples."""
    frame = table(600)[["job", "length", "visits"]]
    machine = HelmholtzMachine(3, random_state=0, max_iter=60).fit(frame)
    alone = HelmholtzMachine(1, random_state=0, max_iter=1, learning_rate_init=1e-9).fit(frame)
    assert machine.score(frame) > alone.score(frame) + 0.4
    drawn = machine.sample(2000, random_state=0)
    for data in (frame, drawn):
        assert np.corrcoef(data["length"], data["visits"])[0, 1] > 0.25


def test_weights_of_rows_are_rows_to_steps():
    model, block = make(True)
    doubled = Block(block.values, block.fill_values, 2 * block.weights)
    (bound, one), (twice, other) = step(model.machine, block), step(model.machine, doubled)
    assert twice == pytest.approx(2 * bound, rel=1e-6)
    for a, b in zip(parts_of(one).values(), parts_of(other).values(), strict=True):
        assert_allclose(b, 2 * a, rtol=1e-4, atol=1e-5)


def test_without_weights_a_machine_is_its_marginals():
    """Plain, lateral and hidden weights of zero: the score is the sum of what columns say alone."""
    frame = table(50, missing=0.2)
    machine = HelmholtzMachine(2, max_iter=1, random_state=0).fit(frame)
    model = machine._model
    net = _tree.copy(model.machine)
    net.visible.map.weights[...] = 0
    net.visible.map.intercept[...] = net.visible.units.layout.intercept
    codes, layout = machine._schema.encode(frame), net.visible.units.layout
    changed = dataclasses.replace(model, machine=net)
    found = changed.estimate(changed.table(codes), "auto", 10, 1, None, 1)[0].per_sample
    expected = np.zeros(50)
    for j, column in enumerate(layout.columns):
        seen = ~np.isnan(codes[:, j])
        inputs = np.tile(column.intercept, (seen.sum(), 1))
        expected[seen] += column.log_prob(codes[seen, j], inputs) - column.log_volume
    assert_allclose(found, expected, rtol=1e-5)
