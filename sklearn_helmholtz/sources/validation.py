"""The share of pseudo-rows: chosen by rows held out, where rows are few."""

from dataclasses import replace

import numpy as np

from .learning import go_on, start_at
from .rotation import rotate_sources
from .samples import Samples, padded

CANDIDATES = (0.9, 0.6, 0.3, 0.1, 0.03)
PLENTY = 100  # rows for each source, beyond which pseudo-rows matter little
_FOLDS = 5
_MANY = 2000  # rows, of which one fold is enough
_ROUNDS, _TOL = 30, 1e-4


def usual_shrinkage(n_rows, n_sources):
    """Where rows are plenty: as many pseudo-rows as sources."""
    return n_sources / (n_sources + n_rows)


def choose_shrinkage(rows, weights, kind, rng):
    """The share of pseudo-rows with which rows held out have the highest likelihood.

    rows : whitened, (n_dimensions, n_rows); weights : (n_rows,); kind : of `SourceDensity`. Folds
    learn from much shrinkage to little, each time from where they ended.
    """
    n, n_rows = rows.shape
    if n_rows < 2 * (n + 1):
        return CANDIDATES[0]
    folds = [_Fold.of(rows, weights, held, kind) for held in _held_out(n_rows, rng)]
    scores = [sum(fold.score(shrinkage) for fold in folds) for shrinkage in CANDIDATES]
    return CANDIDATES[int(np.argmax(scores))]


def _held_out(n_rows, rng):
    """Numbers of the rows that each fold holds out."""
    parts = np.array_split(rng.permutation(n_rows), _FOLDS)
    return parts if n_rows <= _MANY else parts[:1]


class _Fold:
    """Rows to learn from and rows to judge by; what was learnt goes on with the next share."""

    def __init__(self, train, weights, test, test_weights, kind):
        self._train, self._weights = train, weights
        self._test, self._test_weights = test, test_weights
        self._kind, self._learnt = kind, None

    @classmethod
    def of(cls, rows, weights, held, kind):
        """A fold that holds out some rows, by number; it whitens by its own."""
        kept = np.setdiff1d(np.arange(rows.shape[1]), held)
        train, own = rows[:, kept], weights[kept]
        mean = train @ own / own.sum()
        deviations = (train - mean[:, None]) * np.sqrt(own / own.sum())
        values, vectors = np.linalg.eigh(deviations @ deviations.T)
        matrix = (vectors / np.sqrt(np.maximum(values, 1e-12 * values.max()))).T
        train, test = (matrix @ (part - mean[:, None]) for part in (train, rows[:, held]))
        return cls(train, own, test, weights[held], kind)

    def score(self, shrinkage):
        """Log-density of the rows held out in whitened coordinates, up to a constant."""
        samples = Samples.of(self._train, self._weights, shrinkage)
        learnt = self._learnt
        if learnt is None:
            start = rotate_sources(samples, np.eye(len(self._train)))
            learnt = start_at(samples, self._kind, start)
        objective = samples.sources(learnt.unmixing).objective(learnt.density)
        learnt = replace(learnt, objectives=[objective])
        self._learnt = go_on(samples, learnt, _ROUNDS, _TOL)
        values = padded(self._learnt.unmixing @ self._test)
        log_prob = self._learnt.density.log_prob(values)[: len(self._test_weights)]
        _, log_volume = np.linalg.slogdet(self._learnt.unmixing)
        return float(self._test_weights @ (log_prob + log_volume))
