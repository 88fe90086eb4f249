"""A scheduler that goes away in the middle of a fit."""

import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster

from sklearn_helmholtz import HelmholtzMachine, RestrictedBoltzmannMachine, SigmoidBeliefNet

FEW = {"batch_size": 50, "random_state": 0}
MACHINES = {
    "few chunks": (60, lambda: HelmholtzMachine(4, max_iter=2, **FEW)),
    "many chunks": (10, lambda: HelmholtzMachine(4, max_iter=2, **FEW)),
    "chains": (10, lambda: RestrictedBoltzmannMachine(4, n_iter=2, **FEW)),
    "memory": (10, lambda: SigmoidBeliefNet(4, inference="mean-field", max_iter=2, **FEW)),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_scheduler_that_goes_away_is_as_an_interrupt(name):
    size, make = MACHINES[name]
    X = da.from_array(np.random.default_rng(0).random((300, 8)) < 0.3, chunks=(size, -1))
    machine = make()
    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    )

    def close(estimator, epoch, X_val):
        cluster.close()

    message = "scheduler of Dask cannot be reached"
    with Client(cluster), pytest.raises(ConnectionError, match=message) as caught:
        machine.fit(X, monitor=close)
    assert "keeps what it learnt in 1 epochs" in caught.value.__notes__[0]
    assert machine.n_iter_ == 1
