"""Workers: the same bits whoever computes, of the same version, and any of them may be lost."""

import os
import pathlib
import pickle
import signal
import sys

import dask
import dask.array as da
import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz._threads import count_threads
from sklearn_helmholtz.distributed import Shipment, VersionError, library, shipment
from tests.fresh_kernels import run_python
from tests.persistence.fitted import difference
from tests.shells import FEW, binary_rows, real_rows

ROOT = pathlib.Path(__file__).parents[2]


def chunks(X, size=13):
    return da.from_array(X, chunks=(size, -1))


@pytest.mark.filterwarnings("ignore:This log-likelihood")
def test_answers_have_the_same_bits_on_a_cluster(client):
    X = binary_rows()
    machine = HelmholtzMachine(20, n_importance_samples=5, **FEW).fit(X)
    result, known = machine.log_likelihood(chunks(X)), machine.log_likelihood(X)
    assert (result.mean, result.standard_error) == (known.mean, known.standard_error)
    np.testing.assert_array_equal(result.pareto_k, known.pareto_k)
    np.testing.assert_array_equal(machine.transform(chunks(X)).compute(), machine.transform(X))


def test_a_fit_has_the_same_bits_on_a_cluster(client):
    X = chunks(real_rows())
    on_cluster = FactorAnalysis(1).fit(X)
    with dask.config.set(scheduler="threads"):
        here = FactorAnalysis(1).fit(X)
    np.testing.assert_array_equal(on_cluster.components_, here.components_)
    np.testing.assert_array_equal(on_cluster._moments.second, here._moments.second)


@pytest.mark.filterwarnings("ignore:The likelihood had not reached")
def test_a_fit_to_gaps_has_the_same_bits_on_a_cluster(client):
    X = real_rows()
    X[::5, 1] = np.nan
    X = chunks(X, 20)
    on_cluster = FactorAnalysis(1, max_iter=5, tol=1).fit(X)
    with dask.config.set(scheduler="threads"):
        here = FactorAnalysis(1, max_iter=5, tol=1).fit(X)
    np.testing.assert_array_equal(on_cluster.components_, here.components_)
    assert on_cluster.loglike_ == here.loglike_


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_worker_may_be_killed(client):
    X = binary_rows()
    machine = HelmholtzMachine(20, n_importance_samples=5, **FEW).fit(X)
    features = client.persist(machine.transform(chunks(X)))
    pid = client.run(os.getpid)
    client.gather(client.futures_of(features))
    os.kill(next(iter(pid.values())), signal.SIGKILL)
    np.testing.assert_array_equal(features.compute(), machine.transform(X))


def test_other_versions_are_named():
    shipped = pickle.dumps(Shipment.of(FactorAnalysis()))
    assert isinstance(pickle.loads(shipped).estimator, FactorAnalysis)
    _, content = Shipment.of(FactorAnalysis()).__reduce__()[1]
    with pytest.raises(VersionError, match=r"has sklearn_helmholtz .*, but .* asks has 0\.0\.7"):
        shipment.opened("0.0.7", content)


class FarClient:
    """A client whose only worker has some version."""

    asynchronous = False

    def __init__(self, version):
        self._version = version

    def run(self, function, *args):
        return {"tcp://far:1": self._version}


@pytest.mark.parametrize(
    ("version", "message"),
    [("0.0.7", "tcp://far:1 has sklearn_helmholtz 0.0.7"), (None, "has no sklearn_helmholtz")],
)
def test_workers_without_this_version_are_refused(monkeypatch, version, message):
    monkeypatch.setattr(shipment, "current_client", lambda: FarClient(version))
    with pytest.raises(VersionError, match=f"{message}, but the client"):
        HelmholtzMachine(3, **FEW).fit(binary_rows()).transform(chunks(binary_rows()))


def test_tasks_take_one_thread_unless_told_otherwise():
    assert Shipment.of(HelmholtzMachine(verbose=1)).estimator.n_jobs == 1
    assert Shipment.of(HelmholtzMachine(verbose=1)).estimator.verbose == 0
    assert Shipment.of(HelmholtzMachine(n_jobs=3)).estimator.n_jobs == 3


def test_a_missing_dask_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-helmholtz\[distributed\]'"):
        library.dask_module()


def test_nothing_of_dask_is_imported_before_it_is_needed():
    code = "import sys, sklearn_helmholtz.distributed\nprint('dask' in sys.modules)"
    printed, complaints = run_python(code, ROOT)
    assert (printed.strip(), complaints) == ("False", "")


def test_a_search_on_workers_finds_the_same_and_takes_the_threads_they_have(client):
    X = binary_rows()
    search = GridSearchCV(HelmholtzMachine(3, **FEW), {"hidden_layer_sizes": [(2,), (4,)]}, cv=2)
    here = clone(search).fit(X)
    with joblib.parallel_config("dask"):
        found = search.fit(X)
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    assert set(client.run(count_threads).values()) == {1}


def test_fits_need_no_cluster_and_leave_settings_as_they_are():
    code = """
import dask.array as da, numpy as np
from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
X = da.from_array(np.random.default_rng(0).random((300, 5)), chunks=(100, -1))
HelmholtzMachine(2, max_iter=1, random_state=0).fit(X < 0.4).score(X < 0.4)
print(FactorAnalysis(1).fit(X).mean_.shape, X.sum().compute() > 0)
import distributed
print(distributed.__name__)
"""
    printed, _ = run_python(code, ROOT)
    assert printed.split() == ["(5,)", "True", "distributed"]


def _fitted(X):
    return HelmholtzMachine(2, max_iter=2, batch_size=50, random_state=0).fit(chunks(X, 30))


def test_a_fit_may_be_a_task_of_a_worker_of_one_thread():
    X = binary_rows()
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster) as client,
    ):
        found = client.submit(_fitted, X).result(timeout=60)
    with dask.config.set(scheduler="synchronous"):
        assert difference(found, _fitted(X)) is None
