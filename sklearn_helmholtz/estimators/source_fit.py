"""The steps of a fit of independent components: what is learnt, and what has to be said of it."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from ..sources import (
    KINDS,
    PLENTY,
    Adaptive,
    Samples,
    Spectrum,
    Unmixing,
    Whitening,
    choose_shrinkage,
    learn,
    ordered,
    usual_shrinkage,
)

_FEW = 5  # rows for each source, below which there is a warning
_LEVEL = 0.05  # at which a source can be told from a normal one
_DENSITIES = {Adaptive.name: Adaptive, **KINDS}
DENSITIES = tuple(_DENSITIES)


@dataclass(frozen=True)
class SourceFit:
    """The outcome of a fit.

    machine : `Unmixing`; whitening : `Whitening`; negentropies : (n_sources,) nats; shrinkage : the
    share of pseudo-rows; objectives : after each round; has_converged : whether the last one raised
    it by less than tol; remarks : sentences of what users should know.
    """

    machine: Unmixing
    whitening: Whitening
    negentropies: np.ndarray
    shrinkage: float
    objectives: list
    has_converged: bool
    remarks: list


def fit_sources(data, weights, moments, settings, rng):
    """The `SourceFit` to rows of an array or a CSR matrix.

    weights : (n_rows,); moments : `SecondMoments` of the rows; settings : the estimator, whose
    parameters are read.
    """
    spectrum = Spectrum.of(moments)
    n_components, remarks = _n_components(spectrum, settings.n_components)
    whitening = spectrum.whitening(n_components)
    rows, n_rows = whitening.rows(data), weights.sum()
    if n_rows < _FEW * n_components:
        remarks = [*remarks, _of_few_rows(n_rows, n_components)]
    kind = _DENSITIES[settings.density]
    shrinkage = settings.shrinkage
    if shrinkage == "auto":
        if n_rows < PLENTY * n_components:
            shrinkage = choose_shrinkage(rows, weights, kind, rng)
        else:
            shrinkage = usual_shrinkage(n_rows, n_components)
    samples = Samples.of(rows, weights, float(shrinkage))
    found = learn(samples, kind, settings.n_init, settings.max_iter, settings.tol, rng)
    unmixing, density, negentropies = ordered(found.unmixing, found.density.settled(), samples)
    components = unmixing @ whitening.matrix
    machine = Unmixing(whitening.mean, components, whitening.rest_variance, density)
    remarks = [*remarks, *_of_normal_sources(negentropies, n_rows)]
    return SourceFit(
        machine, whitening, negentropies, float(shrinkage), found.objectives, found.has_converged,
        remarks,
    )  # fmt: skip


def _n_components(spectrum, wanted):
    """The number of sources there can be, and remarks where these are fewer than wanted."""
    n_features, rank = len(spectrum.mean), spectrum.rank
    if rank == 0:
        raise ValueError("All columns of X are constant: there are no sources to find.")
    if wanted is not None and wanted > n_features:
        raise ValueError(
            f"n_components must be at most the number of features, {n_features}, got {wanted}."
        )
    n_wanted = n_features if wanted is None else wanted
    if n_wanted <= rank:
        return n_wanted, []
    constant = int((np.diag(spectrum.covariance) == 0).sum())
    return rank, [
        f"X has only {rank} dimensions ({constant} of {n_features} columns are constant, others "
        f"follow from each other or rows are few): {rank} sources are learnt, not {n_wanted}. What "
        "lies outside has a variance of next to nothing, which log-likelihoods depend on; leave "
        "out columns that say nothing new.",
    ]


def _of_few_rows(n_rows, n_components):
    return (
        f"{n_rows:g} rows are few for {n_components} sources: {_FEW} for each are the least that "
        "says anything. Take fewer n_components."
    )


def _of_normal_sources(negentropies, n_rows):
    """A remark where two sources or more cannot be told from normal ones, whose mixtures are none.

    Twice the log-likelihood ratio of a shape of a few parameters, found in one direction of many,
    is compared with a quantile of chi square.
    """
    n = len(negentropies)
    limit = chi2.ppf(1 - _LEVEL, 2 + (n - 1) / 2) / (2 * n_rows)
    normal = np.flatnonzero(negentropies < limit)
    if len(normal) < 2:
        return []
    return [
        f"{len(normal)} of {n} sources cannot be told from normal ones (components "
        f"{', '.join(map(str, normal[:5]))}{', ...' if len(normal) > 5 else ''}): which directions "
        "they have is chance, though the likelihood is right. Fewer n_components, or more rows."
    ]
