"""
How many hidden units, and are their features of any use?
=========================================================

A density model has a yardstick of its own: the log-likelihood of rows it has not seen. A grid
search needs no labels to choose the sizes of a machine by it. The chosen machine can then hand its
hidden units to a classifier, as one step of a pipeline.
"""

# %%
# Choosing sizes without labels
# -----------------------------
# The digits of scikit-learn, thresholded. `GridSearchCV` uses `score`, the mean log-likelihood per
# row in nats. Few epochs and a few candidates keep this example short.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_helmholtz import HelmholtzMachine

digits = load_digits()
X, y = digits.data >= 8, digits.target
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=500, stratify=y, random_state=0)

sizes = [(5,), (20,), (80,), (80, 20)]
search = GridSearchCV(
    HelmholtzMachine(max_iter=20, learning_rate="cosine", n_importance_samples=50, random_state=0),
    {"hidden_layer_sizes": sizes},
    cv=3,
).fit(X_train)

results = search.cv_results_
for size, mean, spread in zip(
    sizes, results["mean_test_score"], results["std_test_score"], strict=True
):
    print(f"{size!s:>9}: {mean:.2f} nats per row (folds differ by {spread:.2f})")
print("chosen:", search.best_params_["hidden_layer_sizes"])

# %%
# How well is the likelihood known?
# ---------------------------------
# `log_likelihood` returns the mean with its errors. ``standard_error`` says how much the mean would
# change with other test rows, ``monte_carlo_error`` how much with other random numbers.

machine = search.best_estimator_
print(machine.log_likelihood(X_test, n_importance_samples=500))

# %%
# In a pipeline
# -------------
# A machine is a transformer like any other: its features are the probabilities of its top layer,
# or of the layer that ``transform_layer`` names.

pipeline = make_pipeline(machine, LogisticRegression(max_iter=1000)).fit(X_train, y_train)
print(f"accuracy with features of the top layer: {pipeline.score(X_test, y_test):.3f}")

# %%
# Do features help when labels are few?
# -------------------------------------
# The machine has learnt from all training rows, without their labels. Logistic regression now gets
# the labels of a few of them, and sees either the pixels or the features of the first layer.
# Features of a density model promise nothing of the kind: here is how it turns out.

machine.set_params(transform_layer=1)
views = {
    "pixels": (X_train.astype(float), X_test.astype(float)),
    "features": (machine.transform(X_train), machine.transform(X_test)),
}
counts = np.array([50, 100, 200, 400, len(X_train)])
fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for name, (train, test) in views.items():
    accuracy = []
    for count in counts:
        classifier = LogisticRegression(max_iter=1000).fit(train[:count], y_train[:count])
        accuracy.append(classifier.score(test, y_test))
    ax.plot(counts, accuracy, "o-", label=name)
    print(f"{name:>8}: " + "  ".join(f"{share:.3f}" for share in accuracy))
ax.set(xscale="log", xlabel="labelled rows", ylabel="accuracy on test rows")
ax.set_xticks(counts, counts)
ax.minorticks_off()
ax.legend()
plt.show()
