"""The order and the signs of sources, which the likelihood leaves open."""

import numpy as np

_LOG_2PI = np.log(2 * np.pi)


def ordered(unmixing, density, samples):
    """A matrix and densities in order of negentropy, with signs that make skewness positive.

    unmixing : (n_sources, n_dimensions); samples : `Samples` of the rows that it was learnt from.
    Returns both and the negentropies, (n_sources,) nats.
    """
    sources = samples.sources(unmixing)
    values, shares = sources.values, samples.shares
    deviations = np.sqrt(values**2 @ shares)
    unmixing, density = unmixing / deviations[:, None], density.scaled(1 / deviations)
    values = values / deviations[:, None]
    signs = np.where(_third_moments(values, shares) < 0, -1.0, 1.0)
    negentropies = _negentropies(values, shares, density)
    order = np.argsort(-negentropies, kind="stable")
    density = density.scaled(signs).chosen(order)
    return (signs[:, None] * unmixing)[order], density, negentropies[order]


def _third_moments(values, shares):
    centred = values - (values @ shares)[:, None]
    return centred**3 @ shares


def _negentropies(values, shares, density):
    """Mean of log p less that of the normal density of the same mean and variance, nats."""
    log_densities = density.scores(values, shares).log_densities
    means = values @ shares
    variances = values**2 @ shares - means**2
    return log_densities + (_LOG_2PI + np.log(variances) + 1) / 2
