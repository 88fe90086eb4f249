"""
What goes together in shopping baskets?
=======================================

Counts of things, of words in a text or of goods in a basket, are neither binary nor real. A machine
with ``visible="poisson"`` gives each possible row of counts a probability. Given the hidden units
each count is Poisson distributed, with a variance that equals its mean; the hidden units make
counts vary more than that, and go together.
"""

# %%
# Baskets
# -------
# 25 kinds of goods, and five habits: a customer cooks, has a dog, has children, bakes, gives a
# party, or not. Each habit multiplies how much of some goods is bought. Habits come alone or
# together, so that there are 32 kinds of customers.

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats
from scipy.special import logsumexp, softmax

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine

rng = np.random.default_rng(0)
n_goods, p_habit = 25, np.array([0.5, 0.25, 0.35, 0.2, 0.1])
effects = rng.choice(
    [0, 1, 1.6, -0.8], (5, n_goods), p=[0.6, 0.2, 0.1, 0.1]
)
base = rng.normal(-0.8, 0.6, n_goods)


def baskets(n):
    """Counts of goods, (n, n_goods)."""
    return rng.poisson(
        np.exp(base + (rng.random((n, 5)) < p_habit) @ effects)
    )


X, X_test = baskets(4000), baskets(1000)
print("one basket:", X[0])
print(f"largest count {X.max()}, zeros {np.mean(X == 0):.0%}")

# %%
# Which likelihoods can be compared?
# ----------------------------------
# The score of a Poisson machine is the logarithm of a *probability* of counts. It compares with
# other probabilities of the same counts: of independent Poisson columns, which know nothing of
# habits, and of the distribution that the baskets came from, which no model can surpass on average.
# The score of Gaussian units is the logarithm of a *density*, which depends on the unit of
# measurement: divide counts by ten, and each column adds log 10 = 2.3 nats to the score. The same
# holds for factor analysis, and rounding what they draw changes nothing of it.

machine = HelmholtzMachine(
    10, visible="poisson", max_iter=60, random_state=0
).fit(X)

habits = np.array(
    [[state >> i & 1 for i in range(5)] for state in range(32)]
)
log_prior = stats.bernoulli(p_habit).logpmf(habits).sum(axis=1)
rates = np.exp(base + habits @ effects)
log_p = stats.poisson(rates).logpmf(
    X_test[:, None]
)  # (basket, kind of customer, good)
scores = {
    "independent Poisson columns": (
        stats.poisson(X.mean(axis=0)).logpmf(X_test).sum(axis=1)
    ),
    "Poisson machine": machine.score_samples(X_test),
    "where the baskets came from": logsumexp(
        log_prior + log_p.sum(axis=2), axis=1
    ),
}

# %%
# A density can be made comparable. With noise from [0, 1) added to each count, log-densities are on
# average a lower bound of the log-probability of the counts (Theis, van den Oord & Bethge 2016). So
# models of real numbers learn from counts with noise here, and are tested on such. How tight the
# bound is nobody knows: a difference speaks against the model and its bound together.

noisy, noisy_test = (
    X + rng.random(X.shape),
    X_test + rng.random(X_test.shape),
)
gaussian = HelmholtzMachine(
    10, visible="gaussian", max_iter=60, random_state=0
).fit(noisy)
factors = FactorAnalysis(5).fit(noisy)
scores["Gaussian machine, noise added"] = gaussian.score_samples(noisy_test)
scores["factor analysis, noise added"] = factors.score_samples(noisy_test)

print(
    "Log-probability of held-out baskets, nats per basket (with noise: a"
    " lower bound)"
)
for name, values in sorted(scores.items(), key=lambda item: item[1].mean()):
    error = values.std(ddof=1) / np.sqrt(len(values))
    print(f"{name:>29}: {values.mean():8.2f} +- {error:.2f}")

# %%
# Missing counts
# --------------
# A fifth of the test counts are hidden, and filled in with what is expected given the rest of the
# basket. The Poisson deviance is twice the log-likelihood that an expectation loses against the
# count itself; lower is better.

missing = rng.random(X_test.shape) < 0.2
seen = np.where(missing, np.nan, X_test)
customers = softmax(
    log_prior + np.where(missing[:, None], 0, log_p).sum(axis=2), axis=1
)
expected = {
    "mean of the column": np.broadcast_to(X.mean(axis=0), X_test.shape),
    "Poisson machine": machine.impute(seen),
    "where the baskets came from": customers @ rates,
}


def deviance(mean, counts):
    """Mean Poisson deviance."""
    best, own = (
        stats.poisson(counts).logpmf(counts),
        stats.poisson(mean).logpmf(counts),
    )
    return 2 * (best - own).mean()


for name, means in expected.items():
    print(
        f"{name:>27}: deviance"
        f" {deviance(means[missing], X_test[missing]):.2f}"
    )

# %%
# Samples vary as baskets do
# --------------------------
# Of independent Poisson columns variances equal means. Those of many goods are several times
# larger, and so they are in baskets that the machine makes up (left). What it expected of the
# counts that were hidden is what they turned out to be on average (right; bars are two standard
# errors).

drawn = machine.sample(20_000, random_state=0)
fig, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4), layout="constrained"
)
line = np.array([X.mean(axis=0).min(), X.mean(axis=0).max()])
left.plot(line, line, "k--", linewidth=1, label="Poisson: variance = mean")
left.plot(
    X_test.mean(axis=0), X_test.var(axis=0), "o", label="held-out baskets"
)
left.plot(
    drawn.mean(axis=0),
    drawn.var(axis=0),
    "x",
    label="samples of the machine",
)
left.set(xlabel="mean of a column", ylabel="variance of a column")
counts, guesses = X_test[missing], expected["Poisson machine"][missing]
groups = np.array_split(np.argsort(guesses), 20)
means = np.array(
    [[guesses[group].mean(), counts[group].mean()] for group in groups]
)
spread = [2 * counts[group].std() / np.sqrt(len(group)) for group in groups]
right.plot(means[:, 0], means[:, 0], "k--", linewidth=1, label="equal")
right.errorbar(
    *means.T,
    yerr=spread,
    fmt="o",
    markersize=4,
    label="twentieths of the counts",
)
right.set(
    xlabel="expected by the machine",
    ylabel="mean of the counts that were hidden",
)
for ax in (left, right):
    ax.set(
        xscale="log",
        yscale="log",
        xticks=[0.2, 0.5, 1, 2, 5],
        xticklabels=[0.2, 0.5, 1, 2, 5],
    )
    ax.minorticks_off()
    ax.legend()
plt.show()

# sphinx_gallery_thumbnail_number = 1
