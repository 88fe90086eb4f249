"""The likelihoods and covariances of factor analysis here and in scikit-learn.

`benchmarks.factor_analysis` runs it. scikit-learn's steps of EM are many and small: it gets a tol
of 1e-10, of the log-likelihood of all rows, and some thousands of steps, and whether they were
enough is noted. Where both have converged to the same likelihood, covariances have to agree; where
they differ one has found a better maximum, or has gone on for longer. A noise variance that
vanishes ends at the floor, 1e-8 of the variance of the feature here, 1e-12 in scikit-learn: with
such features scikit-learn's likelihood may be the higher one.
"""

import warnings

import numpy as np
from sklearn import decomposition
from sklearn.exceptions import ConvergenceWarning

from sklearn_helmholtz import FactorAnalysis

from .factor_problems import covariance, log_likelihood, problems

N_FACTORS, TOL = 2, 1e-10
LEAST = -1e-8  # nats per row, of our likelihood less theirs
SAME = 1e-9  # nats per row between likelihoods that are level
FARTHEST = 1e-4  # between entries of covariances, relative to the largest
HEADS = (
    "Data", "Rows", "Features", "Here", "scikit-learn", "Difference", "Heywood", "Steps",
    "Their steps", "Converged", "Covariance", "Correlation",
)  # fmt: skip


def converges(model, X):
    """Fit a model; whether it converged."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X)
    return not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def compare(name, X, max_iter):
    """Both models of one table: likelihoods in nats per row, steps, and how far they are apart.

    covariance : the largest difference of two entries, relative to the largest entry; correlation :
    the same where each feature is divided by its standard deviation.
    """
    ours = FactorAnalysis(N_FACTORS)
    theirs = decomposition.FactorAnalysis(
        N_FACTORS, tol=TOL, max_iter=max_iter, svd_method="lapack"
    )
    converged = [converges(model, X) for model in (ours, theirs)]
    S, (one, other) = covariance(X), (model.get_covariance() for model in (ours, theirs))
    scores = [log_likelihood(S, C) for C in (one, other)]
    deviations, apart = np.sqrt(np.diag(S)), np.abs(one - other)
    return {
        "data": name, "rows": len(X), "features": X.shape[1], "ours": scores[0],
        "theirs": scores[1], "difference": scores[0] - scores[1],
        "heywood": int(ours.heywood_.sum()), "steps": ours.n_iter_, "their_steps": theirs.n_iter_,
        "converged": _names(converged), "covariance": float(apart.max() / np.abs(other).max()),
        "correlation": float((apart / np.outer(deviations, deviations)).max()),
    }  # fmt: skip


def _names(converged):
    ours, theirs = converged
    if ours and theirs:
        return "both"
    return "here" if ours else "scikit-learn" if theirs else "neither"


def measure(max_iter):
    """A dictionary for each table, one after the other."""
    for name, X in problems():
        yield compare(name, X, max_iter)


def cells(row):
    """A row of the table as texts."""
    return [
        row["data"], str(row["rows"]), str(row["features"]), f"{row['ours']:.6f}",
        f"{row['theirs']:.6f}", f"{row['difference']:.0e}", str(row["heywood"]), str(row["steps"]),
        str(row["their_steps"]), row["converged"], f"{row['covariance']:.0e}",
        f"{row['correlation']:.0e}",
    ]  # fmt: skip


def verdicts(rows):
    """Whether each limit was kept, and a sentence."""
    rows = list(rows)
    worst = min(rows, key=lambda row: row["difference"])
    found = f"{worst['difference']:.0e} nats per row above scikit-learn ({worst['data']})"
    yield worst["difference"] >= LEAST, f"{len(rows)} tables: at least {found}"
    level = [r for r in rows if r["converged"] == "both" and abs(r["difference"]) <= SAME]
    kept = f"both converged on {sum(row['converged'] == 'both' for row in rows)} of them"
    if not level:
        yield True, f"{kept}, on none to the same likelihood"
        return
    worst = max(level, key=lambda row: row["covariance"])
    found = f"covariances are at most {worst['covariance']:.0e} apart ({worst['data']})"
    yield worst["covariance"] <= FARTHEST, f"{kept}; where likelihoods are level, {found}"
