"""
What does a diamond cost, given what is known of it?
====================================================

A density model of a table answers questions about any of its columns given any others, without
being trained for one of them: what does a stone of one carat cost? What can be had for 5,000
dollars? ``sample(given={...})`` draws the answer, as a table of rows that have what is given.
"""

# %%
# Diamonds
# --------
# 5,000 of them, from :download:`diamonds.csv.gz <../../../examples/data/diamonds.csv.gz>` (ggplot2,
# MIT licence). 3,000 are learnt from; the others are what answers are compared with. Carats and
# prices are learnt as logarithms, in which their distributions are simpler; who learns them as they
# are gets prices below zero now and then.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_helmholtz import HelmholtzMachine

order = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": list("JIHGFED"),
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}
diamonds = pd.read_csv("../data/diamonds.csv.gz")[
    ["carat", *order, "depth", "table", "price"]
]
for name, levels in order.items():
    diamonds[name] = pd.Categorical(diamonds[name], levels, ordered=True)
diamonds["carat"] = np.log(diamonds["carat"])
diamonds["price"] = np.log(diamonds["price"])
train, test = diamonds[:3000], diamonds[3000:]
machine = HelmholtzMachine(30, autoregressive=True, random_state=0).fit(
    train
)

# %%
# Given what it is, what does it cost?
# ------------------------------------
# A dictionary says what is given. The answer is a DataFrame with the types of the table, and its
# columns can be looked at like any others.

carat = np.log(1.01)
drawn = machine.sample(
    2000, given={"carat": carat, "color": "G"}, random_state=0
)
dollars = np.exp(drawn["price"])
shown = drawn.assign(carat=np.exp(drawn["carat"]), price=dollars.round())
print(shown.head(4).round(2).to_string(index=False))
low, middle, high = dollars.quantile([0.05, 0.5, 0.95])
print(
    f"\n1.01 carat, colour G: {middle:,.0f} dollars; nine of ten between"
    f" {low:,.0f} and {high:,.0f}"
)

# %%
# The more is known the less is open. Lines are two thousand draws each; dots are the diamonds of
# the other rows that have what is given (weights within 3 %), where at least fifteen do. The dear
# ones among them are dearer than what is drawn: here the model errs.

known = [
    {"carat": carat},
    {"carat": carat, "color": "G"},
    {"carat": carat, "color": "G", "clarity": "SI1"},
    {"carat": carat, "color": "G", "clarity": "SI1", "cut": "Ideal"},
]


def rows_with(given):
    """The diamonds of the other rows that have what is given."""
    fits = np.full(len(test), True)
    for name, value in given.items():
        column = test[name]
        fits &= (
            np.abs(column - value) < 0.03
            if name in ("carat", "price")
            else column == value
        )
    return test[fits]


fig, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
for colour, given in enumerate(known):
    prices = np.sort(
        np.exp(machine.sample(2000, given=given, random_state=0)["price"])
    )
    label = ("and " if colour else "") + (
        "1.01 carat",
        "colour G",
        "clarity SI1",
        "cut Ideal",
    )[colour]
    ax.plot(prices, np.linspace(0, 1, 2000), f"C{colour}", label=label)
    there = np.sort(np.exp(rows_with(given)["price"]))
    if len(there) >= 15:
        ax.plot(
            there,
            (np.arange(len(there)) + 0.5) / len(there),
            f"C{colour}.",
            markersize=4,
        )
ax.set(
    xlabel="price (dollars)",
    ylabel="share that costs less",
    xlim=(2000, 12_000),
)
ax.legend(loc="lower right")

# %%
# And the other way round: what can be had for 5,000?
# ---------------------------------------------------
# The price is the last column, and everything before it has to be guessed from it. Where a machine
# is autoregressive, this is done by weighing particles, so that rare combinations are drawn less
# well than common ones. Nobody had to decide in advance which column is asked for.

fig, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
for colour, price in enumerate((1000, 5000, 15_000)):
    given = {"price": np.log(price)}
    carats = np.sort(
        np.exp(machine.sample(2000, given=given, random_state=0)["carat"])
    )
    ax.plot(
        carats,
        np.linspace(0, 1, 2000),
        f"C{colour}",
        label=f"for {price:,}",
    )
    there = np.sort(np.exp(rows_with(given)["carat"]))
    ax.plot(
        there,
        (np.arange(len(there)) + 0.5) / len(there),
        f"C{colour}.",
        markersize=4,
    )
ax.set(xlabel="carat", ylabel="share that weighs less", xlim=(0, 3))
ax.legend(loc="lower right")

for given in (
    {"price": np.log(5000)},
    {"price": np.log(5000), "clarity": "SI1"},
):
    drawn, there = (
        machine.sample(2000, given=given, random_state=0),
        rows_with(given),
    )
    print(
        ", ".join(
            "5,000 dollars" if k == "price" else f"{k} {v}"
            for k, v in given.items()
        )
    )
    for name, table in {"draws": drawn, "diamonds": there}.items():
        print(
            f"{name:>12}: {np.exp(table['carat']).median():.2f} carat,"
            f" {(table['cut'] == 'Ideal').mean():.0%} ideal ({len(table)}"
            " rows)"
        )

# %%
# Does the model know its prices?
# -------------------------------
# 200 of the other diamonds, each with all but its price: nine of ten prices should lie between the
# 5 % and the 95 % quantile of their draws.

rows = test.iloc[:200]
draws = machine.impute(
    rows.assign(price=np.nan), "sample", n_imputations=200, random_state=0
)
prices = np.stack([table["price"].to_numpy() for table in draws])
low, high = np.quantile(prices, [0.05, 0.95], axis=0)
inside = ((low < rows["price"]) & (rows["price"] < high)).mean()
print(f"between their 5 % and 95 % quantiles: {inside:.0%} of 200 prices")
print(
    f"median width of the interval: {np.expm1(np.median(high - low)):.0%}"
    " of its lower end"
)

# %%
# *What if* has two meanings, and this is one of them: what do we expect of a stone of which we hear
# that it is clear? Clear stones are small, so that they are *cheaper* than others on average, and
# the model says so. It is not what would become of this stone if it were clearer: for that, what
# should stay the same has to be given as well, its weight above all.

for given in ({"clarity": "SI2"}, {"clarity": "VVS1"}):
    plain = np.exp(
        machine.sample(2000, given=given, random_state=0)["price"]
    ).median()
    fixed = machine.sample(
        2000, given={**given, "carat": carat}, random_state=0
    )["price"]
    print(
        f"{given['clarity']:>5}: {plain:,.0f} dollars; of 1.01 carat"
        f" {np.exp(fixed).median():,.0f}"
    )
plt.show()

# sphinx_gallery_thumbnail_number = 1
