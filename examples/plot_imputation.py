"""
How well are missing pixels filled in?
======================================

A density model can be asked for any part of a row given any other. Here almost a third of the
pixels of handwritten digits are missing, each by a toss of a coin, and a Helmholtz machine says
how probable it is that they are on. Two imputers of scikit-learn say it too: ``KNNImputer``, which
looks at similar rows, and ``IterativeImputer``, which predicts every pixel from the others.
"""

# %%
# Data
# ----
# 1,797 digits of 64 pixels, on or off: two thirds to learn from, the others to choose settings by
# and to test on. 30 % of the pixels of the last two are missing.

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.model_selection import train_test_split

from sklearn_helmholtz import HelmholtzMachine

grey, classes = load_digits(return_X_y=True)
pixels = (grey >= 8).astype(np.float64)
rest, X_test, classes_of_rest, _ = train_test_split(
    pixels, classes, test_size=300, stratify=classes, random_state=0
)
X_train, X_valid = train_test_split(rest, test_size=300, stratify=classes_of_rest, random_state=0)


def with_missing(X, seed):
    """The same rows with 30 % of their values missing."""
    return np.where(np.random.default_rng(seed).random(X.shape) < 0.3, np.nan, X)


valid_incomplete, test_incomplete = with_missing(X_valid, 0), with_missing(X_test, 1)

# %%
# Two losses
# ----------
# The logarithmic loss punishes those who are sure and wrong, without a limit, so all probabilities
# are kept away from 0 and 1. How far is chosen on the validation rows, for each imputer on its own.
# The Brier score is the mean squared error.

CLIPS = (0.001, 0.01, 0.02, 0.05)


def losses(probability, X, incomplete, clip):
    """Sum over the missing pixels of each row of (log-loss, squared error), per mean number."""
    p = np.clip(probability, clip, 1 - clip)
    missing = np.isnan(incomplete)
    each = np.stack([-np.log(np.where(X == 1, p, 1 - p)), (p - X) ** 2])
    return np.where(missing, each, 0).sum(axis=2) * len(X) / missing.sum()


def best_clip(probability):
    """The lowest log-loss on the validation rows, and the clip that has it."""
    return min(
        (losses(probability, X_valid, valid_incomplete, clip)[0].mean(), clip) for clip in CLIPS
    )


# %%
# Candidates
# ----------
# The machine has the sizes of the example with the digits, and learns from the complete training
# rows; or from thirty copies of them, each with other pixels missing, so that its recognition net
# learns what to make of missing values. Nearest neighbours are looked for in the complete rows.
# Regressions, on all other pixels or on the twenty that go with a pixel most, learn from complete
# rows or from one copy with missing values, in five rounds: more take long and make little
# difference.

copies = np.concatenate([with_missing(X_train, seed) for seed in range(2, 32)])
settings = {"learning_rate": "cosine", "n_importance_samples": 10_000, "random_state": 0}
candidates = {"Helmholtz machine": {}, "KNNImputer": {}, "IterativeImputer": {}}
for rows, X, epochs in (("complete rows", X_train, 1000), ("incomplete rows", copies, 50)):
    start = time.perf_counter()
    machine = HelmholtzMachine((100, 50, 20), max_iter=epochs, **settings).fit(X)
    print(f"machine, {rows}: {time.perf_counter() - start:.0f} s to fit")
    candidates["Helmholtz machine"][rows] = machine.impute
for n_neighbors in (5, 10, 15, 20, 30):
    for weights in ("uniform", "distance"):
        imputer = KNNImputer(n_neighbors=n_neighbors, weights=weights).fit(X_train)
        candidates["KNNImputer"][f"{n_neighbors} neighbours, {weights}"] = imputer.transform
warnings.simplefilter("ignore", ConvergenceWarning)  # of five rounds
for n_nearest in (20, None):
    for rows, X in (("complete rows", X_train), ("incomplete rows", copies[: len(X_train)])):
        imputer = IterativeImputer(n_nearest_features=n_nearest, max_iter=5, random_state=0)
        name = f"{n_nearest or 'all'} features, {rows}"
        candidates["IterativeImputer"][name] = imputer.fit(X).transform

# %%
# The best of each kind on the validation rows goes to the test rows. Differences from the machine
# are paired: every imputer fills in the same pixels, and the standard error is over rows.

chosen, found = {}, {}
for kind, imputers in candidates.items():
    (loss, clip), name = min(
        (best_clip(fill(valid_incomplete)), name) for name, fill in imputers.items()
    )
    chosen[kind] = imputers[name]
    found[kind] = losses(chosen[kind](test_incomplete), X_test, test_incomplete, clip)
    print(f"{kind}: {name}, clipped at {clip:g}; log-loss {loss:.4f} on validation rows")

print("\nMissing pixels of the test rows (lower is better)")
print(f"{'':18}{'log-loss':>10}{'minus the machine':>21}{'Brier':>10}{'minus the machine':>21}")
for kind, values in found.items():
    line = f"{kind:18}"
    for value, reference in zip(values, found["Helmholtz machine"], strict=True):
        difference = value - reference
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        paired = f"{difference.mean():+.4f} +- {error:.4f}" if error else ""
        line += f"{value.mean():10.4f}{paired:>21}"
    print(line)

# %%
# A picture
# ---------
# Means are one answer; draws are another. Each draw fills in all missing pixels of a digit at once,
# so that the strokes of one draw fit each other where the means are a blur of several.

draws = chosen["Helmholtz machine"](test_incomplete[:12], "sample", n_imputations=3, random_state=0)
means = chosen["Helmholtz machine"](test_incomplete[:12])
rows = {"digit": X_test[:12], "what is seen": test_incomplete[:12], "means": means}
rows |= {f"draw {number}": draw for number, draw in enumerate(draws, 1)}
colours = plt.get_cmap("gray_r").with_extremes(bad="tab:orange")

figure, axes = plt.subplots(len(rows), 12, figsize=(10, 5.2), layout="constrained")
for line, (name, images) in zip(axes, rows.items(), strict=True):
    for axis, image in zip(line, images.reshape(-1, 8, 8), strict=True):
        axis.imshow(image, cmap=colours, vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.suptitle("Missing pixels in orange, and what the machine makes of them")
plt.show()
