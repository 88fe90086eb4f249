"""
Which of two models is better, and how sure is that?
====================================================

Models of the same rows are compared by the log-likelihood of rows that neither has seen. That is a
mean over rows, so that it has an error; and rows that are hard for one model are hard for the
other, so that the difference of two models is known much better than either score. Four models of a
survey show how to choose, to compare, and to say how sure the answer is.
"""

# %%
# A survey and four models
# ------------------------
# 944 voters of 1996, from :download:`election_1996.csv <../../../examples/data/election_1996.csv>`
# (American National Election Study, public domain). Ordered answers are ordered categories, and the
# vote is a category of its own. All columns are discrete, so that scores are logarithms of
# probabilities, and compare.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, train_test_split

from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood
from sklearn_helmholtz.plotting import LikelihoodComparisonDisplay

parties = [
    "strong Democrat",
    "weak Democrat",
    "leans Democrat",
    "independent",
]
parties += ["leans Republican", "weak Republican", "strong Republican"]
people = pd.read_csv("../data/election_1996.csv")[
    ["party", "self", "clinton", "dole", "vote"]
]
people["party"] = pd.Categorical(people["party"], parties, ordered=True)
people["vote"] = people["vote"].astype("category")
for name in ("self", "clinton", "dole"):
    people[name] = pd.Categorical(people[name], ordered=True)
train, test = train_test_split(people, test_size=300, random_state=0)

# %%
# Columns on their own are the least that a model has to beat: the share of each answer. One hidden
# unit makes two kinds of voters. More units make more; and in an autoregressive machine every
# answer also sees those before it. Numbers of units are chosen by searches in the training rows:
# the test rows are looked at once.

sizes = {"hidden_layer_sizes": [2, 5, 8]}
plain = GridSearchCV(
    HelmholtzMachine(max_iter=60, random_state=0), sizes, cv=3
)
ordered = GridSearchCV(
    HelmholtzMachine(autoregressive=True, max_iter=60, random_state=0),
    sizes,
    cv=3,
)
for name, search in {"plain": plain, "autoregressive": ordered}.items():
    means = search.fit(train).cv_results_["mean_test_score"].round(3)
    print(f"{name}: {means} nats per row left out with 2, 5 and 8 units")
models = {
    "one hidden unit": HelmholtzMachine(1, random_state=0).fit(train),
    "plain": plain.best_estimator_,
    "autoregressive": ordered.best_estimator_,
}

# %%
# A score and its error
# ---------------------
# Machines of up to 14 hidden units have an exact likelihood. Of larger ones it is estimated, and
# `log_likelihood` says whether the estimate can be trusted. The standard error is that for the
# choice of the test rows.

print(models["autoregressive"].log_likelihood(test))

# %%
# Differences, row by row
# -----------------------
# `compare_log_likelihood` subtracts row by row, and has the error of the mean difference.

print(
    compare_log_likelihood(
        models["plain"], models["one hidden unit"], test
    ).summary
)
print(
    compare_log_likelihood(
        models["autoregressive"], models["plain"], test
    ).summary
)

# %%
# `LikelihoodComparisonDisplay` draws all of them beside one; ``from_predictions`` takes log p of
# rows from anywhere.

log_p = {name: model.score_samples(test) for name, model in models.items()}
shares = {
    name: (train[name].value_counts() + 1) / (len(train) + 7)
    for name in train
}
log_p["columns alone"] = sum(
    np.log(test[name].map(shares[name]).astype(float)) for name in test
)
LikelihoodComparisonDisplay.from_predictions(log_p, reference="plain")

# %%
# What pairing is worth
# ---------------------
# The scores of two machines, row by row: hard rows are hard for both (left). Taken apart, each
# score has a standard error that would hide the difference between them; taken row by row, it is
# much smaller (right), as if there were several times as many test rows.

a, b = log_p["autoregressive"], log_p["plain"]
apart = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(test))
paired = (a - b).std(ddof=1) / np.sqrt(len(test))
print(
    f"standard error of the difference: {apart:.3f} apart, {paired:.3f}"
    " paired"
)
print(
    f"pairing is worth {(apart / paired) ** 2:.1f} times as many test rows"
)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.6), width_ratios=(1, 1.4), layout="constrained"
)
left.plot(b, a, ".", alpha=0.5)
left.plot([b.min(), 0], [b.min(), 0], "k--", linewidth=1)
left.set(
    xlabel="log p, plain (nats)",
    ylabel="log p, autoregressive",
    aspect="equal",
)
for line, (name, error) in enumerate(
    {"two scores apart": apart, "row by row": paired}.items()
):
    right.errorbar(
        (a - b).mean(),
        -line,
        xerr=1.96 * error,
        fmt="o",
        capsize=4,
        color=f"C{line}",
    )
    right.text((a - b).mean(), -line + 0.12, name, ha="center")
right.axvline(0, color="k", linestyle=":", linewidth=1)
right.set(
    xlabel="autoregressive minus plain (nats per row, 95 % interval)",
    yticks=[],
    ylim=(-1.5, 0.6),
)

# %%
# Are the intervals right?
# ------------------------
# The same question to halves of the test rows: five hundred times 150 rows, without those of the
# other half. Differences scatter about as much as the error of one half says.

rng = np.random.default_rng(0)
halves = [
    (a - b)[rng.permutation(len(test))[:150]].mean() for _ in range(500)
]
expected = (a - b).std(ddof=1) * np.sqrt(1 / 150 - 1 / len(test))
print(
    f"means of halves scatter by {np.std(halves):.3f}; expected"
    f" {expected:.3f}"
)
plt.show()

# sphinx_gallery_thumbnail_number = 2
