"""
How many factors are behind a table?
====================================

Every number of factors fits the rows it was fitted to better than fewer. Three rules say when to
stop: eigenvalues larger than those of noise, the likelihood of rows left out, and the simplest
model that is as good as the best within its error. Here they are asked about wines, and, since
nobody knows the truth of wines, about made-up rows whose number of factors is known.
"""

# %%
# Wines
# -----
# Thirteen measurements of 178 wines of three growers, which scikit-learn brings along: alcohol,
# ash, phenols, colour.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import (
    FactorAnalysis,
    bartlett_sphericity,
    kaiser_meyer_olkin,
    one_standard_error,
    parallel_analysis,
)
from sklearn_helmholtz.plotting import LoadingsDisplay, ScreeDisplay

# Heywood cases: factors that explain all of a column. Scores tell.
warnings.filterwarnings("ignore", message="Heywood case")

wine = load_wine(as_frame=True).data
print(
    f"Kaiser-Meyer-Olkin {kaiser_meyer_olkin(wine).overall:.2f}: columns"
    " have much in common"
)
print(
    f"Bartlett: p = {bartlett_sphericity(wine).p_value:.1g} for columns"
    " that have nothing"
)

# %%
# Eigenvalues that noise does not have
# ------------------------------------
# Parallel analysis makes tables of the same size whose columns are independent, and counts the
# eigenvalues of the data that theirs do not reach.

found = parallel_analysis(wine, random_state=0)
print(
    f"parallel analysis: {found.n_components} components, {found.n_factors}"
    " factors"
)

# %%
# Rows left out
# -------------
# `GridSearchCV` asks for the log-likelihood of rows that were not fitted. It rises as long as
# factors are real, and falls where they fit noise. ``refit=one_standard_error`` takes the fewest
# factors whose score is within one standard error of the best.

numbers = list(range(8))
folds = KFold(10, shuffle=True, random_state=0)


def search(X, refit):
    """The search of a number of factors, for standardised columns."""
    model = make_pipeline(StandardScaler(), FactorAnalysis())
    grid = {"factoranalysis__n_components": numbers}
    return GridSearchCV(model, grid, cv=folds, refit=refit).fit(X)


def fewest(results):
    """The rule of one standard error, for a step of a pipeline."""
    return one_standard_error(
        results, parameter="factoranalysis__n_components"
    )


best, simplest = search(wine, True), search(wine, fewest)
for name, each in {
    "best": best,
    "within one standard error": simplest,
}.items():
    print(
        f"{name}: {each.best_params_['factoranalysis__n_components']}"
        " factors"
    )

fig, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 3.6), layout="constrained"
)
ScreeDisplay.from_result(found, ax=left)
means = best.cv_results_["mean_test_score"]
errors = best.cv_results_["std_test_score"] / np.sqrt(10)
right.errorbar(numbers, means, yerr=errors, fmt="o-", capsize=3)
right.axhline(
    means.max() - errors[means.argmax()], color="gray", linestyle=":"
)
right.set(xlabel="factors", ylabel="log p of rows left out (nats)")

# %%
# What the fewest say
# -------------------
# Rules disagree, as they do for most tables: three components or six factors by eigenvalues, six by
# rows left out, two within an error. Six may be real, and two are what one would write about: the
# first is phenols, which red wines of one grower have most of, the second colour and strength.

chosen = simplest.best_params_["factoranalysis__n_components"]
rotated = FactorAnalysis(chosen, rotation="varimax").fit(
    StandardScaler().fit_transform(wine)
)
LoadingsDisplay.from_estimator(
    rotated, feature_names=wine.columns, sort=True
)

# %%
# Where the truth is known
# ------------------------
# Rows drawn from a model of three factors with the wines' own loadings. Twenty tables: how often
# does each rule find three?

truth = FactorAnalysis(3).fit(StandardScaler().fit_transform(wine))
rules = {
    "parallel analysis": [],
    "rows left out": [],
    "one standard error": [],
}
for seed in range(20):
    X = truth.sample(len(wine), random_state=seed)
    rules["parallel analysis"].append(
        parallel_analysis(X, n_iterations=30, random_state=0).n_factors
    )
    results = (
        GridSearchCV(FactorAnalysis(), {"n_components": numbers[:7]}, cv=5)
        .fit(X)
        .cv_results_
    )
    rules["rows left out"].append(
        numbers[results["mean_test_score"].argmax()]
    )
    rules["one standard error"].append(numbers[one_standard_error(results)])
for name, counts in rules.items():
    shares = np.bincount(counts, minlength=7)
    print(
        f"{name:>19}: "
        + ", ".join(f"{n} of 20 say {k}" for k, n in enumerate(shares) if n)
    )
plt.show()

# sphinx_gallery_thumbnail_number = 1
