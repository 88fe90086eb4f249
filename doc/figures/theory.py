"""Pictures of the theory pages, made by the library on machines that can be enumerated."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logit
from scipy.stats import norm
from sklearn.datasets import load_digits

from sklearn_helmholtz import (
    FactorAnalysis,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
)

GENERATION, RECOGNITION, GREY = "#c44e52", "#4c72b0", "0.55"
STATES = ("neither", "first", "second", "both")


def two_causes(prior, base, weight, **params):
    """A net of two equal causes of one effect: log-odds of the causes, of the effect, weights."""
    return SigmoidBeliefNet.from_parameters(
        [[[weight], [weight]]], [[base], [prior, prior]], **params
    )


def explaining_away():
    """Beliefs in the states of two causes before and after the effect is seen."""
    nets = {
        "the house: rare causes": two_causes(-10.0, -20.0, 20.0),
        "common causes": two_causes(-1.0, -3.0, 4.0),
    }
    _, axes = plt.subplots(1, 2, figsize=(7.4, 2.7), layout="constrained", sharey=True)
    for ax, (title, net) in zip(axes, nets.items(), strict=True):
        beliefs = {
            "before": net.joint_posterior([[np.nan]]).probabilities[0],
            "given the effect": net.joint_posterior([[1]]).probabilities[0],
        }
        colours = GREY, GENERATION
        for k, ((label, p), colour) in enumerate(zip(beliefs.items(), colours, strict=True)):
            ax.bar(np.arange(4) + 0.4 * k - 0.2, p, 0.38, color=colour, label=label)
        ax.set_xticks(range(4), STATES)
        ax.set(title=title, ylim=(0, 1.05))
    axes[0].set_ylabel("probability")
    axes[1].legend(frameon=False)


def dial():
    """Free energy of two rows against the guessed probability of the only cause."""
    guesses = np.linspace(0.005, 0.995, 199)
    rows = {"both features on": [1, 1], "one feature on": [1, 0]}
    free = {name: [] for name in rows}
    for guess in guesses:
        machine = one_cause(guess)
        for name, row in rows.items():
            free[name].append(machine.free_energy([row])[0])
    _, ax = plt.subplots(figsize=(6, 3.1), layout="constrained")
    for (name, row), colour in zip(rows.items(), (GENERATION, RECOGNITION), strict=True):
        machine = one_cause(0.5)
        cost, posterior = -machine.score([row]), machine.posterior([row]).mean[0][0, 0]
        ax.plot(guesses, free[name], color=colour, label=f"$F$, {name}")
        ax.axhline(cost, color=colour, lw=1, ls="--")
        ax.plot(posterior, cost, "o", color=colour)
        ax.text(0.01, cost + 0.03, r"$-\log p(x)$", color=colour, fontsize=9)
    ax.set(xlabel="guess $q(h = 1 \\mid x)$", ylabel="nats", xlim=(0, 1))
    ax.legend(frameon=False, loc="upper center")


def one_cause(guess):
    """A machine of one cause and two features, whose guess is the same for all rows."""
    return HelmholtzMachine.from_parameters(
        [[[2.0, 2.0]]], [[-1.0, -1.0], [0.0]], [[[0.0], [0.0]]], [[logit(guess)]]
    )


def divergences():
    """Both divergences of factorised guesses from a posterior of two modes, and a way of sleep."""
    W, b, prior = np.array([[8.0], [8.0]]), [-6.0], [-3.0, -3.0]
    posterior = two_causes(-3.0, -6.0, 8.0).joint_posterior([[1]]).probabilities[0]
    side = np.linspace(0.01, 0.99, 61)
    first, second = np.meshgrid(side, side)
    guess = np.stack(
        [(1 - first) * (1 - second), first * (1 - second), (1 - first) * second, first * second], -1
    )
    maps = {
        r"free energy: $\mathrm{KL}(q\,\|\,p)$": (guess * np.log(guess / posterior)).sum(axis=-1),
        r"sleep: $\mathrm{KL}(p\,\|\,q)$": (posterior * np.log(posterior / guess)).sum(axis=-1),
    }
    _, axes = plt.subplots(1, 2, figsize=(7.6, 3.5), layout="constrained", sharey=True)
    for ax, (title, values) in zip(axes, maps.items(), strict=True):
        levels = values.min() + np.array([0, 0.02, 0.08, 0.2, 0.4, 0.7, 1.1, 1.6, 2.4, 5])
        ax.contourf(side, side, values, levels, cmap="Blues", extend="max")
        ax.contour(side, side, values, levels, colors="white", linewidths=0.7)
        lowest = np.argwhere(values < values.min() + 1e-9)
        ax.plot(side[lowest[:, 1]], side[lowest[:, 0]], "o", color=GENERATION, zorder=3)
        ax.set(title=title, xlabel="guess for the first cause", aspect="equal")
        ax.set(xticks=[0.1, 0.5, 0.9], yticks=[0.1, 0.5, 0.9])
    axes[0].set_ylabel("for the second")
    axes[1].plot(*sleep_path(W, b, prior, [0.91, 0.09]).T, color="k", lw=1.2)


def sleep_path(W, b, prior, start, n_steps=100, n_dreams=5000):
    """Guesses for the causes of the row (1,), (n_steps + 1, 2), as recognition sleeps."""
    r = np.full(2, -5.0)  # without the effect there is hardly ever a cause
    R, path = logit(start) - r[None], [start]
    for seed in range(n_steps):
        machine = HelmholtzMachine.from_parameters(
            [W], [b, prior], [R], [r], algorithm="wake-sleep", solver="sgd", momentum=0,
            learning_rate_init=4.0, alpha=0, batch_size=n_dreams, random_state=seed,
        ).partial_fit(np.zeros((n_dreams, 1)))  # fmt: skip
        R, r = machine.recognition_coefs_[0], machine.recognition_intercepts_[0]
        path.append(machine.transform([[1]])[0])
    return np.array(path)


FOLD = {  # x = |z| + noise
    "decoder_coefs": [[[1.0], [1.0]], [[1.0, -1.0]]],
    "decoder_intercepts": [[0.0], [0.0, 0.0]],
    "noise_variance": [0.1],
    "activation": "relu",
}


def latents():
    """The posterior of a latent behind a fold, and guesses of two rules of learning."""
    row, z = 1.2, np.linspace(-3, 3, 601)
    _, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
    machine = encoded([[[1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]], [[0.0, 0.0], [0.1, -1.0]])
    joint = np.exp(machine.log_joint(np.full((len(z), 1), row), z[:, None]))
    ax.fill_between(z, joint / (joint.sum() * (z[1] - z[0])), color="0.85", label=r"$p(z\mid x)$")
    rules = {"climbs the bound": "importance-weighted", "sleeps": "wake-sleep"}
    for (label, algorithm), colour in zip(rules.items(), (RECOGNITION, GENERATION), strict=True):
        mean, std = encoder_alone(algorithm, row).transform([[row]], return_std=True)
        ax.plot(z, norm.pdf(z, mean[0, 0], std[0, 0]), color=colour, label=f"$q$ that {label}")
    ax.set(xlabel="latent $z$", ylabel="density", ylim=0)
    ax.legend(frameon=False)


def encoded(coefs, intercepts, **params):
    """A machine whose decoder folds its latent, and a given encoder."""
    return GaussianHelmholtzMachine.from_parameters(
        encoder_coefs=coefs, encoder_intercepts=intercepts, **FOLD, **params
    )


def encoder_alone(algorithm, row, n_steps=300, n_rows=1000):
    """The same machine with an encoder that has learnt by an algorithm, its decoder put back."""
    coefs = [[[1.0, 0.5]], [[0.1, 0.0], [0.1, 0.0]]]
    intercepts = [[0.0, 0.0], [0.0, -1.0]]
    for seed in range(n_steps):
        machine = encoded(
            coefs, intercepts, algorithm=algorithm, n_particles=1, solver="sgd", momentum=0,
            learning_rate_init=0.02, alpha=0, batch_size=n_rows, random_state=seed,
        ).partial_fit(np.full((n_rows, 1), row))  # fmt: skip
        coefs, intercepts = machine.encoder_coefs_, machine.encoder_intercepts_
    return encoded(coefs, intercepts)


def factors():
    """Prior and posteriors of two factors as ellipses that hold half of the probability."""
    model = FactorAnalysis.from_parameters([[1.0, 0.5], [1.0, 0.0]], [0.2, 0.05])
    rows = {
        "before": [np.nan, np.nan],
        "given the first feature, which both raise": [1.2, np.nan],
        "given the second as well, of one of them": [1.2, 0.1],
    }
    figure, ax = plt.subplots(figsize=(5, 4.4), layout="constrained")
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.sqrt(2 * np.log(2)) * np.stack([np.cos(turn), np.sin(turn)])
    for (label, row), colour in zip(rows.items(), (GREY, GENERATION, RECOGNITION), strict=True):
        found = model.posterior([row])
        edge = np.linalg.cholesky(found.covariance[0][0]) @ circle + found.mean[0].T
        ax.fill(*edge, facecolor=colour, alpha=0.15)
        ax.plot(*edge, color=colour, label=label)
    ax.set(xlabel="first factor", ylabel="second factor", aspect="equal")
    figure.legend(frameon=False, loc="outside lower center")


def partition():
    """Log Z of Boltzmann machines by annealing from both sides, against the temperatures."""
    rows = load_digits().data >= 8
    trained = RestrictedBoltzmannMachine(20, n_iter=40, random_state=0).fit(rows)
    steps = np.array([3, 10, 30, 100, 300, 1000, 3000])
    _, axes = plt.subplots(1, 2, figsize=(7.6, 2.9), layout="constrained", sharey=True)
    for ax, factor in zip(axes, (1, 2), strict=True):
        parameters = [
            factor * array
            for array in (
                trained.components_, trained.intercept_hidden_, trained.intercept_visible_
            )
        ]  # fmt: skip
        truth, found = annealed(*parameters, steps)
        ax.axhline(0, color="k", lw=1, label="exact")
        for k, (side, colour) in enumerate({"upper": GENERATION, "lower": RECOGNITION}.items()):
            errors = [estimate.standard_error for estimate in found]
            values = [getattr(estimate, side) - truth for estimate in found]
            ax.errorbar(steps * 1.1**k, values, errors, fmt="o-", ms=4, color=colour, label=side)
        ax.set(xscale="log", xlabel="temperatures", title=f"weights times {factor}")
    axes[0].set_ylabel(r"$\log Z$ less the exact one, nats")
    axes[1].legend(frameon=False, loc="lower right")


def annealed(W, c, b, steps):
    """The exact log Z, and estimates, of a machine with one hidden unit too many to enumerate.

    That unit has no weights, so that all it does is to double Z.
    """
    exact = RestrictedBoltzmannMachine.from_parameters(W, c, b).log_partition_.value
    W, c = np.vstack([W, np.zeros(W.shape[1])]), np.append(c, 0)
    found = [
        RestrictedBoltzmannMachine.from_parameters(W, c, b, n_temperatures=int(n)).log_partition_
        for n in steps
    ]
    return exact + np.log(2), found
