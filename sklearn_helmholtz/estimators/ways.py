"""Ways to infer the hidden units of a belief net, in training and afterwards."""

import abc

from ..inference import ChainPosterior, ExactPosterior, MeanFieldPosterior
from ..learning import NVIL, VIMCO, ExactLearning, GibbsLearning, MeanFieldLearning
from ..machines import (
    Helmholtz,
    WithBaselines,
    has_recognition,
    initialise,
    initialise_net,
    with_baselines,
)
from ..units import Ability, Missing

_CHAINS, _SWEEPS = 10, 100  # of a row and direction, whose mean states are its features


class Way(abc.ABC):
    """Way of inference that one value of ``inference`` stands for.

    has_net : whether an inference net does it, as recognition does in a Helmholtz machine;
    has_bound : whether it makes a bound of log p(x).
    """

    has_net = False
    has_bound = True
    new_machine = staticmethod(initialise_net)

    @abc.abstractmethod
    def rule(self, estimator):
        """The learning rule."""

    def posterior(self, machine):
        """The (approximate) posterior p(h | x)."""
        return

    def check(self, model, rows):
        """Refuse nets or rows for which it cannot work, in training and afterwards."""
        return

    def check_learning(self, model, rows):
        """Refuse also what it cannot learn from."""
        self.check(model, rows)

    def completes(self, missing):
        """Whether it learns where other units depend on missing values; missing : `Missing`."""
        return True

    def fit_machine(self, machine, estimator, rng):
        """The machine in the form that the rule trains."""
        return machine


class Exact(Way):
    """Enumeration of all hidden states."""

    def rule(self, estimator):
        """The gradient of the log-likelihood."""
        return ExactLearning()

    def posterior(self, machine):
        """All states with their probabilities."""
        return ExactPosterior(machine)

    def check(self, model, rows):
        """Refuse too many units to sum out."""
        model.check_enumerable("inference", "another inference", rows)

    def check_learning(self, model, rows):
        """Refuse also missing values that are not summed out."""
        self.check(model, rows)
        machine = model.machine
        machine.require(Ability.LEARN_EXACTLY, "inference='exact'")
        if machine.is_autoregressive and not self.completes(machine.visible.units.missing):
            model.refuse_missing(
                "inference='exact' cannot learn", "inference='gibbs' or 'nvil'", rows
            )

    def completes(self, missing):
        """Whether all missing values can be summed out."""
        return missing is Missing.SUMMED


class MeanFieldWay(Way):
    """The factorised distribution closest to the posterior."""

    def rule(self, estimator):
        """The gradient of its bound."""
        return MeanFieldLearning(estimator.n_inference_steps)

    def posterior(self, machine):
        """The factorised distribution."""
        return MeanFieldPosterior(machine)

    def check(self, model, rows):
        """Refuse where there is no bound."""
        model.check_mean_field("inference", "another inference", rows)

    def completes(self, missing):
        """Whether missing values can be treated like hidden units."""
        return Ability.MEAN_FIELD in missing.abilities


class GibbsWay(Way):
    """Markov chains."""

    has_bound = False

    def rule(self, estimator):
        """The mean gradient over the states of chains."""
        return GibbsLearning(estimator.n_particles, estimator.n_inference_steps)

    def posterior(self, machine):
        """The states that chains go through."""
        return ChainPosterior(machine, _CHAINS, _SWEEPS)

    def check(self, model, rows):
        """Refuse where units cannot be drawn given all others."""
        machine = model.machine
        machine.require(Ability.GIBBS, "inference='gibbs'")
        if not machine.can_complete(Ability.GIBBS):
            model.refuse_missing("inference='gibbs' has no draws", "inference='nvil'", rows)

    def completes(self, missing):
        """Whether missing values can be drawn given all others."""
        return Ability.GIBBS in missing.abilities


class Net(Way):
    """An inference net that learns by reward."""

    has_net = True
    new_machine = staticmethod(initialise)

    def rule(self, estimator):
        """One sample that is judged by baselines, or several, each by the others."""
        return NVIL() if estimator.n_particles == 1 else VIMCO(estimator.n_particles)

    def check(self, model, rows):
        """Refuse a net without an inference net."""
        if not has_recognition(model.machine):
            raise ValueError(
                "inference is 'nvil', but the fitted net lacks an inference net. Fit it anew, or "
                "set another inference."
            )

    def fit_machine(self, machine, estimator, rng):
        """The machine with baselines for one sample, without them for several."""
        judged = estimator.n_particles == 1
        if judged == isinstance(machine, WithBaselines):
            return machine
        if judged:
            return with_baselines(machine, rng)
        return Helmholtz(machine.generation, machine.recognition)


WAYS = {"exact": Exact(), "mean-field": MeanFieldWay(), "gibbs": GibbsWay(), "nvil": Net()}
