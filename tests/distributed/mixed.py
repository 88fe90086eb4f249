"""Tables of mixed columns as collections whose partitions list other levels."""

from itertools import pairwise

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd

from tests.mixed_frames import typed_frame


def frame(gaps=0.05):
    """Columns of all kinds, of 300 rows that are sorted by their levels: chunks have others."""
    found = typed_frame(n_rows=300, gaps=gaps).sort_values("job", ignore_index=True)
    odd = np.random.default_rng(1).random(300)
    return found.assign(
        age=np.arange(300) % 70 + 18, is_old=odd < 0.5, odd=odd, few=pd.Categorical(odd < 0.2)
    )


def cut(table, ends=(0, 61, 161, 161, 162, 300)):
    """The table in chunks whose categories are those that each of them holds, where unordered."""
    parts = [table.iloc[a:b] for a, b in pairwise(ends)]
    for name in ("sex", "job"):
        parts = [part.assign(**{name: used(part[name])}) for part in parts]
    meta = table.iloc[:0].astype({"sex": "category", "job": "category"})
    return joined(parts, meta)


def used(column):
    return column.cat.remove_unused_categories()


def whole(collection):
    """The same table as one chunk."""
    return joined([collection.compute()], collection._meta)


def joined(parts, meta=None):
    """Some tables as the partitions of one."""
    meta = parts[0].iloc[:0] if meta is None else meta
    return dd.from_delayed([dask.delayed(part) for part in parts], meta=meta, verify_meta=False)
