"""
What are features of a Boltzmann machine worth to a classifier?
===============================================================

In a well-known example of scikit-learn a restricted Boltzmann machine finds features of digits,
and a logistic regression behind it does better than one on pixels. Here is the same with another
import, with a layer that has learnt nothing beside it, and with a question that the original cannot
ask: how many hidden units does the likelihood want, and what do they do for the classifier?
"""

# %%
# The example, with the import exchanged
# --------------------------------------
# Each digit comes five times, as it is and moved by a pixel in each direction. Copies of one digit
# are on one side of the split, unlike in the original, where they are in both. Features are
# computed outside the loop, so that each machine is trained once.
#
# Defaults differ. scikit-learn's machine takes 10 rows for a step, ours 100: whoever asks for the
# same few epochs has to ask for the same minibatches, or there are ten times fewer steps. And ours
# *centres* its steps, and has a penalty, both of which make better densities; with
# ``centred=False`` and ``alpha=0`` steps are scikit-learn's.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.plotting import ReceptiveFieldsDisplay


def nudged(images, classes):
    """Images, and the same moved by a pixel up, down, left and right."""
    framed = np.pad(images.reshape(-1, 8, 8), [(0, 0), (1, 1), (1, 1)])
    places = [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)]
    moved = [
        framed[:, i : i + 8, j : j + 8].reshape(-1, 64) for i, j in places
    ]
    return np.concatenate(moved), np.tile(classes, 5)


X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.2, random_state=0
)
(X_train, y_train), (X_test, y_test) = (
    nudged(X_train, y_train),
    nudged(X_test, y_test),
)


def accuracy(features, C=0.1):
    """Of a logistic regression on features of images; None means pixels."""
    F_train, F_test = X_train, X_test
    if features is not None:
        F_train, F_test = features(X_train), features(X_test)
    scaler = StandardScaler().fit(F_train)
    classifier = LogisticRegression(C=C, max_iter=200).fit(
        scaler.transform(F_train), y_train
    )
    return classifier.score(scaler.transform(F_test), y_test)


old = {
    "learning_rate": 0.06,
    "batch_size": 10,
    "n_iter": 10,
    "random_state": 0,
}
machines = {
    "BernoulliRBM": BernoulliRBM(100, **old).fit(X_train),
    "steps as there": RestrictedBoltzmannMachine(
        100, **old, centred=False, alpha=0
    ).fit(X_train),
    "centred": RestrictedBoltzmannMachine(100, **old).fit(X_train),
    "not trained": RestrictedBoltzmannMachine.from_parameters(
        np.random.default_rng(0).normal(0, 0.5, (100, 64)),
        np.zeros(100),
        np.zeros(64),
    ),
}
print(f"{'pixels':18} {accuracy(None):.3f}")
for name, machine in machines.items():
    print(f"{name:18} {accuracy(machine.transform):.3f}")

# %%
# Features that nobody has trained come far, since they are many and bend what logistic regression
# takes for straight. They are what features have to be better than: those of steps as scikit-learn
# makes them are, and those of centred steps *are not*. Who wants features, and no density, should
# try both.
#
# What do units look at?
# ----------------------
# ``components_`` as images: red pixels speak for the unit, blue ones against it.

figure, ax = plt.subplots(figsize=(9, 2.8), layout="constrained")
fields = ReceptiveFieldsDisplay.from_estimator(
    machines["steps as there"], (8, 8), ax=ax, n_columns=20
)

# %%
# How many, and are they of use?
# ------------------------------
# `GridSearchCV` asks the machine alone for its log-likelihood, which needs no labels, and the
# pipeline for its accuracy. Here images are black and white, few, and not moved. Logistic
# regression on their pixels has little to gain from bent features, and there are hardly rows enough
# to learn them from: however well the machine describes the images, features *do not help* the
# classifier. They do where classes are not to be told apart linearly, as among moved digits above.
# A density is not made for labels, and accuracy, not log p, says whether it serves them.

black, classes = X[:700] >= 8, y[:700]
sizes = [10, 30, 100]
machine = RestrictedBoltzmannMachine(n_iter=400, random_state=0)
by_likelihood = GridSearchCV(machine, {"n_components": sizes}, cv=3).fit(
    black
)
steps = [
    ("rbm", machine),
    ("scale", StandardScaler()),
    ("lr", LogisticRegression(C=0.1, max_iter=200)),
]
by_accuracy = GridSearchCV(
    Pipeline(steps), {"rbm__n_components": sizes}, cv=3
)
by_accuracy.fit(black, classes)
pixels = GridSearchCV(
    LogisticRegression(max_iter=200), {"C": [0.01, 0.1, 1]}, cv=3
)
pixels.fit(black, classes)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.4), layout="constrained"
)
left.plot(sizes, by_likelihood.cv_results_["mean_test_score"], "o-")
left.set(
    xscale="log", xlabel="hidden units", ylabel="held-out log p (nats)"
)
right.plot(
    sizes,
    by_accuracy.cv_results_["mean_test_score"],
    "o-",
    color="C1",
    label="features",
)
right.axhline(
    pixels.best_score_, color="gray", linestyle=":", label="pixels"
)
right.set(xscale="log", xlabel="hidden units", ylabel="accuracy behind it")
right.legend()
print(
    f"by likelihood {by_likelihood.best_params_}, by accuracy"
    f" {by_accuracy.best_params_}: {by_accuracy.best_score_:.3f}, on pixels"
    f" {pixels.best_score_:.3f}"
)
plt.show()

# sphinx_gallery_thumbnail_number = 1
