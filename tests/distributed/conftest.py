"""A cluster of two worker processes of one thread each, which tests of a module share."""

import pytest
from distributed import Client, LocalCluster


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as found:
        yield found


@pytest.fixture
def client(cluster):
    with Client(cluster) as found:
        yield found
