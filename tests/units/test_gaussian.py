"""What Gaussian units have beyond the properties of every family."""

import numpy as np
from numpy.testing import assert_allclose

from sklearn_helmholtz.units import Gaussian
from sklearn_helmholtz.units.gaussian import VARIANCE_FLOOR


def test_variances_are_those_given():
    given = np.array([0.1, 0.5, 1.0, 2.0, 4.0])
    assert_allclose(Gaussian.from_variance(given).variance, given, rtol=1e-6)


def test_variances_stay_above_the_floor():
    for log_excess in (-200.0, -30.0):
        assert Gaussian(np.array([log_excess], np.float32)).variance[0] >= VARIANCE_FLOOR
    assert_allclose(Gaussian.from_variance([1e-9, 1.0]).variance, [VARIANCE_FLOOR, 1], rtol=1e-6)
