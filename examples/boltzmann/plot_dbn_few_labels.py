"""
Does pretraining help where labels are few?
===========================================

Deep belief nets became known as a way to begin: train the layers of a perceptron without labels,
one after the other, then fit it to the few labels that there are. Here this is done on handwritten
digits, of which all images are known and few have a label; once in black and white, and once in
shades of grey. It helps in one of the two.
"""

# %%
# A perceptron that begins with a deep belief net
# -----------------------------------------------
# `DeepBeliefNet` sees all training images and no label. ``fine_tune=None`` leaves it at greedy
# pretraining, which is what the perceptron is to begin with. ``to_mlp`` sets the weights of an
# unfitted one of scikit-learn, whose ``fit`` goes on from them because of ``warm_start=True``. One
# from scratch has the same size, the same seed and the same output layer, and a logistic regression
# on the pixels says what bent features have to beat.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sklearn_helmholtz import DeepBeliefNet

# Of perceptrons: 200 iterations are enough.
warnings.simplefilter("ignore", ConvergenceWarning)
SIZES, COUNTS, SEEDS = (100, 100), (20, 50, 100, 300, 1297), range(4)
NAMES = "pretrained", "from scratch", "logistic regression"
grey, y = load_digits(return_X_y=True)
images = {"black and white": (grey >= 8).astype(float), "grey": grey / 16}


def perceptron(seed):
    return MLPClassifier(
        SIZES,
        activation="logistic",
        solver="lbfgs",
        max_iter=200,
        warm_start=True,
        random_state=seed,
    )


def accuracies(X):
    """Test accuracies of the three classifiers, (n_counts, n_seeds, 3)."""
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=500, stratify=y, random_state=0
    )
    net = DeepBeliefNet(
        SIZES,
        fine_tune=None,
        pretrain_max_iter=300,
        random_state=0,
    ).fit(X_train)
    found = np.empty((len(COUNTS), len(SEEDS), len(NAMES)))
    for place, count in enumerate(COUNTS):
        for seed in SEEDS:
            order = np.random.default_rng(seed).permutation(len(y_train))[
                :count
            ]
            X_few, y_few = X_train[order], y_train[order]
            classifiers = (
                net.to_mlp(perceptron(seed), y_few), perceptron(seed),
                LogisticRegression(max_iter=1000),
            )  # fmt: skip
            found[place, seed] = [
                c.fit(X_few, y_few).score(X_test, y_test)
                for c in classifiers
            ]
    return found


found = {name: accuracies(X) for name, X in images.items()}

# %%
# What the labels are worth
# -------------------------
# Means over four draws of the labelled images, and one standard deviation either way. All face
# the same 500 test images, which leaves a standard error of about 0.015 that no bar shows.
#
# In *black and white* pretraining is worth as much as twice the labels: single pixels say little,
# strokes that the net found say more, and a perceptron from scratch is no better than a straight
# line. With a label for every image nothing is left of the lead.
#
# In *grey* it is not worth the trouble. Grey values are taken for probabilities of pixels, and a
# straight line through them is hard to beat: from 50 labels on perceptrons with hidden layers are
# behind it, however they begin, and one that is pretrained is within 0.03 of one from scratch
# everywhere, ahead or behind. What a density model finds worth describing need not be what tells
# classes apart.

figure, axes = plt.subplots(
    1, 2, figsize=(9, 3.4), sharey=True, layout="constrained"
)
for ax, (title, values) in zip(axes, found.items(), strict=True):
    for k, name in enumerate(NAMES):
        mean, sd = values[..., k].mean(axis=1), values[..., k].std(axis=1)
        style = (
            {"color": "gray", "linestyle": ":"}
            if k == 2
            else {"color": f"C{k}"}
        )
        ax.errorbar(
            COUNTS,
            mean,
            sd,
            marker="o",
            markersize=4,
            capsize=2,
            label=name,
            **style,
        )
    ax.set(xscale="log", xlabel="labelled images", title=title)
    ax.set_xticks(COUNTS, [str(count) for count in COUNTS])
    ax.minorticks_off()
axes[0].set_ylabel("test accuracy")
axes[0].legend(loc="lower right")
for title, values in found.items():
    for count, (pretrained, scratch, linear) in zip(
        COUNTS, values.mean(axis=1), strict=True
    ):
        print(
            f"{title:15} {count:4} labels: pretrained {pretrained:.3f}, "
            f"scratch {scratch:.3f}, logistic {linear:.3f}"
        )
plt.show()

# sphinx_gallery_thumbnail_number = 1
