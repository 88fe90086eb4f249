"""
How do I search for settings on a cluster?
==========================================

A search fits one machine for each setting and fold, and each fit is a task of its own. Under
``joblib.parallel_config("dask")`` these tasks go to the workers of a Dask cluster, and the search
itself does not change by a letter. Here the cluster is two processes on this machine; a client of a
cluster in the next room is given the same way.
"""

# %%
# What is searched
# ----------------
# Layer sizes, by the log-likelihood of rows that a fit has not seen: one more layer, or more units?

import time

import joblib
import matplotlib.pyplot as plt
from distributed import Client, LocalCluster
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from sklearn_helmholtz import HelmholtzMachine

X = load_digits().data >= 8
sizes = [(10,), (40,), (40, 10), (80, 20)]


def make_search():
    """A search that has not begun."""
    machine = HelmholtzMachine(max_iter=15, random_state=0)
    return GridSearchCV(machine, {"hidden_layer_sizes": sizes}, cv=3)


# %%
# On the cluster
# --------------
# Processes that start others import this file, so what starts them stands behind a condition. The
# table goes to each worker once.


def search_on_cluster():
    """A search whose fits two workers share, and its seconds."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster),
        joblib.parallel_config("dask"),
    ):
        start = time.perf_counter()
        return make_search().fit(X), time.perf_counter() - start


if __name__ == "__main__":
    found, seconds = search_on_cluster()
    here = make_search().fit(X)
    print(f"12 fits in {seconds:.1f} s on two workers of one thread each")
    print(
        f"the same scores as here: {found.best_score_ == here.best_score_}"
    )
    print(f"best: {found.best_params_['hidden_layer_sizes']}")

# %%
# Each worker uses the one thread that it has: Dask says so in ``OMP_NUM_THREADS``, and machines
# obey it unless ``n_jobs`` is set. Without that, two workers on two cores would run four threads.
# Scores are the same to the bit, wherever a fit runs.

if __name__ == "__main__":
    results = found.cv_results_
    fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
    ax.errorbar(
        results["mean_test_score"],
        range(len(sizes)),
        xerr=results["std_test_score"],
        fmt="o",
    )
    ax.set(
        yticks=range(len(sizes)),
        yticklabels=[" - ".join(map(str, size)) for size in sizes],
        xlabel="log-likelihood of held-out rows (nats), and its spread",
        ylabel="hidden units",
    )
    plt.show()

# sphinx_gallery_thumbnail_number = 1
