"""Digests of fits and of what they answer: whether a change of the code changes a bit of a model.

``python -m benchmarks.digests`` prints them, ``python -m benchmarks.digests --check FILE`` compares
with those that were kept, ``--write FILE`` keeps them. Bits hold for one kind of processor: kernels
use fused multiplications and additions where it has them.
"""

import argparse
import hashlib
import json
import sys
import warnings

import numpy as np
import scipy.sparse

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet

_N_ROWS, _N_COLUMNS = 230, 12


def _binary(rng):
    causes = rng.random((_N_ROWS, 3)) < 0.4
    odds = causes @ rng.normal(0, 3, (3, _N_COLUMNS)) - 0.5
    return (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.uint8)


def _real(rng):
    causes = rng.random((_N_ROWS, 3)) < 0.4
    return causes @ rng.normal(0, 3, (3, _N_COLUMNS)) + rng.normal(2, 1, (_N_ROWS, _N_COLUMNS))


def _with_missing(X, rng):
    return np.where(rng.random(X.shape) < 0.1, np.nan, X.astype(np.float64))


def _fits():
    """Triples of a name, an estimator and its data."""
    rng = np.random.default_rng(7)
    binary, real = _binary(rng), _real(rng)
    gaps, real_gaps = _with_missing(binary, rng), _with_missing(real, rng)
    fractions = rng.random(binary.shape) ** 3
    sparse = scipy.sparse.csr_matrix(np.where(rng.random(binary.shape) < 0.3, binary, 0))
    common = {"max_iter": 4, "random_state": 3}
    ordered = {**common, "autoregressive": True}
    return [
        ("helmholtz, reweighted", HelmholtzMachine((17, 5), **common), binary),
        (
            "helmholtz, wake-sleep, fractions",
            HelmholtzMachine(9, algorithm="wake-sleep", visible="bernoulli", **common),
            fractions,
        ),
        ("helmholtz, autoregressive, missing", HelmholtzMachine((6, 3), **ordered), gaps),
        ("helmholtz, gaussian, missing", HelmholtzMachine((16, 4), **common), real_gaps),
        ("helmholtz, gaussian, autoregressive", HelmholtzMachine(6, **ordered), real),
        ("helmholtz, sparse, early stopping", HelmholtzMachine(
            20, early_stopping=True, solver="sgd", learning_rate_init=0.1, **common), sparse),
        ("belief net, exact", SigmoidBeliefNet((4, 3), inference="exact", **common), gaps),
        ("belief net, mean field", SigmoidBeliefNet(15, **common), real_gaps),
        ("belief net, gibbs", SigmoidBeliefNet(6, inference="gibbs", **ordered), gaps),
        ("belief net, nvil", SigmoidBeliefNet((6, 3), inference="nvil", **common), binary),
        ("belief net, vimco", SigmoidBeliefNet(
            16, inference="nvil", n_particles=4, **common), real),
        ("factor analysis", FactorAnalysis(3), real),
        ("factor analysis, missing", FactorAnalysis(2, noise="isotropic"), real_gaps),
    ]  # fmt: skip


def _digest(arrays):
    total = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        total.update(f"{array.dtype}{array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()[:16]


def _parameters(model):
    """The arrays of all fitted attributes, by name."""
    names = sorted(name for name in vars(model) if name.endswith("_") and name[0] != "_")
    for name in names:
        value = vars(model)[name]
        if isinstance(value, list):
            yield from (np.asarray(item) for item in value)
        elif isinstance(value, np.ndarray | float):
            yield np.asarray(value)


def _answers(model, X):
    """Scores, features, draws, posteriors and imputations."""
    if scipy.sparse.issparse(X):
        holes = X[:40].toarray().astype(np.float64)
    else:
        holes = np.array(X[:40], np.float64)
    holes[::3, ::4] = np.nan
    yield model.score_samples(holes)
    yield model.score_samples(X)
    yield model.transform(X[:40])
    yield model.inverse_transform(model.transform(X[:40]))
    yield model.sample(20, random_state=0)
    given = np.where(np.arange(_N_COLUMNS) < 4, np.asarray(model.sample(random_state=1))[0], np.nan)
    yield model.sample(10, given=given, random_state=0)
    for strategy in ("mean", "mode", "sample"):
        yield model.impute(holes, strategy, random_state=0)
    yield from model.posterior(holes, random_state=0).samples
    bounds = model.log_likelihood_bounds(20, random_state=0)
    yield from (bounds.lower_per_sample, bounds.upper_per_sample)
    if not isinstance(model, FactorAnalysis):
        yield model.log_likelihood(holes, method="annealed", n_temperatures=30).per_sample


def digests():
    """Digests of the parameters and of the answers of each fit, by name."""
    results = {}
    for name, model, X in _fits():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X)
            results[name] = [_digest(_parameters(model)), _digest(_answers(model, X))]
    return results


def main():
    """Print, keep or compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--check", metavar="FILE")
    options = parser.parse_args()
    found = digests()
    if options.write:
        with open(options.write, "w") as file:
            json.dump(found, file, indent=1)
            file.write("\n")
    kept = found
    if options.check:
        with open(options.check) as file:
            kept = json.load(file)
    changed = False
    for name, pair in found.items():
        same = [a == b for a, b in zip(pair, kept.get(name, pair), strict=True)]
        changed |= not all(same)
        words = ["same" if s else "CHANGED" for s in same] if options.check else ["", ""]
        print(f"{name:40} parameters {pair[0]} {words[0]:8} answers {pair[1]} {words[1]}")
    sys.exit(changed)


if __name__ == "__main__":
    main()
