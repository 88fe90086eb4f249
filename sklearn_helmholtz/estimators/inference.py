"""Inference with estimators that hold a machine: posteriors, imputations, conditional samples."""

from functools import partial

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import _keys
from .._content import content_keys
from .._incomplete import observed
from .._threads import run_blocks
from ..inference import (
    ExactPosterior,
    GibbsPosterior,
    ImportancePosterior,
    MeanFieldPosterior,
    RecognitionPosterior,
    mixture_modes,
)
from ..machines import has_recognition
from ..units import Gaussian
from .checks import check_choice, check_count, check_mean_field
from .enumerated import enumerated_rows
from .evidence import as_evidence, check_evidence
from .imputed import imputed
from .public import public
from .results import Result

_POSTERIORS = ("auto", "exact", "recognition", "mean-field", "importance", "gibbs")
_STRATEGIES = ("mean", "mode", "sample")
_ENTRIES = 2**22  # numbers that a block of rows holds at a time
MOST_ROWS = 64  # of a block whose rows take long for the numbers that they hold
_SWEEPS = 20  # of Gibbs sampling between the choice of a particle and the draw it becomes
_MODE_COMPONENTS = 64  # of a mixture of Gaussians: the heaviest, of which the mode is looked for


class InferenceMixin:
    """The hidden layers given the data, and missing data given the others.

    Needs the methods ``_rows``, ``_dream`` and ``_n_threads`` and the parameter
    ``n_importance_samples``.
    """

    @public
    def posterior(
        self, X, *, method="auto", n_samples=10, n_importance_samples=None, n_sweeps=_SWEEPS,
        random_state=None,
    ):  # fmt: skip
        """The hidden layers given the data: p(h | x), or the recognition net's guess at it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        method : {"auto", "exact", "recognition", "mean-field", "importance", "gibbs"}, \
                default="auto"
            How: by enumeration of the hidden states (at most 20 units), as the recognition net
            guesses, by mean field, by weighted particles as in `log_likelihood`, or by Gibbs
            sampling from where those end. ``"auto"`` means ``"exact"`` for machines of at most 14
            hidden units, otherwise ``"importance"``; missing values count as in `log_likelihood`.

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
                The method used, for at least one row.

        Examples
        --------
        >>> from sklearn_helmholtz import HelmholtzMachine
        >>> machine = HelmholtzMachine.from_parameters(
        ...     [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]])
        >>> machine.posterior([[1, 1], [0, 1]]).mean[0].round(3).ravel()
        array([0.982, 0.5  ])
        """
        check_choice("method", method, _POSTERIORS)
        check_is_fitted(self)
        if method == "recognition" and not has_recognition(self._machine):
            raise ValueError(
                "method='recognition' needs a recognition net, which this model does not have. Use "
                "method='mean-field' or 'importance'."
            )
        n_samples = check_count("n_samples", n_samples)
        n_sweeps = check_count("n_sweeps", n_sweeps)
        rows, _ = self._rows(X)
        if method == "mean-field":
            check_mean_field("method", "another method", self._machine, rows)
        seed = _keys.draw_seed(check_random_state(random_state))

        def explain(found, x, addresses):
            means, samples, sizes = found.explain(x, addresses, n_samples)
            return *means, *(h.reshape(len(x), n_samples, -1) for h in samples), sizes

        n_pool = self._pool_size(n_importance_samples)
        results, parts = [], self._parts(rows, method)
        for name, numbers in parts:
            found = self._posterior(name, seed, n_samples, n_pool, n_sweeps)
            entries = max(found.entries_per_row, n_samples * max(self._machine.n_units))
            most_rows = MOST_ROWS if name == "mean-field" else None
            part, addresses = rows.choose(numbers), numbers.astype(np.uint64)
            task = partial(explain, found)
            results.append(self._by_blocks(task, part, addresses, entries, most_rows))
        arrays = _join(results, [numbers for _, numbers in parts])
        n_layers = len(self._machine.n_units) - 1
        return Result(
            mean=arrays[:n_layers],
            samples=arrays[n_layers:-1],
            effective_sample_size=arrays[-1],
            method=parts[-1][0],
        )

    @public
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
            Particles for each row where machines have more than 14 hidden units (missing values
            count as in `log_likelihood`); None means the estimator's parameter. More make better
            means.

        random_state : int, RandomState instance or None, default=None
            The random numbers of ``strategy="sample"``; an int repeats the draws, None uses NumPy's
            global generator. The other strategies have fixed ones.

        Returns
        -------
        X_imputed : ndarray or sparse matrix of shape (n_samples, n_features)
            The data, dense or sparse as they came, with nothing missing; of shape (n_imputations,
            n_samples, n_features), or a list of sparse matrices, for more than one imputation.
            float32 for float32, uint8 and bool input, float64 otherwise. Where ``set_output`` asks
            for DataFrames, one with the index and the columns of X, or a list of such.

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
        n_imputations = check_count("n_imputations", n_imputations)
        rows, dtype = self._rows(X)
        drawn = strategy == "sample"
        seed = _keys.scoring_seed(check_random_state(random_state) if drawn else None)
        fill = {"mean": self._means, "mode": self._modes, "sample": self._draws}[strategy]
        n_drawn, n_pool = n_imputations if drawn else 1, self._pool_size(n_importance_samples)
        values = self._complete(rows, fill, seed, n_drawn, n_pool)
        return imputed(self, X, rows.data, values, dtype, n_imputations)

    def _complete(self, rows, fill, seed, n_imputations, n_pool):
        """Values for all gaps, row by row, (n_gaps, n_imputations) in the user's units."""
        counts = rows.count_missing()
        gaps = np.flatnonzero(counts)
        if not len(gaps):
            return np.empty((0, n_imputations))

        def complete(found, x, addresses):
            addresses = addresses if fill == self._draws else content_keys(x)
            filled = fill(found, x, addresses, n_imputations)
            if self._scaling is not None:
                filled = self._scaling.restore(filled)
            filled = filled.reshape(len(x), n_imputations, -1)
            return (filled.transpose(0, 2, 1)[np.isnan(observed(x))],)

        n_held = _MODE_COMPONENTS if fill == self._modes else n_imputations
        results, places = [], []
        otherwise = "gibbs" if fill == self._draws else "importance"
        for name, part in self._parts(rows.choose(gaps), "auto", otherwise):
            found = self._posterior(name, seed, n_imputations, n_pool, _SWEEPS)
            entries = max(found.entries_per_row, n_held * max(self._machine.n_units))
            part, addresses = gaps[part], gaps[part].astype(np.uint64)
            finish = partial(complete, found)
            results.append(self._by_blocks(finish, rows.choose(part), addresses, entries))
            places.append(np.repeat(part, counts[part]))
        return _join(results, places)[0]

    def _means(self, found, x, addresses, n_imputations):
        return found.expected_data(x, addresses)

    def _modes(self, found, x, addresses, n_imputations):
        if not isinstance(self._machine.visible.units, Gaussian):
            return (found.expected_data(x, addresses) >= 0.5).astype(np.float64)
        weights, means, variances = found.data_components(x, addresses, _MODE_COMPONENTS)
        return mixture_modes(weights, means.astype(np.float64), variances)

    def _draws(self, found, x, addresses, n_imputations):
        return found.complete(x, addresses, n_imputations)[1]

    def _sample_given(self, given, n_samples, random_state):
        """Draws of the hidden layers and of the data, both given some of the data.

        Each draw has particles and a chain of its own.
        """
        evidence = as_evidence(
            given, self._machine.n_units[0], self._machine.visible.units, self._names
        )
        rows = self._as_rows(evidence[None])
        check_evidence(self, rows, evidence)
        seed = _keys.draw_seed(check_random_state(random_state))
        addresses = np.arange(n_samples, dtype=np.uint64)
        ((method, _),) = self._parts(rows, "auto", "gibbs")
        found = self._posterior(method, seed, 1, self._pool_size(None), _SWEEPS)
        *hidden, data = self._draw_given(found, rows, addresses)
        if self._scaling is not None:
            data = self._scaling.restore(data)
        seen = ~np.isnan(evidence)
        binary = self._scaling is None and np.isin(evidence[seen], (0, 1)).all()
        data = data.astype(np.uint8 if binary else np.float32, copy=False)
        data[:, seen] = evidence[seen]
        return data, hidden

    def _draw_given(self, found, rows, addresses):
        """Draws of the hidden layers and of the data for each address, from one row."""
        row, entries = rows.take(np.arange(1)), found.entries_per_row
        rows = rows.choose(np.zeros(len(addresses), np.int64))
        if found.method != "exact":

            def complete(x, addresses):
                hidden, data = found.complete(x, addresses, 1)
                return *hidden, data

            return self._by_blocks(complete, rows, addresses, entries)
        hidden = found.sample(row, addresses, 1)  # at once: the row is the same for all

        def draw(x, addresses):
            return (found.draw_data(row, hidden[0][addresses], addresses, 1),)

        return *hidden, *self._by_blocks(draw, rows, addresses, max(self._machine.n_units))

    def _parts(self, rows, method, otherwise="importance"):
        """Pairs of a method and the numbers of the rows that it explains, the exact one first.

        otherwise : what ``"auto"`` means for rows that are not enumerated.
        """
        exactly = enumerated_rows(self._machine, rows, method)
        pairs = ("exact", exactly), (otherwise if method == "auto" else method, ~exactly)
        return [(name, np.flatnonzero(which)) for name, which in pairs if which.any()]

    def _pool_size(self, given):
        """How many particles each row has: those given, or those of the estimator."""
        n_pool = self.n_importance_samples if given is None else given
        return check_count("n_importance_samples", n_pool)

    def _posterior(self, method, seed, n_samples, n_pool, n_sweeps):
        """The object that knows p(h | x)."""
        if method == "exact":
            return ExactPosterior(self._machine, seed)
        if method == "recognition":
            return RecognitionPosterior(self._machine, seed, n_samples)
        if method == "mean-field":
            return MeanFieldPosterior(self._machine, seed, n_samples)
        if method == "gibbs":
            return GibbsPosterior(self._machine, seed, n_samples, n_pool, n_sweeps)
        return ImportancePosterior(self._machine, seed, n_pool)

    def _by_blocks(self, function, rows, addresses, entries_per_row, most_rows=None):
        """The arrays that a function makes of all rows, block by block and side by side.

        Blocks are small enough for the numbers that it holds of each row, and have ``most_rows`` at
        most: only between blocks are rows shared among threads, and can a call be interrupted.
        """
        size = rows_of_a_block(entries_per_row, most_rows or len(rows))
        starts = range(0, len(rows), size)
        results = [None] * len(starts)

        def run(block):
            place = np.arange(starts[block], min(starts[block] + size, len(rows)))
            results[block] = function(rows.take(place), addresses[place])

        run_blocks(run, len(starts), self._n_threads)
        return [np.concatenate(arrays) for arrays in zip(*results, strict=True)]


def rows_of_a_block(entries_per_row, most_rows):
    """How many rows a block has: few enough for the numbers that are held of each, and at most so.

    At least one.
    """
    return max(min(_ENTRIES // entries_per_row, most_rows), 1)


def _join(results, places):
    """Lists of arrays of several parts of the rows as one, in the order of their places."""
    order = np.argsort(np.concatenate(places), kind="stable")
    return [np.concatenate(arrays)[order] for arrays in zip(*results, strict=True)]
