"""Inference with estimators that hold a machine: posteriors, imputations, conditional samples."""

import numpy as np
import scipy.sparse
from sklearn.utils import Bunch, check_random_state

from .. import _keys
from .._batches import split_evenly
from .._incomplete import observed
from .._keys import Draws, Purpose
from .._threads import count_threads, run_blocks
from ..inference import (
    ExactPosterior,
    GibbsPosterior,
    ImportancePosterior,
    RecognitionPosterior,
    mixture_modes,
)
from ..likelihood import MAX_AUTOMATIC_UNITS, content_keys
from ..units import Gaussian
from .checks import check_choice, check_count, check_enumerable
from .evidence import as_evidence, check_evidence
from .gaps import put, rows_with_gaps

_POSTERIORS = ("auto", "exact", "recognition", "importance", "gibbs")
_STRATEGIES = ("mean", "mode", "sample")
_FEWEST_ROWS = 256  # of a block of draws
_ENTRIES = 2**22  # numbers that a block of rows holds at a time
_SWEEPS = 20  # of Gibbs sampling between the choice of a particle and the draw it becomes
_MODE_COMPONENTS = 64  # of a mixture of Gaussians: the heaviest, of which the mode is looked for


class InferenceMixin:
    """The hidden layers given the data, and missing data given the others.

    Needs the methods ``_rows`` and ``_dream`` and the parameters ``n_importance_samples`` and
    ``n_jobs``.
    """

    def posterior(
        self, X, *, method="auto", n_samples=10, n_importance_samples=None, n_sweeps=_SWEEPS,
        random_state=None,
    ):  # fmt: skip
        """The hidden layers given the data: p(h | x), or the recognition net's guess at it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        method : {"auto", "exact", "recognition", "importance", "gibbs"}, default="auto"
            How: by enumeration of the hidden states (at most 20 units), as the recognition net
            guesses, by weighted particles as in `log_likelihood`, or by Gibbs sampling from where
            those end. ``"auto"`` means ``"exact"`` for machines of at most 14 hidden units,
            otherwise ``"importance"``.

        n_samples : int, default=10
            Samples for each row.

        n_importance_samples : int, default=None
            Particles for each row; None means the estimator's parameter.

        n_sweeps : int, default=20
            Sweeps of Gibbs sampling that each sample makes.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draws; None uses NumPy's global generator.

        Returns
        -------
        result : :class:`~sklearn.utils.Bunch`
            With the fields

            mean : list of ndarray of shape (n_rows, n_units)
                Expected states of each hidden layer, from the data upward: exact, or the mean over
                the particles or samples.
            samples : list of ndarray of shape (n_rows, n_samples, n_units), uint8
                Draws of each hidden layer. Those of one row are independent where exact, from
                recognition, or from Gibbs sampling as far as its sweeps take it; from importance
                sampling they are drawn from one pool of particles.
            effective_sample_size : ndarray of shape (n_rows,)
                Of the particles of each row: where it is small, few of them carry the answer.
                Infinite where no weights are involved.
            method : str
                The method used.

        Examples
        --------
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> machine = HelmholtzMachine.from_parameters(
        ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.posterior([[1, 1], [0, 1]]).mean[0].round(3).ravel()
        array([0.982, 0.5  ])
        """
        check_choice("method", method, _POSTERIORS)
        check_count("n_samples", n_samples)
        check_count("n_sweeps", n_sweeps)
        rows, _ = self._rows(X)
        seed = _keys.draw_seed(check_random_state(random_state))
        found = self._posterior(method, seed, n_samples, n_importance_samples, n_sweeps)

        def explain(x, addresses):
            means, samples, sizes = found.explain(x, addresses, n_samples)
            return *means, *(h.reshape(len(x), n_samples, -1) for h in samples), sizes

        addresses = np.arange(len(rows), dtype=np.uint64)
        entries = max(found.entries_per_row, n_samples * max(self._machine.n_units))
        arrays = self._by_blocks(explain, rows, addresses, entries)
        n_layers = len(self._machine.n_units) - 1
        return Bunch(
            mean=arrays[:n_layers],
            samples=arrays[n_layers:-1],
            effective_sample_size=arrays[-1],
            method=found.method,
        )

    def impute(
        self, X, strategy="mean", *, n_imputations=1, n_importance_samples=None, random_state=None
    ):
        """Data with their missing values filled in, given the observed values of the same row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing. Of a sparse matrix only stored values can be.

        strategy : {"mean", "mode", "sample"}, default="mean"
            What to fill in: the expected value given what is observed, the most probable value of
            each entry on its own (for Gaussian units, of the 64 heaviest components of its
            distribution), or a draw of all missing values of the row together.

        n_imputations : int, default=1
            Imputations to make; only draws differ from one to the next.

        n_importance_samples : int, default=None
            Particles for each row where machines have more than 14 hidden units; None means the
            estimator's parameter. More make better means.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``; an int repeats the draws, None uses NumPy's
            global generator. The other strategies have fixed ones.

        Returns
        -------
        X_imputed : ndarray or sparse matrix of shape (n_samples, n_features)
            The data, dense or sparse as they came, with nothing missing; of shape (n_imputations,
            n_samples, n_features), or a list of sparse matrices, for more than one imputation.
            float32 for float32, uint8 and bool input, float64 otherwise.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> machine = HelmholtzMachine.from_parameters(
        ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.impute([[1, np.nan], [0, 1]]).round(3)
        array([[1.  , 0.79],
               [0.  , 1.  ]])
        """
        check_choice("strategy", strategy, _STRATEGIES)
        check_count("n_imputations", n_imputations)
        rows, dtype = self._rows(X)
        drawn = strategy == "sample"
        seed = _keys.scoring_seed(check_random_state(random_state) if drawn else None)
        found = self._posterior(
            "auto" if self._is_enumerable() or not drawn else "gibbs", seed, n_imputations,
            n_importance_samples, _SWEEPS,
        )  # fmt: skip
        fill = {"mean": self._means, "mode": self._modes, "sample": self._draws}[strategy]
        values = self._complete(rows, fill, found, seed, n_imputations if drawn else 1)
        completed = [put(rows.data, column, dtype) for column in values.T]
        if not drawn:
            completed += [completed[0].copy() for _ in range(1, n_imputations)]
        if n_imputations == 1:
            return completed[0]
        return completed if scipy.sparse.issparse(rows.data) else np.stack(completed)

    def _complete(self, rows, fill, found, seed, n_imputations):
        """Values for all gaps, row by row, (n_gaps, n_imputations) in the user's units."""
        gaps = rows_with_gaps(rows.data)
        if not len(gaps):
            return np.empty((0, n_imputations))
        rows, addresses = rows.choose(gaps), gaps.astype(np.uint64)

        def complete(x, addresses):
            addresses = addresses if fill == self._draws else content_keys(x)
            filled = fill(found, x, addresses, seed, n_imputations)
            if self._scaling is not None:
                filled = self._scaling.restore(filled)
            filled = filled.reshape(len(x), n_imputations, -1)
            return (filled.transpose(0, 2, 1)[np.isnan(observed(x))],)

        n_held = _MODE_COMPONENTS if fill == self._modes else n_imputations
        entries = max(found.entries_per_row, n_held * max(self._machine.n_units))
        (values,) = self._by_blocks(complete, rows, addresses, entries)
        return values

    def _means(self, found, x, addresses, seed, n_imputations):
        return found.expected_data(x, addresses)

    def _modes(self, found, x, addresses, seed, n_imputations):
        units = self._machine.visible.units
        if not isinstance(units, Gaussian):
            return (found.expected_data(x, addresses) >= 0.5).astype(np.float64)
        weights, means = found.data_components(x, addresses, _MODE_COMPONENTS)
        return mixture_modes(weights, means.astype(np.float64), units.variance.astype(np.float64))

    def _draws(self, found, x, addresses, seed, n_imputations):
        first = found.sample(x, addresses, n_imputations)[0]
        return self._draw_data(first, addresses, n_imputations, seed)

    def _draw_data(self, first, addresses, n_samples, seed):
        """Data drawn given states of the first hidden layer."""
        visible = self._machine.visible
        draws = Draws(_keys.key(seed, Purpose.COMPLETE), addresses, n_samples)
        return visible.units.sample(visible.eta(first), draws, 0, np.zeros(draws.n_rows))

    def _draw_rows(self, first, addresses, seed):
        """As `_draw_data`, a row for each state, block by block."""
        visible = self._machine.visible
        data = np.empty((len(first), self._machine.n_units[0]), visible.units.dtype)
        limits = split_evenly(len(first), self._machine.n_weights, _FEWEST_ROWS)

        def draw(block):
            place = slice(limits[block], limits[block + 1])
            data[place] = self._draw_data(first[place], addresses[place], 1, seed)

        run_blocks(draw, len(limits) - 1, count_threads(self.n_jobs))
        return data

    def _sample_given(self, given, n_samples, random_state):
        """Draws of the hidden layers and of the data, both given some of the data.

        Each draw has particles and a chain of its own.
        """
        names = getattr(self, "feature_names_in_", None)
        evidence = as_evidence(given, self.n_features_in_, self._machine.visible.units, names)
        rows = self._as_rows(evidence[None])
        check_evidence(self, rows, evidence)
        seed = _keys.draw_seed(check_random_state(random_state))
        addresses = np.arange(n_samples, dtype=np.uint64)
        method = "auto" if self._is_enumerable() else "gibbs"
        found = self._posterior(method, seed, 1, None, _SWEEPS)
        rows = rows.choose(np.zeros(n_samples, np.int64))
        if found.method == "exact":  # one row for all draws
            hidden = found.sample(rows.take(np.arange(1)), addresses, 1)
        else:
            hidden = self._by_blocks(
                lambda x, addresses: found.sample(x, addresses, 1), rows, addresses,
                found.entries_per_row,
            )  # fmt: skip
        data = self._draw_rows(hidden[0], addresses, seed)
        if self._scaling is not None:
            data = self._scaling.restore(data).astype(np.float32)
        seen = ~np.isnan(evidence)
        if not np.isin(evidence[seen], (0, 1)).all():
            data = data.astype(np.float32)
        data[:, seen] = evidence[seen]
        return data, hidden

    def _is_enumerable(self):
        return sum(self._machine.n_units[1:]) <= MAX_AUTOMATIC_UNITS

    def _posterior(self, method, seed, n_samples, n_pool, n_sweeps):
        """The object that knows p(h | x)."""
        machine, n_hidden = self._machine, sum(self._machine.n_units[1:])
        n_pool = self.n_importance_samples if n_pool is None else n_pool
        check_count("n_importance_samples", n_pool)
        if method == "exact":
            check_enumerable(n_hidden)
        if method == "exact" or (method == "auto" and self._is_enumerable()):
            return ExactPosterior(machine, seed)
        if method == "recognition":
            return RecognitionPosterior(machine, seed, n_samples)
        if method == "gibbs":
            return GibbsPosterior(machine, seed, n_samples, n_pool, n_sweeps)
        return ImportancePosterior(machine, seed, n_pool)

    def _by_blocks(self, function, rows, addresses, entries_per_row):
        """The arrays that a function makes of all rows, block by block and side by side.

        Blocks are small enough for the numbers that it holds of each row.
        """
        size = max(_ENTRIES // entries_per_row, 1)
        starts = range(0, len(rows), size)
        results = [None] * len(starts)

        def run(block):
            place = np.arange(starts[block], min(starts[block] + size, len(rows)))
            results[block] = function(rows.take(place), addresses[place])

        run_blocks(run, len(starts), count_threads(self.n_jobs))
        return [np.concatenate(arrays) for arrays in zip(*results, strict=True)]
