"""Ring buffer of several signals, contiguous in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class RingBuffer:
    """Keeps at least the newest `keep` columns of `rows`; older ones are overwritten.

    Columns are appended far more often than they are moved, and never one by one.
    """

    def __init__(self, rows: int, keep: int, dtype: npt.DTypeLike = np.float32) -> None:
        self._keep = keep
        self._memory = np.zeros((rows, 2 * keep), dtype)
        self._end = keep

    def append(self, columns: npt.NDArray[Any]) -> None:
        """Add `columns` (rows, n) behind the newest ones."""
        n = columns.shape[1]
        end = self._end + n
        if end > self._memory.shape[1]:
            end = self._make_room(n)
        self._memory[:, end - n : end] = columns
        self._end = end

    def _make_room(self, n: int) -> int:
        kept = self._memory[:, self._end - self._keep : self._end]
        if self._keep + n > self._memory.shape[1]:
            self._memory = np.zeros((len(kept), 2 * self._keep + n), self._memory.dtype)
        self._memory[:, : self._keep] = kept
        return self._keep + n

    def fill(self, rows: npt.NDArray[np.intp], values: npt.NDArray[Any]) -> None:
        """Set all kept columns of these rows to their value of `values` (k,)."""
        self._memory[rows] = values[:, None]

    def newest(self, n: int, skip: int = 0) -> npt.NDArray[Any]:
        """The newest `n` columns before the last `skip`, (rows, n): a view until `append`."""
        end = self._end - skip
        return self._memory[:, end - n : end]

    def windows(self, n: int, hop: int, count: int, skip: int = 0) -> npt.NDArray[Any]:
        """The newest `count` windows of `n` columns, `hop` apart, (rows, count, n): a view.

        The last one ends `skip` columns before the newest.
        """
        memory = self._memory
        row, column = memory.strides
        first = self._end - skip - n - (count - 1) * hop
        return np.ndarray(
            (len(memory), count, n),
            memory.dtype,
            memory,
            first * column,
            (row, hop * column, column),
        )
