"""Gradients of a minibatch that workers compute, each those of chunks that it holds."""

import dataclasses
import math
import threading
import uuid

import numpy as np

from .. import _tree
from .._gradients import BlockGradients, PieceSum, sum_of_pieces, summed_blocks
from .homes import ChunkHomes
from .library import current_client, dask_module
from .losses import losses_told


class WorkerGradients:
    """Gradients of the pieces of minibatches, as tasks of the workers of a cluster.

    As of `BlockGradients`, to the bit. A task is a pure function of chunks, of the parameters, of
    row numbers and of the number of the step: whatever worker is lost, its tasks are made again.
    It computes some neighbouring pieces, and what comes back is their sum. Where a rule remembers
    something from step to step, the process that trains computes by itself.
    """

    def __init__(self, machine, rule, seed, n_threads):
        self._here = BlockGradients(machine, rule, seed, n_threads)
        self._machine, self._seed, self._rule, self._job = machine, seed, rule, None
        self._client, self._name = current_client(), uuid.uuid4().hex
        self._homes = ChunkHomes(self._client)

    @property
    def rule(self):
        """The rule as it is at the present stage of a training."""
        return self._rule

    @rule.setter
    def rule(self, rule):
        self._here.rule = rule
        if rule != self._rule:
            self._rule, self._job = rule, None

    def of(self, parameters, rows, batch, step, memory=None, is_long=False):
        """The gradient of a `Batch`, (1, n_parameters), and its objective, nats."""
        if memory is not None and not memory.is_of_one_step:
            return self._here.of(parameters, rows, batch, step, memory, is_long)
        with losses_told(self._client):
            tasks = self._tasks(parameters.vector.copy(), rows, batch.pieces, step, is_long)
            total = sum_of_pieces(self._client.gather(self._added(tasks, step)))
        return total.vector[None], math.fsum(total.bounds)

    def most_together(self, parameters, rows, n_rows, is_long, is_very_long):
        """One: a step has to wait for what workers say of it."""
        return 1

    def _tasks(self, vector, rows, pieces, step, is_long):
        """Futures of the sums of some pieces each, in their order."""
        if self._job is None:
            job = _Job(self._machine, self._rule, self._seed, _without_rows(rows))
            self._job = self._send(f"rule-{step}", job)
        chunks = rows.data.chunk_of(np.array([piece.numbers[0] for piece in pieces]))
        futures, workers = self._homes.of(rows.data, chunks)
        size = pieces_of_a_task(len(pieces), len(workers))
        starts = range(0, len(pieces), size)
        keys = [f"gradient-{step}-{start}-{self._name}" for start in starts]
        local = [_local(rows, *own) for own in zip(pieces, chunks, strict=True)]
        given = [(local[a : a + size], futures[a : a + size]) for a in starts]
        places = [self._homes.place(rows.data, chunks[start]) for start in starts]
        settings = step, is_long
        if len(starts) > _SENT_TO_EACH:
            vector = self._send(f"parameters-{step}", vector)
            return [
                self._client.submit(_gradient, self._job, vector, settings, *own, key=key, **place)
                for own, key, place in zip(given, keys, places, strict=True)
            ]
        with dask_module("dask").config.set(_LARGE):  # one message, which goes where chunks are
            same = ([value] * len(starts) for value in (self._job, vector, settings))
            return self._client.map(_gradient, *same, *zip(*given, strict=True), key=keys)

    def _added(self, tasks, step):
        """Futures of the sums of neighbouring tasks, so few that the client may get them all."""
        level = 0
        while len(tasks) > _COME_BACK:
            level += 1
            tasks = [
                self._client.submit(
                    sum_of_pieces, tasks[start : start + _COME_BACK],
                    key=f"sum-{step}-{level}-{start}-{self._name}",
                )
                for start in range(0, len(tasks), _COME_BACK)
            ]  # fmt: skip
        return tasks

    def _send(self, name, value):
        """A future of a value, which the scheduler knows how to make again."""
        with dask_module("dask").config.set(_LARGE):
            return self._client.submit(_itself, value, key=f"{name}-{self._name}")


def pieces_of_a_task(n_pieces, n_threads):
    """The number of neighbouring pieces whose sum is a task: a power of two.

    So many that the threads of all workers are done soonest, and the largest of such.
    """
    sizes = [2**k for k in range((n_pieces - 1).bit_length(), -1, -1)]

    def pieces_of_the_last(size):
        return size * math.ceil(math.ceil(n_pieces / size) / max(n_threads, 1))

    return min(sizes, key=pieces_of_the_last)


def _local(rows, piece, chunk):
    """A piece whose numbers count the rows of its chunk, and the weights of these, or None."""
    weights = None if rows.weights is None else rows.weights[piece.numbers]
    numbers = piece.numbers - rows.data.limits[chunk]
    return dataclasses.replace(piece, numbers=numbers), weights


# Tasks that get the parameters with them. More than these get them from each other: sending so
# many would keep the client busy.
_SENT_TO_EACH = 4
_COME_BACK = 8  # sums that the client gets, of which workers add more: a power of two
_LARGE = {"distributed.admin.large-graph-warning-threshold": "1 GB"}  # of parameters


def _itself(value):
    """The value that it is given."""
    return value


def _without_rows(rows):
    """A table without its rows and their weights, from which those of chunks are made."""
    return dataclasses.replace(rows, data=None, weights=None)


class _Job:
    """Job of which pieces are parts: a machine of its shape, rule, seed, and a table without rows.

    Each thread of a worker has arrays of its own to write to.
    """

    def __init__(self, machine, rule, seed, table):
        self._given = machine, rule, seed, table
        self._own = threading.local()

    def __reduce__(self):
        return _Job, self._given

    def gradient(self, vector, step, is_long, rows, piece, weights):
        """The `PieceSum` of a piece; rows : of its chunk."""
        machine, rule, seed, table = self._given
        own = self._own
        if not hasattr(own, "parameters"):
            own.parameters = _tree.pack(machine)
            own.gradients, own.vector = BlockGradients(machine, rule, seed, 1), None
        if own.vector is not vector:  # the pieces of a task have the same
            own.parameters.vector[:] = own.vector = vector
        if weights is not None:
            of_all = np.zeros(rows.shape[0])
            of_all[piece.numbers] = weights
            weights = of_all
        table = dataclasses.replace(table, data=rows, weights=weights)
        parts, bound = own.gradients.of_piece(own.parameters, table, piece, step, None, is_long)
        return PieceSum(summed_blocks(parts), (bound,))


def _gradient(job, vector, settings, pieces, chunks):
    """The `PieceSum` of neighbouring pieces, each a pair of itself and its weights.

    settings : the number of the step, and whether training is long.
    """
    return sum_of_pieces(
        job.gradient(vector, *settings, rows, *given)
        for rows, given in zip(chunks, pieces, strict=True)
    )
