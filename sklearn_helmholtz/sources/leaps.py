"""Leaps of EM: SQUAREM, which goes on in the direction of two steps (Varadhan & Roland 2008)."""

import numpy as np

_FARTHEST = 50.0  # times a step
_LEAST = 1e-300


def leapt(density, sources):
    """Densities after two steps of EM and beyond; each source takes what its objective prefers.

    density : with ``stepped(sources)``, densities after a step and the objective of each source
    before it; ``points()``, parameters without bounds, (n_parameters, n_sources, ...); and
    ``of_points``, the densities of such. Whoever is led astray takes the two steps.
    """
    one, _ = density.stepped(sources)
    two, known = one.stepped(sources)
    far = type(density).of_points(_beyond(*(each.points() for each in (density, one, two))))
    after, found = far.stepped(sources)
    is_better = found >= known
    pairs = zip(after.arrays().values(), two.arrays().values(), strict=True)
    chosen = (np.where(is_better.reshape(-1, *[1] * (a.ndim - 1)), a, b) for a, b in pairs)
    return type(density)(*chosen)


def _beyond(start, one, two):
    """Where steps that shrink as these do would lead, for each source."""
    first, bend = one - start, two - 2 * one + start
    axes = (0, *range(2, start.ndim))
    lengths = [np.sqrt((change**2).sum(axis=axes, keepdims=True)) for change in (first, bend)]
    ratio = np.clip(lengths[0] / np.maximum(lengths[1], _LEAST), 1, _FARTHEST)
    return start + 2 * ratio * first + ratio**2 * bend
