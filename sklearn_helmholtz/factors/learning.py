"""Factor models of the highest likelihood, from data in the form that suits them."""

from dataclasses import dataclass

import numpy as np

from .em import ascend
from .leading import DualSpace, LeadingSpace
from .linear_gaussian import LinearGaussian
from .moments import Columns
from .patterned import PatternedRows
from .profile import first_noise, highest, isotropic, leaves_noise, loadings, maximise

_FLOOR = 1e-8  # of noise variances, relative to those of the features
_AT_FLOOR = 10  # times the floor, and less: rounding hides what is below
_LEAST_START = 1e-3  # share of a variance that is noise to begin with
_LOG_2PI = np.log(2 * np.pi)


@dataclass(frozen=True)
class FactorFit:
    """A factor model of the highest likelihood, and how it was found.

    machine : a `LinearGaussian` in the units of the data; path : log-likelihoods of all rows, nats,
    to begin with and after each step that raised them; n_steps : how many were made; converged :
    whether there was no more to gain; vanishing : (n_features,) bool, features whose noise
    variances are at their floor.
    """

    machine: LinearGaussian
    path: list
    n_steps: int
    converged: bool
    vanishing: np.ndarray


@dataclass(frozen=True)
class Units:
    """Features that are learnt, and the units of measurement in which they are.

    columns : of the data; kept : (n_features,) bool; scale : (n_kept,). Features are standardised,
    so that neither precision nor floors depend on the user's units; those that share a noise
    variance keep their proportions. Features that are constant teach nothing of factors: with noise
    of their own they are left out, and get what stands in for a variance.
    """

    columns: Columns
    kept: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, columns, shared):
        """The units for one noise variance that is shared, or for one for each feature."""
        if not shared:
            return cls(columns, ~columns.constant, np.sqrt(columns.variance[~columns.constant]))
        scale = 1.0 if columns.constant.all() else np.sqrt(columns.variance.mean())
        p = len(columns.mean)
        return cls(columns, np.ones(p, bool), np.full(p, scale))

    def variances(self):
        """Variances of the features that are kept, (n_kept,)."""
        return self.columns.variance[self.kept] / self.scale**2

    def least(self):
        """The least noise variance that all features share; 1 if they are constant."""
        varying = self.variances()[~self.columns.constant[self.kept]]
        return _FLOOR * varying.min() if len(varying) else 1.0

    def standardise(self, x):
        """Rows (n_rows, n_features) as they are learnt from, (n_rows, n_kept)."""
        if not self.kept.all():
            x = x[:, self.kept]
        columns = self.columns
        return (x - columns.mean[self.kept] - columns.remainder[self.kept]) / self.scale

    def restore(self, machine, n_factors):
        """A machine in the user's units, with all features, and factors without loadings.

        The latter make up ``n_factors`` where the rank of the data, or their number of features,
        allows no more.
        """
        columns, kept = self.columns, self.kept
        drift, noise = columns.remainder.copy(), columns.stand_in()
        loads = np.zeros((n_factors, len(drift)))
        drift[kept] += self.scale * machine.mean
        noise[kept] = self.scale**2 * machine.noise
        loads[: len(machine.loadings), kept] = self.scale * machine.loadings
        mean = columns.mean + drift
        return LinearGaussian(mean, loads, noise, drift - (mean - columns.mean))

    def lost(self):
        """The log-likelihood of all rows that is lost on the way to the user's units, nats."""
        weight, left = self.columns.weight, ~self.kept
        logs = _LOG_2PI + np.log(self.columns.stand_in()[left])
        return weight[self.kept] @ np.log(self.scale) + 0.5 * (weight[left] @ logs)


