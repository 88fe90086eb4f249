r"""
The truck or the earthquake: what does each way to infer believe?
=================================================================

A house jumps if a truck hits it, and if there is an earthquake. Both are rare, and either is
enough; so if the house has jumped, one of the two has happened, and hardly both. The causes were
independent before and exclude each other afterwards: one *explains* the other *away*. No
distribution in which the causes are independent can say "either this or that". The example is that
of Hinton, Osindero & Teh (2006), small enough to see exactly what each method makes of it.
"""

# %%
# Two causes and one effect
# -------------------------
# The prior logit of each cause is -10, the effect has the bias -20 and weights of 20. The house
# jumps once in about 22,000 times. Given that it did, the exact posterior has half of the
# probability on each single cause.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import entr, expit, gammaln, xlogy

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet

weights, intercepts = [[[20.0], [20.0]]], [[-20.0], [-10.0, -10.0]]
jumped = np.ones((1, 1), np.float32)  # one row of data: x = 1
names = ["neither", "truck", "earthquake", "both"]
states = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
eta = 20.0 * states.sum(axis=1) - 20  # the input of the effect in each state


def independent(chances):
    """What independent causes of these probabilities make of the four states."""
    chances = np.asarray(chances)[..., None, :]
    return np.prod(np.where(states, chances, 1 - chances), axis=-1)


def show(method, belief):
    """Print and keep a belief."""
    beliefs[method] = belief
    parts = [f"{name} {chance:.5f}" for name, chance in zip(names, belief, strict=True)]
    print(f"{method}: {', '.join(parts)}")


beliefs = {}
exact = SigmoidBeliefNet.from_parameters(weights, intercepts, inference="exact")
log_p = exact.score_samples(jumped)[0]
log_joint = states @ intercepts[1] - 2 * np.logaddexp(0, -10) - np.logaddexp(0, -eta)
posterior = np.exp(log_joint - log_p)

print(f"log p(x) = {log_p:.3f} nats: once in {np.exp(-log_p):,.0f} times")
print("each cause in all, by transform:", exact.transform(jumped)[0].round(5))
show("exact", posterior)

# %%
# Mean field
# ----------
# Mean field looks for the independent causes with the highest bound of :math:`\log p(x)`. The best
# that they can do is to settle on one of the two: the bound then lacks :math:`\log 2`, half of the
# posterior being left out. Minus the bound is the free energy.
#
# In the bound of Saul, Jaakkola & Jordan (1996) the effect has a number :math:`\xi` of its own. A
# sweep takes the best :math:`\xi`, and then moves one cause after the other. Where that ends
# depends on where it starts. By symmetry the middle, 1/2 for each cause, is a stationary point:
# every pull towards a cause is cancelled by another, and no number of sweeps leaves it. Nor do
# starts near it get far. For chances of :math:`1/2 + d` and :math:`1/2 - d` the entropy falls by
# :math:`4 d^2`, while the rest of the bound rises by :math:`4 d^2`. But for terms in :math:`d^4`
# the middle is flat, and sweeps end where one gains less than 0.00001 nats.


def best_xi(chances):
    """The best xi for each pair of chances, and the bounds that they make."""
    belief = independent(chances)
    low, high = np.zeros(len(chances)), np.ones(len(chances))
    for _ in range(50):  # the bound is concave: halve the interval that holds the highest
        xi = (low + high) / 2
        terms = belief * tilts(xi)
        rising = terms @ eta > terms.sum(axis=1) * (belief @ eta)
        low, high = np.where(rising, xi, low), np.where(rising, high, xi)
    prior = chances @ intercepts[1] - 2 * np.logaddexp(0, -10)
    entropy = entr(chances).sum(axis=1) + entr(1 - chances).sum(axis=1)
    return xi, prior + entropy + (1 - xi) * (belief @ eta) - np.log(terms.sum(axis=1))


def tilts(xi):
    """What the bound takes the expectation of, in each state."""
    return np.exp(-xi[:, None] * eta) + np.exp((1 - xi[:, None]) * eta)


def move(chances, xi):
    """Move the causes of each pair, one after the other, to where tangents of the bound point."""
    for cause in (0, 1):
        ends = np.repeat(chances[None], 2, axis=0)
        ends[:, :, cause] = [[0], [1]]
        without, given, now = ((independent(c) * tilts(xi)).sum(axis=1) for c in (*ends, chances))
        chances[:, cause] = expit(-10 + 20 * (1 - xi) - (given - without) / now)
    return chances


def solve(starts, most_sweeps=200, tol=1e-5):
    """Mean field from some pairs of chances: where each ends, its free energy, and its sweeps."""
    chances, n_sweeps = np.array(starts), np.zeros(len(starts), int)
    before, going = np.full(len(starts), -np.inf), np.full(len(starts), True)
    while True:
        xi, bounds = best_xi(chances)
        going &= (bounds > before + tol) & (n_sweeps < most_sweeps)
        if not going.any():
            return chances, -bounds, n_sweeps
        before = bounds
        chances[going] = move(chances[going], xi[going])
        n_sweeps += going


