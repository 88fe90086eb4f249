"""Gradients of a minibatch that workers compute, each those of chunks that it holds."""

import dataclasses
import threading
import uuid
from collections import OrderedDict

import numpy as np

from .. import _tree
from .._gradients import BlockGradients, LostError, summed, summed_blocks
from ..rows import CHUNKS_TOGETHER
from .library import current_client, dask_module


class WorkerGradients:
    """Gradients of the pieces of minibatches, as tasks of the workers of a cluster.

    As of `BlockGradients`, to the bit. A task is a pure function of a chunk, of the parameters, of
    row numbers and of the number of the step: whatever worker is lost, its tasks are made again.
    Parameters are sent once a step, and workers that need them get them from each other. Where a
    rule remembers something from step to step, the process that trains computes by itself.
    """

    def __init__(self, machine, rule, seed, n_threads):
        self._here = BlockGradients(machine, rule, seed, n_threads)
        self._machine, self._seed = machine, seed
        self._client, self._name = current_client(), uuid.uuid4().hex
        self._chunks, self._n_dealt, self._job, self._rule = OrderedDict(), 0, None, rule

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
        client = self._client
        try:
            vector = self._send(f"parameters-{step}", parameters.vector.copy())
            tasks = [
                self._task(rows, piece, number, vector, step, is_long)
                for number, piece in enumerate(batch.pieces)
            ]
            return summed(client.gather(tasks))
        except self._losses() as error:
            raise LostError(f"The scheduler of Dask cannot be reached: {error}") from error

    @staticmethod
    def _losses():
        """Errors that say that there is no scheduler any more."""
        distributed = dask_module("distributed")
        closed = getattr(distributed.client, "ClosedClientError", distributed.CancelledError)
        return closed, distributed.CancelledError, distributed.comm.CommClosedError

    def _send(self, name, value):
        """A future of a value, which the scheduler knows how to make again."""
        with dask_module("dask").config.set(_LARGE):
            return self._client.submit(_itself, value, key=f"{name}-{self._name}")

    def _task(self, rows, piece, number, vector, step, is_long):
        """The future of the gradient of a piece."""
        data = rows.data
        chunk = int(data.chunk_of(piece.numbers[:1])[0])
        if self._job is None:
            job = _Job(self._machine, self._rule, self._seed, _without_rows(rows))
            self._job = self._send(f"rule-{step}", job)
        weights = None if rows.weights is None else rows.weights[piece.numbers]
        local = dataclasses.replace(piece, numbers=piece.numbers - data.limits[chunk])
        rows_of_chunk, place = self._chunk(data, chunk)
        return self._client.submit(
            _gradient, self._job, rows_of_chunk, vector, local, weights, step, is_long,
            key=f"gradient-{step}-{number}-{self._name}", **place,
        )  # fmt: skip

    def _chunk(self, data, number):
        """The future of a chunk, and where it is to be as long as it is gone through.

        Chunks are dealt out in turn: a scheduler would send them all to where the parameters are.
        """
        if number not in self._chunks:
            workers = sorted(self._client.ncores())
            place = {"workers": workers[self._n_dealt % len(workers) :][:1]} if workers else {}
            place["allow_other_workers"] = bool(workers)
            self._n_dealt += 1
            self._chunks[number] = self._client.compute(data.parts[number], **place), place
            if len(self._chunks) > 2 * CHUNKS_TOGETHER:
                self._chunks.popitem(last=False)
        self._chunks.move_to_end(number)
        return self._chunks[number]


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

    def gradient(self, rows, vector, piece, weights, step, is_long):
        """The gradient of a piece, (n_parameters,), and its objective; rows : of its chunk."""
        machine, rule, seed, table = self._given
        own = self._own
        if not hasattr(own, "parameters"):
            own.parameters = _tree.pack(machine)
            own.gradients = BlockGradients(machine, rule, seed, 1)
        own.parameters.vector[:] = vector
        if weights is not None:
            of_all = np.zeros(rows.shape[0])
            of_all[piece.numbers] = weights
            weights = of_all
        table = dataclasses.replace(table, data=rows, weights=weights)
        parts, bound = own.gradients.of_piece(own.parameters, table, piece, step, None, is_long)
        return summed_blocks(parts), bound


def _gradient(job, rows, vector, piece, weights, step, is_long):
    """The gradient of a piece and its objective."""
    return job.gradient(rows, vector, piece, weights, step, is_long)
