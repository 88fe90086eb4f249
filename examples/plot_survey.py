"""
Which answers to a questionnaire do not fit together?
=====================================================

A density model knows how likely a row is, so rows with a low likelihood are candidates for a second
look. The point of the hidden units is that a row can be odd although each of its answers is
common: what does not fit is the combination.
"""

# %%
# A questionnaire
# ---------------
# 18 questions to be answered by yes or no, six on each of three attitudes that people hold or do
# not hold. Half of the questions are worded the other way round. Most people answer according to
# their attitudes, with a few slips; 4 % answer carelessly, tossing a coin for each question.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from sklearn_helmholtz import HelmholtzMachine

rng = np.random.default_rng(0)
n_people, n_attitudes, n_each = 2500, 3, 6
attitudes = rng.random((n_people, n_attitudes)) < 0.5
opinion = np.repeat(attitudes, n_each, axis=1)
reworded = np.arange(n_attitudes * n_each) % 2 == 1
answers = (opinion ^ reworded) ^ (rng.random(opinion.shape) < 0.1)
careless = rng.random(n_people) < 0.04
answers[careless] = rng.random((careless.sum(), answers.shape[1])) < 0.5

print("share of yes, careful people: ", answers[~careless].mean(axis=0).round(1))
print("share of yes, careless people:", answers[careless].mean(axis=0).round(1))

# %%
# No single question tells the two groups apart. A machine with a handful of hidden units learns
# from all rows, the careless ones included, without being told who they are. It has fewer than 15
# hidden units, so its likelihood is exact.

machine = HelmholtzMachine((6, 2), max_iter=60, learning_rate="cosine", random_state=0)
log_p = machine.fit(answers).score_samples(answers)

yes = answers.mean(axis=0)
alone = np.where(answers, np.log(yes), np.log1p(-yes)).sum(axis=1)

# %%
# The machine's log-likelihood tells them apart; that of independent questions cannot. The area
# under the ROC curve is 1 for perfect and 0.5 for no discrimination.

for name, score in {"machine": log_p, "independent questions": alone}.items():
    print(f"{name:>21}: area under the ROC curve {roc_auc_score(careless, -score):.3f}")

limits = np.linspace(log_p.min(), log_p.max(), 40)
fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.hist(log_p[~careless], limits, density=True, alpha=0.6, label="careful")
ax.hist(log_p[careless], limits, density=True, alpha=0.6, label="careless")
ax.set(xlabel="log-likelihood of a row (nats)", ylabel="density")
ax.legend()

# %%
# Where is the contradiction?
# ---------------------------
# Flipping one answer and scoring again shows which answer the rest of the row speaks against: the
# gain in log-likelihood is the log-odds against it, given all the others. Here somebody who would
# answer without slips has ticked the wrong box at question 7.

row = (opinion ^ reworded)[0]
row[7] = ~row[7]
flipped = np.where(np.eye(len(row), dtype=bool), ~row, row)
gain = machine.score_samples(flipped) - machine.score_samples(row[None])

fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.bar(np.arange(len(row)), gain, color=np.where(gain > 0, "C3", "C0"))
ax.axhline(0, color="k", linewidth=0.8)
ax.set(xlabel="question", ylabel="nats gained by the\nopposite answer", xticks=range(len(row)))
plt.show()
