"""What Bernoulli units have beyond the properties of every family."""

import numpy as np
from numpy.testing import assert_allclose

from sklearn_helmholtz.units import Bernoulli
from tests.units import calls

ETA = np.array([[-3.0, -0.5, 0.0, 1.0, 4.0]])


def test_fractions_are_expectations():
    values = [np.full((1, 5), value) for value in (0.0, 1.0, 0.3)]
    zeros, ones, fractions = (calls.log_prob(Bernoulli(), x, ETA, "float32") for x in values)
    assert_allclose(fractions, 0.7 * zeros + 0.3 * ones, rtol=1e-6)
