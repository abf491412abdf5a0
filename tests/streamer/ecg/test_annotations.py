"""Beats and rhythms are found where a cardiologist marked them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecgstream.streamer.ecg.annotations import Marks, record_marks
from ecgstream.streamer.io.records import Annotations, read_record

_SAMPLES = st.lists(st.integers(0, 50), max_size=20)


@given(_SAMPLES, st.integers(-10, 60), st.integers(0, 60))
def test_marks_of_a_stretch_are_those_within_it(at: list[int], start: int, n: int) -> None:
    marks = Marks(np.array(at, np.int64), [str(i) for i in range(len(at))])
    expected = sorted((s, i) for i, s in enumerate(at) if start <= s < start + n)
    assert marks.within(start, start + n) == [(s, str(i)) for s, i in expected]


@given(_SAMPLES, st.integers(-10, 60), st.integers(1, 60))
def test_the_one_in_force_at_the_start_is_the_newest_by_then(
    at: list[int], start: int, n: int
) -> None:
    marks = Marks(np.array(at, np.int64), [""] * len(at))
    found = [sample for sample, _ in marks.within(start, start + n, before=True)]
    within = sorted(s for s in at if start <= s < start + n)
    earlier = [s for s in at if s < start]
    in_force = [max(earlier)] if earlier and start not in at else []
    assert found == in_force + within


def test_beats_and_rhythms_are_told_from_other_annotations() -> None:
    symbols, notes = ["+", "N", "~", "V", '"', "+", "x"], ["(N", "", "", "", "TS", "(VT", ""]
    marks = record_marks(Annotations(np.arange(7) * 100, symbols, notes))
    assert marks.beats.within(0, 1000) == [(100, "N"), (300, "V")]
    assert marks.rhythms.within(0, 1000) == [(0, "(N"), (500, "(VT")]


def test_a_record_without_annotations_has_no_marks() -> None:
    marks = record_marks(None)
    assert not marks.beats.within(0, 10**9) and not marks.rhythms.within(5, 10**9, before=True)


def test_marks_of_a_whole_record_are_all_there(databases: Path) -> None:
    record = read_record("mitdb/114", databases)
    marks = record_marks(record.annotations)
    assert len(marks.beats.text) == 1879 and {"N", "V"} < set(marks.beats.text)
    assert marks.rhythms.text[0] == "(N"