@dataclass(frozen=True)
class FactorLearning:
    """Learning of a number of factors; shared : whether all features share their noise.

    tol : of twice the log-likelihood per row, less than which a step must promise (or gain) to be
    the last; most_steps; rng : starts of Krylov spaces; report : called with the number of steps
    and the log-likelihood of all rows, nats, as EM goes on, or None.
    """

    n_factors: int
    shared: bool
    tol: float
    most_steps: int
    rng: object
    report: object = None

    def from_moments(self, moments):
        """The `FactorFit` to `SecondMoments`, whatever pieces they come from."""
        units = Units.of(moments.columns(), self.shared)
        if not units.kept.any():
            return self._of_constants(units)
        S = moments.covariance()
        S = S if units.kept.all() else S[np.ix_(units.kept, units.kept)]
        S /= units.scale
        S /= units.scale[:, None]
        np.fill_diagonal(S, units.variances())
        space = LeadingSpace(S, self.n_factors, self.rng)
        if self.shared:
            return self._in_closed_form(space, units)
        starts = [first_noise(S, min(self.n_factors, len(S))), 0.999 * space.variances]
        return self._by_noise(space, units, starts)

    def from_few_rows(self, rows, columns):
        """The `FactorFit` to fewer rows than features, as `moments.centred` returns both.

        The rows are overwritten.
        """
        units = Units.of(columns, self.shared)
        if not units.kept.any():
            return self._of_constants(units)
        rows = rows if units.kept.all() else rows[:, units.kept]
        rows /= units.scale
        space = DualSpace(rows)
        if self.shared:
            return self._in_closed_form(space, units)
        return self._by_noise(space, units, [0.999 * space.variances])

    def from_incomplete(self, data, weights, columns, patterned=PatternedRows.of):
        """The `FactorFit` to what is observed of data with missing values (NaN).

        weights : (n_rows,); columns : `moments.observed_columns` of both; patterned : makes of
        data, weights and units what the E-step reads, as `PatternedRows.of`.
        """
        units = Units.of(columns, self.shared)
        p = int(units.kept.sum())
        if p == 0:
            return self._of_constants(units)
        rows = patterned(data, weights, units.standardise, p)
        start, floor = self._start(rows, units)
        tell = None
        if self.report is not None:
            lost = units.lost()

            def tell(n_steps, value):
                self.report(n_steps, value - lost)

        found = ascend(start, rows, floor, self.shared, self.tol, self.most_steps, tell)
        machine = found.machine.canonical()
        vanishing = machine.noise <= _AT_FLOOR * floor
        return self._fit(
            units, machine, np.array(found.path), found.n_steps, found.converged, vanishing
        )

    def _start(self, rows, units):
        """A machine to begin with for incomplete rows, and the floor of its noise (n_kept,)."""
        S, p = rows.covariance(), len(units.scale)
        np.fill_diagonal(S, units.variances())
        space, n = LeadingSpace(S, 0, self.rng), min(self.n_factors, p)
        found = isotropic(space, n, units.least())
        noise = np.full(p, max(found.noise, _LEAST_START * units.variances().mean()))
        floor = np.full(p, found.floor if self.shared else _FLOOR)
        if not self.shared:
            rest = space.variances - (found.loadings**2).sum(axis=0)
            noise = np.maximum(rest, 0.1 * space.variances)
        return LinearGaussian(np.zeros(p), found.loadings, noise), floor

    def _by_noise(self, space, units, starts):
        """Maximise over noise variances of their own; starts : (n_kept,) each."""
        p = len(space.variances)
        floor, n, found = np.full(p, _FLOOR), min(self.n_factors, p), []
        for start in starts:
            if found and leaves_noise(space, n, floor, found[-1]):
                break
            found.append(maximise(space, n, floor, start, self.tol, self.most_steps, found))
        best = highest(found)
        machine = LinearGaussian(np.zeros(p), loadings(best.noise, n, best.profile), best.noise)
        path = -0.5 * units.columns.weight[0] * (np.array(best.path) + p * _LOG_2PI)
        vanishing = best.noise <= _AT_FLOOR * floor
        return self._fit(units, machine, path, best.n_steps, best.converged, vanishing)

    def _in_closed_form(self, space, units):
        """Probabilistic PCA."""
        p = len(space.variances)
        found = isotropic(space, self.n_factors, units.least())
        machine = LinearGaussian(np.zeros(p), found.loadings, np.full(p, found.noise))
        path = -0.5 * units.columns.weight[:1] * (found.value + p * _LOG_2PI)
        vanishing = np.full(p, found.noise <= _AT_FLOOR * found.floor)
        return self._fit(units, machine, path, 1, True, vanishing)

    def _of_constants(self, units):
        """The fit where no feature varies: no factors."""
        machine = LinearGaussian(np.zeros(0), np.zeros((0, 0)), np.zeros(0))
        return self._fit(units, machine, np.zeros(1), 1, True, np.zeros(0, bool))

    def _fit(self, units, machine, path, n_steps, converged, vanishing):
        """The `FactorFit` in the user's units."""
        of_all = np.zeros(len(units.kept), bool)
        of_all[units.kept] = vanishing
        return FactorFit(
            units.restore(machine, self.n_factors), _rising(path - units.lost()), max(n_steps, 1),
            converged, of_all & ~units.columns.constant,
        )  # fmt: skip


def _rising(values):
    """The values that are above all before them: what others add is rounding."""
    highest_before = np.maximum.accumulate(values)[:-1]
    rises = values[1:] > highest_before
    return [float(value) for value in [values[0], *values[1:][rises]]]
