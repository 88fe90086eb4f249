"""Times of several parties that take turns in one process."""

import contextlib
import time

from threadpoolctl import threadpool_limits

from .blas import HAS_TORCH

REST = 0.3  # seconds in which the threads of whoever ran before stop spinning


def turns(parties, n_threads, repeats):
    """Seconds of every turn of each party: a list for each, in the order of the turns.

    parties : functions by name; all run once before the first turn, for compilation and buffers.
    BLAS and PyTorch get ``n_threads`` threads.
    """
    seconds = {name: [] for name in parties}
    with _threads(n_threads):
        for run in parties.values():
            run()
        for _ in range(repeats):
            for name, run in parties.items():
                time.sleep(REST)
                start = time.perf_counter()
                run()
                seconds[name].append(time.perf_counter() - start)
    return seconds


@contextlib.contextmanager
def _threads(n_threads):
    if HAS_TORCH:
        import torch

        torch.set_num_threads(n_threads)
    with threadpool_limits(n_threads):
        yield
