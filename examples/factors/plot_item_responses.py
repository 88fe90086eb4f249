"""
What do right and wrong answers say of ability?
===============================================

Two people have three of five answers right each. Are they equally able? Not if their questions were
of different kinds. Factor analysis of items supposes a normal ability behind all answers, and for
each question a threshold, which says how hard it is, and a slope, which says how much it tells: the
normal ogive model of item response theory.
"""

# %%
# A thousand people and five questions
# ------------------------------------
# Section 6 of the Law School Admission Test, as published by Bock & Lieberman (1970): each pattern
# of answers, and how many people had it.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from sklearn_helmholtz import OrdinalFactorAnalysis

counts = "3 6 2 11 1 1 3 4 1 8 0 16 0 3 2 15 "  # 00000 to 01111
counts += "10 29 14 81 3 28 15 80 16 56 21 173 11 61 28 298"  # to 11111
n_people = np.array(counts.split(), dtype=int)
patterns = np.arange(32)[:, None] >> np.arange(4, -1, -1) & 1
X = np.repeat(patterns, n_people, axis=0)
print(f"{len(X)} people; right: {X.mean(axis=0)}")

# %%
# Thresholds and slopes
# ---------------------
# ``estimation="likelihood"`` has the highest likelihood of whole rows: full information, or
# marginal maximum likelihood. Published slopes of this model are 0.4169, 0.4333, 0.5373, 0.4044 and
# 0.3587 (Bock & Aitkin 1981).

model = OrdinalFactorAnalysis(estimation="likelihood").fit(X)
thresholds = np.concatenate(model.thresholds_)
print("slopes:    ", model.slopes_.ravel().round(4))
print("thresholds:", thresholds.round(2))

alone = X.mean(axis=0)
independent = (X * np.log(alone) + (1 - X) * np.log1p(-alone)).sum(axis=1)
print(
    f"log p per person {model.score(X):.4f}; answers on their own"
    f" {independent.mean():.4f}"
)

# %%
# The third question tells most: its curve is the steepest, and it is neither easy nor hard. The
# first one nearly everybody has right (left). What a pattern says of the ability is in `transform`,
# and how sure that is in `posterior`: five questions leave most of it open (right).

ability = np.linspace(-3, 3, 121)
curves = norm.cdf(
    (ability[:, None] * model.loadings_.ravel() - thresholds)
    / np.sqrt(model.noise_variance_)
)
found = model.posterior(patterns)
means = model.transform(patterns).ravel()
spread = np.sqrt(np.reshape(found.covariance, -1))

fig, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 3.8), layout="constrained"
)
for item in range(5):
    left.plot(ability, curves[:, item], label=f"question {item + 1}")
left.set(
    xlabel="ability (standard deviations)",
    ylabel="probability of a right answer",
    ylim=(0, 1),
)
left.legend(fontsize=8)
rng = np.random.default_rng(0)
total = patterns.sum(axis=1)
places = total + rng.uniform(-0.25, 0.25, len(total))
right.errorbar(
    places, means, yerr=spread, fmt="none", color="0.8", zorder=0
)
right.scatter(places, means, s=10 + n_people / 2, alpha=0.6)
right.set(
    xlabel="right answers", ylabel="ability: mean and standard deviation"
)

# %%
# Three right answers are not three right answers
# -----------------------------------------------
# Among patterns with as many right answers, those with the telling ones are ahead, by little here,
# since the five questions are much alike.

for number in np.flatnonzero(total == 3)[np.argsort(means[total == 3])][
    [0, -1]
]:
    answers = "".join(map(str, patterns[number]))
    print(
        f"{answers}: ability {means[number]:+.2f} +- {spread[number]:.2f}"
    )

# %%
# Questions that nobody asked
# ---------------------------
# An answer that is missing is left out, and not taken for a wrong one. What it would have been has
# a probability.

rows = np.array(
    [[1, 1, 1, np.nan, np.nan], [1, 1, 1, 0, 0], [0, 0, 0, np.nan, np.nan]]
)
names = (
    "three right, two not asked",
    "three right, two wrong",
    "three wrong, two not asked",
)
chances = model.predict_proba_missing(rows[[0, 2]], 3)[:, 1]
for name, value in zip(names, model.transform(rows).ravel(), strict=True):
    print(f"{name}: ability {value:+.2f}")
print(
    f"the fourth right after three right {chances[0]:.2f}, after three"
    f" wrong {chances[1]:.2f}"
)
plt.show()

# sphinx_gallery_thumbnail_number = 1
