"""Learning of an unmixing matrix and the densities of the sources, in turns."""

from dataclasses import dataclass

import numpy as np

from .density import SourceDensity
from .descent import Place, descend
from .memory import Memory
from .rotation import random_rotation, rotate_sources

_STEPS_OF_DENSITIES = 2
_STEPS_OF_MATRIX = 6
_MOST_ROWS = 10_000  # that starts are compared on
_TRIAL = 5  # rounds, after which starts are compared
_TOL_OF_FEW = 1e-5
_STEEP = 0.1  # times the root of tol: gradients that are worth no step
_FALL = 0.03  # of the gradient, in the steps of a round


@dataclass(frozen=True)
class Learnt:
    """A matrix (n, n) of whitened rows, densities, and how they came.

    objective : mean log-density of all whitened rows with pseudo-rows and prior, nats, to begin
    with and after each round; has_converged : whether the last one raised it by less than tol.
    """

    unmixing: np.ndarray
    density: SourceDensity
    objectives: list
    has_converged: bool

    @property
    def objective(self):
        """The last one."""
        return self.objectives[-1]


def learn(samples, kind, n_init, max_iter, tol, rng):
    """The `Learnt` of the highest objective of several starts.

    samples : `Samples`; kind : of `SourceDensity`; max_iter : rounds; tol : nats a row. Starts are
    compared, and the first rounds made, on some of the rows where these are many.
    """
    few = samples.thinned(_MOST_ROWS)
    best = None
    for start in _starts(len(samples.rows), n_init, rng):
        rotation = start if samples.shrinkage == 1 else rotate_sources(few, start)
        found = go_on(few, start_at(few, kind, rotation), min(_TRIAL, max_iter), tol)
        if best is None or found.objective > best.objective:
            best = found
    if few is not samples:
        best = go_on(few, best, max_iter, max(tol, _TOL_OF_FEW))
        objective = samples.sources(best.unmixing).objective(best.density)
        best = Learnt(best.unmixing, best.density, [objective], False)
    if best.has_converged:
        return best
    return go_on(samples, best, max_iter + 1 - len(best.objectives), tol)


def _starts(n, n_init, rng):
    """Rotations to start from: none, and random ones."""
    return [np.eye(n), *(random_rotation(n, rng) for _ in range(n_init - 1))]


def start_at(samples, kind, unmixing):
    """A `Learnt` of a matrix, with densities for its sources."""
    sources = samples.sources(unmixing)
    density = kind.start(sources)
    return Learnt(unmixing, density, [sources.objective(density)], False)


def go_on(samples, learnt, max_iter, tol):
    """The `Learnt` after rounds, in each of which the densities learn, and then the matrix."""
    sources, density, memory = samples.sources(learnt.unmixing), learnt.density, Memory()
    objectives = list(learnt.objectives)
    for _ in range(max_iter):
        density = density.improved(sources, _STEPS_OF_DENSITIES)
        place = Place.of(sources, density)
        limit = max(_FALL * np.abs(place.gradient).max(), _STEEP * np.sqrt(tol))
        place, _ = descend(place, density, memory, _STEPS_OF_MATRIX, limit)
        sources, density = _standardised(place.sources, density)
        objectives.append(density.log_prior(samples) - place.loss)
        # A source that takes the other kind of density may lower the objective, by its prior.
        if abs(objectives[-1] - objectives[-2]) < tol:
            return Learnt(sources.unmixing, density, objectives, True)
    return Learnt(sources.unmixing, density, objectives, False)


def _standardised(sources, density):
    """Sources of mean square 1 and their densities: the prior of these is about such."""
    deviations = sources.deviations()
    return sources.over(deviations), density.scaled(1 / deviations)
