"""
Which words go together in a pile of texts?
===========================================

Texts become rows of counts or of yes and no, one column for each word, nearly all of them zero: a
sparse matrix. Machines take such matrices as they are. Hidden units of words that go together come
out as something like topics; and the likelihood says whether they are worth having.
"""

# %%
# Texts that everybody has
# ------------------------
# Documentation of functions and classes: those of SciPy and scikit-learn are installed with this
# package, each is a short text, and its module says what it is about. Which there are depends on
# the versions installed. Words of the names of modules are left out, or it would be too easy.

import importlib
import inspect
import re

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sklearn_helmholtz import HelmholtzMachine, compare_log_likelihood

modules = {
    "statistics": ["scipy.stats"],
    "linear algebra": ["scipy.linalg", "scipy.sparse.linalg"],
    "signals": ["scipy.signal", "scipy.fft", "scipy.ndimage"],
    "special functions": ["scipy.special"],
    "optimisation": ["scipy.optimize"],
    "learning": [
        "sklearn.linear_model",
        "sklearn.ensemble",
        "sklearn.cluster",
        "sklearn.metrics",
        "sklearn.decomposition",
        "sklearn.preprocessing",
    ],
}


def prose(thing):
    """The description and the notes, without lists of parameters."""
    text = (inspect.getdoc(thing) or "").split("Array API Standard")[0]
    sections = re.split(
        r"\n([A-Z][A-Za-z ]+)\n-{3,}\n", "\nDescription\n---\n" + text
    )
    parts = dict(zip(sections[1::2], sections[2::2], strict=True))
    return parts.get("Description", "") + parts.get("Notes", "")


texts = {}
for subject, names in modules.items():
    for module in map(importlib.import_module, names):
        for name in sorted(module.__all__):
            text = prose(getattr(module, name))
            if len(text) > 250:
                texts[text] = subject
subjects = np.array(list(texts.values()))

names_of_modules = [
    "scipy",
    "sklearn",
    "stats",
    "linalg",
    "signal",
    "ndimage",
]
words = CountVectorizer(
    binary=True,
    token_pattern=r"[a-z]{4,}",
    min_df=8,
    max_df=0.3,
    max_features=400,
    stop_words=names_of_modules,
)
X = words.fit_transform(texts)
names = words.get_feature_names_out()
X_train, X_test, y_train, y_test = train_test_split(
    X, subjects, test_size=0.25, stratify=subjects, random_state=0
)
print(repr(X_train))
print(f"{X.nnz / np.prod(X.shape):.0%} of the entries are ones")

# %%
# Do topics pay?
# --------------
# A machine with one hidden unit, a few and more. `score` is the mean log-probability of a text as a
# set of words, in nats.

machines = {
    n: (
        HelmholtzMachine(
            n, max_iter=60, learning_rate="cosine", random_state=0
        ).fit(X_train)
    )
    for n in (1, 10, 40)
}
shares = np.asarray(
    (X_train.sum(axis=0) + 1) / (X_train.shape[0] + 2)
).ravel()
alone = X_test @ np.log(shares) + (1 - X_test.toarray()) @ np.log1p(-shares)
print(f"words on their own: {alone.mean():.1f} nats per held-out text")
for n, machine in machines.items():
    print(f"{n:3} hidden units:   {machine.score(X_test):.1f}")
print(compare_log_likelihood(machines[40], machines[10], X_test).summary)

# %%
# What do units stand for?
# ------------------------
# The words that a unit makes more likely, and the subjects of the texts that turn it on. Nobody
# told the machine of subjects. Some units have found one, others a manner of writing: formulas,
# examples, lists of parameters.

machine = machines[10]
H = machine.transform(X_test)
order = sorted(modules)
use = np.stack([H[y_test == subject].mean(axis=0) for subject in order])
for unit in range(10):
    best = names[np.argsort(-machine.generative_coefs_[0][unit])[:7]]
    print(
        f"unit {unit}, most in {order[use[:, unit].argmax()]}:"
        f" {', '.join(best)}"
    )

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
image = ax.imshow(use, cmap="Blues", vmin=0, vmax=1, aspect="auto")
ax.set_yticks(range(len(order)), order)
ax.set_xticks(range(10))
ax.set(
    xlabel="hidden unit",
    title="How often units are on in texts of each subject",
)
fig.colorbar(image)

# %%
# Are they of use?
# ----------------
# Who has few labels may hope that hidden units, learnt from all texts, say more than words.
# Logistic regression on either, with labels of 20 texts to all of them, drawn ten times: units are
# a little ahead where labels are few, and words are where they are many. Forty numbers keep the
# manner of a text, and lose what makes it this one.

machine = machines[40]
views = {
    "words": (X_train, X_test),
    "hidden units": (machine.transform(X_train), machine.transform(X_test)),
}
counts = [20, 50, 100, 300, X_train.shape[0]]
print(f"{'labels':>13}: " + "".join(f"{n:7}" for n in counts))
for name, (rows, others) in views.items():
    line = f"{name:>13}: "
    for n in counts:
        right = []
        for seed in range(10 if n < 300 else 1):
            drawn = np.random.default_rng(seed).permutation(
                X_train.shape[0]
            )[:n]
            classifier = LogisticRegression(max_iter=1000).fit(
                rows[drawn], y_train[drawn]
            )
            right.append(classifier.score(others, y_test))
        line += f"{np.mean(right):7.3f}"
    print(line)
plt.show()

# sphinx_gallery_thumbnail_number = 1
