"""
Gaps on the way to a classifier
===============================

Most classifiers refuse rows with gaps. An imputer in front of them is a part of the model, to be
fitted, chosen and judged with it: this example searches over both at once, on data of which
half is missing.
"""

# %%
# Half of a table
# ---------------
# 30 measurements of 569 tumours. Of each value a coin decides whether it is seen.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import HelmholtzMachine, LatentImputer

complete, y = load_breast_cancer(return_X_y=True)
complete = StandardScaler().fit_transform(complete)
X = np.where(np.random.default_rng(0).random(complete.shape) < 0.5, np.nan, complete)
X_train, X_test, y_train, y_test, _, truth = train_test_split(
    X, y, complete, test_size=0.4, stratify=y, random_state=0
)

# %%
# A search over imputer and classifier
# ------------------------------------
# `LatentImputer` is a step like any other: a grid search reaches the machine inside, here to ask
# for hidden units, with or without weights between columns, and for the strength of the penalty of
# the classifier.

machine = HelmholtzMachine(5, autoregressive=True, visible="gaussian", random_state=0)
pipeline = make_pipeline(LatentImputer(machine), LogisticRegression(max_iter=1000))
grid = {
    "latentimputer__estimator__autoregressive": [False, True],
    "logisticregression__C": [0.01, 0.1, 1],
}
search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3).fit(X_train, y_train)
print("chosen:", search.best_params_)

# %%
# The imputer has a score of its own, the log-likelihood of what is seen of rows held out. It needs
# no labels, and here it makes the same choice.

imputers = GridSearchCV(LatentImputer(machine), {"estimator__autoregressive": [False, True]}, cv=3)
imputers.fit(X_train)
for params, score in zip(
    imputers.cv_results_["params"], imputers.cv_results_["mean_test_score"], strict=True
):
    print(f"{params}: {score:.1f} nats per row")

# %%
# Beside other imputers
# ---------------------
# The same classifier behind the means of columns and behind nearest neighbours. What an imputer
# misses of the values that were hidden, we know here and never in practice.

others = {
    "means": SimpleImputer(),
    "neighbours": KNNImputer(),
}
found = {}
for name, imputer in others.items():
    steps = make_pipeline(imputer, LogisticRegression(max_iter=1000))
    other = GridSearchCV(
        steps, {"logisticregression__C": [0.01, 0.1, 1]}, scoring="neg_log_loss", cv=3
    )
    found[name] = other.fit(X_train, y_train)
found["machine"] = search
errors, losses, hidden = {}, {}, np.isnan(X_test)
for name, each in found.items():
    filled = each.best_estimator_[0].transform(X_test)
    errors[name] = np.sqrt(np.mean((filled - truth)[hidden] ** 2))
    losses[name] = -each.score(X_test, y_test)
    accuracy = each.best_estimator_.score(X_test, y_test)
    print(
        f"{name:>10}: error {errors[name]:.2f}, log-loss {losses[name]:.3f}, right {accuracy:.1%}"
    )

# %%
# Means in the gaps take away what the columns say of each other, and neighbours must be found by
# half of the columns. The machine fills in what the other values of a row suggest. The classifier
# behind it is right as often as the one behind means, which learns to live with them, but knows
# better how sure it can be.

fig, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
labels = "error of hidden values (standard deviations)", "log-loss of the classifier (nats)"
for ax, values, label in zip(axes, (errors, losses), labels, strict=True):
    ax.bar(list(values), list(values.values()), color=["0.7", "0.7", "C0"])
    ax.set_ylabel(label)
plt.show()
