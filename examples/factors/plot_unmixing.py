"""
How many signals are mixed?
===========================

Eight sensors hear a few signals at once, and some noise. Independent component analysis finds the
signals, but most programs leave their number to you. With a likelihood, rows that were held out
choose it.
"""

# %%
# Signals and sensors
# -------------------
# Four signals that are not normal: a sine wave, a sawtooth, a switch, and clicks.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import KFold, cross_val_score

from sklearn_helmholtz import FactorAnalysis, IndependentComponents

rng = np.random.default_rng(0)
time = np.arange(1500)
signals = np.column_stack([
    np.sin(time / 19),
    time / 41 % 2 - 1,
    np.sign(np.sin(time / 67)),
    rng.laplace(size=len(time)) ** 3,
])  # fmt: skip
signals = (signals - signals.mean(axis=0)) / signals.std(axis=0)
X = signals @ rng.normal(size=(4, 8))
X += 0.1 * rng.normal(size=X.shape)

# %%
# How many?
# ---------
# Log-likelihoods of rows left out, in nats a row, for one to seven sources. Normal factors see the
# same covariance: what is between the curves is what the shapes of the distributions tell.

folds = KFold(3, shuffle=True, random_state=0)
numbers = range(1, 8)
scores = {"independent components": [], "probabilistic PCA": []}
with warnings.catch_warnings():
    # Sources beyond the fourth are noise, which is normal.
    warnings.filterwarnings(
        "ignore", message=".*cannot be told from normal"
    )
    for number in numbers:
        models = (
            IndependentComponents(number, n_init=1),
            FactorAnalysis(number, noise="isotropic"),
        )
        for name, model in zip(scores, models, strict=True):
            scores[name].append(cross_val_score(model, X, cv=folds).mean())

best = numbers[int(np.argmax(scores["independent components"]))]
figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for name, values in scores.items():
    axes.plot(numbers, values, "o-", label=name)
axes.axvline(4, color="0.7", zorder=0)
axes.set(xlabel="sources", ylabel="held-out log-likelihood, nats a row")
axes.legend()
print(f"{best} sources are the best.")

# %%
# Which?
# ------
# Sources are in order of what their shapes are worth, and their signs are those that make them
# skewed to the right: the switch comes first, and then the clicks.

model = IndependentComponents(best).fit(X)
found = model.transform(X)
pairs = np.abs(np.corrcoef(found.T, signals.T)[:best, best:])
print("Correlations with the signals:", pairs.max(axis=0).round(2))

figure, axes = plt.subplots(
    best, 2, figsize=(8, 5), sharex=True, layout="constrained"
)
for row, source in enumerate(found.T):
    axes[row, 0].plot(time[:500], X[:500, row], lw=0.8, color="0.4")
    axes[row, 1].plot(time[:500], source[:500], lw=0.8)
    kind = model.source_densities_[row]["kind"]
    axes[row, 1].set_ylabel(f"{kind}\n{model.negentropy_[row]:.2f} nats")
axes[0, 0].set_title("four of eight sensors")
axes[0, 1].set_title("sources")
plt.show()

# sphinx_gallery_thumbnail_number = 2
