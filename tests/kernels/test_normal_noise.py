"""Standard normal numbers against a slow twin, and against their distribution."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_helmholtz._kernels.normal_noise import normal_rows
from tests import naive

KEY = (3, 2**32 - 7)


def draw(addresses, n_units, n_particles=1, first=0, layer=0):
    out = np.full((len(addresses) * n_particles, n_units), np.nan, np.float32)
    addresses = np.asarray(addresses, np.uint64)
    normal_rows(np.array(KEY, np.uint32), addresses, n_particles, first, np.uint32(layer), out)
    return out


def twin(unit, particle, address, layer):
    """A number by the formula of Box & Muller, from the words that the unit has."""
    block, quarter, lane = unit // 64, unit // 16 % 4, unit % 16
    counter = layer + 16 * block + lane, particle, address & 0xFFFFFFFF, address >> 32
    words = naive.philox4x32_10(counter, KEY)
    u, v = (
        max((words[place] >> 8) * 2.0**-24, 2.0**-25)
        for place in (quarter // 2 * 2, quarter // 2 * 2 + 1)
    )
    angle = 2 * math.pi * v + math.pi
    return math.sqrt(-2 * math.log(u)) * (math.sin if quarter % 2 else math.cos)(angle)


@pytest.mark.parametrize("n_units", [1, 16, 50, 70])
def test_normal_rows_are_box_and_muller_s_of_their_own_words(n_units):
    addresses, first, layer = [0, 2**40 + 9], 5, 2**24
    found = draw(addresses, n_units, 3, first, layer)
    expected = [
        [twin(unit, first + row % 3, addresses[row // 3], layer) for unit in range(n_units)]
        for row in range(6)
    ]
    assert_allclose(found, expected, rtol=1e-5, atol=5e-6)


def test_normal_numbers_follow_their_distribution_and_are_independent():
    n = 20_000
    numbers = draw(np.arange(n), 64).astype(np.float64)
    for column in range(0, 64, 8):
        assert stats.kstest(numbers[:, column], "norm").pvalue > 1e-3
    for power in (1, 2):
        products = np.corrcoef(numbers**power, rowvar=False)[np.triu_indices(64, 1)]
        assert np.abs(products).max() < 5 / math.sqrt(n)
    assert stats.kstest(np.square(numbers).sum(axis=1), "chi2", (64,)).pvalue > 1e-3
    tail = (np.abs(numbers) > 4).sum()
    expected = numbers.size * 2 * stats.norm.sf(4)
    assert abs(tail - expected) < 4 * math.sqrt(expected)


def test_a_row_of_normal_numbers_depends_on_nothing_but_its_address():
    numbers = draw(np.arange(5), 20, 4)
    rows = np.array([3, 1])
    some = draw(rows, 20, 2, first=1)
    assert_array_equal(some, numbers.reshape(5, 4, 20)[rows, 1:3].reshape(4, 20))
    assert_array_equal(draw(np.arange(5), 7, 4), numbers[:, :7])
    assert (draw(np.arange(5), 20, 4, layer=2**24) != numbers).all()
