"""The modes of mixtures of Gaussians."""

import numpy as np

_SHIFTS = 30  # from the mean of a component towards the mode


def gaussian_mixture_modes(weights, means, variances):
    """Places where mixtures of Gaussians are densest, column by column, (n_rows, n_features).

    By mean shift from the densest component mean: each step makes the density higher (Carreira-
    Perpinan 2000). weights : (n_rows, n_components); means : (n_rows, n_components, n_features);
    variances : (n_rows, n_features), the same for all components of a row.
    """
    best = np.empty(means[:, 0].shape)
    rows = zip(weights, means, variances, strict=True)
    for row, (w, centres, variance) in enumerate(rows):
        density = [_pulls(w, centres, variance, centre).sum(axis=0) for centre in centres]
        start = np.argmax(density, axis=0)[None]
        best[row] = np.take_along_axis(centres, start, axis=0)[0]
        for _ in range(_SHIFTS):
            pulls = _pulls(w, centres, variance, best[row])
            best[row] = (pulls * centres).sum(axis=0) / pulls.sum(axis=0)
    return best


def _pulls(weights, centres, variance, place):
    """The weighted density of each component at a place, unnormalised, as ``centres``."""
    return weights[:, None] * np.exp(-0.5 * (centres - place) ** 2 / variance)
