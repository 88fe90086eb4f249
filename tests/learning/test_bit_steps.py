"""Steps of bits by one kernel: those of the kernels one after the other, to the bit."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.learning import PersistentLearning, persistent
from sklearn_helmholtz.learning.chains import Centre
from sklearn_helmholtz.machines import assemble_boltzmann
from sklearn_helmholtz.rows import Block
from tests.boltzmann_machines import make_boltzmann
from tests.boltzmann_steps import block_of, share_of, step_of


@dataclass(frozen=True)
class Layered(PersistentLearning):
    """The rule without its kernel."""

    def _is_of_bits(self, machine, x, memory):
        return False


def large_machine(n_visible, n_hidden):
    rng = np.random.default_rng(n_hidden)
    sizes = (n_visible, n_hidden), n_hidden, n_visible, n_visible
    return assemble_boltzmann(*(rng.normal(0, 0.5, size) for size in sizes))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_steps", [1, 3])
@pytest.mark.parametrize(
    "sizes", [(5, 3, 4, 7), (70, 300, 33, 31), (97, 129, 50, 64), (784, 33, 9, 1)]
)
def test_bits_are_those_of_the_layered_rule(sizes, n_steps, weighted):
    n_visible, n_hidden, n_rows, n_chains = sizes
    machine, rng = large_machine(n_visible, n_hidden), np.random.default_rng(0)
    x = (rng.random((n_rows, n_visible)) < 0.3).astype(np.uint8)
    x = Block(x, weights=rng.random(n_rows) if weighted else None)
    start = rng.integers(0, 2, (n_chains, n_hidden)).astype(np.uint8)
    found = []
    for rule in (PersistentLearning(n_steps), Layered(n_steps)):
        share = share_of(start.copy(), log_partition=3.0, first=5)
        found.append((*step_of(rule, machine, x, share, 7), share.hidden))
    (step, bound, hidden), (other, other_bound, states) = found
    assert_array_equal(step, other)
    assert_array_equal(hidden, states)
    assert (hidden != start).any()
    assert_allclose(bound, other_bound, rtol=1e-12)


@pytest.mark.parametrize("form", ["binary", "fractions", "listed", "gaps"])
@pytest.mark.parametrize("centred", [False, True])
def test_only_bits_of_which_no_more_is_asked_go_through_the_kernel(form, centred, monkeypatch):
    machine, x, called = make_boltzmann(), block_of(form), []
    inner = persistent.step_of_bits
    monkeypatch.setattr(persistent, "step_of_bits", lambda *a: called.append(a) or inner(*a))
    centre = Centre(np.full(6, 0.5), np.full(5, 0.5)) if centred else None
    share = share_of(np.ones((4, 5), np.uint8), None, centre=centre)
    step_of(PersistentLearning(centred=centred), machine, x, share, 1)
    assert bool(called) == (form == "binary" and not centred)
