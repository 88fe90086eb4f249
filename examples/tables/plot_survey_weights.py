"""
What does a survey say of the population it was drawn from?
===========================================================

Surveys ask more of the few: a region with one person in twenty may fill a third of the sample, so
that something can be said of it at all. A model that learns from such rows as they are learns of a
population that does not exist, and a score on them is the score of that population. Each row is
weighted, therefore, by how many people it stands for: the inverse of the chance that it had to be
asked. Here the population is simulated, so that we can look up what surveys only estimate.
"""

# %%
# A population and a survey
# -------------------------
# 100,000 people live in three regions, and answer 16 questions with yes or no. In each region other
# answers are common, and two attitudes make some of them go together. The survey asks about as many
# people in each region: in the smallest one the chance to be asked is sixteen times that of the
# largest. Half of the people are there to learn from, the others to test on.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood

rng = np.random.default_rng(0)
n_people, n_questions = 100_000, 16
shares = np.array([0.8, 0.15, 0.05])
region = rng.choice(3, n_people, p=shares)
attitudes = rng.random((n_people, 2)) < 0.5
logits = rng.normal(0, 1.5, (3, n_questions))[
    region
] + attitudes @ rng.normal(0, 2, (2, n_questions))
answers = rng.random(logits.shape) < 1 / (1 + np.exp(-logits))

half = n_people // 2
region_test, answers_test = region[half:], answers[half:]


def survey(region, n_each, rng):
    """Numbers of those asked, each by a coin of its own, and weights."""
    chance = n_each / (shares * half)
    asked = np.flatnonzero(rng.random(len(region)) < chance[region])
    return asked, 1 / chance[region[asked]]


train, weights = survey(region[:half], 700, rng)
print("people of each region:", np.bincount(region[:half]))
print("people asked:         ", np.bincount(region[train]))
print(
    "effective number of rows:"
    f" {weights.sum() ** 2 / (weights**2).sum():.0f} of {len(train)}"
)

# %%
# With and without weights
# ------------------------
# Both machines learn from the same rows. They have fewer than 15 hidden units, so scores are exact,
# and the population's own value can be computed: the mean over all people of the other half.

settings = {
    "hidden_layer_sizes": (8, 3),
    "max_iter": 150,
    "learning_rate": "cosine",
}
weighted = HelmholtzMachine(**settings, random_state=0).fit(
    answers[train], sample_weight=weights
)
unweighted = HelmholtzMachine(**settings, random_state=0).fit(
    answers[train]
)

print("Log-likelihood of the population, nats per person")
for name, machine in {
    "learnt with weights": weighted,
    "without": unweighted,
}.items():
    print(f"{name:>20}: {machine.score(answers_test):.3f}")

# %%
# What a second survey says
# -------------------------
# Nobody knows the population's value outside of simulations. A second survey, of people that the
# machines have not seen, estimates it: by the weighted mean, with a standard error that takes the
# weights into account. The plain mean answers another question, with an error that does not
# say so.

test, test_weights = survey(region_test, 300, rng)
asked = answers_test[test]
population = weighted.score(answers_test)
with_weights = weighted.log_likelihood(asked, sample_weight=test_weights)
without = weighted.log_likelihood(asked)
print(f"the population's value: {population:.3f}")
print(
    f"weighted mean:          {with_weights.mean:.3f} +-"
    f" {with_weights.standard_error:.3f}"
)
print(
    f"plain mean:             {without.mean:.3f} +-"
    f" {without.standard_error:.3f}"
)

# %%
# Which machine is better for the population is a question to the weighted differences, too.

print(
    compare_log_likelihood(
        weighted, unweighted, asked, sample_weight=test_weights
    ).summary
)
print(
    f"in the population: {population - unweighted.score(answers_test):.3f}"
)

# %%
# Are the standard errors right?
# ------------------------------
# Two thousand more surveys of the same people tell. Weighted means should scatter around the
# population's value as widely as their standard errors say, and 95 % of the intervals of two
# standard errors should hold it. (Where surveys fix the number of people asked in each region,
# means scatter less than these errors say, and more where whole households are asked.)

per_person = weighted.score_samples(answers_test)


def mean_and_error(values, weights):
    """Weighted mean and standard error, as `log_likelihood` has them."""
    n, mean = len(values), np.average(values, weights=weights)
    square = (
        n
        / (n - 1)
        * (weights**2 * (values - mean) ** 2).sum()
        / weights.sum() ** 2
    )
    return mean, np.sqrt(square)


found, plain = [], []
for _ in range(2000):
    rows, w = survey(region_test, 300, rng)
    found.append(mean_and_error(per_person[rows], w))
    plain.append(per_person[rows].mean())
means, errors = np.transpose(found)
covered = (np.abs(means - population) < 1.96 * errors).mean()
print(
    f"weighted means scatter by {means.std():.4f}; mean standard error"
    f" {errors.mean():.4f}"
)
print(f"intervals that hold the population's value: {covered:.1%}")

fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
limits = np.linspace(
    min(means.min(), min(plain)), max(means.max(), max(plain)), 70
)
ax.hist(
    plain,
    limits,
    color="C1",
    alpha=0.6,
    label="plain means of 2000 surveys",
)
counts, _, _ = ax.hist(
    means, limits, color="C0", alpha=0.6, label="their weighted means"
)
ax.axvline(population, color="k", label="the population's value")
ax.errorbar(
    with_weights.mean,
    1.12 * counts.max(),
    xerr=1.96 * with_weights.standard_error,
    fmt="o",
    color="C0",
    capsize=4,
    label="one survey: weighted mean and 95 % interval",
)
ax.set(
    xlabel="log-likelihood (nats per person)",
    ylabel="surveys",
    ylim=(0, None),
)
fig.legend(loc="outside upper center", ncols=2, frameon=False)
plt.show()

# sphinx_gallery_thumbnail_number = 1
