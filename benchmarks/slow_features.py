"""Slow features with noise on planted sequences, beside other models of time series.

    python -m benchmarks.slow_features

Three sources, autoregressions with 0.98, 0.9 and 0.7, are mixed into 12 columns by random numbers,
and noise of three standard deviations is added: 1,500 steps to learn from, the next 1,500 held out,
ten draws of mixtures, sources and noise. All models know the number of sources and have their
default settings otherwise; nothing is chosen.

* Likelihoods, nats per held-out step: the model that the rows were drawn from,
  `SlowFeatureAnalysis` with ``noise="diagonal"``, a vector autoregression of order one by least
  squares (the first step by the covariance of the training rows) and `FactorAnalysis`, for which
  steps are rows without an order. Medians over the draws, and the median and the largest of what
  the fit loses to the truth.
* Absolute correlations of held-out sources with the features that are most like them: of the closed
  form, of each row by itself, and smoothed. Medians over the draws.
* Gaps: one value in five is missing at random, of training rows and held-out ones. Root mean
  squared errors of what is filled in, in units of the columns' standard deviations, by the expected
  values of the truth and of the fit, by the same of `FactorAnalysis`, by straight lines between the
  neighbours in time, and by `IterativeImputer`. Medians over five draws.

* Starts: training log-likelihoods of fits, nats of all steps together, less those of fits that
  begin at the truth, the least and the most of five draws; their steps, in the median.

The tables are ``benchmarks/results/slow_features.csv``, ``..._correlations.csv``, ``..._gaps.csv``
and ``..._starts.csv``.
"""

import csv
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import multivariate_normal
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

from sklearn_helmholtz import FactorAnalysis, SlowFeatureAnalysis
from sklearn_helmholtz.sequences import Sequences, fit_dynamic_factors

FOLDER = Path(__file__).parent / "results"
PERSISTENCE, N_COLUMNS, N_STEPS = (0.98, 0.9, 0.7), 12, 1500
NOISES, DRAWS, FEW_DRAWS, SHARE = (0.05, 0.5, 1.5), range(10), range(5), 0.2
PROBLEMS = (  # noise, share of missing values, features, columns
    (0.05, 0, 3, 12), (1.5, 0, 3, 12), (6, 0, 3, 12), (0.05, 0.6, 3, 12), (1.5, 0.6, 3, 12),
    (0.5, 0, 10, 20),
)  # fmt: skip


def truth(noise, draw, n_columns=N_COLUMNS, persistence=PERSISTENCE):
    """The model that rows are drawn from."""
    mixing = np.random.default_rng(draw).normal(size=(n_columns, len(persistence)))
    variances = np.full(n_columns, float(noise) ** 2)
    return SlowFeatureAnalysis.from_parameters(mixing, persistence, variances)


def planted(noise, draw):
    """The model, rows to learn from, rows held out, and the sources of these."""
    model = truth(noise, draw)
    X, (H,) = model.sample(2 * N_STEPS, random_state=draw, return_latents=True)
    return model, X[:N_STEPS], X[N_STEPS:], H[N_STEPS:]


def with_noise():
    """The estimator that is measured."""
    return SlowFeatureAnalysis(len(PERSISTENCE), noise="diagonal")


def autoregression_score(train, test):
    """Nats per step of a vector autoregression of order one, by least squares."""
    past = np.column_stack([train[:-1], np.ones(len(train) - 1)])
    weights = np.linalg.lstsq(past, train[1:], rcond=None)[0]
    rest = np.cov((train[1:] - past @ weights).T, bias=True)
    start = multivariate_normal(train.mean(axis=0), np.cov(train.T)).logpdf(test[0])
    moves = test[1:] - np.column_stack([test[:-1], np.ones(len(test) - 1)]) @ weights
    steps = multivariate_normal(np.zeros(train.shape[1]), rest).logpdf(moves)
    return (start + steps.sum()) / len(test)


def scores(noise, draw):
    """Nats per held-out step: truth, fit, autoregression, factor analysis."""
    model, train, test, _ = planted(noise, draw)
    static = FactorAnalysis(len(PERSISTENCE)).fit(train)
    fit = with_noise().fit(train)
    return [
        model.score(test), fit.score(test), autoregression_score(train, test), static.score(test)
    ]  # fmt: skip


def correlations(features, sources):
    """Absolute correlations of sources with the features that are most like them."""
    k = sources.shape[1]
    return np.abs(np.corrcoef(features.T, sources.T)[:k, k:]).max(axis=0)


