"""A batch of windows → forecasts, on ONNX Runtime: the only inference that `predict` needs, without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from forecaster.base.errors import ModelError
from forecaster.base.machine import usable_cores
from forecaster.base.runtime import prepare_onnx, threads_to_use
from forecaster.base.system import check_exhausted
from forecaster.model.rounds import check_rounds_of, last_output_alone

BATCH = 512
"""Windows in one call of the graph: its intermediate results stay near the processor, and memory flat."""

FEW = 64
"""Windows from which on it is worth it to share them out to threads."""

MOST_THREADS = 8
"""Threads that work side by side: beyond these, NumPy's short operations wait for the interpreter."""

T = TypeVar("T")
R = TypeVar("R")

EXTERNAL = b"location"
"""The key under which an ONNX tensor names a file, or an address in memory, to take its numbers from. No graph of ours
holds the word."""


def onnx_options() -> Any:
    """Return ONNX Runtime's options for a session: errors alone are logged, and a call calculates with one thread.

    Threads of its own that share a call wait for each other, which takes processor time for nothing: `side_by_side`
    gives each thread calls of its own.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return options


def open_session(graph: bytes) -> Any:
    """Return ONNX Runtime's session for a graph whose bytes were checked already.

    Raises:
        ModelError: It would read other files, may run without end, or ONNX Runtime does not take it.
    """
    prepare_onnx()
    import onnxruntime

    if EXTERNAL in graph:
        raise ModelError("the serving graph takes numbers from other files: it is not one of ours")
    check_rounds_of(graph)
    try:
        return onnxruntime.InferenceSession(
            graph, onnx_options(), providers=["CPUExecutionProvider"], enable_fallback=0
        )  # its fallback, to what was asked for already, begins with a print to stdout
    except Exception as error:  # ONNX Runtime's exceptions have no common root but Exception
        check_exhausted(error)
        raise ModelError(f"the serving graph cannot be loaded: {str(error)[:200]}") from error


def threads_for(parts: int) -> int:
    """Return how many threads some parts of work are done in: as this process may use, and no more than parts."""
    return min(parts, threads_to_use() or usable_cores(), MOST_THREADS)


def side_by_side(work: Callable[[T], R], parts: Sequence[T]) -> Iterator[R]:
    """Do the parts of some work in as many threads as there are cores, and yield what comes of each in their order.

    NumPy and ONNX Runtime calculate each with one thread then: less time goes into threads that wait for each other.
    """
    if (threads := threads_for(len(parts))) < 2:
        yield from map(work, parts)
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield from pool.map(work, parts)
    finally:
        pool.shutdown(cancel_futures=True)


class Server:
    """A serving graph, loaded. Thread-safe."""

    def __init__(self, graph: bytes, draws: int = 0) -> None:
        """Load the graph from bytes that were checked already.

        Args:
            graph: What `network.serving_graph` returned.
            draws: How often it asks itself about each window, under another mask each time.

        Raises:
            ModelError: It would read other files, has other inputs and outputs than ours, or ONNX Runtime does not
                take it.
        """
        self._graph, self._session = graph, open_session(graph)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) not in (1, 2):
            raise ModelError("the serving graph has other inputs and outputs than ours")
        self._input, self._outputs = inputs[0].name, [output.name for output in outputs]
        self._batch = BATCH // max(draws, 1) or 1

    def answer(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answers [N, M, R] of the M networks to N windows [N, K, C], in scaled units.

        Raises:
            ModelError: The graph is not for such windows.
        """
        return self._run(self._session, inputs)

    def answer_first(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answer [N, 1, R] of the first network alone; the others do not run, where the graph allows that.

        Raises:
            ModelError: The graph is not for such windows.
        """
        return self._run(self._alone, inputs)[:, :1]

    @property
    def members(self) -> int:
        """How many networks there are, M; 1 where the graph does not say."""
        count = self._session.get_outputs()[0].shape[1]
        return count if isinstance(count, int) else 1

    def alone(self, member: int) -> Server:
        """Return one network of the ensemble, from 0, on the same graph."""
        return _Member(self, member)

    @cached_property
    def _alone(self) -> Any:
        """The session of the first network alone; that of all where the graph cannot be cut."""
        cut = last_output_alone(self._graph) if len(self._outputs) > 1 else None
        return self._session if cut is None else open_session(cut)

    def _run(self, session: Any, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        output = self._outputs[0] if session is self._session else self._outputs[-1]
        try:
            parts = list(
                side_by_side(lambda part: session.run([output], {self._input: part})[0], self._batches(inputs))
            )
        except Exception as error:  # as above
            check_exhausted(error)
            raise ModelError(f"the serving graph cannot answer: {str(error)[:200]}") from error
        return np.concatenate(parts) if parts else np.empty((0, 1, 1), np.float32)

    def _batches(self, inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        rows = min(self._batch, max(-(-len(inputs) // threads_for(MOST_THREADS)), FEW))
        return [inputs[i : i + rows] for i in range(0, len(inputs), rows)]


class _Member(Server):
    """One network of an ensemble; the others run too, and are not listened to."""

    def __init__(self, whole: Server, member: int) -> None:
        self._whole, self._member = whole, member

    @property
    def members(self) -> int:
        return 1

    def answer(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._whole.answer(inputs)[:, self._member : self._member + 1]

    def answer_first(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.answer(inputs)
