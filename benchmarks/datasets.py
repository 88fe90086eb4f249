"""Public binary data sets, each with rows to train on, to validate on, and to test on.

A folder holds one ``NAME.npz`` for each: ``train``, ``valid`` and ``test`` as bits packed along the
rows (`numpy.packbits`), and ``n_features``.
"""

import pathlib

import numpy as np

TWENTY = (
    "nltcs", "msnbc", "kdd", "plants", "jester", "bnetflix", "accidents", "tretail", "dna", "msweb",
    "book", "cwebkb", "c20ng", "bbc",
)  # fmt: skip
UCI = ("uci_adult", "uci_mushrooms", "uci_dna", "uci_nips")


def load(folder, name):
    """The splits of a data set: uint8 arrays (n_rows, n_features)."""
    with np.load(pathlib.Path(folder) / f"{name}.npz") as file:
        count = int(file["n_features"])
        return {
            split: np.unpackbits(file[split], axis=1, count=count)
            for split in ("train", "valid", "test")
        }
