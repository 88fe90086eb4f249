"""Machines of Gaussian latents: what they see, how many parameters they have, how they are kept."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import _tree
from sklearn_helmholtz.layers import Origin
from sklearn_helmholtz.likelihood import importance_estimate
from sklearn_helmholtz.machines import POSTERIORS, initialise_gaussian
from sklearn_helmholtz.rows import Block
from sklearn_helmholtz.units import Ability, Mixed, StandardNormal
from tests import cases, exact
from tests import gaussian_latents as oracle
from tests.gaussian_machines import (
    FILL_VALUES,
    arrays_of,
    flat,
    make_machine,
    make_mixed_machine,
    make_rows,
    mixed_rows,
    mixed_seen,
    model_of,
    net_of,
    seen_by,
    units_of,
    with_gaps,
)

VISIBLES = ["bernoulli", "gaussian", "poisson"]


@pytest.mark.parametrize("listed", [False, True], ids=["whole", "listed"])
@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("sees_gaps", [False, True], ids=["filled", "mask"])
@pytest.mark.parametrize("visible", ["bernoulli", "poisson"])
def test_encoders_see_filled_rows_and_their_gaps(visible, sees_gaps, gaps, listed):
    machine, rows = make_machine(visible, sees_gaps=sees_gaps), make_rows(visible, 3)
    x = with_gaps(rows, listed) if gaps else Block(rows)
    seen = machine.seen(x)
    found = Block(seen).toarray()
    assert_allclose(found, seen_by(machine, x), rtol=1e-6)
    assert found.shape[1] == machine.encoder.n_inputs
    eta = machine.recognition.conditionals[0].eta(seen)
    assert_allclose(eta, net_of(machine.encoder)(seen_by(machine, x)), rtol=1e-4, atol=1e-5)
    if visible == "bernoulli" and not gaps:
        assert seen.dtype == np.uint8  # which kernels of zeros and ones are for


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "gaps"])
@pytest.mark.parametrize("sees_gaps", [False, True], ids=["filled", "mask"])
def test_encoders_see_the_codes_of_mixed_rows_and_the_gaps_of_columns(sees_gaps, gaps):
    machine = make_mixed_machine(2, "diag", sees_gaps)
    x = mixed_rows(machine, gaps)
    eta = machine.recognition.conditionals[0].eta(machine.seen(x))
    assert_allclose(eta, net_of(machine.encoder)(mixed_seen(machine, x)), rtol=1e-4, atol=1e-5)
    assert_allclose(machine.seen_doubles(x), mixed_seen(machine, x), rtol=1e-6)


@pytest.mark.parametrize("listed", [False, True], ids=["whole", "listed"])
@pytest.mark.parametrize("sees_gaps", [False, True], ids=["filled", "mask"])
@pytest.mark.parametrize("visible", VISIBLES)
def test_dreams_wear_the_masks_of_rows(visible, sees_gaps, listed):
    machine, dreamt = make_machine(visible, sees_gaps=sees_gaps), make_rows(visible, 3, seed=8)
    x = with_gaps(make_rows(visible, 3), listed)
    masked = np.where(np.isnan(x.toarray()), np.nan, dreamt)
    as_if = Block(masked.astype(np.float32), FILL_VALUES)
    found = machine.seen_dreams(x, dreamt)
    assert_allclose(found, seen_by(machine, as_if), rtol=1e-6)
    whole = machine.seen_dreams(Block(make_rows(visible, 3)), dreamt)
    assert_allclose(whole, seen_by(machine, Block(dreamt)), rtol=1e-6)


@pytest.mark.parametrize("sees_gaps", [False, True], ids=["filled", "mask"])
def test_mixed_dreams_wear_the_masks_of_rows(sees_gaps):
    machine = make_mixed_machine(1, "diag", sees_gaps)
    x, dreamt = mixed_rows(machine, True), mixed_rows(machine).values[np.array([1, 0])]
    values = np.where(np.isnan(x.values.values), np.nan, dreamt.values)
    as_if = Block(machine.visible.units.shown(values), x.fill_values)
    eta = machine.recognition.conditionals[0].eta(machine.seen_dreams(x, dreamt))
    assert_allclose(eta, net_of(machine.encoder)(mixed_seen(machine, as_if)), rtol=1e-4, atol=1e-5)


def test_what_is_missing_is_marked_whatever_takes_its_place():
    """A row with a gap is another one than that with the fill value in it."""
    machine = make_machine("gaussian", sees_gaps=True)
    rows = np.tile(FILL_VALUES, (2, 1))
    gap = rows.copy()
    gap[0, 1] = np.nan
    seen = machine.seen(Block(gap, FILL_VALUES))
    assert_array_equal(seen, [[*FILL_VALUES, 0, 1, 0], [*FILL_VALUES, 0, 0, 0]])


# Parameters


def jacobian_rank(quantities, model):
    """Rank of the derivatives of quantities (n,) by all parameters of p(x, z)."""
    slopes = []
    for number, array in enumerate(model.generative):
        for index in np.ndindex(array.shape):
            before, ends = array[index], []
            for sign in (1, -1):
                model.generative[number][index] = before + sign * 1e-4
                ends.append(quantities(model))
            array[index] = before
            slopes.append((ends[0] - ends[1]) / 2e-4)
    values = np.linalg.svd(np.array(slopes), compute_uv=False)
    gaps = values[:-1] / np.maximum(values[1:], 1e-300)
    rank = (values > 1e-7 * values[0]).sum()
    assert rank == len(values) or gaps[rank - 1] > 30  # what is zero is far from what is not
    return rank


def moments(model):
    """Mean and covariance of a model with an affine decoder and Gaussian data."""
    (weights, mean), own = model.decoder.maps[0], np.diag(model.variance)
    covariance = weights.T @ weights + own
    return np.concatenate([mean, covariance[np.triu_indices(len(mean))]])


@pytest.mark.parametrize(("n_features", "k"), [(5, 1), (5, 2), (6, 3), (3, 1), (3, 2), (3, 3),
                                               (2, 4), (4, 3), (1, 2)])  # fmt: skip
def test_affine_machines_have_the_parameters_of_mean_and_covariance(n_features, k):
    machine = make_machine("gaussian", k, hidden=(), n_features=n_features)
    assert machine.n_parameters == jacobian_rank(moments, model_of(machine))


DECODERS = [
    ("bernoulli", 1, (), "tanh", 3), ("bernoulli", 2, (), "tanh", 3),
    ("bernoulli", 1, (3,), "tanh", 3), ("gaussian", 1, (2,), "tanh", 2),
    ("gaussian", 2, (1,), "tanh", 2), ("gaussian", 1, (2,), "relu", 2),
    ("gaussian", 1, (2,), "relu", 3),
]  # fmt: skip


@pytest.mark.parametrize(("visible", "k", "hidden", "activation", "n_features"), DECODERS)
def test_machines_have_as_many_parameters_as_move_their_distribution(
    visible, k, hidden, activation, n_features
):
    """Of log p of all rows of zeros and ones, or of a lattice of real ones."""
    shape = {"hidden": hidden, "activation": activation, "n_features": n_features}
    machine = make_machine(visible, k, **shape, scale=1.5, seed=4)
    if visible == "bernoulli":
        rows = exact.all_states(n_features)
    else:
        rows = np.random.default_rng(0).normal(0, 2, (60, n_features))
    step = {1: 0.02, 2: 0.25}[k]

    def log_p(model):
        return oracle.log_likelihood(model, rows, step)

    assert machine.n_parameters == jacobian_rank(log_p, model_of(machine))


def test_latents_that_a_narrow_layer_cannot_tell_apart_are_turned_for_nothing():
    """W of k latents and n < k units has k n entries, of which W'W has n (n + 1) / 2."""
    for k, n in ((1, 3), (3, 3), (5, 2), (4, 1)):
        machine = make_machine("gaussian", k, hidden=(n,), n_features=4)
        gram = n * (n + 1) // 2 if k >= n else k * n - k * (k - 1) // 2
        assert machine.n_parameters == gram + n + (n + 1) * 4 + 4
        rectified = make_machine("gaussian", k, hidden=(n,), activation="relu", n_features=4)
        assert rectified.n_parameters == machine.n_parameters - n


