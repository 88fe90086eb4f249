"""Log-likelihoods of mixtures, with the errors that come from those of their components."""

import numpy as np
from scipy.special import logsumexp

from ..estimators.scored_rows import ScoredRows
from ..likelihood import Estimate
from .mixture_weights import log_shares, mixed, responsibilities

_NO_SHARE = 1e-3  # of a row, below which a component's doubts are of no account


def combined(parts, weights):
    """`ScoredRows` of a mixture.

    ``log p(x) = log sum_k w_k p_k(x)`` has the derivatives r_k, the probabilities of the components
    given the row, by ``l_k = log p_k(x)``, and second derivatives ``r_k (k = j) - r_k r_j``. So
    where estimates of l_k are off by random numbers of the deviations s_k and the means b_k, that
    of log p(x) has to second order

        the deviation  s = sum_k r_k s_k  at most,
        the bias       sum_k r_k b_k + (sum_k r_k s_k^2 - s^2) / 2.

    At most, since components may share random numbers: s is the deviation where their errors rise
    and fall together, whatever they have in common (without anything it would be the root of
    ``sum_k r_k^2 s_k^2``). For unbiased estimates of p_k, whose b_k is ``-s_k^2 / 2``, the bias is
    that of an unbiased estimate of p, ``-s^2 / 2``. Effective sample sizes are harmonic means with
    the weights r_k, and shapes of tails arithmetic ones.

    parts : the `ScoredRows` of each component; weights : (n_components,).
    """
    estimates = [part.estimate for part in parts]

    def column(name):
        return np.column_stack([getattr(estimate, name) for estimate in estimates])

    joint = log_shares(column("per_sample"), weights)
    shares = responsibilities(joint, weights)
    variance = column("variance")
    deviation = (shares * np.sqrt(variance)).sum(axis=1)
    bias = (shares * (column("bias") + variance / 2)).sum(axis=1) - deviation**2 / 2
    common = shares.mean(axis=0) @ np.sqrt([estimate.common_variance for estimate in estimates])
    energy = -mixed(log_shares(-column("free_energy"), weights))
    used = weights > 0
    estimate = Estimate(
        mixed(joint), deviation**2, bias,
        _harmonic_mean(column("effective_sample_size"), shares), energy,
        _mean_shape(column("pareto_k"), shares),
        _bound([e.bound for e, is_used in zip(estimates, used, strict=True) if is_used]),
        float(common**2),
    )  # fmt: skip
    recorded = logsumexp(
        log_shares(np.column_stack([part.log_probability for part in parts]), weights), axis=1
    )
    methods = {part.method for part in parts}
    method = (methods - {"exact"} or methods).pop()
    return ScoredRows(estimate, parts[0].addresses, method, None, recorded, energy, parts[0].index)


def _harmonic_mean(sizes, shares):
    """Harmonic means of the sizes of components, infinite where all that count are."""
    with np.errstate(divide="ignore"):
        return 1 / (shares / sizes).sum(axis=1)


def _mean_shape(shapes, shares):
    """Mean shapes of the tails of components that count, NaN where none of these has any."""
    counts = (shares > _NO_SHARE) & ~np.isnan(shapes)
    total = np.where(counts, shares, 0).sum(axis=1)
    known = np.where(counts, shapes, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (known * np.where(counts, shares, 0)).sum(axis=1) / np.where(total, total, np.nan)


def _bound(bounds):
    """The direction of a mixture's error, from those of its components.

    Lower bounds of l_k are logarithms of unbiased estimates of p_k, whose mixture is one of p;
    upper bounds stay such, since log p is convex and rising in them.
    """
    kinds = set(bounds) - {"exact"}
    if not kinds:
        return "exact"
    return kinds.pop() if len(kinds) == 1 else "none"
