"""Collections of Dask: tables in chunks, on this machine or on many.

Nothing here schedules, sends or stores: chunks of rows become the arguments of Dask's tasks, and
what is learnt from them its reductions. Chunks decide every result, and workers none. Dask is
imported where it is needed.
"""

from .answers import Call, mapped
from .chunks import check_chunks, chunks_of, kind_of, weights_by_chunk
from .drawing import lazy_sample
from .gradients import WorkerGradients
from .library import current_client, is_in_task
from .patterned import PatternedChunks
from .reductions import by_chunk, computed, summed
from .rows import ChunkedRows
from .shipment import Shipment, VersionError, check_workers, shipped

__all__ = [
    "Call",
    "ChunkedRows",
    "PatternedChunks",
    "Shipment",
    "VersionError",
    "WorkerGradients",
    "by_chunk",
    "check_chunks",
    "check_workers",
    "chunks_of",
    "computed",
    "current_client",
    "is_in_task",
    "kind_of",
    "lazy_sample",
    "mapped",
    "shipped",
    "summed",
    "weights_by_chunk",
]
