"""Slopes and steps of EM of dynamic factor models, against finite differences."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz.sequences.ascent import Rows, em_step, slopes
from tests.sequences.builders import make_machine, make_rows

gaps = pytest.mark.parametrize("share", [0.0, 0.3])
PARAMETERS = ["mean", "loadings", "noise", "persistence"]


def make_case(share, lengths=(7, 1, 5), noise=0.5):
    data, sequences = make_rows(make_machine(2, 4), lengths, share=share)
    return make_machine(2, 4, seed=5, noise=noise), Rows.of(data, sequences)


def total(machine, rows):
    return machine.log_prob(rows.data, rows.sequences).sum()


@gaps
@pytest.mark.parametrize("name", PARAMETERS)
def test_slopes_are_finite_differences(name, share):
    machine, rows = make_case(share)
    log_prob, found = slopes(machine, rows)
    assert log_prob == pytest.approx(total(machine, rows), abs=1e-11)
    values, step = getattr(machine, name), 1e-5
    for place in np.ndindex(values.shape):
        ends = []
        for sign in (1, -1):
            moved = values.copy()
            moved[place] += sign * step
            ends.append(total(dataclasses.replace(machine, **{name: moved}), rows))
        expected = (ends[0] - ends[1]) / (2 * step)
        assert_allclose(getattr(found, name)[place], expected, rtol=1e-6, atol=1e-7)


@gaps
@pytest.mark.parametrize("noise", [0.5, 1e-4])
def test_em_never_falls(share, noise):
    machine, rows = make_case(share, (40, 1, 30), noise)
    path = []
    for _ in range(30):
        machine, log_prob = em_step(machine, rows, np.full(4, 1e-8))
        path.append(log_prob)
    assert (np.diff(path) > -1e-9).all()
    assert path[-1] > path[0] + 1


def test_what_is_not_observed_does_not_move():
    machine, rows = make_case(0.0)
    data = rows.data.copy()
    data[:, 2] = np.nan
    moved, _ = em_step(machine, Rows.of(data, rows.sequences), np.full(4, 1e-8))
    assert moved.mean[2] == machine.mean[2]
    assert_allclose(moved.loadings[:, 2], machine.loadings[:, 2])
    assert moved.noise[2] == machine.noise[2]
    _, found = slopes(machine, Rows.of(data, rows.sequences))
    assert found.noise[2] == 0
