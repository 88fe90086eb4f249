"""Answers of classifiers that are Boltzmann machines of rows and labels."""

import numpy as np
from scipy.special import log_softmax, logsumexp
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ..models import Ways
from .checks import check_count
from .class_labels import place_of
from .partition import partition_result
from .progress import with_progress
from .public import public
from .validation import answer_dtype, check_width


class LabelledAnswersMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Tells classes of rows, features, densities and draws by ``self._model``."""

    @with_progress
    @public
    def predict_log_proba(self, X):
        """Log-probabilities of the classes given each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``: exact, all hidden states being summed out, but where
            chains stand for what a row misses, see Notes.
        """
        rows = self._model_rows(X)[0]
        return log_softmax(self._model.class_scores(rows, self._ways), axis=1)

    @public
    def predict_proba(self, X):
        """Probabilities of the classes given each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return np.exp(self.predict_log_proba(X))

    @public
    def decision_function(self, X):
        """Log-odds of two classes, or log-probabilities of more.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            ``log p(y = classes_[1] | x) - log p(y = classes_[0] | x)``, or `predict_log_proba`
            unless there are two classes.
        """
        log_proba = self.predict_log_proba(X)
        return log_proba[:, 1] - log_proba[:, 0] if log_proba.shape[1] == 2 else log_proba

    @public
    def predict(self, X):
        """Most probable class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.
        """
        most_probable = self.predict_log_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    @with_progress
    @public
    def transform(self, X):
        """Probabilities of the hidden units given each row, whatever its label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        H : ndarray of shape (n_samples, n_components)
            ``p(h_j = 1 | x) = sum_y p(y | x) p(h_j = 1 | x, y)``; float32 where X is float32, uint8
            or bool, otherwise float64.
        """
        rows, dtype = self._model_rows(X)
        out = np.empty((len(rows), self._n_features_out), dtype)
        self._model.hidden_means(rows, out, self._ways)
        return out

    @with_progress
    @public
    def joint_log_likelihood(self, X):
        """Log-density of each row together with each class, ``log p(x, y)``.

        Needs log Z, see `log_partition_`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples, n_classes)
            In nats, in the order of ``classes_``.
        """
        rows = self._model_rows(X)[0]
        return self._model.log_joint(rows, self._ways)

    @public
    def score_samples(self, X):
        """Log-density of each row whatever its class, ``log p(x) = log sum_y p(x, y)``.

        Needs log Z, see `log_partition_`. A classifier that was not trained generatively does not
        know how probable rows are.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data; NaN means missing.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            In nats.
        """
        return logsumexp(self.joint_log_likelihood(X), axis=1)

    @with_progress
    @public
    def sample(self, n_samples=1, y=None, *, random_state=None):
        """Draw rows and their classes.

        Parameters
        ----------
        n_samples : int, default=1
            Rows to draw.

        y : label, default=None
            The class to draw from. None draws classes as the machine thinks them probable.

        random_state : int, RandomState instance or None, default=None
            An int repeats the draw; None uses NumPy's global generator.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Rows, uint8 for Bernoulli features and float32 for Gaussian ones: exact where log Z of
            the class is, otherwise by annealed chains.

        y : ndarray of shape (n_samples,)
            Their classes.
        """
        check_is_fitted(self)
        n_samples, rng = check_count("n_samples", n_samples), check_random_state(random_state)
        places = None if y is None else np.full(n_samples, place_of(y, self.classes_))
        X, places = self._model.draw(places, n_samples, rng, self._ways)
        return X, self.classes_[places]

    @property
    def log_partition_(self):
        """Log Z, and how well it is known; made when it is first asked for, and kept.

        A :class:`~sklearn.utils.Bunch` with the fields of
        ``RestrictedBoltzmannMachine.log_partition_``: the sum over all features, labels and hidden
        units, exact where features or hidden units are at most 20 (hidden units, of Gaussian
        features), otherwise of annealing for each class. Its ``standard_error`` is then an upper
        bound, and its judgement rests on annealing alone.
        """
        check_is_fitted(self)
        return partition_result(self._model.partition(self._ways))

    @property
    def n_parameters_(self):
        """Free parameters of p(x, y)."""
        check_is_fitted(self)
        return self._machine.n_parameters

    @property
    def _ways(self):
        return Ways(self.n_annealing_chains, self.n_temperatures, self._n_threads)

    def _model_rows(self, X):
        """Rows for the fitted model, and the dtype that answers have."""
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        check_width(X, self._model.n_features)
        return self._model.encoding.table(X), answer_dtype(X)