def likenesses(noise, draw):
    """Correlations with the sources: closed form, row by row, smoothed; (3, n_sources)."""
    _, train, test, sources = planted(noise, draw)
    closed, fit = SlowFeatureAnalysis(len(PERSISTENCE)).fit(train), with_noise().fit(train)
    every = closed.transform(test), fit.transform(test), fit.smooth(test)
    return np.array([correlations(features, sources) for features in every])


def with_gaps(X, seed, share=SHARE):
    """The rows, with a share of their entries missing."""
    return np.where(np.random.default_rng(seed).random(X.shape) < share, np.nan, X)


def interpolated(X):
    """Straight lines in time in the place of gaps."""
    X, t = X.copy(), np.arange(len(X))
    for x in X.T:
        missing = np.isnan(x)
        x[missing] = np.interp(t[missing], t[~missing], x[~missing])
    return X


def gap_errors(noise, draw):
    """Errors of what is filled in: truth, fit, factor analysis, straight lines, chained rows."""
    model, train, test, _ = planted(noise, draw)
    rows, gaps = with_gaps(train, draw), with_gaps(test, draw + 1000)
    chained = IterativeImputer(random_state=0).fit(rows)
    found = [
        model.impute(gaps), with_noise().fit(rows).impute(gaps),
        FactorAnalysis(len(PERSISTENCE)).fit(rows).impute(gaps), interpolated(gaps),
        chained.transform(gaps),
    ]  # fmt: skip
    scale, missing = train.std(axis=0), np.isnan(gaps)
    return [np.sqrt(np.mean(((each - test) / scale)[missing] ** 2)) for each in found]


def from_both_starts(noise, share, n_features, n_columns, draw):
    """Nats by which a fit ends above one from the truth, and its steps."""
    persistence = np.linspace(0.98, 0.2, n_features) if n_features != 3 else PERSISTENCE
    model = truth(noise, draw, n_columns, persistence)
    rows = with_gaps(model.sample(N_STEPS, random_state=draw), draw, share)
    fit = SlowFeatureAnalysis(n_features, noise="diagonal").fit(rows)
    sequences, variances = Sequences.one(N_STEPS), np.nanvar(rows, axis=0)
    settings = fit.tol, fit.max_iter
    best = fit_dynamic_factors(model._model.machine, rows, sequences, variances, *settings)
    return fit.loglike_[-1] - best.path[-1], fit.n_iter_


def start_table():
    """Lines of the fourth table."""
    yield ["Noise", "Missing", "Features", "Columns", "Least", "Most", "Steps"]
    for problem in PROBLEMS:
        found = [from_both_starts(*problem, draw) for draw in FEW_DRAWS]
        above, steps = zip(*found, strict=True)
        ends = (f"{round(each, 3) + 0.0:.3f}" for each in (min(above), max(above)))
        yield [*problem, *ends, f"{np.median(steps):.0f}"]


def score_table():
    """Lines of the first table."""
    yield [
        "Noise", "Truth", "SlowFeatureAnalysis", "VAR(1)", "FactorAnalysis", "Lost to the truth",
        "most",
    ]  # fmt: skip
    for noise in NOISES:
        found = np.array([scores(noise, draw) for draw in DRAWS])
        lost = found[:, 0] - found[:, 1]
        medians = [f"{median:.3f}" for median in np.median(found, axis=0)]
        yield [noise, *medians, f"{np.median(lost):.3f}", f"{lost.max():.3f}"]


def correlation_table():
    """Lines of the second table."""
    yield ["Noise", "Features", *(f"source {each}" for each in PERSISTENCE)]
    for noise in NOISES:
        found = np.median([likenesses(noise, draw) for draw in DRAWS], axis=0)
        for name, line in zip(("closed form", "row by row", "smoothed"), found, strict=True):
            yield [noise, name, *(f"{each:.3f}" for each in line)]


def gap_table():
    """Lines of the third table."""
    yield [
        "Noise", "Truth", "SlowFeatureAnalysis", "FactorAnalysis", "Straight lines",
        "IterativeImputer",
    ]  # fmt: skip
    for noise in NOISES:
        found = np.median([gap_errors(noise, draw) for draw in FEW_DRAWS], axis=0)
        yield [noise, *(f"{each:.3f}" for each in found)]


def write(name, lines):
    """Print lines and write them to a table of results."""
    with (FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        for line in lines:
            print(*line, sep="  ", flush=True)
            csv.writer(file, lineterminator="\n").writerow(line)


def main():
    """Make, print and write all tables."""
    warnings.simplefilter("ignore", ConvergenceWarning)  # IterativeImputer, with default rounds
    write("slow_features", score_table())
    write("slow_features_correlations", correlation_table())
    write("slow_features_gaps", gap_table())
    write("slow_features_starts", start_table())


if __name__ == "__main__":
    main()
