"""
How should gaps be filled in before a classifier?
=================================================

Most classifiers refuse rows with gaps. An imputer in front of them is a part of the model: it is
fitted, chosen and judged with it. Here half of a table of numbers and categories is missing, and a
logistic regression has to tell female from male penguins by the rest.
"""

# %%
# Half of a table
# ---------------
# 333 penguins of three species, from :download:`penguins.csv <../../../examples/data/penguins.csv>`
# (CC0). Males are larger than females *of their species*: a body mass says little where the species
# is not known. Of each value a coin decides whether it is seen.

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_helmholtz import (
    GenerativeClassifier,
    HelmholtzMachine,
    LatentImputer,
)

penguins = (
    pd.read_csv("../data/penguins.csv")
    .dropna(subset="sex")
    .drop(columns="year")
)
penguins = penguins.sample(
    frac=1, random_state=0, ignore_index=True
)  # species were in order
penguins = penguins.astype({"species": "category", "island": "category"})
y = penguins.pop("sex").to_numpy()
hidden = np.random.default_rng(0).random(penguins.shape) < 0.5
table = penguins.mask(hidden)
print(table.head(6).to_string())

# %%
# An imputer that takes tables
# ----------------------------
# `LatentImputer` takes the DataFrame with its gaps, categories included, and returns one without
# gaps, so that it stands before the encoder. A grid search reaches the machine inside, here to ask
# for the number of its hidden units, together with the penalty of the classifier.

numbers, words = (
    make_column_selector(dtype_include=kind)
    for kind in (np.number, "category")
)
encode = make_column_transformer(
    (StandardScaler(), numbers),
    (OneHotEncoder(handle_unknown="ignore"), words),
)
machine = HelmholtzMachine(
    5, autoregressive=True, max_iter=60, random_state=0
)
filled_by_machine = make_pipeline(
    LatentImputer(machine, random_state=0).set_output(transform="pandas"),
    encode,
    LogisticRegression(max_iter=1000),
)
grid = {
    "latentimputer__estimator__hidden_layer_sizes": [2, 5],
    "logisticregression__C": [0.1, 1],
}
search = GridSearchCV(
    filled_by_machine, grid, scoring="neg_log_loss", cv=3
).fit(table, y)
print("chosen:", search.best_params_)
print(
    search.best_estimator_[0].transform(table.head(6)).round(1).to_string()
)

# %%
# Rivals
# ------
# Medians and most frequent categories; `IterativeImputer`, which needs numbers, behind an encoder
# that passes gaps on; and no imputer at all: a `GenerativeClassifier` learns a machine of the rows
# of each sex, and compares how probable what is seen is under one and under the other.

medians = make_column_transformer(
    (
        make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        numbers,
    ),
    (
        make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(handle_unknown="ignore"),
        ),
        words,
    ),
)


def as_numbers(X):
    """Columns of 0 and 1 for categories, with gaps where they have gaps."""
    columns = [X.select_dtypes("number")]
    for name in X.select_dtypes("category"):
        dummies = pd.get_dummies(X[name], prefix=name, dtype=float)
        columns.append(dummies.mask(X[name].isna()))
    return pd.concat(columns, axis=1)


warnings.simplefilter(
    "ignore", ConvergenceWarning
)  # more rounds make no difference
regressions = make_pipeline(
    StandardScaler(),
    IterativeImputer(random_state=0),
    LogisticRegression(max_iter=1000),
)
pipelines = {
    "medians": (
        make_pipeline(medians, LogisticRegression(max_iter=1000)),
        table,
    ),
    "regressions": (regressions, as_numbers(table)),
    "LatentImputer": (
        filled_by_machine.set_params(**search.best_params_),
        table,
    ),
    "no imputer": (
        GenerativeClassifier(
            HelmholtzMachine(
                2, autoregressive=True, max_iter=60, random_state=0
            )
        ),
        table,
    ),
}

# %%
# What it is worth
# ----------------
# Every row is predicted by models that have not seen it, in five folds. (What the search chose, it
# chose with all rows, which is a little too good for `LatentImputer`; but of four candidates not
# much can be made.) Differences from medians are paired.

folds = StratifiedKFold(5, shuffle=True, random_state=0)
losses, right = {}, {}
for name, (model, X) in pipelines.items():
    chance = cross_val_predict(
        model, X, y, cv=folds, method="predict_proba"
    )
    of_truth = np.where(y == "female", chance[:, 0], chance[:, 1])
    losses[name] = -np.log(of_truth)
    right[name] = np.mean(of_truth > 0.5)
    difference = losses[name] - losses["medians"]
    error = difference.std(ddof=1) / np.sqrt(len(y))
    print(
        f"{name:>14}: right {right[name]:.1%}, log-loss"
        f" {log_loss(y, chance):.3f}, minus that of medians"
        f" {difference.mean():+.3f} +- {error:.3f}"
    )

# %%
# What the machine fills in is worth most: it guesses the species, and sizes that go with it, from
# whatever is seen. The generative classifier needs no filling, and is right about as often; but
# where it is wrong it is far too sure, so that its log-loss is no better than that of a coin.

fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
names = list(losses)
means = [losses[name].mean() for name in names]
errors = [losses[name].std(ddof=1) / np.sqrt(len(y)) for name in names]
ax.barh(
    names, means, xerr=errors, color=["0.7", "0.7", "C0", "C0"], capsize=3
)
ax.axvline(np.log(2), color="k", linestyle=":", linewidth=1)
ax.text(np.log(2), 0, " a coin", va="center")
ax.invert_yaxis()
ax.set(
    xlabel=(
        "log-loss of the sex of penguins (nats), half of the table missing"
    )
)
plt.show()

# sphinx_gallery_thumbnail_number = 1