for start, settings in [
    ((0.7, 0.3), {}),
    ((0.55, 0.45), {}),
    ((0.5, 0.5), {"most_sweeps": 1000, "tol": -1}),  # goes on, whatever a sweep gains
]:
    (end,), (energy,), (n_sweeps,) = solve([start], **settings)
    print(f"from {start} to {end.round(4)}, sweeps: {n_sweeps}, free energy {energy:.3f} nats")
show("mean field, from (0.7, 0.3)", independent(solve([(0.7, 0.3)])[0][0]))
show("mean field, from the middle", independent(end))

_, energies, _ = solve(np.random.default_rng(0).uniform(0.01, 0.99, (1000, 2)))
print(f"of 1000 random starts {np.mean(energies < 11):.0%} end at one cause")
mean_field = SigmoidBeliefNet.from_parameters(weights, intercepts, inference="mean-field")
energy = mean_field.free_energy(jumped)[0]
print(f"transform ends at {mean_field.transform(jumped)[0].round(4)}: {energy:.3f} nats")

# %%
# Nine of ten random starts end at one cause, with a free energy of 10.7 nats; the others stay near
# the middle, at 17.9. `transform` tries two, the same for all rows, and takes the better end.
#
# Gibbs sampling
# --------------
# A chain changes one cause at a time. From "truck" to "earthquake" the way leads through "both" or
# through "neither", each of which it takes once in about 11,000 sweeps. So it changes its mind
# once in about 5,500 sweeps, here counted in 1,000 chains of 10,000 sweeps.
#
# Chains start in the prior, where nothing has happened; then the cause that is asked first explains
# the effect. The chains that `transform` runs have 100 sweeps, too few to change their minds. Half
# of them ask the causes in the opposite order: so `transform` shows 1/2 for each, as it should,
# though each chain has seen but one mode.

n_chains, n_sweeps = 1000, 10_000
rng = np.random.default_rng(0)
log_effect = -np.logaddexp(0, [20.0, 0.0, -20.0])  # log p(x = 1) given how many causes there are
on = expit(-10 + np.diff(log_effect))  # the chance of a cause, given how many others there are
chains = np.zeros((n_chains, 2), int)
last, n_switches, chain = None, 0, []
for _ in range(n_sweeps):
    for cause in (0, 1):
        chains[:, cause] = rng.random(n_chains) < on[chains[:, 1 - cause]]
    state = chains @ np.array([1, 2])
    chain.append(state[0])
    single = (state == 1) | (state == 2)
    if last is not None:
        n_switches += np.count_nonzero(single & (state != last))
    last = np.where(single, state, 1 if last is None else last)

alone = expit(log_joint[3] - log_joint[1])  # of "both" against "truck", as of "neither"
rate = 2 * alone * (1 - alone)
expected = rate * n_chains * n_sweeps
print(f"{n_switches} switches, one in {n_chains * n_sweeps / n_switches:,.0f} sweeps")
print(f"expected {expected:.0f} +- {np.sqrt(expected):.0f}, one in {1 / rate:,.0f}")
gibbs = SigmoidBeliefNet.from_parameters(weights, intercepts, inference="gibbs")
print("each cause in all, by transform:", gibbs.transform(jumped)[0].round(5))
show("Gibbs sampling, 1000 sweeps", np.bincount(chain[:1000], minlength=4) / 1000)

# %%
# A net that guesses
# ------------------
# Recognition and inference nets are independent causes, too: given the effect, they have one
# logit for each. What differs is what the net learns from. For random dreams or samples there is
# no need here: the *expected* steps can be summed over the four states, and followed to where they
# rest.
#
# NVIL follows the gradient of the free energy itself, and settles on one cause from any start that
# favours one. The sleep phase of wake-sleep follows
# :math:`\mathrm E_{p(h \mid x)} \, \partial \log q(h \mid x)` for dreams that show the effect, and
# rests where each cause has the probability that it has in the posterior: 1/2. So a quarter of its
# guesses are "both", and a quarter "neither". (Mean field in the middle believes the same. Its
# free energy is higher, since its bound is a looser one.)


def learn(step, start=(0.51, 0.49), n_steps=1500):
    """Follow expected steps (by the logits of the causes) to where they rest."""
    logits = np.log(start) - np.log1p(-np.array(start))
    for _ in range(n_steps):
        q = expit(logits)
        gradient = step(q)
        if np.abs(gradient).max() < 1e-10:
            break
        logits += gradient / np.maximum(q * (1 - q), 0.001)
    return q


def towards(belief, q):
    """The expectation of d log q under a belief."""
    return belief @ states - q


def sleep(q):
    """The sleep phase, given the effect."""
    return towards(posterior, q)


def nvil(q):
    """The gradient of the evidence lower bound, a tenth of it."""
    belief = independent(q)
    rewards = log_joint - np.log(belief)
    return 0.1 * (belief * rewards) @ (states - q)


