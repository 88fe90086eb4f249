"""The evidence of each step of a sequence on the features of a dynamic factor model."""

from dataclasses import dataclass

import numpy as np

from .gaps import places

_LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class Evidence:
    """``log p(x_t | h) = constants_t + h'vectors_t - h'information h / 2`` of each step.

    information : (n_patterns, n_features, n_features) by what is missing; numbers : (n_rows,) int64
    ; vectors : (n_rows, n_features); constants : (n_rows,) nats.
    """

    information: np.ndarray
    numbers: np.ndarray
    vectors: np.ndarray
    constants: np.ndarray

    @classmethod
    def of(cls, machine, rows, gaps):
        """That of rows, an array or a CSR matrix, with some `Gaps`."""
        loadings, noise = machine.loadings, machine.noise
        k, p = loadings.shape
        scaled, n = loadings / noise, rows.shape[0]
        constants, vectors = np.empty(n), np.empty((n, k))
        for place in places(n, p):
            d = gaps.deviations(rows, place, machine.mean)
            np.matmul(d, scaled.T, out=vectors[place])
            constants[place] = d**2 @ (-0.5 / noise)
        volumes = gaps.patterns @ (_LOG_2PI + np.log(noise))
        constants -= 0.5 * volumes[gaps.numbers]
        information = information_of(scaled, loadings, gaps.patterns)
        return cls(information, gaps.numbers, vectors, constants)


def information_of(scaled, loadings, patterns):
    """``scaled diag(pattern) loadings'`` of each pattern, (n_patterns, n_features, n_features)."""
    k = len(loadings)
    products = (scaled[:, None] * loadings).reshape(k * k, -1)
    found = (patterns @ products.T).reshape(len(patterns), k, k)
    return (found + np.swapaxes(found, 1, 2)) / 2
