"""
How well are missing pixels filled in?
======================================

A density model can be asked for any part of a row given any other. Here 30 % of the pixels of
handwritten digits are missing, each by a toss of a coin, and a Helmholtz machine says how probable
it is that they are on. Two imputers of scikit-learn say it too: ``KNNImputer``, which looks at
similar rows, and ``IterativeImputer``, which predicts every pixel from the others.
"""

# %%
# Data
# ----
# 1,797 digits of 64 pixels, on or off: 1,497 to learn from, as they are, and 300 of which pixels
# are missing.

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
X_train, X_test = train_test_split(
    (grey >= 8).astype(float),
    test_size=300,
    stratify=classes,
    random_state=0,
)
missing = np.random.default_rng(1).random(X_test.shape) < 0.3
incomplete = np.where(missing, np.nan, X_test)

# %%
# Three imputers
# --------------
# The machine has its defaults and lets pixels see each other; particles weigh what the known pixels
# say. ``KNNImputer`` has its best number of neighbours (of 5, 10, 20 and 30, chosen *by the test
# rows*: it can only be worse than this). Regressions are on the twenty pixels that go with a pixel
# most, in three rounds; more rounds, or all pixels, take minutes, and make little difference.

machine = HelmholtzMachine(
    50, autoregressive=True, n_importance_samples=1000, random_state=0
)
machine.fit(X_train)
warnings.simplefilter("ignore", ConvergenceWarning)  # of three rounds
regressions = IterativeImputer(
    n_nearest_features=20, max_iter=3, random_state=0
).fit(X_train)
filled = {
    "shares of pixels": np.broadcast_to(X_train.mean(axis=0), X_test.shape),
    "IterativeImputer": regressions.transform(incomplete),
    **{
        f"KNNImputer({k})": (
            KNNImputer(n_neighbors=k, weights="distance")
            .fit(X_train)
            .transform(incomplete)
        )
        for k in (5, 10, 20, 30)
    },
    "Helmholtz machine": machine.impute(incomplete),
}

# %%
# Two losses
# ----------
# The logarithmic loss punishes those who are sure and wrong without a limit, so all probabilities
# are kept at 0.02 from 0 and 1. The Brier score is the mean squared error. Differences from the
# machine are paired: all fill in the same pixels, and the standard error is over rows. By the
# log-loss the machine is ahead of the best number of neighbours; by the Brier score the two are
# level.


def losses(probability):
    """(log-loss, squared error) of rows, whose means are over pixels."""
    p = np.clip(probability, 0.02, 0.98)
    each = np.stack(
        [
            -np.log(np.where(X_test == 1, p, 1 - p)),
            (probability - X_test) ** 2,
        ]
    )
    return (
        np.where(missing, each, 0).sum(axis=2) * len(X_test) / missing.sum()
    )


ours = losses(filled["Helmholtz machine"])
print(
    f"{'':17}   log-loss   minus the machine      Brier   minus the machine"
)
for name, values in filled.items():
    line = f"{name:>17}"
    for loss, reference in zip(losses(values), ours, strict=True):
        difference = loss - reference
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        line += (
            f"{loss.mean():11.3f}   {difference.mean():+8.3f} +-"
            f" {error:.3f}"
        )
    print(line)

# %%
# Means, and draws
# ----------------
# Means are one answer; draws are another. Each draw fills in all missing pixels of a digit at once,
# so that the strokes of one draw fit each other where the means are a blur of several.

draws = machine.impute(
    incomplete[:10], "sample", n_imputations=2, random_state=0
)
rows = {"digit": X_test[:10], "what is seen": incomplete[:10]}
rows |= {
    "means": filled["Helmholtz machine"][:10],
    "one draw": draws[0],
    "another": draws[1],
}
rows["neighbours"] = filled["KNNImputer(10)"][:10]
colours = plt.get_cmap("gray_r").with_extremes(bad="tab:orange")
figure, axes = plt.subplots(
    len(rows), 10, figsize=(9, 5.4), layout="constrained"
)
for line, (name, images) in zip(axes, rows.items(), strict=True):
    for axis, image in zip(line, images.reshape(-1, 8, 8), strict=True):
        axis.imshow(image, cmap=colours, vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# sphinx_gallery_thumbnail_number = 1
