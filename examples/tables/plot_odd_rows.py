"""
Which rows of a table are odd, and why?
=======================================

A diamond of two carats is common, and so is one for 900 dollars; both together are not. A density
model of the whole table finds such rows by their low log-likelihood. Rows with gaps are scored by
what is known of them, so that a row of which less is known has a higher score:
`LatentAnomalyDetector` makes rows with different gaps comparable.
"""

# %%
# Diamonds of four dealers
# ------------------------
# 5,000 diamonds, from :download:`diamonds.csv.gz <../../../examples/data/diamonds.csv.gz>`
# (ggplot2, MIT licence): carat, qualities in order, sizes and price. To have something to find,
# three to five entries of 3 % of the rows are exchanged for those of other diamonds: each is as
# common as any. And the rows come from four dealers, three of whom do not tell everything.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score, roc_curve

from sklearn_helmholtz import HelmholtzMachine, LatentAnomalyDetector

order = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": list("JIHGFED"),
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}
diamonds = pd.read_csv("../data/diamonds.csv.gz")
for name, levels in order.items():
    diamonds[name] = pd.Categorical(diamonds[name], levels, ordered=True)

rng = np.random.default_rng(0)
n = len(diamonds)
others = diamonds.sample(n, random_state=0, ignore_index=True)
swapped = rng.random(n) < 0.03
chosen = rng.random(diamonds.shape).argsort(axis=1) < rng.integers(
    3, 6, (n, 1)
)
table = diamonds.mask(swapped[:, None] & chosen, others)

untold = [
    [],
    ["x", "y", "z"],
    ["price", "clarity"],
    ["carat", "x", "depth", "table", "cut"],
]
dealer = rng.choice(4, n, p=[0.4, 0.25, 0.2, 0.15])
for number, names in enumerate(untold):
    table.loc[dealer == number, names] = np.nan
print(table.head(6).to_string())

# %%
# One detector for all gaps
# -------------------------
# The machine inside learns from all rows, the swapped ones included. Prices and sizes are right in
# their logarithms: half of a carat more is little for a large stone, and much for a small one. The
# detector asks how rare a score is among rows that the machine draws, with the same values left
# out: 0 is what is expected, and -7 as odd as one row in 1,100.

for name in ("carat", "price", "x", "y", "z"):
    diamonds[name] = np.log(diamonds[name].clip(lower=0.1))
    table[name] = np.log(table[name].clip(lower=0.1))
machine = HelmholtzMachine(
    20, autoregressive=True, max_iter=50, random_state=0
)
detector = LatentAnomalyDetector(machine, random_state=0).fit(table)
rarity = detector.score_samples(table)
log_p = detector.estimator_.score_samples(table)

# %%
# An isolation forest needs numbers: places of the levels, and medians in the gaps.

numbers = table.apply(
    lambda column: (
        column.cat.codes if column.dtype == "category" else column
    )
)
numbers = numbers.mask(table.isna())
numbers = numbers.fillna(numbers.median())
forest = IsolationForest(n_estimators=200, random_state=0).fit(numbers)
scores = {
    "isolation forest": forest.score_samples(numbers),
    "log p of what is known": log_p,
    "detector": rarity,
}
print(
    "area under the ROC curve, swapped rows against the others (0.5 is"
    " chance)"
)
print(
    f"{'':22}   all  "
    + "".join(f"dealer {number}  " for number in range(4))
)
for name, values in scores.items():
    parts = [
        roc_auc_score(swapped[dealer == k], -values[dealer == k])
        for k in range(4)
    ]
    print(
        f"{name:>22} {roc_auc_score(swapped, -values):.3f}"
        + "".join(f"{p:10.3f}" for p in parts)
    )

fig, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.8), layout="constrained"
)
bins = np.linspace(np.quantile(log_p, 0.01), log_p.max(), 60)
for number, names in enumerate(untold):
    label = "complete" if not names else "without " + ", ".join(names)
    left.hist(
        log_p[dealer == number],
        bins,
        density=True,
        histtype="step",
        label=label,
    )
left.set(
    xlabel="log p of what is known (nats)", ylabel="density", ylim=(0, 0.36)
)
left.legend(loc="upper left", fontsize=8)
for name, values in scores.items():
    right.plot(*roc_curve(swapped, -values)[:2], label=name)
right.plot([0, 1], [0, 1], "k--", linewidth=1)
right.set(
    xlabel="share of usual rows taken for odd",
    ylabel="share of swapped rows found",
)
right.legend()

# %%
# Scores of different dealers are different things (left): each known value costs something. Within
# a dealer the detector has the order of log p; between dealers it finds rows wherever they come
# from (right).
#
# Errors that nobody planted
# --------------------------
# The same, for the table as it was downloaded. Two rows stand out: a stone without any size, and
# one of 7.3 by 7.2 mm that is 1.41 mm high, where 4.4 would do: it has been given its carats twice.
# What follows are the smallest stones of the table, which are rare, and not wrong.

original = LatentAnomalyDetector(machine, random_state=0).fit(diamonds)
log_p = original.estimator_.score_samples(diamonds)
oddest = np.argsort(log_p)[:6]
shown = diamonds.iloc[oddest].copy()
for name in ("carat", "price", "x", "y", "z"):
    shown[name] = np.exp(shown[name]).round(2)
print(shown.assign(log_p=log_p[oddest].round(1)).to_string())

# %%
# What is wrong with it?
# ----------------------
# Leaving out one value at a time tells which one does not fit: p(row) / p(the other values) is the
# density, or probability, of that value given all others. How far it is below what is usual for the
# column says how odd the value is in its row.

machine = original.estimator_
rows = diamonds.iloc[[*oddest[:4], *range(200)]]
blame = pd.DataFrame(
    index=oddest[:4], columns=diamonds.columns, dtype=float
)
for name in diamonds:
    rest = rows.mask(np.broadcast_to(rows.columns == name, rows.shape))
    own = machine.score_samples(rows) - machine.score_samples(rest)
    blame[name] = np.median(own[4:]) - own[:4]

fig, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
image = ax.imshow(
    blame.clip(0, 20), cmap="Reds", vmin=0, vmax=20, aspect="auto"
)
ax.set_xticks(range(len(blame.columns)), blame.columns)
ax.set_yticks(range(4), [f"row {number}" for number in blame.index])
for (i, j), value in np.ndenumerate(blame.to_numpy()):
    ax.text(
        j,
        i,
        f"{value:.0f}",
        ha="center",
        va="center",
        color="w" if value > 12 else "k",
    )
ax.set_title("nats below what is usual for the column", fontsize=10)
plt.show()

# sphinx_gallery_thumbnail_number = 1