def test_connections_are_the_weights_of_both_nets():
    machine = make_machine("bernoulli", 2, "full", (4, 5), sees_gaps=True)
    decoder, encoder = 2 * 5 + 5 * 4 + 4 * 3, 6 * 4 + 4 * 5 + 5 * 5
    assert machine.n_connections == machine.n_weights == decoder + encoder
    assert (machine.decoder.n_products, machine.encoder.n_products) == (decoder, encoder)
    assert (machine.n_units, machine.n_hidden) == ((3, 2), 2)
    assert machine.hidden_forms == [(2, np.float32)]


def test_machines_do_what_gaussian_latents_allow():
    machine = make_machine("bernoulli", 2)
    able = {ability for ability in Ability if machine.can(ability)}
    assert able == {Ability.ANNEAL, Ability.ELLIPTICAL}
    with pytest.raises(ValueError, match="hidden layer 1 does not allow: its units are Standard"):
        machine.require(Ability.ENUMERATE)


# Machines as values


@pytest.mark.parametrize("make", [
    lambda: make_machine("gaussian", 2, "full", (4, 3), "relu", True),
    lambda: make_mixed_machine(2, "diag", True),
], ids=["gaussian", "mixed"])  # fmt: skip
def test_machines_are_kept_as_they_are(make):
    machine = make()
    packed = _tree.pack(machine)
    for other in (pickle.loads(pickle.dumps(machine)), _tree.copy(machine), packed.tree):
        assert type(other) is type(machine)
        assert other.sees_gaps
        assert other.recognition.conditionals[0].units == machine.recognition.conditionals[0].units
        assert other.decoder.activation == machine.decoder.activation
        assert isinstance(other.generation.conditionals[0].map, Origin)
        assert other.generation.conditionals[0].map.n_outputs == 2
        assert isinstance(other.generation.conditionals[0].units, StandardNormal)
        for one, two in zip(arrays_of(machine), arrays_of(other), strict=True):
            assert_array_equal(one, two)
    n_weights = machine.n_connections
    assert packed.counts == (n_weights, 0)
    penalised = packed.vector[: packed.ends[0]]
    assert abs(penalised).sum() == pytest.approx(
        sum(abs(w).sum() for net in (machine.decoder, machine.encoder)
            for w, _ in net_of(net).maps), rel=1e-5)  # fmt: skip
    assert packed.ends[0] == packed.ends[1]
    packed.vector[:] = 0
    assert not flat(arrays_of(packed.tree)).any()


