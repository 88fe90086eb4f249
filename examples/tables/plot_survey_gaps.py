"""
What would people have answered?
================================

Surveys have everything in one table: ages, yes and no, answers from 1 to 7, parties; and gaps,
because people skip questions. A machine with mixed columns takes the table as it is, and fills in
the gaps with what the rest of each row says. Here answers of a real survey are hidden, so that what
is filled in can be compared with what people said.
"""

# %%
# A survey
# --------
# 944 voters before the election of 1996, from :download:`election_1996.csv
# <../../../examples/data/election_1996.csv>` (American National Election Study, public domain): how
# often they watch the news, where from 1 (liberal) to 7 (conservative) they see themselves, Clinton
# and Dole, and whom they will vote for. Ordered answers become ordered categories: their types tell
# the machine what they are.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.plotting import ImputationDisplay

parties = [
    "strong Democrat",
    "weak Democrat",
    "leans Democrat",
    "independent",
]
parties += ["leans Republican", "weak Republican", "strong Republican"]
schools = [
    "8 grades",
    "some high school",
    "high school",
    "some college",
    "college",
]
schools += ["master", "doctor"]
people = pd.read_csv("../data/election_1996.csv").drop(
    columns="town_thousands"
)
people["party"] = pd.Categorical(people["party"], parties, ordered=True)
people["education"] = pd.Categorical(
    people["education"], schools, ordered=True
)
people["vote"] = people["vote"].astype("category")
for name in ("self", "clinton", "dole", "income_band", "tv_news_days"):
    people[name] = pd.Categorical(people[name], ordered=True)

# %%
# Everybody skips a question now and then, and half of the people on the right of 4 do not tell whom
# they vote for. So votes for Dole are missing more often; but whether a vote is missing depends on
# what the row says elsewhere, and this is all that a density model asks for.

rng = np.random.default_rng(0)
hidden = rng.random(people.shape) < 0.15
vote, place = people.columns.get_loc("vote"), people.columns.get_loc("self")
hidden[:, people.columns.get_loc("age")] = False
conservative = people["self"].astype(int).to_numpy() > 4
hidden[:, vote] |= (
    conservative & ~hidden[:, place] & (rng.random(len(people)) < 0.5)
)
survey = people.mask(hidden)
print(survey.head(5).to_string())
print(f"\n{survey.isna().any(axis=1).mean():.0%} of the rows have gaps")

# %%
# From gaps to answers
# --------------------
# ``autoregressive=True`` lets columns see each other, which is what a table of few rows and much
# order among its columns wants. `impute` returns a DataFrame of the same types.

machine = HelmholtzMachine(20, autoregressive=True, random_state=0).fit(
    survey
)
filled = machine.impute(survey, "mode")
print(filled.head(5).to_string())
print("types are as they were:", filled.dtypes.equals(survey.dtypes))

# %%
# Who guesses best?
# -----------------
# The most frequent answer of each column, and ``IterativeImputer``, which takes levels for numbers
# and is rounded to the next one. Of ordered answers the mean distance counts, in steps of the
# scale, of votes the share that is wrong. `impute` without draws fills in the most probable level;
# the smallest distance has the median of many draws.


def codes(table):
    """Levels as numbers from 0, with gaps where the table has gaps."""
    columns = [
        c.cat.codes if c.dtype == "category" else c
        for _, c in table.items()
    ]
    return np.where(
        table.isna(), np.nan, np.stack(columns, axis=1).astype(float)
    )


tables = machine.impute(survey, "sample", n_imputations=20, random_state=0)
numbers, truth = pd.DataFrame(codes(survey)), codes(people)
guesses = {
    "column": np.broadcast_to(
        numbers.median().round().to_numpy(), people.shape
    ),
    "regressions": (
        IterativeImputer(random_state=0).fit_transform(numbers).round()
    ),
    "machine": (
        np.median([codes(table) for table in tables], axis=0).round()
    ),
}
print(f"{'':>13} " + "".join(f"{name:>13}" for name in guesses))
for column, name in enumerate(people):
    gap = hidden[:, column]
    if gap.any():
        misses = [
            np.abs(guess - truth)[gap, column].mean()
            for guess in guesses.values()
        ]
        print(f"{name:>13} " + "".join(f"{miss:13.2f}" for miss in misses))
print(
    "mean distance from the answer in steps of the scale; of votes the"
    " share that is wrong"
)

# %%
# Regressions and the machine are close: the machine is nearer on news and parties, regressions are
# on where Clinton stands, and nobody guesses Dole's place much better than the column does. What
# regressions do not have is what comes next: a probability for each answer, and draws that are
# answers.
#
# What was filled in
# ------------------
# Answers that were given (bars) and twenty draws for the gaps (whiskers: all of the twenty). The
# two need not agree: for votes they must not, since those who do not tell are others.

figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
ImputationDisplay(survey, tables, columns=["vote", "self", "clinton"]).plot(
    ax=axes
)
axes[0].set_ylim(0, 0.85)

# %%
# How sure is a guess?
# --------------------
# ``predict_proba_missing`` has the probabilities of all levels given the rest of the row. If they
# are right, levels that get 30 % are there in 30 % of the cases (left).
#
# What is computed from twenty filled tables varies from one to the other, and this variance, added
# to that of a complete table, makes honest intervals (Rubin 1987). Here it is the share of Dole
# (right). The votes told say too little; the most frequent vote in each gap is worse, and looks
# sure of it.


def share_of_dole(table):
    """Share of those who tell, and the square of its standard error."""
    votes = (table["vote"].dropna() == "Dole").to_numpy()
    return votes.mean(), votes.var() / len(votes)


shares, variances = np.transpose([share_of_dole(table) for table in tables])
answers = {
    "everybody's answers": share_of_dole(people),
    "answers given": share_of_dole(survey),
    "most frequent": share_of_dole(
        survey.fillna({"vote": survey["vote"].mode()[0]})
    ),
    "twenty imputations": (
        shares.mean(),
        variances.mean() + (1 + 1 / 20) * shares.var(ddof=1),
    ),
}

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.8), layout="constrained"
)
left.plot([0, 1], [0, 1], "k--", linewidth=1)
for name in ("vote", "party", "self"):
    column = people.columns.get_loc(name)
    gap, levels = hidden[:, column], machine.categories_[column]
    chance = machine.predict_proba_missing(survey[gap], name).ravel()
    there = (people[name][gap].to_numpy()[:, None] == levels).ravel()
    groups = np.array_split(np.argsort(chance), 8)
    points = [
        [chance[group].mean(), there[group].mean()] for group in groups
    ]
    left.plot(*np.transpose(points), "o-", markersize=4, label=name)
left.set(
    xlabel="probability of a level",
    ylabel="share of people who said it",
    aspect="equal",
)
left.legend()
for line, (mean, variance) in enumerate(answers.values()):
    right.errorbar(
        mean, -line, xerr=2 * np.sqrt(variance), fmt="o", capsize=3
    )
right.axvline(
    answers["everybody's answers"][0], color="k", linestyle=":", linewidth=1
)
right.set_yticks(-np.arange(4), list(answers))
right.set(
    xlabel="share of Dole (bars: two standard errors)", ylim=(-3.5, 0.5)
)
plt.show()

# sphinx_gallery_thumbnail_number = 2
