"""Peak memory of one fit of factor analysis, by the operating system's own count.

    python -m benchmarks.factor_memory --rows 50000 --features 200 --factors 10 --who ours

Prints by how many MB the peak during the fit exceeds that of the process once the data are there.
A peak never falls, so every fit needs a process of its own. scikit-learn (``--who lapack`` or
``randomized``, its ways to find singular vectors) makes three steps: more take no more memory.
"""

import argparse
import subprocess
import sys
import warnings

from sklearn import decomposition
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from sklearn_helmholtz import FactorAnalysis

from .factor_problems import planted_rows
from .memory import peak

WHO = ("ours", "lapack", "randomized")
STEPS = 3


def make(who, n_factors):
    """A model that is not fitted."""
    if who == "ours":
        return FactorAnalysis(n_factors)
    return decomposition.FactorAnalysis(n_factors, svd_method=who, tol=0, max_iter=STEPS)


def added(model, X):
    """What a fit adds to the peak of this process so far, MB."""
    before = peak()
    model.fit(X)
    return peak() - before


def peak_of_a_fit(n_rows, n_features, n_factors, who):
    """The same in a process of its own, on one thread."""
    sizes = {"--rows": n_rows, "--features": n_features, "--factors": n_factors, "--who": who}
    words = [word for pair in sizes.items() for word in map(str, pair)]
    command = [sys.executable, "-m", "benchmarks.factor_memory", *words]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main():
    """Fit once on next to nothing, so that everything is loaded, then on all; print the MB."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--factors", type=int, default=10)
    parser.add_argument("--who", choices=WHO, default="ours")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # of three steps
    with threadpool_limits(1):
        make(arguments.who, 1).fit(planted_rows(50, 5, 1))
        X = planted_rows(arguments.rows, arguments.features, arguments.factors)
        print(f"{added(make(arguments.who, arguments.factors), X):.1f}")


if __name__ == "__main__":
    main()
