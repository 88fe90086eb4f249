r"""
The truck or the earthquake: why do causes explain each other away?
===================================================================

A house jumps if a truck hits it, and if there is an earthquake. Both are rare, and either is
enough; so if the house has jumped, one of the two has happened, and hardly both. The causes were
independent before and exclude each other afterwards: one *explains* the other *away*. No guess in
which the causes are independent can say "either this or that". The example is that of Hinton,
Osindero & Teh (2006), small enough to see exactly what each way to infer makes of it.
"""

# %%
# Five lines
# ----------
# The prior logit of each cause is -10, the effect has the bias -20 and weights of 20. A belief net
# with these parameters needs no training; `posterior` says what it believes of the causes.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet

weights, intercepts = [[[20.0], [20.0]]], [[-20.0], [-10.0, -10.0]]
net = SigmoidBeliefNet.from_parameters(
    weights, intercepts, inference="exact"
)
jumped = [[1]]
print(
    f"a house jumps once in {1 / np.exp(net.score_samples(jumped)[0]):,.0f}"
    " times"
)
print("truck, earthquake:", net.transform(jumped)[0].round(4))

# %%
# Each cause has a half; but do they exclude each other? The means do not say. Draws from the
# posterior do: of ten thousand hardly any has both, or neither.

names = ["neither", "truck", "earthquake", "both"]


def shares(draws):
    """How often each of the four states was drawn."""
    states = np.reshape(draws, (-1, 2)).astype(int) @ [1, 2]
    return np.bincount(states, minlength=4) / len(states)


draws = net.posterior(
    jumped, method="exact", n_samples=10_000, random_state=0
).samples[0]
beliefs = {"exact": shares(draws)}
print(dict(zip(names, beliefs["exact"].tolist(), strict=True)))

# %%
# What independent guesses can do
# -------------------------------
# Mean field looks for *independent* causes close to the posterior. There are two ways to be wrong:
# to settle on one of the causes, or to give each a half, so that "both" and "neither" get a quarter
# each. The free energy is at least :math:`-\log p(x)`, and what it has more is the divergence of
# the guess from the posterior: log 2 = 0.69 nats for half of the truth.

field = SigmoidBeliefNet.from_parameters(
    weights, intercepts, inference="mean-field"
)
truck, quake = field.transform(jumped)[0].round(4)
print(f"mean field: truck {truck}, earthquake {quake}")
print(
    f"free energy {field.free_energy(jumped)[0]:.2f}, -log p"
    f" {-net.score_samples(jumped)[0]:.2f}"
)
beliefs["mean field"] = np.outer(
    [1 - quake, quake], [1 - truck, truck]
).ravel()

# %%
# A net that has learnt to guess
# ------------------------------
# The recognition net of a Helmholtz machine makes independent guesses, too, and learns them from
# dreams. Among dreams in which the house jumps each cause is there in half of the cases, and a
# half for each is what the net learns: it *averages*, where mean field *chose*. Its free energy
# says how bad that is: most of its guesses are wrong.
#
# Here the recognition net is set to where the sleep phase ends: half where the house has jumped,
# and next to nothing where it has not.

quiet = -10.7
recognition = [[[-quiet, -quiet]]], [[quiet, quiet]]
machine = HelmholtzMachine.from_parameters(
    weights, intercepts, *recognition
)
guess = machine.posterior(
    jumped, method="recognition", n_samples=10_000, random_state=0
)
beliefs["recognition net"] = shares(guess.samples[0])
print(
    "free energy of the averaging net:"
    f" {machine.free_energy(jumped)[0]:.2f} nats"
)

# %%
# Guesses can be weighed
# ----------------------
# Importance sampling gives weight to the guesses that explain the row, and next to none to the
# others: half of an averaging net's guesses are right, and what is drawn by weight is drawn from
# the posterior. A net that has *settled* on one cause cannot be repaired like this: what it never
# guesses can have no weight, and the effective sample size, looking only at what was guessed, is
# even higher.

weighed = machine.posterior(
    jumped,
    method="importance",
    n_importance_samples=1000,
    n_samples=10_000,
    random_state=0,
)
beliefs["guesses, weighed"] = shares(weighed.samples[0])
settled = HelmholtzMachine.from_parameters(
    weights, intercepts, [[[10.0 - quiet, -10.0 - quiet]]], [[quiet, quiet]]
)
found = settled.posterior(
    jumped,
    method="importance",
    n_importance_samples=1000,
    n_samples=10_000,
    random_state=0,
)
beliefs["settled, weighed"] = shares(found.samples[0])
for name, result in {"averaging": weighed, "settled": found}.items():
    print(
        f"{name}: effective sample size"
        f" {result.effective_sample_size[0]:.0f} of 1000"
    )

# %%
# Chains
# ------
# Gibbs sampling changes one cause at a time. From "truck" to "earthquake" the way leads through
# "both" or "neither", each of which it takes once in some ten thousand sweeps. So a chain of a
# thousand sweeps ends at the cause where it began, and never hears of the other; many chains see
# both.

gibbs = SigmoidBeliefNet.from_parameters(
    weights, intercepts, inference="gibbs"
)
chain = gibbs.posterior(
    jumped, method="gibbs", n_samples=1, n_sweeps=1000, random_state=0
)
beliefs["end of a Gibbs chain"] = shares(chain.samples[0])

fig, axes = plt.subplots(
    2, 3, figsize=(8, 4.6), sharey=True, layout="constrained"
)
for ax, (name, belief) in zip(axes.flat, beliefs.items(), strict=True):
    bars = ax.bar(range(4), belief, color=["0.6", "C0", "C0", "0.6"])
    ax.bar_label(bars, [f"{chance:.2f}" for chance in belief], fontsize=8)
    ax.set_title(name, fontsize=10)
    ax.set_xticks(
        range(4), ["neither", "truck", "quake", "both"], fontsize=8
    )
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].set_ylim(0, 1.15)
for ax in axes[:, 0]:
    ax.set_ylabel("probability")

# %%
# What can be done about it
# -------------------------
# Explaining away is why learning in belief nets is hard, and each method pays in its own way.
# Wake-sleep averages, and its weights then fit a posterior that is not there. Reweighted wake-sleep
# weighs several guesses before it learns from them, so that "both" and "neither" teach nothing;
# with few guesses its net may settle. ``inference="exact"`` of `SigmoidBeliefNet` sums over all
# states of up to twenty causes, and makes none of these mistakes.

plt.show()

# sphinx_gallery_thumbnail_number = 1
