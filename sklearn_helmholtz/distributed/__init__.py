"""Collections of Dask: tables in chunks, on this machine or on many.

Nothing here schedules, sends or stores: chunks of rows become the arguments of Dask's tasks, and
what is learnt from them its reductions. Chunks decide every result, and workers none. Dask is
imported where it is needed.
"""

from .answers import Call, mapped
from .chunks import check_chunks, chunks_of, kind_of, weights_by_chunk
from .drawing import lazy_sample
from .reductions import by_chunk, computed, summed
from .shipment import Shipment, VersionError, shipped

__all__ = [
    "Call",
    "Shipment",
    "VersionError",
    "by_chunk",
    "check_chunks",
    "chunks_of",
    "computed",
    "kind_of",
    "lazy_sample",
    "mapped",
    "shipped",
    "summed",
    "weights_by_chunk",
]
