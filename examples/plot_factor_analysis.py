"""
Factors or binary causes: which describe measurements better?
=============================================================

Measurements of one thing go together. Factor analysis says that this comes from a few normal
factors, and that the rest of each feature is noise of its own; probabilistic PCA that this noise is
the same for all. A Helmholtz machine has binary causes instead, which make the data a mixture of
very many normal distributions. All of them are densities: rows that none has seen say which is the
best.
"""

# %%
# Data
# ----
# Thirty measurements of the nuclei of cells, from images of 569 tumours: 400 to learn from, and 169
# for the test. Densities depend on units. So features are standardised before anything else, once
# and for all, by the training rows: all figures are for the same columns in the same units.

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, compare_log_likelihood

data = load_breast_cancer()
train, test = train_test_split(data.data, test_size=169, stratify=data.target, random_state=0)
scaler = StandardScaler().fit(train)
X_train, X_test = scaler.transform(train), scaler.transform(test)

# %%
# Candidates
# ----------
# `GridSearchCV` chooses the number of factors, of components and of hidden units by the
# log-likelihood of rows that are left out, in the same three folds for all. PCA has a likelihood,
# too: its `score` is that of probabilistic PCA. With thirty components it is the normal
# distribution with any covariance.
#
# There are two machines. In the plain one, features are independent given the causes. In the
# autoregressive one each feature also depends on those before it, linearly, so that it can be a
# normal distribution with any covariance as well, or a mixture of such.
#
# Some of the thirty features are all but functions of others: a perimeter, and the radius that goes
# with it. With enough factors, the noise of such a feature vanishes (a Heywood case), and rows that
# are left out pay for it. `FactorAnalysis` warns of it; here the likelihoods tell.

warnings.filterwarnings("ignore", message="Heywood case")
warnings.filterwarnings("ignore", message="This log-likelihood")  # the table says so

numbers = [1, 2, 3, 4, 6, 8, 10, 12, 15, 18]
sizes = [(10,), (30,), (100,)]
plain = HelmholtzMachine(visible="gaussian", learning_rate="cosine", max_iter=300, random_state=0)
ordered = HelmholtzMachine(visible="gaussian", autoregressive=True, random_state=0)
candidates = {
    "factor analysis": (FactorAnalysis(), "n_components", numbers),
    "PCA": (PCA(), "n_components", [*numbers, 22, 26, 30]),
    "Helmholtz machine": (plain, "hidden_layer_sizes", sizes),
    "autoregressive machine": (ordered, "hidden_layer_sizes", sizes),
}

folds, searches = KFold(3, shuffle=True, random_state=0), {}
print("Rows left out, nats per row")
for name, (model, parameter, values) in candidates.items():
    start = time.perf_counter()
    search = GridSearchCV(model, {parameter: values}, cv=folds).fit(X_train)
    seconds = time.perf_counter() - start
    chosen = f"{parameter}={search.best_params_[parameter]}"
    print(f"{name:>22}: {search.best_score_:8.2f} with {chosen}, {seconds:.1f} s to search")
    searches[name] = search

# %%
# The test
# --------
# The chosen models were fitted again to all training rows. Errors are standard errors over test
# rows. Differences from factor analysis are paired, since rows that are unusual for one model are
# so for the others. Factor analysis and PCA are exact, and so is a machine of up to 14 hidden
# units. The likelihood of a larger one is estimated, and a lower bound in expectation.

models = {name: search.best_estimator_ for name, search in searches.items()}
for name in ("Helmholtz machine", "autoregressive machine"):
    models[name].set_params(n_importance_samples=2000)


def held_out(model):
    """Mean log-likelihood of the test rows, its standard error, and how it was found."""
    if isinstance(model, PCA):
        each = model.score_samples(X_test)
        return each.mean(), each.std(ddof=1) / np.sqrt(len(each)), "exact"
    result = model.log_likelihood(X_test)
    how = result.method if result.reliable else f"{result.method}, not reliable"
    return result.mean, result.standard_error, how


