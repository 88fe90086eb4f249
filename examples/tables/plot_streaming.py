"""
How does a model learn from rows that come in pieces?
=====================================================

A table that does not fit into memory, or that grows year by year, can be learnt a piece at a time:
`partial_fit` makes one pass over the rows it is given, and goes on where it was. What is it worth
beside a `fit` of everything at once?
"""

# %%
# Five years of a study
# ---------------------
# Adults of the RAND Health Insurance Experiment, from :download:`rand_health.csv.gz
# <../../../examples/data/rand_health.csv.gz>` (public domain): who they are, how they feel, how
# often they saw a doctor. A quarter of the indices of general health is missing. 600 people are
# kept for the test: all years of them, since the same person says much the same every year.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood

types = {
    "sex": "category",
    "black": "category",
    "limited": "category",
    "health": "category",
}
people = pd.read_csv("../data/rand_health.csv.gz", dtype=types)
people["health"] = pd.Categorical(
    people["health"], ["poor", "fair", "good", "excellent"], ordered=True
)
people["site"] = people["site"].astype("category")
people["coinsurance"] = people["coinsurance"].astype("category")
for name in ("doctor_visits", "hospital_stays"):
    people[name] = people[name].astype("Int64")
tested = people["person"].isin(
    np.random.default_rng(0).choice(people["person"].max(), 600, False)
)
columns = people.columns.drop(["person", "year"])
test = people.loc[tested, columns]
rest = people[~tested].sample(frac=1, random_state=0)
rest = rest.sort_values("year", kind="stable")
print(rest.head(4)[columns].to_string(index=False))

# %%
# One pass
# --------
# The pieces are what `pandas.read_csv` with ``chunksize=500`` would hand over, year by year. Kinds,
# levels and the grids of numbers are taken from the *first* piece: levels that it lacks have to be
# in its types, and its rows should be like those to come. (So people are in a random order within
# each year. In the order of the file the first 500 are of one site, which has no index of general
# health at all, and `partial_fit` would refuse the column.) The learning rate is constant, since
# nobody knows how many pieces are to come.

settings = {
    "hidden_layer_sizes": (20,),
    "n_importance_samples": 50,
    "random_state": 0,
}
machine = HelmholtzMachine(**settings)
pieces = [
    rest.iloc[start : start + 500][columns]
    for start in range(0, len(rest), 500)
]
n_rows, scores = [], []
for number, piece in enumerate(pieces):
    machine.partial_fit(piece)
    if number % 2 == 0:
        n_rows.append((number + 1) * 500)
        scores.append(machine.score(test))
print(
    f"after one pass of {len(rest)} rows: {scores[-1]:.2f} nats per"
    " test row"
)

# %%
# The first piece over and over, all pieces a few times, or all at once
# ---------------------------------------------------------------------
# One pass over ten thousand rows comes as far as a fit to the first five hundred, which sees each
# of them a hundred times. More passes go on gaining, and a `fit` of thirty passes over rows in any
# order is still ahead. `partial_fit` is for rows that cannot be kept; others are better fitted.

passes = [scores[-1]]
for _ in range(5):
    for piece in pieces:
        machine.partial_fit(piece)
    passes.append(machine.score(test))
first = HelmholtzMachine(**settings).fit(pieces[0])
whole = HelmholtzMachine(**settings, max_iter=30).fit(rest[columns])
print(f"first piece only, fit: {first.score(test):8.2f} nats per test row")
print(f"six passes of pieces:  {passes[-1]:8.2f}")
print(f"all rows, fit:         {whole.score(test):8.2f}")
print(compare_log_likelihood(whole, machine, test).summary)

fig, (left, right) = plt.subplots(
    1,
    2,
    figsize=(9, 3.6),
    width_ratios=(2, 1),
    sharey=True,
    layout="constrained",
)
left.plot(n_rows, scores, "o-", markersize=4, label="partial_fit")
ends = rest["year"].value_counts().sort_index().cumsum()
for year, end in ends.items():
    left.axvline(end, color="0.8", linewidth=1)
    left.text(
        end,
        -29.45,
        f"year {year} ",
        rotation=90,
        ha="right",
        va="top",
        fontsize=8,
    )
left.set(xlabel="rows seen, one pass", ylabel="log p of test rows (nats)")
right.plot(np.arange(1, 7), passes, "o-", markersize=4)
right.set(xlabel="passes over all pieces")
for ax in (left, right):
    ax.axhline(
        whole.score(test), color="k", linestyle=":", label="fit to all rows"
    )
    ax.axhline(
        first.score(test),
        color="C1",
        linestyle="--",
        label="fit to the first piece",
    )
left.legend(loc="lower right", fontsize=8)
plt.show()

# sphinx_gallery_thumbnail_number = 1
