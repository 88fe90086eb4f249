"""Learning by the gradient of the importance-weighted bound, through the draws of recognition."""

from dataclasses import dataclass, replace

import numpy as np

from .._kernels.particles import self_normalise
from ..units import standard_noise
from .rule import BeliefNetRule, weighted


@dataclass(frozen=True)
class ImportanceWeighted(BeliefNetRule):
    """Both nets ascend ``L_K = E log 1/K sum_k p(x, z_k) / q(z_k | x)``; with K = 1 the VAE.

    Of machines with one layer of Gaussian latents, z = mu(x) + L(x) e, so that derivatives reach
    recognition through z. With one particle the divergence of q from the prior is in closed form.
    With more, and self-normalised weights w_k, the generative net moves along
    ``sum_k w_k d log p(x | z_k)`` and recognition along ``sum_k w_k^2 (d log p(x, z_k) / d z_k -
    d log q / d z_k) d z_k``, which is as unbiased for the derivatives of L_K as the plain ones, but
    does not drown in noise as K grows.

    A training may begin with less of the divergence, whose pull towards the prior else is all that
    recognition knows before the generative net listens to it (Bowman et al. 2016; Sonderby et al.
    2016). The objective is then ``E log 1/K sum_k p(x | z_k) (p(z_k) / q(z_k | x))^b``, and the
    factors w_k^2 above are ``(1 - b) w_k + b w_k^2``, by the same integration by parts.

    n_particles : K, particles for each row; divergence_weight : b, above 0, and 1 at most.

    References
    ----------
    Kingma & Welling (2014), Auto-encoding variational Bayes, ICLR.
    Burda, Grosse & Salakhutdinov (2016), Importance weighted autoencoders, ICLR.
    Bowman, Vilnis, Vinyals, Dai, Jozefowicz & Bengio (2016), Generating sentences from a continuous
    space, CoNLL.
    Sonderby, Raiko, Maaloe, Sonderby & Winther (2016), Ladder variational autoencoders, NIPS.
    Tucker, Lawson, Gu & Maddison (2019), Doubly reparameterized gradient estimators for Monte Carlo
    objectives, ICLR.
    """

    n_particles: int = 5
    divergence_weight: float = 1.0

    # Particles share what recognition does with a row, whose tables of sums want more rows.
    fewest_rows = 64

    def at(self, progress):
        """The same rule with a weight of the divergence that is the progress."""
        return replace(self, divergence_weight=progress)

    def gradient(self, machine, x, wake, dream, out, work=np, memory=None):
        """Write the step for a block of rows to ``out``; return the sum of their bounds, nats."""
        (recognition,), (_, visible) = machine.recognition.conditionals, _layers(machine)
        (recognition_out,), (_, visible_out) = out.recognition.conditionals, _layers(out)
        upward = recognition.map.trace(machine.seen(x), work)
        eta = upward[-1]
        noise = standard_noise(wake, 1, machine.n_units[1], work)
        latents = recognition.units.transport(eta, noise)
        downward = visible.map.trace(latents, work)
        log_prob = work.empty((wake.n_rows,), np.float64)
        log_prob[:] = 0
        errors = visible.units.score(x.values, downward[-1], log_prob)
        blend = _of_one if self.n_particles == 1 else _of_several
        bound, weights, blended = blend(
            machine, x, eta, noise, latents, log_prob, self.divergence_weight
        )
        visible.units.weigh(x.values, errors, weights, visible_out.units)
        slopes = visible.map.learn_and_pull(downward, errors, visible_out.map, work=work)
        recognition.map.learn(upward, blended(slopes), recognition_out.map, work=work)
        return float(weighted(bound, x.weights).sum())


def _of_one(machine, x, eta, noise, latents, log_prob, share):
    """Bounds, weights of the rows, and how derivatives by the latents become those by eta.

    The latter are a function of the weighted derivatives of log p(x | z) by z. share : of the
    divergence that counts.
    """
    units = machine.recognition.conditionals[0].units
    divergence, by_eta = units.divergence_from_prior(eta)
    divergence, by_eta = share * divergence, np.float32(share) * by_eta
    weights = None if x.weights is None else x.weights.astype(np.float32)
    if weights is not None:
        by_eta = by_eta * weights[:, None]

    def blended(slopes):
        return units.pull(eta, noise, slopes) - by_eta

    return log_prob - divergence, weights, blended


def _of_several(machine, x, eta, noise, latents, log_prob, share):
    """The same for several particles of each row."""
    units = machine.recognition.conditionals[0].units
    prior = _layers(machine)[0]
    log_q = np.zeros(len(noise))
    units.log_prob_of_noise(eta, noise, log_q)
    log_prob /= share
    prior.units.log_prob(latents, prior.eta(None), log_prob)
    log_weights = share * (log_prob - log_q).reshape(len(x), -1)
    shares, bound = np.empty(log_weights.shape, np.float32), np.empty(len(x))
    self_normalise(log_weights, shares, bound)
    weights = shares if x.weights is None else shares * x.weights[:, None].astype(np.float32)
    shares, weights = shares.reshape(-1, 1), weights.reshape(-1)

    def blended(slopes):
        slopes += np.float32(share) * (units.whiten(eta, noise) - latents) * weights[:, None]
        slopes *= np.float32(1 - share) + np.float32(share) * shares
        return units.pull(eta, noise, slopes)

    return bound, weights, blended


def _layers(machine):
    """The prior and p(x | z) of a machine, or of a gradient in its form."""
    return machine.generation.conditionals
