"""The order of binary columns in the tree that has the highest likelihood."""

import numpy as np
from scipy.special import xlogy

from ..rows import pair_sums

_PAIRS = 2**21  # of columns that are counted together: 16 MB for each kind of sum
_CELLS = 0.25  # added to each of the four counts of a pair


def tree_order(data, indices, weights=None):
    """The columns in the order of a tree, the root first and parents before children, (n_columns,).

    The tree ``p(x) = prod_i p(x_i | x_parent(i))`` of the highest likelihood of some rows of an
    array or CSR matrix of zeros and ones, NaN where missing [1]_. Values between 0 and 1 count as
    shares. Each pair of columns is counted in the rows where both are observed. The root is the
    column that tells most of all others together, and then follows that of which one before tells
    most [2]_. weights : (n_rows,) of all rows, or None. The work grows with the square of the
    columns, as do 4 bytes of memory for each pair of them.

    References
    ----------
    .. [1] Chow & Liu (1968), Approximating discrete probability distributions with dependence
           trees, IEEE Transactions on Information Theory 14, 462-467.
    .. [2] Prim (1957), Shortest connection networks and some generalizations, Bell System
           Technical Journal 36, 1389-1401.
    """
    return maximum_tree(pair_information(data, indices, weights))[0]


def pair_information(data, indices, weights=None):
    """Mutual information of each pair of binary columns, nats, (n_columns, n_columns) float32."""
    d = data.shape[1]
    information, step = np.empty((d, d), np.float32), max(_PAIRS // d, 1)
    for start in range(0, d, step):
        place = slice(start, min(start + step, d))
        information[place] = _information(*pair_sums(data, indices, weights, place))
    np.fill_diagonal(information, 0)
    return information


def _information(both, first, second, total):
    """Mutual information of pairs of columns, nats; as `pair_sums` returns their sums."""
    cells = both, first - both, second - both, total - first - second + both
    n = total + 4 * _CELLS
    a, b = ((ones + 2 * _CELLS) / n for ones in (first, second))
    margins = a * b, a * (1 - b), (1 - a) * b, (1 - a) * (1 - b)
    shares = ((np.maximum(cell, 0) + _CELLS) / n for cell in cells)
    return sum(xlogy(share, share / margin) for share, margin in zip(shares, margins, strict=True))


def maximum_tree(information):
    """Order and parents of the spanning tree of the largest sum of (n, n) symmetric numbers."""
    n = len(information)
    root = int(information.sum(axis=1, dtype=np.float64).argmax())
    order, parents = np.empty(n, np.int64), np.full(n, root)
    closest, outside = information[root].astype(np.float64), np.ones(n, bool)
    order[0], parents[root], outside[root] = root, -1, False
    for place in range(1, n):
        column = int(np.where(outside, closest, -np.inf).argmax())
        order[place], outside[column] = column, False
        closer = outside & (information[column] > closest)
        closest[closer], parents[closer] = information[column][closer], column
    return order, parents
