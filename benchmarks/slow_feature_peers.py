"""Slow features in closed form beside other packages: whether they agree, how long it takes.

    python -m benchmarks.slow_feature_peers

The packages are sklearn-sfa and mdp, which are no requirements of this one: install both by
``pip install sklearn-sfa mdp``. mdp 3.6 is older than NumPy 2, and is imported here with the names
put back that it asks NumPy for.

* Agreement: the largest difference of any feature at any step, of all features, as they are (the
  packages divide by one less than the number of rows) and in units of the same variance.
  sklearn-sfa takes differences less their mean, which is none in rows that end where they began.
* Speed: 100,000 rows of 200 columns, 10 features. The two products are ``X.T @ X`` and ``D.T @ D``
  of rows and of differences, which are made before: what the closed form has to compute in any
  case. All take turns in one process: medians over the turns of seconds, and of their ratios.

The tables are ``benchmarks/results/slow_features_agreement.csv`` and ``..._speed.csv``.
"""

import argparse
import statistics
import warnings

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures

from sklearn_helmholtz import SlowFeatureAnalysis

from .slow_features import write
from .stopwatch import turns

PRODUCTS, OURS = "two products", "SlowFeatureAnalysis"
SHAPE, N_FEATURES, REPEATS = (100_000, 200), 10, 11


def load_mdp():
    """The module mdp, which finds the names that NumPy had, or None where it is not installed."""
    own = np.linalg.eigh
    np.typeDict = np.sctypeDict
    # It looks at the number of parameters, which NumPy's own function does not tell.
    np.linalg.eigh = lambda a, UPLO="L": own(a, UPLO)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mdp
    except ImportError:
        return None
    finally:
        np.linalg.eigh = own
        del np.typeDict
    return mdp


def peers():
    """Functions by name: features of rows, how many of them, which they are fitted to."""
    found = {}
    try:
        import sksfa

        found["sklearn-sfa"] = lambda X, k: sksfa.SFA(k).fit_transform(X)
    except ImportError:
        pass
    mdp = load_mdp()
    if mdp is not None:
        found["mdp"] = lambda X, k: _of_node(mdp.nodes.SFANode(output_dim=k), X)
    return found


def _of_node(node, X):
    node.train(X)
    node.stop_training()
    return node.execute(X)


def sequences():
    """Sequences of rows by name."""
    rng, n = np.random.default_rng(0), 1500
    h = rng.normal(size=(n, 12))
    for t in range(1, n):
        h[t] += np.linspace(0.98, 0, 12) * h[t - 1]
    t = np.linspace(0, 2 * np.pi, 2000)
    waves = np.column_stack([np.sin(t) + np.cos(11 * t) ** 2, np.cos(11 * t)])
    found = {
        "mixed autoregressions": h @ rng.normal(size=(12, 12)),
        "quadratic waves": PolynomialFeatures(2, include_bias=False).fit_transform(waves),
        "diabetes": load_diabetes().data,
    }
    name = "mixed autoregressions"
    return {**found, f"{name}, closed": np.vstack([found[name], found[name][:1]])}


def differences(ours, theirs):
    """Largest differences of features but for signs: as they are, and of the same variance."""
    theirs = theirs * np.sign((ours * theirs).sum(axis=0))
    n = len(ours)
    return [np.abs(each - ours).max() for each in (theirs, theirs * np.sqrt(n / (n - 1)))]


def agreement_table():
    """Lines of the first table."""
    yield ["Rows", "Package", "as they are", "of the same variance"]
    for name, X in sequences().items():
        ours = SlowFeatureAnalysis().fit_transform(X)
        for package, features in peers().items():
            found = differences(ours, features(X, X.shape[1]))
            yield [name, package, *(f"{each:.0e}" for each in found)]


def speed_table(n_threads, repeats=REPEATS):
    """Lines of the second table."""
    rng = np.random.default_rng(0)
    X = (rng.normal(size=SHAPE).cumsum(axis=0) / 100 + rng.normal(size=SHAPE)) @ rng.normal(
        size=(SHAPE[1], SHAPE[1])
    )
    D = np.diff(X, axis=0)
    parties = {
        PRODUCTS: lambda: (X.T @ X, D.T @ D),
        OURS: lambda: SlowFeatureAnalysis(N_FEATURES).fit(X),
        **{name: lambda run=run: run(X, N_FEATURES) for name, run in peers().items()},
    }
    spent = turns(parties, n_threads, repeats)
    yield ["Threads", "Who", "Seconds", "Times the products"]
    for name, seconds in spent.items():
        ratios = [own / least for own, least in zip(seconds, spent[PRODUCTS], strict=True)]
        found = statistics.median(seconds), statistics.median(ratios)
        yield [n_threads, name, f"{found[0]:.3f}", f"{found[1]:.2f}"]


def main():
    """Make, print and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=1, help="of BLAS (default: 1)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of packages older than NumPy
    write("slow_features_agreement", agreement_table())
    write("slow_features_speed", speed_table(arguments.threads))


if __name__ == "__main__":
    main()
