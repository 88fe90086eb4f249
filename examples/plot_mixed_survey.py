"""
A survey with gaps: from DataFrame to imputed DataFrame
=======================================================

Surveys have everything in one table: numbers of children, incomes, yes and no, answers from 1 to 5,
regions; and gaps, because people skip questions. A machine with mixed columns takes the table as it
is and fills in the gaps with what the rest of each row says. This survey is made up, so that what
people did not answer is known, and imputations can be judged.
"""

# %%
# A survey
# --------
# 2,500 people. Income depends on age, education and work, where people live on their education, and
# how content they are on income and children. Incomes are rounded to hundreds; without work there
# often is none.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

from sklearn_helmholtz import HelmholtzMachine

rng = np.random.default_rng(0)
n = 2500
schools, regions = ["primary", "secondary", "college", "university"], ["city", "suburb", "village"]
age = rng.integers(18, 91, n)
school = np.clip(rng.normal(2.1 - age / 60, 0.9, n).round(), 0, 3).astype(int)
works = rng.random(n) < np.where(age > 65, 0.05, 0.75 + 0.06 * school)
log_income = 7.0 + 0.3 * school + 0.012 * np.minimum(age, 55) + rng.normal(0, 0.3, n)
income = np.where(works, np.exp(log_income), np.where(age > 65, 0.6 * np.exp(log_income), 0))
tastes = np.stack([0.9 * school - 1, 0.3 * school, 1 - 0.4 * school])
region = (tastes + rng.gumbel(size=(3, n))).argmax(axis=0)
children = rng.poisson(np.clip((age - 22) / 14, 0, 1.6) * (1 + 0.3 * (region == 2)))
mood = 2.4 + 0.0005 * income + 0.3 * (children > 0) + rng.normal(0, 0.7, n)

people = pd.DataFrame(
    {
        "age": age,
        "education": pd.Categorical.from_codes(school, schools, ordered=True),
        "region": pd.Categorical.from_codes(region, regions),
        "works": works,
        "children": children,
        "income": income.round(-2),
        "content": pd.Categorical(np.clip(mood.round(), 1, 5).astype(int), ordered=True),
    }
)

# %%
# Everybody skips a question now and then, and most of those who have been to university do not tell
# what they earn. So incomes are missing more often where they are high; but whether one is missing
# depends only on what the row says, and this is all that a density model asks for.

hidden = rng.random(people.shape) < 0.15
hidden[:, 0] = False  # the age was known before
hidden[:, 5] |= (school == 3) & (rng.random(n) < 0.6) & ~hidden[:, 1]
survey = people.astype({"works": "boolean", "children": "Int64"}).mask(hidden)
print(survey.head(6).to_string())
print(f"\n{survey.isna().any(axis=1).mean():.0%} of the rows have gaps")

# %%
# From types to kinds
# -------------------
# The types of the columns say what they are: ordered categories, unordered ones, truth values and
# numbers. Incomes are whole numbers, too, and would be taken for counts; a pair says that they are
# real numbers in steps of 100. Where columns have much to do with each other, as here, they should
# see each other: ``autoregressive=True``.

machine = HelmholtzMachine(
    30, visible={"income": ("real", 100)}, autoregressive=True, random_state=0
).fit(survey)
for name, kind in zip(machine.feature_names_in_, machine.kinds_, strict=True):
    print(f"{name:>9}: {kind}")

filled = machine.impute(survey, "median")
print("\n" + filled.head(6).to_string())
print("types are as they were:", filled.dtypes.equals(survey.dtypes))

# %%
# What did people not say?
# ------------------------
# Medians of numbers and most probable levels, against those of the column, and against
# ``IterativeImputer``, which needs categories as columns of 0 and 1 (one level of each left out: it
# would follow from the others, gaps too), and answers with fractions that are to be turned into
# categories again.

codes = survey[["age", "works", "children", "income", "content"]].astype(float)
for name in ("education", "region"):
    dummies = pd.get_dummies(survey[name], drop_first=True, dtype=float)
    codes[dummies.columns] = dummies.mask(survey[name].isna())
imputer = IterativeImputer(max_iter=20, random_state=0).set_output(transform="pandas")
regressed = imputer.fit_transform(codes)
by_regression = regressed[["children", "income", "content"]].round()
by_regression["works"] = regressed["works"] > 0.5
for name, levels in (("education", schools), ("region", regions)):
    regressed[levels[0]] = 1 - regressed[levels[1:]].sum(axis=1)
    by_regression[name] = regressed[levels].idxmax(axis=1)

numbers = ["children", "income"]
of_column = pd.DataFrame(
    {c: survey[c].median() if c in numbers else survey[c].mode()[0] for c in survey}, index=range(n)
)

print("                 column  regressions  machine")
for place, name in list(enumerate(survey))[1:]:
    gap, truth = hidden[:, place], people[name].astype(object)[hidden[:, place]]
    line = []
    for table in (of_column, by_regression, filled):
        guess = table[name].astype(object)[gap]
        if name in numbers:
            line.append((guess - truth).abs().astype(float).mean())
        else:
            line.append((guess == truth).mean())
    what = "mean error" if name in numbers else "right"
    print(f"{name:>9} {what:>10}" + "".join(f"{value:9.2f}" for value in line))

# %%
# Probabilities
# -------------
# One value in the gap hides how sure it is. ``predict_proba_missing`` has the probabilities of all
# levels given the rest of the row. If they are right, levels that get 30 % are there in 30 % of the
# cases (left).
#
# A draw in the gap keeps what is not known: ``strategy="sample"`` fills in what might have been,
# otherwise each time. What is computed from twenty such tables varies from one to the other, and
# this variance, added to that of a complete table, makes honest intervals (Rubin 1987). Here it is
# the mean income of those who work (right). The answers given say too little, since those who earn
# most do not tell; medians of the column are worse, and look sure of it.


def mean_income(table):
    """Mean income of those who work, and the square of its standard error."""
    incomes = table["income"][table["works"].fillna(False).astype(bool)].dropna()
    return incomes.mean(), incomes.var() / len(incomes)


tables = machine.impute(survey, "sample", n_imputations=20, random_state=0)
means, variances = np.transpose([mean_income(table) for table in tables])
answers = {
    "everybody's answers": mean_income(people),
    "answers given": mean_income(survey),
    "medians of columns": mean_income(survey.fillna({c: of_column[c][0] for c in survey})),
    "twenty imputations": (means.mean(), variances.mean() + (1 + 1 / 20) * means.var(ddof=1)),
}

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot([0, 1], [0, 1], "k--", linewidth=1)
for name in ("education", "region", "works", "content"):
    gap = hidden[:, people.columns.get_loc(name)]
    levels = machine.categories_[people.columns.get_loc(name)]
    chance = machine.predict_proba_missing(survey[gap], name).ravel()
    there = (people[name][gap].to_numpy()[:, None] == levels).ravel()
    groups = np.array_split(np.argsort(chance), 8)
    points = [[chance[group].mean(), there[group].mean()] for group in groups]
    left.plot(*np.transpose(points), "o-", markersize=4, label=name)
left.set(xlabel="probability of a level", ylabel="share of people who have it", aspect="equal")
left.legend()
for place, (mean, variance) in enumerate(answers.values()):
    right.errorbar(mean, -place, xerr=2 * np.sqrt(variance), fmt="o", capsize=3)
right.axvline(answers["everybody's answers"][0], color="k", linestyle=":", linewidth=1)
right.set_yticks(-np.arange(4), list(answers))
right.set(xlabel="mean income of those who work\n(bars: two standard errors)", ylim=(-3.5, 0.5))
plt.show()
