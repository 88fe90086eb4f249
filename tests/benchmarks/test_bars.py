"""The yardstick of the bars benchmark is exact, and its data are what they should be."""

import numpy as np
from numpy.testing import assert_allclose

from benchmarks import bars
from sklearn_helmholtz import HelmholtzMachine
from tests import exact


def test_rows_hold_the_distribution():
    rows = bars.bars()
    assert rows.shape == (1875, 16)
    vertical = [
        row.reshape(4, 4)[0] for row in rows if (np.ptp(row.reshape(4, 4), axis=0) == 0).all()
    ]
    all_on_or_off = (np.ptp(rows, axis=1) == 0).sum()
    assert len(vertical) == 1250 + all_on_or_off // 3
    assert_allclose(rows.mean(), 0.2)


def test_a_step_of_exact_ascent_is_the_gradient():
    rows = bars.bars()
    given = bars.start(3, rows)
    rng = np.random.default_rng(0)
    arrays = [
        [a + rng.normal(size=a.shape) for a in given[name]]
        for name in ("generative_coefs", "generative_intercepts")
    ]
    params = exact.Parameters(*arrays, given["recognition_coefs"], given["recognition_intercepts"])
    expected = exact.likelihood_gradient(params, rows[[1200]].astype(float))
    (W, V), (b, c, d) = ([a.copy() for a in group] for group in arrays)
    bars._ascend.py_func(rows.astype(float), np.array([1200]), 1.0, W, V[0], b, c, d)
    moved = [W, V, b, c, d]
    before = [*params.generative_coefs, *params.generative_intercepts]
    slopes = [*expected.generative_coefs, *expected.generative_intercepts]
    for after, start, slope in zip(moved, before, slopes, strict=True):
        assert_allclose(after - start, slope, rtol=1e-9, atol=1e-12)


def test_divergence_is_zero_only_for_the_distribution_itself():
    rows = bars.bars()
    machine = HelmholtzMachine.from_parameters(**bars.start(0, rows))
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    p = counts / counts.sum()
    params = exact.Parameters(*bars.start(0, rows).values())
    expected = (p * (np.log(p) - exact.log_likelihood(params, distinct.astype(float)))).sum()
    assert_allclose(bars.divergence(machine, rows), expected / np.log(2), rtol=1e-5)
