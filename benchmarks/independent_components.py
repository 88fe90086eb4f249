"""Independent components beside FastICA, Picard and other densities.

    python -m benchmarks.independent_components planted|laplace|tables|agreement|speed

*planted*: 8 sources (two of Laplace's, two uniform, two of two humps, Student's with 4 degrees of
freedom, exponential), 2,000 rows to learn from and 2,000 held out, 20 draws: log-likelihood held
out, in nats a row, and Amari's distance of the unmixing from the true one (0 is perfect). "true
unmixing" has densities learnt for the true sources, and so have Picard's. *laplace*: 8 sources of
Laplace's. *tables*: standardised real tables, two thirds to learn from, 4 splits; "best on test" is
the size that the test rows like best, which favours it; others are chosen by three folds of the
training rows. *agreement*: the
unmixing that Picard finds for the same logistic density. *speed*: 32 Laplace sources, 50,000 rows,
one run of all. Picard is ``pip install python-picard``. Run with OMP_NUM_THREADS=1.
"""

import argparse
import csv
import pathlib
import time
import warnings

import numpy as np
from sklearn import datasets
from sklearn.decomposition import PCA, FastICA
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, IndependentComponents
from sklearn_helmholtz.factors import SecondMoments
from sklearn_helmholtz.sources import Adaptive, Samples, Spectrum, Unmixing

FOLDER = pathlib.Path(__file__).parent / "results"
_N, _DRAWS = 2000, 20


def planted(seed, n_rows=2 * _N):
    """Mixed sources of eight kinds, (n_rows, 8), and the matrix that mixes them."""
    rng = np.random.default_rng(seed)
    humps = [
        np.where(rng.random(n_rows) < 0.5, -1, 1) + 0.4 * rng.normal(size=n_rows) for _ in "ab"
    ]
    heavy = [rng.laplace(size=n_rows), rng.laplace(size=n_rows), rng.standard_t(4, n_rows)]
    flat = [rng.uniform(-1, 1, n_rows), rng.uniform(-1, 1, n_rows)]
    sources = np.column_stack([*heavy, *flat, *humps, rng.exponential(size=n_rows)])
    mixing = rng.normal(size=(8, 8))
    return (sources - sources.mean(axis=0)) / sources.std(axis=0) @ mixing.T, mixing


def laplace(seed, n_rows=_N, n_sources=8):
    """Mixed sources of Laplace's, and the matrix that mixes them."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_sources, n_sources))
    return rng.laplace(size=(n_rows, n_sources)) @ mixing.T, mixing


def amari(unmixing, mixing):
    """Amari's distance of the product from a scaled permutation, between 0 and 1."""
    p = np.abs(unmixing @ mixing)
    rows, columns = p / p.max(axis=1, keepdims=True), p / p.max(axis=0)
    return (rows.sum() + columns.sum() - 2 * len(p)) / (2 * len(p) * (len(p) - 1))


def picard_unmixing(X, **params):
    """The unmixing matrix of Picard."""
    from picard import picard

    whitening, unmixing, _ = picard(X.T, random_state=0, **params)
    return unmixing @ whitening


def with_densities(unmixing, X):
    """An `Unmixing` by a given matrix, whose densities are learnt."""
    spectrum = Spectrum.of(SecondMoments.about(X).plus(X))
    matrix = unmixing @ np.linalg.inv(spectrum.whitening(X.shape[1]).matrix)
    samples = Samples.of(spectrum.whitening(X.shape[1]).rows(X), np.ones(len(X)), 0.004)
    matrix /= np.sqrt((matrix**2).sum(axis=1))[:, None]
    sources = samples.sources(matrix)
    density = Adaptive.start(sources).improved(sources, 40)
    components = matrix @ spectrum.whitening(X.shape[1]).matrix
    return Unmixing(spectrum.mean, components, 0.0, density)


def planted_rows():
    """Rows of the table of planted sources."""
    for draw in range(_DRAWS):
        X, mixing = planted(draw)
        X, test = X[:_N], X[_N:]
        models = {
            "true unmixing": with_densities(np.linalg.inv(mixing), X),
            "Picard": with_densities(picard_unmixing(X, ortho=False, extended=True), X),
            "Picard-O": with_densities(picard_unmixing(X, ortho=True, extended=True), X),
        }
        for density in ("auto", "mixture"):
            start = time.process_time()
            model = IndependentComponents(density=density).fit(X)
            seconds = time.process_time() - start
            machine = model._model.machine
            yield _line(draw, f"IndependentComponents, {density}", machine, mixing, test, seconds)
        for name, machine in models.items():
            yield _line(draw, name, machine, mixing, test, "")
        gauss = FactorAnalysis(7, noise="isotropic").fit(X)
        yield {"draw": draw, "model": "normal", "test": round(gauss.score(test), 4)}


def _line(draw, name, machine, mixing, test, seconds):
    return {
        "draw": draw, "model": name, "test": round(machine.log_prob(test).mean(), 4),
        "amari": round(amari(machine.components, mixing), 5),
        "cpu_seconds": seconds if seconds == "" else round(seconds, 2),
    }  # fmt: skip


def laplace_rows():
    """Rows of the table of Laplace sources."""
    for draw in range(_DRAWS):
        X, mixing = laplace(draw)
        found = {
            "Picard": picard_unmixing(X, ortho=False),
            "Picard-O": picard_unmixing(X, ortho=True),
        }
        for density in ("auto", "student", "mixture", "laplace"):
            model = IndependentComponents(density=density).fit(X)
            found[f"IndependentComponents, {density}"] = model.components_
        for name, unmixing in found.items():
            yield {"draw": draw, "model": name, "amari": round(amari(unmixing, mixing), 5)}


