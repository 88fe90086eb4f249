"""
How do I learn from files that no memory holds?
===============================================

A table in a folder of Parquet files is often larger than memory. Dask reads it a file at a time,
and machines learn from what Dask reads: an epoch goes through the files in a random order, and
holds few of them at any time. This example runs at home with a folder of your own.
"""

# %%
# A folder of files
# -----------------
# Here twelve files of 2,000 rows are made for the purpose: answers of yes and no to thirty
# questions, with some hidden causes in common. One answer in twenty is missing.

import tempfile
from pathlib import Path

import dask.dataframe as dd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.datasets import make_planted_net
from sklearn_helmholtz.plotting import TrainingCurveDisplay

home = tempfile.TemporaryDirectory()
folder = Path(home.name)
(folder / "answers").mkdir()
names = [f"question_{number}" for number in range(30)]
rows = make_planted_net(24_000, n_features=30, random_state=0)[0]
rng = np.random.default_rng(0)
rows = np.where(rng.random(rows.shape) < 0.05, np.nan, rows)
for number, part in enumerate(np.split(rows.astype(np.float32), 12)):
    file = folder / "answers" / f"part_{number:02}.parquet"
    pd.DataFrame(part, columns=names).to_parquet(file)

# %%
# Nothing is read yet: the collection knows the files, and the names and types of their columns.

answers = dd.read_parquet(folder / "answers")
train, test = answers.partitions[:10], answers.partitions[10:]
print(f"{len(answers.columns)} columns, {answers.npartitions} files")

# %%
# Learning
# --------
# `fit` takes it in the place of a table. It reads all files once for their means and the number of
# their rows, and then once for each epoch. Rows that are held out for early stopping are read once
# more after each.

machine = HelmholtzMachine(
    (20,), early_stopping=True, max_iter=20, random_state=0
)
machine.fit(train)
print(f"{machine.n_iter_} epochs, {machine.score(test):.3f} nats per row")

fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
TrainingCurveDisplay.from_estimator(machine, ax=ax)
plt.show()

# %%
# Answers, file by file
# ---------------------
# What the model has to say about the rows is a collection again, which nobody has computed before
# it is written: here the same files without gaps, and the log-likelihood of each row beside them.

complete = machine.impute(answers)
complete["log_likelihood"] = machine.score_samples(answers)
complete.to_parquet(folder / "complete", write_index=False)
written = dd.read_parquet(folder / "complete")
n_gaps = int(written.isna().sum().sum().compute())
print(f"{written.npartitions} files, {n_gaps} gaps")

# %%
# The first rows of the last file, as it was and as it is:

before = answers.partitions[-1].head(3)[names[:6]]
after = written.partitions[-1].head(3)[names[:6]].round(2)
print(before, after, sep="\n\n")

# %%
# On a cluster the same lines run as they are, once there is a ``Client`` of ``distributed``: see
# :doc:`/beyond_one_machine`.

home.cleanup()

# sphinx_gallery_thumbnail_number = 1
