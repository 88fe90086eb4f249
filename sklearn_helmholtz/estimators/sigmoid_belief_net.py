"""The sigmoid belief net as a scikit-learn estimator."""

from dataclasses import replace
from numbers import Integral

import numpy as np

from .. import _keys
from .._keys import Purpose
from ..machines import has_recognition
from ..models import MOST_ROWS, BeliefNetModel, by_blocks
from ..rows import rows_of_a_block
from ..units import FAMILIES
from ._compat import Interval, StrOptions
from .attributes import model_from_parameters
from .checks import check_choice
from .joint import JointMixin
from .progress import with_progress
from .public import public
from .trained import TrainedDensityEstimator
from .ways import WAYS


class SigmoidBeliefNet(JointMixin, TrainedDensityEstimator):
    """Layers of binary causes above the data, and a choice of ways to infer them.

    The generative half of a `HelmholtzMachine`: p(h_L) ... p(h_1 | h_2) p(x | h_1) with sigmoid
    units [1]_. What the causes of a row are is found anew for each row, by enumeration, mean field
    [2]_ or Gibbs sampling, or guessed by an inference net that learns by reward [3]_ [4]_. Missing
    values (NaN) are taken everywhere, but where features depend on each other
    (``autoregressive=True``): training by ``"exact"`` and whatever mean field does refuse missing
    Gaussian values, and all but ``"nvil"`` missing counts. Mixed tables, whose columns differ in
    kind, are for ``"gibbs"`` and ``"nvil"``; where features depend on each other, ``"gibbs"``
    refuses rows that miss values of theirs.

    Read more in the :ref:`User Guide <belief_nets>`.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of int, default=(50,)
        Binary units of each hidden layer, from the data upward.

    inference : {"exact", "mean-field", "gibbs", "nvil"}, default="mean-field"
        How the causes of a row are inferred, in training and by `transform`:

        - ``"exact"``: by enumeration of the states of at most 20 hidden units. Training follows
          the gradient of the log-likelihood itself;
        - ``"mean-field"``: by a factorised distribution, whose bound of log p(x) is raised unit by
          unit to where it rises no more, which need not be its highest. Training raises it too;
        - ``"gibbs"``: by Markov chains, which in training stay with their rows from epoch to epoch;
        - ``"nvil"``: by an inference net, which follows the gradient of the evidence lower bound
          by the score function with learnt baselines, or with ``n_particles`` above 1 that of the
          importance-weighted bound (VIMCO).

    n_particles : int, default=1
        Chains of a row under ``"gibbs"``, samples of a row under ``"nvil"``. The others have none,
        whatever this says. Where training goes on under ``"nvil"`` after a change from or to 1, the
        optimiser starts anew.

    n_inference_steps : int, default=10
        Sweeps over the hidden units of a row whenever it is met in training: of Gibbs sampling, or
        the most of mean field. The others have none, whatever this says.

    visible : {"auto", "bernoulli", "gaussian", "poisson", "mixed"}, dict or list, default="auto"
        Distribution of the features given the first hidden layer, as in `HelmholtzMachine`.
        Mixed columns are learnt by ``"gibbs"`` and ``"nvil"``.

    autoregressive : bool, default=False
        Whether the units of every layer also depend on the units before them in the same layer, as
        in `HelmholtzMachine`, whose ``n_conditional_units`` there are none of here.

    solver : {"adam", "sgd"}, default="adam"
        The optimiser: Adam, or stochastic gradient steps with momentum.

    momentum : float, default=0.9
        Momentum in [0, 1) of ``solver="sgd"``; not used by Adam.

    learning_rate : {"constant", "cosine", "adaptive"}, default="constant"
        Whether the learning rate stays, falls to zero along half a cosine over ``max_iter`` epochs,
        or is divided by 5 whenever ``n_iter_no_change`` epochs in a row have not improved the
        held-out bound (without held-out rows the training bound) by ``tol``. Where it would fall
        below 1e-6, training ends.

    learning_rate_init : float or "auto", default="auto"
        The (first) learning rate. ``"auto"`` means 1e-2, and 2e-2 with ``averaging`` where columns
        are not mixed, for minibatches of at most 100 rows, given or not. For larger ones it grows
        with the root of their rows, of ``solver="sgd"`` in proportion, up to four times as much.

    averaging : bool or "auto", default="auto"
        Whether the net is an average of the parameters over the later part of training instead
        of the last ones: after t steps, those of step s weigh about ``s**8``, so that most of the
        weight lies on the last ninth [5]_. It takes the place of a falling learning rate, and
        allows a higher one, without knowing when training will end. ``"auto"`` means where the
        learning rate is constant and no weights are to be zero by ``l1_ratio``, and of
        autoregressive machines and mixed columns in any case.

    batch_size : int or "auto", default="auto"
        Rows of a minibatch. ``"auto"`` means 100, but for autoregressive machines and mixed
        columns a hundredth of the rows if that is less, and at least 20: small tables, too, need
        some thousands of steps. Where there are more than 100,000 rows it means 100 times the root
        of ``n_samples / 100_000``, and 6,400 at most.

    max_iter : int, default=100
        Epochs: passes over the data.

    alpha : float or "auto", default="auto"
        Strength of the penalty on all weights, of the inference net too, but no intercepts,
        relative to the mean bound per row: ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 *
        |W|^2)``. ``"auto"`` means 1e-4, but for autoregressive machines and mixed columns the
        strength of a prior that is learnt along with the weights (see the notes of
        `HelmholtzMachine`).

    lateral_alpha : float, "auto" or None, default=None
        Strength of the penalty on the lateral weights of an autoregressive machine, where
        ``"auto"`` has a prior of their own; None means as ``alpha``.

    l1_ratio : float or "auto", default="auto"
        Share of the L1 penalty, from 0 to 1. It makes weights exactly zero, unless ``averaging``
        takes means of them. ``"auto"`` means 1 for autoregressive machines and mixed columns,
        otherwise 0.

    lateral_l1_ratio : float or None, default=None
        The share for lateral weights; None means as ``l1_ratio``.

    shuffle : bool, default=True
        Whether rows are put in a new order every epoch.

    early_stopping : "auto" or bool, default=False
        Whether to hold out rows, to stop when their importance-weighted bound (50 samples, fixed
        random numbers) no longer improves, and to keep the best parameters seen. ``"auto"`` does
        so for 400 features and 200 rows or more, if ``max_iter`` lets it stop, and holds out
        1,000 rows at most.

    validation_fraction : float, default=0.1
        Share of the rows held out by early stopping when ``fit`` is given no ``X_val``.

    n_iter_no_change : int, default=10
        Epochs without improvement after which early stopping stops, or the adaptive learning rate
        falls (with both it falls first).

    tol : float, default=1e-4
        The improvement of the bound, in nats per row, that counts as one.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the parameters of the last fit.

    transform_layer : int, "all" or None, default=None
        Hidden layer whose probabilities `transform` returns, 1 being next to the data; None means
        the top.

    n_importance_samples : int, default=200
        Importance samples for each row when scoring a machine of more than 14 hidden units.

    n_jobs : int or None, default=None
        Threads. None means all cores that this process may use, within the limits of the
        environment variables OMP_NUM_THREADS and NUMBA_NUM_THREADS. Results do not depend on it.

    random_state : int, RandomState instance or None, default=None
        Determines initial weights, order of rows, held-out rows and all sampling during training.

    verbose : int, default=0
        Whether to print a line after every epoch, one every other second on scores, imputations and
        draws that take long, and one when kernels are compiled.

    Attributes
    ----------
    generative_coefs_ : list of ndarray of shape (n_units[l + 1], n_units[l])
        Weights from layer l + 1 down to layer l; layer 0 is the data. float32, like all parameters.

    generative_intercepts_ : list of ndarray of shape (n_units[l],)
        Intercepts of the generative net; the last one holds the prior logits of the top layer.

    generative_lateral_coefs_ : list of ndarray of shape (n_units[l], n_units[l])
        Weights between the units of layer l, strictly upper triangular: entry [j, i] is the weight
        of unit j on unit i > j. Only with ``autoregressive=True``.

    recognition_coefs_ : list of ndarray of shape (n_units[l], n_units[l + 1])
        Weights of the inference net from layer l up to layer l + 1, only with ``inference="nvil"``.

    recognition_intercepts_ : list of ndarray of shape (n_units[l + 1],)
        Intercepts of the inference net.

    noise_variance_ : ndarray of shape (n_features,)
        Noise variances, only with Gaussian visible units. Never below 0.001 of the variance that a
        feature had in training (0.001 if it was constant).

    visible_ : {"bernoulli", "gaussian", "poisson", "mixed"}
        The distribution of the features.

    kinds_, categories_, resolution_, code_names_, input_names_, code_means_
        Of mixed columns, see `HelmholtzMachine`.

    n_parameters_ : int
        Free parameters of p(x), as `aic` and `bic` count them.

    n_iter_ : int
        Epochs done.

    loss_curve_ : list of float
        Mean loss per training row, in nats, over each epoch: minus the bound of mean field, or of
        ``"nvil"`` for its samples, -log p(x) under ``"exact"``, and under ``"gibbs"`` -log p(x, h)
        for the states of the chains, which is no bound. It is at least -log p(x), except where
        Gaussian features depend on missing ones: these are then a part of the state of a chain, and
        their densities may exceed 1. With ``averaging`` it is the loss of the parameters that move,
        not of their average.

    validation_scores_ : list of float or None
        Mean importance-weighted bound of the held-out rows after each epoch, in nats; None if none
        were held out.

    best_validation_score_ : float or None
        The highest bound of the held-out rows in the last fit; with ``warm_start`` it may be that
        of the parameters it began with.

    n_features_in_ : int
        Number of features seen during :term:`fit`.

    feature_means_ : ndarray of shape (n_features,)
        Means of the features in training, missing values left out: what the inference net sees
        where a value is missing. Of a net made by `from_parameters`, its own expected data. Mixed
        columns have none.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during :term:`fit`, where they were all strings.

    See Also
    --------
    HelmholtzMachine : The same generative net, with a recognition net trained by (reweighted)
        wake-sleep.

    References
    ----------
    .. [1] Neal (1992), Connectionist learning of belief networks, Artificial Intelligence 56,
           71-113.
    .. [2] Saul, Jaakkola & Jordan (1996), Mean field theory for sigmoid belief networks, Journal of
           Artificial Intelligence Research 4, 61-76.
    .. [3] Mnih & Gregor (2014), Neural variational inference and learning in belief networks, ICML.
    .. [4] Mnih & Rezende (2016), Variational inference for Monte Carlo objectives, ICML.
    .. [5] Shamir & Zhang (2013), Stochastic gradient descent for non-smooth optimization, ICML.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import SigmoidBeliefNet
    >>> X = load_digits().data >= 8
    >>> net = SigmoidBeliefNet(20, max_iter=10, random_state=0).fit(X[:1500])
    >>> net.score(X[1500:]) > -25  # nats per row; independent pixels reach about -26
    True
    >>> net.transform(X[1500:]).shape
    (297, 20)
    """

    _parameter_constraints = {
        **TrainedDensityEstimator._parameter_constraints,
        "inference": [StrOptions(set(WAYS))],
        "n_inference_steps": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(50,),
        *,
        inference="mean-field",
        n_particles=1,
        n_inference_steps=10,
        visible="auto",
        autoregressive=False,
        solver="adam",
        momentum=0.9,
        learning_rate="constant",
        learning_rate_init="auto",
        averaging="auto",
        batch_size="auto",
        max_iter=100,
        alpha="auto",
        lateral_alpha=None,
        l1_ratio="auto",
        lateral_l1_ratio=None,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        transform_layer=None,
        n_importance_samples=200,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.inference = inference
        self.n_particles = n_particles
        self.n_inference_steps = n_inference_steps
        self.visible = visible
        self.autoregressive = autoregressive
        self.solver = solver
        self.momentum = momentum
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.averaging = averaging
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.alpha = alpha
        self.lateral_alpha = lateral_alpha
        self.l1_ratio = l1_ratio
        self.lateral_l1_ratio = lateral_l1_ratio
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.transform_layer = transform_layer
        self.n_importance_samples = n_importance_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_parameters(
        cls,
        generative_coefs,
        generative_intercepts,
        *,
        generative_lateral_coefs=None,
        recognition_coefs=None,
        recognition_intercepts=None,
        noise_variance=None,
        **params,
    ):
        """A fitted net with given parameters, for teaching, tests and nets learnt elsewhere.

        Parameters
        ----------
        generative_coefs : list of array-like of shape (n_units[l + 1], n_units[l])
            As the attribute ``generative_coefs_``.

        generative_intercepts : list of array-like of shape (n_units[l],)
            As the attribute; one more than the coefficients, the last being the prior logits.

        generative_lateral_coefs : list of array-like of shape (n_units[l], n_units[l]) or None
            As the attribute; None means a net that is not autoregressive.

        recognition_coefs : list of array-like of shape (n_units[l], n_units[l + 1]) or None
            As the attribute; needed with ``inference="nvil"``, and with no other.

        recognition_intercepts : list of array-like of shape (n_units[l + 1],) or None
            As the attribute.

        noise_variance : array-like of shape (n_features,), default=None
            Noise variances of Gaussian visible units; None means Bernoulli units, or Poisson units
            with ``visible="poisson"``.

        **params : dict
            Parameters of the constructor. Sizes come from the arrays.

        Returns
        -------
        net : SigmoidBeliefNet
            A fitted estimator with ``n_iter_`` 0.

        Examples
        --------
        A rare event has two causes, each of which is enough: given the event, one of them is there.

        >>> from sklearn_helmholtz import SigmoidBeliefNet
        >>> net = SigmoidBeliefNet.from_parameters(
        ...     [[[20.0], [20.0]]], [[-20.0], [-10.0, -10.0]], inference="exact")
        >>> net.transform([[1]]).round(3)
        array([[0.5, 0.5]])
        """
        given = (recognition_coefs, recognition_intercepts)
        has_net = [array is not None for array in given]
        inference = cls(**params).inference
        if has_net != [inference in WAYS and WAYS[inference].has_net] * 2:
            raise ValueError(
                "recognition_coefs and recognition_intercepts must be given with inference='nvil' "
                f"and with no other, got inference={inference!r} and "
                f"{'both' if all(has_net) else 'one' if any(has_net) else 'none'} of them."
            )
        names = ("recognition_coefs", "recognition_intercepts")
        model = model_from_parameters(
            {"generative_coefs": generative_coefs, "generative_intercepts": generative_intercepts},
            dict(zip(names, given, strict=True)) if all(has_net) else None,
            noise_variance,
            generative_lateral_coefs,
            params.get("visible", "auto"),
        )
        net = cls._holding(model, params)
        rng = _keys.generator(net._history.past.seed, Purpose.INITIALISE)
        machine = net._way.fit_machine(model.machine, net, rng)
        net._model = replace(model, machine=machine)
        return net

    @with_progress
    @public
    def free_energy(self, X):
        """Minus the bound of log p(x) that inference makes for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        free_energy : ndarray of shape (n_samples,)
            In nats, and at least -log p(x): -log p(x) itself under ``inference="exact"``; minus the
            bound of mean field; or of ``"nvil"`` the variational free energy of its inference net,
            as of a `HelmholtzMachine`. Markov chains make no bound: under ``"gibbs"`` this is a
            ValueError.
        """
        rows = self._checked_rows(X)
        if self._way.has_net:
            return super().free_energy(X)
        return self._free_energies(rows)

    @with_progress
    @public
    def kl_gap(self, X):
        """Divergence of inference from the truth: the free energy plus log p(x) of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        divergence : ndarray of shape (n_samples,)
            In nats: 0 under ``inference="exact"``. Where log p(x) is estimated, a lower bound in
            expectation. Under ``"gibbs"`` a ValueError, as of `free_energy`.
        """
        rows = self._checked_rows(X)
        if self._way.has_net:
            return super().kl_gap(X)  # both terms from the same samples
        if self.inference == "exact":
            return np.zeros(len(rows))
        return self._free_energies(rows) + self.score_samples(X)

    @property
    def _way(self):
        check_choice("inference", self.inference, tuple(WAYS))
        return WAYS[self.inference]

    def _new_machine(self, n_units, units, intercept, rng, summary):
        way = self._way
        machine = way.new_machine(n_units, units, intercept, rng, self.autoregressive)
        return way.fit_machine(machine, self, rng)

    def _continue(self, X, summary, weights):
        """The fitted machine; one sample is judged by baselines, several by each other."""
        start = super()._continue(X, summary, weights)
        has_net = has_recognition(start.machine)
        if has_net != self._way.has_net:
            raise ValueError(
                f"inference is {self.inference!r}, but the fitted net that is to be trained "
                f"further {'has' if has_net else 'lacks'} an inference net, which 'nvil' alone "
                "trains. Fit a clone, or with warm_start=False."
            )
        rng = _keys.generator(start.past.seed, Purpose.INITIALISE, 1)
        machine = self._way.fit_machine(start.machine, self, rng)
        if machine is start.machine:
            return start
        # The optimiser's state and the average have an entry for each parameter.
        return replace(
            start, machine=machine, past=replace(start.past, optimizer=None, average=None)
        )

    def _rule(self):
        return self._way.rule(self)

    def _train(self, start, plan, *args):
        model = BeliefNetModel(start.encoding, start.machine)
        self._way.check_learning(model, start.rows.choose(plan.indices))
        return super()._train(start, plan, *args)

    def _checked_rows(self, X):
        """Rows that the way of inference works for."""
        rows = self._rows(X)[0]
        self._way.check(self._model, rows)
        return rows

    def _energies(self, rows, estimate):
        if self._way.has_net:
            return estimate.free_energy
        if self.inference == "exact":
            return -estimate.per_sample
        if not self._way.has_bound:
            return np.full(len(rows), np.nan)
        try:
            self._way.check(self._model, rows)
        except ValueError:
            return np.full(len(rows), np.nan)
        return self._free_energies(rows)

    def _free_energies(self, rows):
        """Free energies of some rows, from the (approximate) posterior."""
        found, scaling = self._way.posterior(self._machine), rows.scaling

        def energies(x, addresses):
            energy = found.free_energy(x)
            volumes = scaling.log_volumes(x.dense) if x.has_missing else scaling.log_volume()
            return (energy + volumes,)

        addresses, entries = np.arange(len(rows), dtype=np.uint64), found.entries_per_row
        return by_blocks(energies, rows, addresses, entries, self._n_threads, MOST_ROWS)[0]

    def _hidden_means(self, rows):
        self._way.check(self._model, rows)
        if self._way.has_net:
            return super()._hidden_means(rows)
        posterior = self._way.posterior(self._machine)
        size = rows_of_a_block(posterior.entries_per_row, MOST_ROWS)

        def hidden_means(place):
            x = rows.take_keyed(place)
            return posterior.hidden_means(x, x.keys)

        return [*range(0, len(rows), size), len(rows)], hidden_means

    def __sklearn_tags__(self):
        """Missing values are refused where settings alone say that they would be."""
        tags = super().__sklearn_tags__()
        family = None
        if self.autoregressive and isinstance(self.visible, str):
            family = FAMILIES.get(self.visible)
        if family is not None and self.inference in WAYS:
            tags.input_tags.allow_nan = WAYS[self.inference].completes(family.missing)
        return tags
