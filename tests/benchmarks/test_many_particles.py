"""What particles cost: the table of its medians."""

from sklearn.datasets import make_multilabel_classification

from benchmarks import many_particles
from sklearn_helmholtz import HelmholtzMachine


def test_each_particle_costs_what_is_beyond_the_row_above():
    found = {5: [40.0, 60.0, 50.0], 10: [80.0, 70.0, 90.0], 20: [100.0, 500.0, 90.0]}
    assert many_particles.table(found) == [
        (5, "50.0", "10.00"), (10, "80.0", "6.00"), (20, "100.0", "2.00"),
    ]  # fmt: skip


def test_turns_are_of_machines_of_their_own(monkeypatch):
    monkeypatch.setattr(many_particles, "NUMBERS", (1, 2))
    X = (make_multilabel_classification(30, 6, random_state=0)[0] > 3).astype("uint8")
    machine = HelmholtzMachine(3, max_iter=1, random_state=0).fit(X)
    found = many_particles.turns(machine, X)
    assert {n: len(times) for n, times in found.items()} == {1: 5, 2: 5}
    assert machine.n_iter_ == 1
