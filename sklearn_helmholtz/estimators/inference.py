"""Inference with estimators that hold a machine: posteriors, imputations, conditional samples."""

import numpy as np
import scipy.sparse
from sklearn.utils import Bunch, check_random_state

from .. import _keys
from .._keys import Draws, Purpose
from .._threads import count_threads, run_blocks
from ..inference import (
    ExactPosterior,
    GibbsPosterior,
    ImportancePosterior,
    RecognitionPosterior,
)
from ..likelihood import MAX_AUTOMATIC_UNITS, content_keys
from ..units import Gaussian
from .checks import check_choice, check_count, check_enumerable
from .evidence import as_evidence, check_evidence

_POSTERIORS = ("auto", "exact", "recognition", "importance", "gibbs")
_STRATEGIES = ("mean", "mode", "sample")
_ENTRIES = 2**22  # numbers that a block of rows holds at a time
_SWEEPS = 20  # of Gibbs sampling between the choice of a particle and the draw it becomes
_MODE_COMPONENTS = 64  # of a mixture of Gaussians, whose means are tried as its mode


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
            samples = found.sample(x, addresses, n_samples)
            shaped = [h.reshape(len(x), n_samples, -1) for h in samples]
            return *found.means(x, addresses), *shaped

        addresses = np.arange(len(rows), dtype=np.uint64)
        arrays = self._by_blocks(explain, rows, addresses, found.entries_per_row)
        n_layers = len(self._machine.n_units) - 1
        return Bunch(mean=arrays[:n_layers], samples=arrays[n_layers:], method=found.method)

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
            each entry on its own, or a draw of all missing values of the row together.

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
            float32 for float32 input, otherwise float64.

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
        completed = [_put(rows.data, *values, number, dtype) for number in range(len(values[1]))]
        completed *= 1 if drawn else n_imputations
        if n_imputations == 1:
            return completed[0]
        return completed if scipy.sparse.issparse(rows.data) else np.stack(completed)

    def _complete(self, rows, fill, found, seed, n_imputations):
        """Which rows have gaps, and their values in every imputation, in the user's units.

        The values : (n_imputations, n_rows with gaps, n_features).
        """
        gaps = _rows_with_gaps(rows.data)
        n_features = self._machine.n_units[0]
        if not len(gaps):
            return gaps, np.empty((n_imputations, 0, n_features))
        rows = rows.choose(gaps)
        addresses = gaps.astype(np.uint64)
        if fill != self._draws:
            addresses = np.concatenate(self._by_blocks(
                lambda x, _: (content_keys(x),), rows, addresses, n_features
            ))  # fmt: skip

        def complete(x, addresses):
            filled = fill(found, x, addresses, seed, n_imputations)
            return (filled.reshape(len(x), n_imputations, n_features),)

        entries = found.entries_per_row
        (values,) = self._by_blocks(complete, rows, addresses, entries)
        if self._scaling is not None:
            values = self._scaling.restore(values)
        return gaps, values.transpose(1, 0, 2)

    def _means(self, found, x, addresses, seed, n_imputations):
        return found.expected_data(x, addresses)

    def _modes(self, found, x, addresses, seed, n_imputations):
        units = self._machine.visible.units
        if not isinstance(units, Gaussian):
            return (found.expected_data(x, addresses) >= 0.5).astype(np.float64)
        weights, means = found.data_components(x, addresses, _MODE_COMPONENTS)
        return _highest(weights, means.astype(np.float64), units.variance.astype(np.float64))

    def _draws(self, found, x, addresses, seed, n_imputations):
        first = found.sample(x, addresses, n_imputations)[0]
        return self._draw_data(first, addresses, n_imputations, seed)

    def _draw_data(self, first, addresses, n_samples, seed):
        """Data drawn given states of the first hidden layer."""
        visible = self._machine.visible
        draws = Draws(_keys.key(seed, Purpose.COMPLETE), addresses, n_samples)
        return visible.units.sample(visible.eta(first), draws, 0, np.zeros(draws.n_rows))

    def _sample_given(self, given, n_samples, random_state):
        """Draws of the hidden layers and of the data, both given some of the data.

        Each draw has particles and a chain of its own.
        """
        evidence = as_evidence(given, self.n_features_in_, self._machine.visible.units)
        rows, _ = self._rows(evidence[None])
        check_evidence(self, rows, evidence)
        seed = _keys.draw_seed(check_random_state(random_state))
        found = self._posterior(
            "auto" if self._is_enumerable() else "gibbs", seed, 1, None, _SWEEPS
        )
        rows = rows.choose(np.zeros(n_samples, np.int64))

        def draw(x, addresses):
            hidden = found.sample(x, addresses, 1)
            data = self._draw_data(hidden[0], addresses, 1, seed)
            return data, *hidden

        addresses = np.arange(n_samples, dtype=np.uint64)
        data, *hidden = self._by_blocks(draw, rows, addresses, found.entries_per_row)
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

        Blocks are made small enough for what the function holds of each row.
        """
        size = max(_ENTRIES // entries_per_row, 1)
        starts = range(0, len(rows), size)
        results = [None] * len(starts)

        def run(block):
            place = np.arange(starts[block], min(starts[block] + size, len(rows)))
            results[block] = function(rows.take(place), addresses[place])

        run_blocks(run, len(starts), count_threads(self.n_jobs))
        return [np.concatenate(arrays) for arrays in zip(*results, strict=True)]


def _rows_with_gaps(data):
    """Numbers of the rows in which something is missing."""
    if scipy.sparse.issparse(data):
        missing = np.concatenate([[0], np.cumsum(np.isnan(data.data))])
        return np.flatnonzero(np.diff(missing[data.indptr]))
    if data.dtype.kind != "f":
        return np.empty(0, np.int64)
    return np.flatnonzero(np.isnan(data).any(axis=1))


def _put(data, gaps, values, number, dtype):
    """The data with the missing values of some rows taken from an imputation."""
    completed = data.astype(dtype, copy=True)
    if scipy.sparse.issparse(data):
        entries = np.flatnonzero(np.isnan(data.data))
        rows = np.repeat(np.arange(data.shape[0]), np.diff(data.indptr))[entries]
        place = np.searchsorted(gaps, rows)
        completed.data[entries] = values[number][place, data.indices[entries]]
        return completed
    completed[gaps] = np.where(np.isnan(data[gaps]), values[number], data[gaps])
    return completed


def _highest(weights, means, variance):
    """The component means at which mixtures of Gaussians are densest, (n_rows, n_features).

    weights : (n_rows, n_components); means : (n_rows, n_components, n_features); variance :
    (n_features,).
    """
    best = np.empty(means[:, 0].shape)
    for row, (w, centres) in enumerate(zip(weights, means, strict=True)):
        distance = (centres[:, None] - centres[None]) ** 2 / variance
        density = np.einsum("s,sck->ck", w, np.exp(-0.5 * distance))
        best[row] = np.take_along_axis(centres, density.argmax(axis=0)[None], axis=0)[0]
    return best
