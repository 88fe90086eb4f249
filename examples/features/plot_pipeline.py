"""
Do hidden units help a classifier that has few labels?
======================================================

A density model learns from rows without labels, and takes them as they are: numbers, categories,
gaps. Its hidden units can then stand before a classifier, in the place of an imputer and an
encoder. The number of units can be chosen without any label, by the log-likelihood of rows left
out. Whether they help a classifier is another question, and has to be asked of every table anew.
"""

# %%
# A table with gaps and categories
# --------------------------------
# 3,307 adults in the first year of the RAND Health Insurance Experiment, from
# :download:`rand_health.csv.gz <../../../examples/data/rand_health.csv.gz>` (public domain). Who
# says that their health is excellent? A quarter of the indices of general health is missing.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_helmholtz import HelmholtzMachine

types = dict.fromkeys(("site", "sex", "black", "limited"), "category")
people = pd.read_csv("../data/rand_health.csv.gz", dtype=types).query(
    "year == 1"
)
people = people.drop(
    columns=["person", "year", "coinsurance", "hospital_stays"]
)
y = (people.pop("health") == "excellent").to_numpy()
X_train, X_test, y_train, y_test = train_test_split(
    people, y, test_size=1000, stratify=y, random_state=0
)
print(people.head(4).to_string(index=False))
print(
    f"excellent: {y.mean():.0%}; rows with gaps:"
    f" {people.isna().any(axis=1).mean():.0%}"
)

# %%
# How many hidden units?
# ----------------------
# `GridSearchCV` asks for the `score`, the mean log-likelihood of rows left out in nats. No label is
# needed, nor any encoder or imputer.

sizes = [(2,), (8,), (20,)]
machine = HelmholtzMachine(
    max_iter=20, n_importance_samples=50, random_state=0
)
search = GridSearchCV(machine, {"hidden_layer_sizes": sizes}, cv=3).fit(
    X_train
)
for size, mean in zip(
    sizes, search.cv_results_["mean_test_score"], strict=True
):
    print(f"{size[0]:3} hidden units: {mean:.2f} nats per row left out")
chosen = search.best_estimator_

# %%
# In a pipeline
# -------------
# A machine is a transformer: its features are the probabilities of its hidden units, given what is
# known of a row.

pipeline = make_pipeline(chosen, LogisticRegression(max_iter=1000)).fit(
    X_train, y_train
)
print(
    "area under the ROC curve, all labels: "
    f"{roc_auc_score(y_test, pipeline.predict_proba(X_test)[:, 1]):.3f}"
)

# %%
# When labels are few
# -------------------
# The machine learns from all training rows without labels; logistic regression has labels of a few
# of them, drawn twelve times. It sees the features; or the columns themselves, behind medians,
# frequent levels and an encoder; or the features of a machine that has learnt for a moment only,
# which are as many bent functions of the columns, and know nothing. Hidden units are ahead while
# labels are few, since eight numbers ask for fewer labels than all columns do. With 800 labels the
# columns win: a density keeps what columns have in common, which is not all that a label depends
# on.

numbers, words = (
    make_column_selector(dtype_include=kind)
    for kind in ("number", "category")
)
encoded = make_column_transformer(
    (
        make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
        numbers,
    ),
    (
        make_pipeline(
            SimpleImputer(strategy="most_frequent"), OneHotEncoder()
        ),
        words,
    ),
)
untrained = HelmholtzMachine(
    chosen.hidden_layer_sizes,
    max_iter=1,
    learning_rate_init=1e-6,
    random_state=0,
)
views = {
    "columns, encoded": encoded.fit(X_train),
    "hidden units": chosen,
    "hidden units, untrained": untrained.fit(X_train),
}
counts = [20, 40, 80, 200, 800]
fig, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for name, view in views.items():
    rows, others = view.transform(X_train), view.transform(X_test)
    found = np.empty((12, len(counts)))
    for seed in range(12):
        order = np.random.default_rng(seed).permutation(len(rows))
        for place, n in enumerate(counts):
            classifier = LogisticRegression(max_iter=1000).fit(
                rows[order[:n]], y_train[order[:n]]
            )
            found[seed, place] = roc_auc_score(
                y_test, classifier.decision_function(others)
            )
    error = found.std(axis=0, ddof=1) / np.sqrt(12)
    ax.errorbar(
        counts,
        found.mean(axis=0),
        yerr=error,
        fmt="o-",
        capsize=3,
        label=name,
    )
    print(
        f"{name:>23}: "
        + "  ".join(f"{mean:.3f}" for mean in found.mean(axis=0))
    )
ax.set(
    xscale="log", xlabel="labelled rows", ylabel="area under the ROC curve"
)
ax.set_xticks(counts, counts)
ax.minorticks_off()
ax.legend()
plt.show()

# sphinx_gallery_thumbnail_number = 1
