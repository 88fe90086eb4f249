"""Rows of data: tables, the blocks that kernels take, and what columns tell."""

from .batches import Batch, ChunkOrder, WholeOrder, chunks_together
from .block import Block
from .coded import Coded
from .columns import TableLimits, TableSummary, means, moments, rounded_interval, rounding
from .dense import (
    chunks,
    dense_doubles,
    dense_rows,
    row_pieces,
    slices,
    with_column,
    with_columns_in_order,
)
from .keys import content_keys
from .labelled import UNLABELLED, LabelledBlock, LabelledTable
from .limits import minibatches, rows_of_a_block, split_evenly
from .lists import Lists
from .missing import by_pattern, has_missing, missing_per_row
from .pairs import pair_sums
from .reductions import reduced
from .scaling import Scaling, Unscaled
from .table import Table
from .unseen import WithUnseen, with_unseen

__all__ = [
    "UNLABELLED",
    "Batch",
    "Block",
    "ChunkOrder",
    "Coded",
    "LabelledBlock",
    "LabelledTable",
    "Lists",
    "Scaling",
    "Table",
    "TableLimits",
    "TableSummary",
    "Unscaled",
    "WholeOrder",
    "WithUnseen",
    "by_pattern",
    "chunks",
    "chunks_together",
    "content_keys",
    "dense_doubles",
    "dense_rows",
    "has_missing",
    "means",
    "minibatches",
    "missing_per_row",
    "moments",
    "pair_sums",
    "reduced",
    "rounded_interval",
    "rounding",
    "row_pieces",
    "rows_of_a_block",
    "slices",
    "split_evenly",
    "with_column",
    "with_columns_in_order",
    "with_unseen",
]
