"""Sparse coding on rows of a known dictionary: what learning reaches, beside other models.

    python -m benchmarks.sparse_planted [--folder benchmarks/results] [--cases ...] [--seeds 0 1]

Atoms have normal entries and the length sqrt(2), factors Laplace distributions of variance 1.
Models learn from some thousand rows and are scored on 500 others, those whose log p(x) is estimated
by 20 chains of 300 temperatures. What has settings gets those that are best on 200 rows of
validation: scikit-learn's dictionaries their alpha, and scale and noise by the likelihood of the
training rows. *Atoms* are mean cosines with the true ones, matched. Cases and seeds that are not
measured stay as they are in the table that is there.
"""

import argparse
import csv
import pathlib
import time
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import DictionaryLearning, MiniBatchDictionaryLearning
from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import FactorAnalysis, SparseCoding

from .linear_densities import LaplaceICA, Normal

CASES = {  # atoms, features, noise, rows, steps of EM
    "complete": (16, 16, 0.2, 4000, 500),
    "overcomplete": (24, 16, 0.3, 8000, 500),
    "overcomplete, more steps": (24, 16, 0.3, 8000, 1500),
}
HEADS = [
    "case", "seed", "model", "setting", "test", "over the normal", "under the truth", "noise",
    "atoms", "seconds",
]  # fmt: skip
ALPHAS = (0.1, 0.3, 1.0)
N_VALID, N_TEST = 200, 500
MANY = 5000  # rows


def planted(n_atoms, n_features, noise, seed):
    """The true model."""
    rng = np.random.RandomState(seed)
    atoms = rng.standard_normal((n_atoms, n_features))
    atoms *= np.sqrt(2) / np.linalg.norm(atoms, axis=1, keepdims=True)
    return SparseCoding.from_parameters(atoms, noise**2)


def likeness(found, truth):
    """The mean |cosine| of atoms with the true ones, matched."""
    found, truth = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (found, truth))
    cosines = np.abs(found @ truth.T)
    return cosines[linear_sum_assignment(-cosines)].mean()


def models(truth, X, X_valid, n_steps, rivals):
    """Triples of a name, a setting, and a function that makes the fitted model."""
    n_atoms, seed = len(truth.components_), 0
    yield "truth", "", lambda: truth
    learner = SparseCoding(n_atoms, max_iter=n_steps, random_state=seed)
    yield "SparseCoding", f"{n_steps} steps", lambda: learner.fit(X)
    if not rivals:
        return
    yield "normal", "", lambda: Normal().fit(X)
    yield "FactorAnalysis", "half of the features", lambda: FactorAnalysis(X.shape[1] // 2).fit(X)
    yield "FastICA, Laplace densities", "", lambda: LaplaceICA().fit(X)
    for alpha in ALPHAS:

        def given(alpha=alpha):
            learner = _learner(len(X), n_atoms, alpha=alpha, random_state=seed)
            return SparseCoding.from_sklearn(learner.fit(X), X, random_state=seed)

        yield _learner(len(X), n_atoms).__class__.__name__, f"alpha {alpha:g}", given


def _learner(n_rows, n_atoms, **params):
    """Scikit-learn's dictionary learning, of minibatches where rows are many."""
    if n_rows > MANY:
        return MiniBatchDictionaryLearning(n_atoms, transform_algorithm="lasso_cd", **params)
    return DictionaryLearning(n_atoms, max_iter=100, fit_algorithm="cd", **params)


def measure(case, seed):
    """The rows of the table of a case."""
    n_atoms, n_features, noise, n_rows, n_steps = CASES[case]
    truth = planted(n_atoms, n_features, noise, seed)
    X, X_valid, X_test = (
        truth.sample(n, random_state=100 * seed + k)
        for k, n in enumerate((n_rows, N_VALID, N_TEST), 1)
    )
    rows, dictionaries = [], []
    for name, setting, make in models(truth, X, X_valid, n_steps, "more" not in case):
        start = time.process_time()
        model = make()
        seconds = time.process_time() - start
        row = {"case": case, "seed": seed, "model": name, "setting": setting, "seconds": seconds}
        if "alpha" in setting:
            dictionaries.append((model.score(X_valid), row, model))
            continue
        rows.append(_finished(row, model, X_test, truth))
    if dictionaries:
        _, row, model = max(dictionaries, key=lambda each: each[0])
        row["seconds"] = sum(each["seconds"] for _, each, _ in dictionaries)
        rows.append(_finished(row, model, X_test, truth))
    normal = Normal().fit(X).score(X_test)
    for row in rows:
        row["over the normal"] = row["test"] - normal
        row["under the truth"] = rows[0]["test"] - row["test"]
    return rows


def _finished(row, model, X_test, truth):
    """A row with the test score, and what was found of noise and atoms."""
    row["test"] = model.score(X_test)
    if isinstance(model, SparseCoding):
        row["noise"] = np.sqrt(model.noise_variance_)
        row["atoms"] = likeness(model.components_, truth.components_)
    elif isinstance(model, LaplaceICA):
        k = len(truth.components_)
        if k == len(model.atoms):
            row["atoms"] = likeness(model.atoms, truth.components_)
    return row


def cells(row):
    """A row as texts."""
    digits = {"noise": 3, "atoms": 4, "seconds": 0, "seed": 0}
    result = []
    for head in HEADS:
        value = row.get(head, "")
        is_text = isinstance(value, str)
        result.append(value if is_text else f"{value:.{digits.get(head, 3)}f}")
    return result


def write(path, found):
    """Put the rows of a case and a seed into a table, in the place of those that are there."""
    known = list(csv.reader(path.read_text().splitlines()))[1:] if path.exists() else []
    others = [texts for texts in known if texts[:2] != found[0][:2]]
    order = {case: number for number, case in enumerate(CASES)}
    table = sorted(others + found, key=lambda texts: (order[texts[0]], texts[1]))
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([HEADS, *table])


def main():
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", help="for the table")
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", "Heywood case")
    for case in arguments.cases:
        for seed in arguments.seeds:
            found = [cells(row) for row in measure(case, seed)]
            print("\n".join(" | ".join(texts) for texts in found), flush=True)
            if arguments.folder:
                write(pathlib.Path(arguments.folder) / "sparse_planted.csv", found)


if __name__ == "__main__":
    main()
