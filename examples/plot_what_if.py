"""
What if? Conditional samples of a mixed table
=============================================

A density model of a table answers questions about any of its columns given any others, without
being trained for one of them: what does a large car of six years cost? What may a car for 5,000
have gone through? ``sample(given={...})`` draws the answer, as a table of rows that have what is
given. Here cars are made up, so that the right answers are known.
"""

# %%
# Used cars
# ---------
# Age, size, fuel, kilometres, owners, accidents and price. Diesel cars are driven more, cars change
# hands as they get old, and price falls with all of it. Prices are multiples of 100.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_helmholtz import HelmholtzMachine

rng = np.random.default_rng(0)
sizes, fuels = ["small", "middle", "large"], ["petrol", "diesel", "electric"]


def cars(n):
    """A table of used cars."""
    age = np.minimum(rng.gamma(2.2, 3, n), 25).round(1)
    size = rng.choice(3, n, p=[0.4, 0.4, 0.2])
    diesel = rng.random(n) < np.array([0.1, 0.4, 0.6])[size]
    fuel = np.where(diesel, 1, np.where(rng.random(n) < 0.5 * np.exp(-age / 3), 2, 0))
    per_year = np.exp(rng.normal(9.3 + 0.5 * diesel + 0.1 * size, 0.35))
    distance = (age * per_year).round(-3)
    accident = rng.random(n) < 1 - np.exp(-distance / 400_000)
    owners = 1 + rng.poisson(age / 5)
    price = np.array([16_000, 26_000, 45_000])[size] * np.array([1, 1.1, 1.3])[fuel]
    decay = 0.11 * age + distance / 400_000 + 0.25 * accident + 0.05 * (owners - 1)
    price = (price * np.exp(-decay + rng.normal(0, 0.12, n))).round(-2)
    return pd.DataFrame(
        {
            "size": pd.Categorical.from_codes(size, sizes, ordered=True),
            "fuel": pd.Categorical.from_codes(fuel, fuels),
            "age": age,
            "distance": distance,
            "owners": owners,
            "accident": accident,
            "price": price,
        }
    )


kinds = {"distance": ("real", 1000), "price": ("real", 100)}
machine = HelmholtzMachine(30, visible=kinds, autoregressive=True, random_state=0).fit(cars(4000))

# %%
# Given what it is, what does it cost?
# ------------------------------------
# A dictionary says what is given. The answer is a DataFrame with the types of the table, and its
# columns can be looked at like any others.

given = {"size": "large", "fuel": "diesel", "age": 6.0}
drawn = machine.sample(2000, given=given, random_state=0)
print(drawn.head(5).to_string(index=False))
print(f"\nprice: half of them between {drawn['price'].quantile(0.25):,.0f} and", end=" ")
print(f"{drawn['price'].quantile(0.75):,.0f}; {drawn['accident'].mean():.0%} had an accident")

# %%
# And the other way round: given the price, what is it?
# -----------------------------------------------------
# The price is the last column, and everything before it has to be guessed from it. Where a machine
# is autoregressive, this is done by weighing particles, so that rare combinations are drawn less
# well than common ones. All draws given something can be checked here: of a million cars those
# that have it are looked up.

many = cars(1_000_000)


def truth(given):
    """The cars that have what is given; numbers to within 3 %."""
    chosen = np.full(len(many), True)
    for name, value in given.items():
        column = many[name]
        is_number = name in ("age", "distance", "price")
        close = (column - value).abs() <= 0.03 * value if is_number else column == value
        chosen &= close.to_numpy()
    return many[chosen]


questions = [
    {"size": "large", "fuel": "diesel", "age": 6.0},
    {"price": 5000},
    {"price": 5000, "size": "large"},
    {"price": 5000, "size": "large", "accident": False},
]
print(f"{'':24}{'age':>12}{'thousand km':>16}{'diesel':>15}{'accident':>17}")
for given in questions:
    line = []
    for table in (machine.sample(2000, given=given, random_state=0), truth(given)):
        line.append(
            [
                table["age"].mean(), table["distance"].mean() / 1000,
                (table["fuel"] == "diesel").mean(), table["accident"].mean(),
            ]
        )  # fmt: skip
    print(", ".join(map(str, given.values())).ljust(24), end="")
    for (ours, right), places in zip(np.transpose(line), (1, 0, 2, 2), strict=True):
        print(f"{ours:10.{places}f} ({right:.{places}f})", end="")
    print()
print("(in brackets: cars that have what is given)")

# %%
# One thing at a time
# -------------------
# What a car costs is less and less open the more is known of it (left). Each line is two thousand
# draws; the dashed lines are the cars looked up.
#
# *What if* has two meanings, and this is one of them: what do we expect of a car of which we hear
# that it is a diesel? It is driven more, so we also expect more kilometres. It is *not* what would
# become of this car if it were given another engine: for that, what comes before the fuel and what
# follows from it would have to be told apart, and no density does this by itself. What can be done
# is to hold fixed what should stay the same. Right, electric cars and petrol cars: of all ages they
# are far apart, since electric cars are new; given the age and the distance what is left is what
# the engine is worth.

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")


def curve(ax, prices, style, label=None):
    """The share of prices below each price."""
    ax.plot(np.sort(prices) / 1000, np.linspace(0, 1, len(prices)), style, label=label)


known = {"size": "middle", "age": 4.0, "distance": 90_000, "accident": True}
for place, name in enumerate(known):
    given = dict(list(known.items())[: place + 1])
    label = f"{'and ' if place else ''}{name} {known[name]}"
    curve(left, machine.sample(2000, given=given, random_state=0)["price"], f"C{place}", label)
    curve(left, truth(given)["price"], f"C{place}--")
for colour, given in (("C0", {}), ("C1", {"age": 4.0, "distance": 50_000})):
    for fuel, style in (("petrol", "-"), ("electric", ":")):
        prices = machine.sample(2000, given={**given, "fuel": fuel}, random_state=0)["price"]
        curve(right, prices, colour + style, f"{fuel}{', 4 years, 50,000 km' if given else ''}")
left.set(xlabel="price (thousands)", ylabel="share of cars that cost less", xlim=(0, 40))
right.set(xlabel="price (thousands)", xlim=(0, 50))
for ax in (left, right):
    ax.legend(loc="lower right")
plt.show()