def recognising(q):
    """A machine whose recognition net has these chances of the causes where the house jumped."""
    quiet = -10.7  # their logit where it did not
    logits = np.log(q) - np.log1p(-q)
    return HelmholtzMachine.from_parameters(
        weights, intercepts, [[logits - quiet]], [[quiet, quiet]]
    )


for name, step in {"NVIL": nvil, "wake-sleep": sleep}.items():
    q = learn(step)
    show(name, independent(q))
    print(f"    free energy {recognising(q).free_energy(jumped)[0]:.3f} nats")
averaged = q

# %%
# Weighted guesses
# ----------------
# The wake phase of reweighted wake-sleep follows :math:`\mathrm E \sum_k w_k \, \partial \log
# q(h^k \mid x)` for K weighted guesses. Its expectation is a sum over the numbers of guesses that
# fall on each state. For one guess it is zero. With two to four guesses the wake phase settles
# on one cause: what it never guesses cannot have weight. From five on, the middle holds what starts
# near it; the more guesses, the more starts end there.
#
# The package takes the mean of the wake step and the sleep step. If the effect is as frequent among
# the rows as among the dreams, this mixture (the right column) averages for all these numbers. If
# the effect is much more frequent among the rows, the sleep phase hardly sees it, and the wake
# phase alone decides.


def wake(n_guesses, share):
    """A share of the expected wake step, the rest being the sleep step."""
    grid = np.indices([n_guesses + 1] * 3).reshape(3, -1)
    grid = grid[:, grid.sum(axis=0) <= n_guesses]
    counts = np.vstack([grid, n_guesses - grid.sum(axis=0)]).T  # of guesses in each state
    log_ways = gammaln(n_guesses + 1) - gammaln(counts + 1).sum(axis=1)

    def step(q):
        belief = independent(q)
        chances = np.exp(log_ways + xlogy(counts, belief).sum(axis=1))
        found = counts * (posterior / belief)
        found /= found.sum(axis=1, keepdims=True)
        return share * towards(chances @ found, q) + (1 - share) * sleep(q)

    return step


print("where the probability of the truck ends, by where it starts")
print("guesses  wake, 0.51  wake, 0.90  half sleep, 0.90")
for n_guesses in (2, 3, 4, 5, 10, 20):
    ends = [
        learn(wake(n_guesses, share), (start, 1 - start))[0]
        for share, start in [(1, 0.51), (1, 0.9), (0.5, 0.9)]
    ]
    print("{:7}  {:10.4f}  {:10.4f}  {:16.4f}".format(n_guesses, *ends))

settled = learn(wake(2, 1), (0.9, 0.1))
show("reweighted, wake phase, 2 guesses", independent(settled))
show("reweighted, wake phase, 20 guesses", independent(learn(wake(20, 1), (0.9, 0.1))))

# %%
# Averages can be repaired
# ------------------------
# Of the guesses of the averaged net half are right. Importance sampling gives weight to these, and
# next to none to the others: what is drawn by weight is drawn from the posterior. In the package
# one particle in five comes from the prior, which knows nothing; of the others every second one
# counts, so that K particles are worth 0.4 K. A net that has settled on one cause cannot be
# repaired like this. Its guesses agree, so that the effective sample size is even higher, and the
# other cause is never seen.

for name, q in {"averaged": averaged, "settled": settled}.items():
    machine = recognising(q)
    found = machine.posterior(
        jumped, method="importance", n_importance_samples=1000, n_samples=10_000, random_state=0
    )
    print(
        f"{name}: effective sample size {found.effective_sample_size[0]:.0f} of 1000, "
        f"mean of the causes {found.mean[0][0].round(3)}"
    )
    if name == "averaged":
        drawn = np.bincount(found.samples[0][0] @ np.array([1, 2]), minlength=4) / 10_000
        show("wake-sleep, importance resampling", drawn)

# %%
# All of them
# -----------

order = [
    "exact",
    "wake-sleep",
    "wake-sleep, importance resampling",
    "mean field, from (0.7, 0.3)",
    "mean field, from the middle",
    "Gibbs sampling, 1000 sweeps",
    "NVIL",
    "reweighted, wake phase, 2 guesses",
    "reweighted, wake phase, 20 guesses",
]
fig, axes = plt.subplots(3, 3, figsize=(8, 7), sharey=True, layout="constrained")
for ax, name in zip(axes.flat, order, strict=True):
    bars = ax.bar(range(4), beliefs[name], color=["0.6", "C0", "C0", "0.6"])
    ax.bar_label(bars, [f"{chance:.2f}" for chance in beliefs[name]], fontsize=8)
    ax.set_title(name.replace(", ", ",\n", 1), fontsize=10)
    ax.set_xticks(range(4), ["neither", "truck", "quake", "both"], fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].set_ylim(0, 1.1)
for ax in axes[:, 0]:
    ax.set_ylabel("probability")
plt.show()
