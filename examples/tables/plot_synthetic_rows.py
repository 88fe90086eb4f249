"""
How real do made-up rows of a table look?
=========================================

A density model of a table can make up rows of it: to share a table without sharing anybody, to try
out programs, or to see what the model believes. Do such rows look real? The columns, what pairs of
them have to do with each other, and a classifier that is trained to tell them from real rows give
three answers, each stricter than the last. And are they new, or copies?
"""

# %%
# A mixed table
# -------------
# 442 patients with diabetes (Efron et al. 2004), in the units in which they were measured: sex, age
# and blood values, some recorded as whole numbers, others with one decimal or four, and how the
# disease went on. Some columns are nearly functions of others: ``s4`` is ``s1`` divided by ``s3``,
# but for rounding. Two thirds of the patients are learnt from. The others are what made-up rows are
# compared with, since a model that had learnt its rows by heart would look perfect beside those.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.neighbors import NearestNeighbors

from sklearn_helmholtz import HelmholtzMachine

patients = load_diabetes(scaled=False, as_frame=True).frame
patients["sex"] = patients["sex"].map({1: "a", 2: "b"}).astype("category")
train, test = train_test_split(patients, test_size=1 / 3, random_state=0)

machine = HelmholtzMachine(50, autoregressive=True, random_state=0).fit(
    train
)
known = pd.DataFrame(
    {"kind": machine.kinds_, "resolution": machine.resolution_},
    patients.columns,
)
print(known.T.to_string())

# %%
# Made-up rows come as a DataFrame of the same types, with values on the grids of the real ones.

drawn = machine.sample(10 * len(test), random_state=0)
print(test.head(4).to_string(index=False))
print("\n" + drawn.head(4).to_string(index=False))

# %%
# Two rivals
# ----------
# Values of each column drawn on their own from the training rows: all columns are right, and
# nothing goes together. And a normal distribution with the means and the covariances of the
# training rows, rounded to the same grids: whatever is linear goes together, and no column is right
# but normal ones.

rng = np.random.default_rng(0)
resolution = np.where(machine.resolution_ > 0, machine.resolution_, 1)


def as_numbers(table):
    """A table with numbers for categories."""
    return table.assign(sex=table["sex"].cat.codes)


def normal_rows(n):
    """Rows of a normal distribution, rounded."""
    known = as_numbers(train)
    values = rng.multivariate_normal(known.mean(), known.cov(), n)
    return pd.DataFrame(
        (values / resolution).round() * resolution, columns=known.columns
    )


shuffled = pd.DataFrame(
    {c: rng.choice(as_numbers(train)[c], 10 * len(test)) for c in train}
)
made_up = {
    "independent columns": shuffled,
    "normal distribution": normal_rows(10 * len(test)),
    "machine": as_numbers(drawn),
}
real = as_numbers(test)

# %%
# Can they be told apart?
# -----------------------
# Gradient boosting learns which rows are real, in five folds; the area under the ROC curve (AUC) is
# 1/2 if it cannot tell. Five sets of made-up rows, each as many as there are test rows, show how
# much is chance; and training rows in their place show what no model can be better at than.


def auc(real, others, seed):
    """How well a classifier tells real rows from others."""
    X, y = (
        pd.concat([real, others]),
        np.repeat([0, 1], [len(real), len(others)]),
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    trees = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=8, random_state=seed
    )
    chance = cross_val_predict(
        trees, X, y, cv=folds, method="predict_proba"
    )[:, 1]
    return roc_auc_score(y, chance)


aucs = {
    name: [auc(real, table[i::10], i) for i in range(5)]
    for name, table in made_up.items()
}
aucs["real rows"] = [
    auc(real, as_numbers(train.sample(len(test), random_state=i)), i)
    for i in range(5)
]
for name, values in aucs.items():
    print(
        f"{name:>19}: AUC {np.mean(values):.2f}, from {min(values):.2f} to"
        f" {max(values):.2f}"
    )

# %%
# Columns and pairs
# -----------------
# The classifier is hard to satisfy; it is easier to look. ``s4`` has heaps at whole numbers, which
# the machine makes, too (left). Rank correlations of all pairs of columns are those of the test
# rows about as well as those of the training rows are (middle). And ``s4`` against ``s1 / s3``, of
# which the machine knows nothing but what 294 rows said (right).

fig, (left, middle, right) = plt.subplots(
    1, 3, figsize=(11, 3.8), layout="constrained"
)
bins = np.arange(1.75, 9.3, 0.25)
left.hist(
    patients["s4"], bins - 0.125, density=True, color="0.8", label="real"
)
for name, colour in (("machine", "C0"), ("normal distribution", "C1")):
    left.hist(
        made_up[name]["s4"],
        bins - 0.125,
        density=True,
        histtype="step",
        color=colour,
        linewidth=1.5,
        label=name,
    )
left.set(xlabel="s4", ylabel="density")
left.legend()
pairs = np.triu_indices(len(train.columns), 1)
rank = {
    name: spearmanr(table).statistic[pairs]
    for name, table in made_up.items()
}
rank["training rows"] = spearmanr(as_numbers(train)).statistic[pairs]
of_test = spearmanr(real).statistic[pairs]
middle.plot([-0.8, 0.9], [-0.8, 0.9], "k--", linewidth=1)
for name, marker in (
    ("independent columns", "."),
    ("training rows", "x"),
    ("machine", "o"),
):
    error = np.sqrt(np.mean((rank[name] - of_test) ** 2))
    middle.plot(
        of_test,
        rank[name],
        marker,
        markersize=5,
        alpha=0.8,
        label=f"{name} ({error:.2f})",
    )
middle.set(
    xlabel="rank correlation of test rows",
    ylabel="rank correlation (in brackets: error)",
)
middle.legend()
for name, marker in (("normal distribution", "C1."), ("machine", "C0.")):
    table = made_up[name][:300]
    right.plot(
        table["s1"] / table["s3"],
        table["s4"],
        marker,
        markersize=4,
        label=name,
    )
right.plot(
    test["s1"] / test["s3"],
    test["s4"],
    "k.",
    markersize=3,
    label="test rows",
)
right.set(xlabel="s1 / s3", ylabel="s4", xlim=(1, 10), ylim=(0, 10))
right.legend()

# %%
# New rows, or copies?
# --------------------
# How far is the nearest training row? A copy has a distance of zero. Made-up rows should be no
# nearer to the training rows than patients are that the machine has never seen. Columns are divided
# by their standard deviations.

scale = as_numbers(train).std()
neighbours = NearestNeighbors(n_neighbors=1).fit(as_numbers(train) / scale)
distances = {
    "test rows": neighbours.kneighbors(real / scale)[0].ravel(),
    **{
        name: neighbours.kneighbors(table / scale)[0].ravel()
        for name, table in made_up.items()
    },
}
for name, values in distances.items():
    low, middle_one = np.quantile(values, [0.05, 0.5])
    print(
        f"{name:>19}: median {middle_one:.2f}, 5 % are nearer than"
        f" {low:.2f}"
    )
print("copies:", int((distances["machine"] == 0).sum()), "of", len(drawn))

fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for (name, values), style in zip(
    distances.items(), ("k-", "C2:", "C1--", "C0-"), strict=True
):
    ax.plot(
        np.sort(values), np.linspace(0, 1, len(values)), style, label=name
    )
ax.set(
    xlabel="distance from the nearest training row",
    ylabel="share of rows",
    xlim=(0, 6),
)
ax.legend()
plt.show()

# sphinx_gallery_thumbnail_number = 1