@pytest.mark.parametrize("covariance", ["diag", "full"])
@pytest.mark.parametrize("sees_gaps", [False, True])
def test_machines_begin_with_the_scales_of_the_prior(covariance, sees_gaps):
    intercept = np.array([0.5, -1, 2])
    kind = {"activation": "tanh", "covariance": covariance, "sees_gaps": sees_gaps}
    rng = np.random.default_rng(0)
    machine = initialise_gaussian(3, 2, (6, 4), units_of("bernoulli"), intercept, rng, **kind)
    assert [m.weights.shape for m in machine.decoder.maps] == [(2, 4), (4, 6), (6, 3)]
    assert_allclose(machine.decoder.maps[-1].intercept, intercept)
    n_inputs = POSTERIORS[covariance]().n_inputs(2)
    shapes = [(6 if sees_gaps else 3, 6), (6, 4), (4, n_inputs)]
    assert [m.weights.shape for m in machine.encoder.maps] == shapes
    assert machine.sees_gaps is sees_gaps
    x = with_gaps(make_rows("bernoulli", 5))
    mean, lower = model_of(machine, covariance).posterior(seen_by(machine, x))
    assert_array_equal(lower, [np.eye(2)] * 5)
    assert mean.std(axis=0).min() > 1e-3
    limits = [np.sqrt(6 / sum(m.weights.shape)) for m in machine.decoder.maps]
    for limit, each in zip(limits, machine.decoder.maps, strict=True):
        assert limit / 2 < abs(each.weights).max() <= limit


def test_mixed_machines_begin_with_inputs_for_all_their_columns():
    units, intercept = Mixed.of(make_mixed_machine().visible.units.layout.columns)
    kind = {"activation": "tanh", "covariance": "diag", "sees_gaps": True}
    rng = np.random.default_rng(0)
    machine = initialise_gaussian(4, 2, (5,), units, intercept, rng, **kind)
    x = mixed_rows(machine, gaps=True)
    key = cases.make_draws(1).key
    found = importance_estimate(machine, x, key, np.arange(2, dtype=np.uint64), 50)
    assert np.isfinite(found.per_sample).all()


def test_recognition_answers_with_its_means():
    machine = make_machine("bernoulli", 2, "full")
    x = Block(make_rows("bernoulli", 3))
    (means,) = machine.recognition.means(machine.seen(x))
    expected, _ = model_of(machine, "full").posterior(seen_by(machine, x))
    assert_allclose(means, expected, rtol=1e-4, atol=1e-5)
    other = replace(machine, sees_gaps=True)
    assert other.seen(x).shape == (3, 6)