def tables():
    """Real tables by name; levels of grey get uniform noise, which makes densities of them."""
    digits = datasets.load_digits().data
    grey = digits + np.random.default_rng(0).uniform(-0.5, 0.5, digits.shape)
    middle = [8 * row + column for row in range(2, 6) for column in range(2, 6)]
    return {
        "breast cancer": datasets.load_breast_cancer().data,
        "wine": datasets.load_wine().data,
        "iris": datasets.load_iris().data,
        "diabetes": datasets.load_diabetes().data,
        "digits, middle 16 pixels": grey[:, middle],
        "digits, 20 principal components": PCA(20, random_state=0).fit_transform(grey),
    }


def _chosen(model, name, sizes, X):
    folds = KFold(3, shuffle=True, random_state=0)
    return GridSearchCV(model, {name: sizes}, cv=folds).fit(X).best_estimator_


def table_rows():
    """Rows of the comparison of densities of real tables."""
    for name, data in tables().items():
        splits = ShuffleSplit(4, test_size=1 / 3, random_state=0)
        for split, (train, test) in enumerate(splits.split(data)):
            scaler = StandardScaler().fit(data[train])
            X, Y = scaler.transform(data[train]), scaler.transform(data[test])
            for model, score in _scores(X, Y):
                yield {"table": name, "rows": len(X), "columns": X.shape[1], "split": split,
                       "model": model, "test": round(float(score), 3)}  # fmt: skip


def _scores(X, Y):
    """Pairs of models and their held-out scores."""
    sizes = range(1, min(9, X.shape[1]))
    mixtures = [GaussianMixture(k, random_state=0).fit(X).score(Y) for k in range(1, 6)]
    yield "normal", mixtures[0]
    yield "mixture of normals, best on test", max(mixtures)
    found = _chosen(GaussianMixture(random_state=0), "n_components", range(1, 6), X)
    yield "mixture of normals", found.score(Y)
    yield "FactorAnalysis", _chosen(FactorAnalysis(), "n_components", sizes, X).score(Y)
    yield (
        "HelmholtzMachine",
        HelmholtzMachine(16, visible="gaussian", random_state=0).fit(X).score(Y),
    )
    for density in ("auto", "mixture", "student"):
        model = IndependentComponents(density=density).fit(X)
        yield f"IndependentComponents, {density}", model.score(Y)
        if density == "auto":
            yield "(its shrinkage)", model.shrinkage_


def agreement_rows():
    """Rows of the agreement with Picard on the logistic density."""
    from picard.densities import Tanh

    for draw in range(5):
        X, _ = laplace(draw, 3000, 6)
        params = {"shrinkage": 0, "tol": 1e-15, "max_iter": 500}
        model = IndependentComponents(density="logistic", **params).fit(X)
        logistic = Tanh(params={"alpha": 0.5})
        other = picard_unmixing(X, ortho=False, fun=logistic, tol=1e-11, max_iter=1000)
        product = np.abs(model.components_ @ np.linalg.inv(other))
        product /= product.max(axis=1, keepdims=True)
        yield {"draw": draw, "largest_off_permutation": f"{np.sort(product)[:, -2].max():.1e}"}


def speed_rows():
    """Rows of the table of speed."""
    from picard.densities import Tanh

    X, mixing = laplace(0, 50_000, 32)
    logistic = Tanh(params={"alpha": 0.5})
    ways = {
        "Picard, logistic density": lambda: picard_unmixing(X, ortho=False, fun=logistic),
        "Picard-O, extended": lambda: picard_unmixing(X, ortho=True, extended=True),
        "FastICA, tol=1e-7": lambda: _fast_ica(X, 1e-7),
        "FastICA": lambda: _fast_ica(X, 1e-4),
    }
    for density in ("logistic", "student", "mixture", "auto"):
        ways[f"IndependentComponents, {density}"] = lambda d=density: (
            IndependentComponents(density=d).fit(X).components_
        )
        IndependentComponents(density=density, max_iter=2).fit(X[:500, :2])  # compiles
    for name, find in ways.items():
        walls, cpus = [], []
        for _ in range(3):
            start = time.perf_counter(), time.process_time()
            unmixing = find()
            walls.append(time.perf_counter() - start[0])
            cpus.append(time.process_time() - start[1])
        yield {"model": name, "seconds": round(min(walls), 2), "cpu_seconds": round(min(cpus), 2),
               "amari": round(amari(unmixing, mixing), 5)}  # fmt: skip


def _fast_ica(X, tol):
    model = FastICA(whiten="unit-variance", tol=tol, max_iter=1000, random_state=0)
    return model.fit(X).components_


PARTS = {
    "planted": planted_rows, "laplace": laplace_rows, "tables": table_rows,
    "agreement": agreement_rows, "speed": speed_rows,
}  # fmt: skip


def main():
    """Make a table, line by line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("part", choices=PARTS)
    part = parser.parse_args().part
    warnings.simplefilter("ignore")
    path, writer = FOLDER / f"independent_components_{part}.csv", None
    with path.open("w", newline="") as file:
        for row in PARTS[part]():
            if writer is None:
                names = list(row)
                writer = csv.DictWriter(file, names, lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            print(*row.values(), sep="\t", flush=True)


if __name__ == "__main__":
    main()
