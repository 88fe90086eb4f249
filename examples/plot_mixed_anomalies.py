"""
Odd rows of a mixed table with gaps
===================================

A parcel of 30 kilograms is common, and so is a fee of 5 euros; both together are not. A density
model of the whole table finds such rows by their low log-likelihood. Rows with gaps are scored by
what is known of them; but a row of which less is known has a higher score, and this example shows
how to make such rows comparable.
"""

# %%
# Parcels
# -------
# What is in it, how heavy and how long it is, how far it goes and by which service, how many days
# it takes, whether it goes through customs, and what it costs. All of it hangs together. 3 % of the
# rows are odd: three to five of their entries are those of another parcel. Each entry is as common
# as any.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score, roc_curve

from sklearn_helmholtz import HelmholtzMachine

rng = np.random.default_rng(0)
contents = ["papers", "books", "clothes", "tools", "furniture"]
zones, services = ["town", "country", "continent", "overseas"], ["standard", "express", "freight"]


def parcels(n):
    """A table of parcels."""
    content = rng.choice(5, n, p=[0.3, 0.25, 0.25, 0.12, 0.08])
    weight = np.exp(rng.normal(np.array([-1, 0.3, 0.2, 1.5, 3.2])[content], 0.5)).clip(0.1).round(1)
    zone = rng.choice(4, n, p=[0.2, 0.5, 0.2, 0.1])
    distance = np.exp(rng.normal(np.array([2.5, 5.5, 7, 9])[zone], 0.3)).round()
    service = np.where(weight > 20, 2, (rng.random(n) < 0.25).astype(int))
    base = 3 + 0.4 * weight * (1 + zone) / 2 + 2.5 * zone
    days = np.array([0.3, 1, 2.5, 9])[zone] * np.array([1, 0.3, 1.5])[service]
    return pd.DataFrame(
        {
            "content": pd.Categorical.from_codes(content, contents),
            "weight": weight,
            "length": (25 * weight**0.3 * np.exp(rng.normal(0, 0.15, n))).round(),
            "zone": pd.Categorical.from_codes(zone, zones, ordered=True),
            "distance": distance,
            "service": pd.Categorical.from_codes(service, services),
            "customs": (zone == 3) | ((zone == 2) & (rng.random(n) < 0.2)),
            "days": 1 + rng.poisson(days),
            "fee": (base * np.array([1, 1.8, 1.3])[service] * rng.normal(1, 0.05, n)).round(1),
        }
    )


n = 4000
table, others = parcels(n), parcels(n)
odd = rng.random(n) < 0.03
swapped = rng.random(table.shape).argsort(axis=1) < rng.integers(3, 6, (n, 1))
table = table.mask(odd[:, None] & swapped, others)

# %%
# The rows come from four offices, three of which do not tell everything.

offices = [
    [],
    ["content", "length"],
    ["weight", "fee"],
    ["content", "zone", "distance", "days", "fee"],
]
office = rng.choice(4, n, p=[0.4, 0.25, 0.2, 0.15])
table = table.astype({"customs": "boolean", "days": "Int64"})
for number, missing in enumerate(offices):
    table.loc[office == number, missing] = np.nan
print(table.head(8).to_string())

# %%
# The machine learns from all rows, the odd ones included.

machine = HelmholtzMachine(30, autoregressive=True, random_state=0).fit(table)
log_p = machine.score_samples(table)

# %%
# Rows with different gaps
# ------------------------
# The score of a row is log p(what is known of it). Each known value costs what it costs, and so
# rows of the last office, of which only four values are known, have the highest scores, and would
# never be found. What tells is a comparison with rows of the same kind: the machine draws rows of
# its own, the same values are taken from them, and the share of draws that score lower is how odd
# the row is among those: a number between 0 and 1 whatever is missing.


def oddness(machine, table, log_p, n_draws=2000):
    """The share of draws with the same gaps that score no higher than each row: low is odd."""
    draws = machine.sample(n_draws, random_state=0)
    share, patterns = np.empty(len(table)), table.isna()
    for missing, rows in patterns.groupby(list(patterns)).indices.items():
        scores = machine.score_samples(draws.mask(np.broadcast_to(missing, draws.shape)))
        share[rows] = (np.searchsorted(np.sort(scores), log_p[rows], "right") + 1) / (n_draws + 1)
    return share


share = oddness(machine, table, log_p)

# %%
# An isolation forest needs numbers without gaps: medians, and columns of 0 and 1 for categories.

numbers = pd.get_dummies(table.astype({"customs": object}), columns=["content", "zone", "service"])
numbers = numbers.astype(float)
forest = IsolationForest(n_estimators=300, random_state=0).fit(numbers.fillna(numbers.median()))
scores = {
    "isolation forest": forest.score_samples(numbers.fillna(numbers.median())),
    "score of the machine": log_p,
    "among draws with the same gaps": share,
}
print("area under the ROC curve, odd rows against the others")
print(f"{'':31}   all  " + "".join(f"office {number}  " for number in range(4)))
for name, values in scores.items():
    parts = [roc_auc_score(odd[office == s], -values[office == s]) for s in range(4)]
    print(f"{name:>31} {roc_auc_score(odd, -values):.3f}" + "".join(f"{p:10.3f}" for p in parts))

# %%
# Raw scores of different offices are different things (left). Within an office the order is the
# same with and without draws; between offices draws find odd rows wherever they come from
# (right). The oddest rows of all, far below any draw, raw scores find as well. Of the last office
# nobody finds much: four values that hardly depend on each other have little to contradict each
# other with.

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
bins = np.linspace(log_p.min(), log_p.max(), 60)
for number, missing in enumerate(offices):
    label = "complete" if not missing else "without " + ", ".join(missing)
    left.hist(log_p[office == number], bins, density=True, histtype="step", label=label)
left.plot(log_p[odd], rng.uniform(-0.03, -0.01, odd.sum()), "k|", label="odd rows")
left.set(xlabel="score of a row (nats)", ylabel="density", ylim=(-0.04, 0.38))
left.legend(loc="upper left")
for name, values in scores.items():
    right.plot(*roc_curve(odd, -values)[:2], label=name)
right.plot([0, 1], [0, 1], "k--", linewidth=1)
right.set(xlabel="share of usual rows taken for odd", ylabel="share of odd rows found")
right.legend()

# %%
# What is wrong with it?
# ----------------------
# Leaving out one value at a time tells which one does not fit: p(row) / p(the other values) is the
# probability, or density, of that value given all others. How far it is below what is usual for the
# column says how odd the value is in its row; here for the oddest of the complete rows, with what
# the machine would fill in instead.

complete = table[office == 0].iloc[:300]
oddest = table.iloc[[np.where(office == 0, log_p, np.inf).argmin()]]
print(f"{'':>8}     value  nats below the usual   instead")
for name in table:
    rest = pd.concat([oddest, complete])
    rest[name] = rest[name].mask(np.full(len(rest), True))
    own = machine.score_samples(pd.concat([oddest, complete])) - machine.score_samples(rest)
    instead = machine.impute(rest[:1], "median")[name].iloc[0]
    value = oddest[name].iloc[0]
    print(f"{name:>8}{value!s:>10}{np.median(own[1:]) - own[0]:22.1f}{instead!s:>10}")
plt.show()