scores = {name: held_out(model) for name, model in models.items()}
print("Test rows, nats per row")
print(f"{'':22}  {'log-likelihood':>18}{'minus factor analysis':>25}")
for name, (mean, error, how) in scores.items():
    value = f"{mean:.2f} +- {error:.2f}"
    paired = compare_log_likelihood(models[name], models["factor analysis"], X_test)
    difference = f"{paired.difference:+.2f} +- {paired.standard_error:.2f}"
    difference = "" if name == "factor analysis" else difference
    print(f"{name:>22}: {value:>18}{difference:>25}  {how}")

heywood = data.feature_names[models["factor analysis"].heywood_]
print("\nHeywood cases of the chosen factors:", ", ".join(heywood) or "none")

# %%
# Noise of their own for the features buys little here: with 18 factors the test rows have 0.3 nats
# more than with all of PCA's thirty components, which is about one standard error. The noise of
# eleven features has vanished, so that rows have to lie on a plane, or nearly: one tumour that is
# far from it costs 694 nats, and a few others a hundred each, hence the large errors. The
# autoregressive machine has another 3 nats, one and a half standard errors of the difference.
# Without dependences between features a machine would need very many causes: the plain one is 10
# nats behind, even if it is somewhat better than its estimate, a lower bound that calls itself
# unreliable.
#
# Probabilistic PCA is factor analysis with ``noise="isotropic"``. The likelihood of the test rows
# is almost that of PCA: variances are divided by the number of rows here, and by one less there.

n_components = searches["PCA"].best_params_["n_components"]
probabilistic = FactorAnalysis(n_components, noise="isotropic").fit(X_train)
print(f"isotropic noise: {probabilistic.score(X_test):.3f}, PCA: {scores['PCA'][0]:.3f}")

# %%
# A picture
# ---------
# On the left, what the searches saw; models that are worse than those with a single factor are
# below the frame. On the right, the test rows, with standard errors.

colours = {name: f"C{number}" for number, name in enumerate(candidates)}
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
lowest = []
for name in ("factor analysis", "PCA"):
    means = searches[name].cv_results_["mean_test_score"]
    left.plot(candidates[name][2], means, "o-", color=colours[name], label=name)
    lowest.append(means[0])
for name in ("Helmholtz machine", "autoregressive machine"):
    best = searches[name].best_score_
    left.axhline(best, color=colours[name], linestyle="--", label=f"best {name}")
top = max(search.best_score_ for search in searches.values())
left.set(xlabel="factors or components", ylabel="nats per row left out")
left.set_ylim(min(lowest) - 1, top + 2)
left.legend(fontsize=8)

for number, (name, (mean, error, _)) in enumerate(scores.items()):
    right.errorbar(mean, -number, xerr=error, fmt="o", capsize=4, color=colours[name])
right.set_yticks(-np.arange(len(scores)), list(scores))
right.set(xlabel="nats per test row", ylim=(-len(scores) + 0.5, 0.5))

# %%
# What the factors are
# --------------------
# Many factors make the better density, few are easier to read. Here are three, rotated so that each
# has to do with as few features as possible. *Promax* lets factors be correlated; the
# likelihood is the same for any rotation.
#
# The first is size: radius, perimeter and area. The second is shape: fractal dimension,
# compactness, concavity, smoothness. The third has the errors, so it says how much the nuclei of an
# image differ. Shape is correlated with size (0.30) and with these differences (0.38), but hardly
# the differences with size (0.03).

rotated = FactorAnalysis(3, rotation="promax").fit(X_train)
print("correlations of the factors:")
print(rotated.factor_correlation_.round(2))

fig, ax = plt.subplots(figsize=(10, 3.4), layout="constrained")
image = ax.imshow(rotated.components_, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
ax.set_xticks(np.arange(30), data.feature_names, rotation=90, fontsize=8)
ax.set_yticks(range(3), [f"factor {number}" for number in (1, 2, 3)])
fig.colorbar(image, ax=ax, label="loading")
plt.show()
