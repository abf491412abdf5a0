"""B8: the noise of the protocol, and figures that mean what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecgstream.model.data.splits import NOISE_HALF
from ecgstream.model.evaluation.benchmarks import b8_mixed_noise as b8
from ecgstream.model.evaluation.benchmarks.b1_qtdb import iir
from ecgstream.model.evaluation.methods import Signals
from ecgstream.streamer.ecg.noise import RECORDED
from ecgstream.streamer.io.records import find_record
from helpers.beat_records import write_beats

RECORD = "sela"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_beats(tmp_path, RECORD, [200] * 30)  # 24 s
    rng = np.random.default_rng(0)
    halves = {kind: rng.normal(size=(NOISE_HALF, 2)) for kind in RECORDED}
    monkeypatch.setattr(b8, "noise_halves", lambda data, *, test: halves)
    return tmp_path


def unchanged(x: Signals) -> Signals:
    return x


def test_both_signals_are_cut_into_ten_seconds_without_what_lies_outside_the_band(
    data: Path,
) -> None:
    crops = b8.clean_crops(RECORD, data)
    assert crops.shape == (2 * 2, 3600)
    np.testing.assert_allclose(crops[:2], -crops[2:], atol=1e-3)
    power = np.abs(np.fft.rfft(crops * np.hanning(3600))) ** 2
    assert power[:, 500:].sum() < 0.01 * power.sum()  # 50 Hz and above
    assert abs(crops.mean()) < 0.01


def test_smoothing_lowers_the_beats_and_with_them_the_noise(data: Path) -> None:
    sharp, smooth = (b8.crops(RECORD, data, n) for n in b8.REFERENCES.values())
    assert np.ptp(smooth.clean) < 0.9 * np.ptp(sharp.clean)
    added = [c.noisy - c.clean for c in (sharp, smooth)]
    ratio = np.ptp(smooth.clean, axis=1) / np.ptp(sharp.clean, axis=1)
    np.testing.assert_allclose(added[1], added[0] * ratio[:, None])


def test_noise_is_as_high_as_the_protocol_says(data: Path) -> None:
    clean, noisy = b8.crops(RECORD, data)
    ratio = np.ptp(noisy - clean, axis=1) / np.ptp(clean, axis=1)
    assert ((ratio >= 0.2 - 1e-9) & (ratio < 2)).all()
    np.testing.assert_allclose(100 * ratio, np.round(100 * ratio), atol=1e-6)
    assert len(set(np.round(ratio, 6))) > 1


def test_em_and_ma_outweigh_bw_as_in_the_published_formula() -> None:
    kinds = {"bw": 1.0, "em": 0.0, "ma": 0.0}
    halves = {kind: np.full((NOISE_HALF, 2), value) for kind, value in kinds.items()}
    draws = [b8.mixed_noise(halves, np.random.default_rng(seed))[0] for seed in range(300)]
    assert 0 <= min(draws) < 0.1 and 0.9 < max(draws) <= 1  # a1 / 100
    moved = {**halves, "em": np.ones((NOISE_HALF, 2)), "ma": np.ones((NOISE_HALF, 2))}
    draws = [b8.mixed_noise(moved, np.random.default_rng(seed))[0] for seed in range(300)]
    assert 90 < max(draws) <= 100  # (100 - a1) (a2 + 100 - a2) / 100


def test_noise_of_a_record_does_not_depend_on_what_ran_before(data: Path) -> None:
    first, again = b8.crops(RECORD, data), b8.crops(RECORD, data)
    np.testing.assert_array_equal(first.noisy, again.noisy)
    write_beats(data, "selb", [200] * 30)
    other = b8.crops("selb", data)
    np.testing.assert_array_equal(first.clean, other.clean)
    assert not np.allclose(first.noisy, other.noisy)


def test_figures_follow_their_definitions() -> None:
    clean = np.array([[1.0, -1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 2.0]])
    noisy, y = clean + 2, clean + 1
    found = b8.scores(clean, noisy, y)
    np.testing.assert_allclose(found["ssd"], 4)
    np.testing.assert_allclose(found["mad"], 1)
    np.testing.assert_allclose(found["gain"], 10 * np.log10(4))
    mean = clean.mean()  # of all crops
    np.testing.assert_allclose(found["prd"], 100 * np.sqrt(4 / np.square(y - mean).sum(axis=1)))


def test_nothing_gains_nothing_and_the_filter_gains(data: Path) -> None:
    methods = {"nothing": unchanged, b8.FILTER: b8._filtered}
    rows = b8.run_record(RECORD, data, methods)
    found = {(r["reference"], r["method"]): r for r in b8.summary(rows)}
    for reference in b8.REFERENCES:
        nothing, filtered = found[reference, "nothing"], found[reference, b8.FILTER]
        assert nothing["crops"] == 4
        assert nothing["gain"] == pytest.approx([0, 0], abs=1e-4)
        assert filtered["gain"][0] > 3 and filtered["ssd"][0] < nothing["ssd"][0]


@pytest.mark.parametrize("beat_list", ["published", "development"])
def test_published_rows_stand_beside_the_published_list_alone(beat_list: str) -> None:
    figures = {metric: [1.0, 0.5] for metric in b8.METRICS}
    rows = [{"reference": r, "method": "shipped", "crops": 3, **figures} for r in b8.REFERENCES]
    section = {"list": beat_list, "published": b8.PUBLISHED, "rows": rows}
    tables = b8.BENCHMARK.tables(section)
    expected = 1 + (len(b8.PUBLISHED) if beat_list == "published" else 0)
    assert [len(table.rows) for table in tables] == [expected] * 2
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.headings)}
    (note,) = b8.BENCHMARK.notes(section)
    assert "50 Hz" in note.text


def test_published_filter_gains_on_a_person_what_was_published(databases: Path) -> None:
    if find_record("qtdb/sel302", databases) is None:
        pytest.skip("takes QTDB: point ECG_DATA to a folder that has qtdb/sel302")
    rows = b8.run_record("sel302", databases, {b8.IIR: iir})
    for row in b8.summary(rows):
        assert row["crops"] == 180
        assert row["gain"][0] == pytest.approx(b8.PUBLISHED["IIR"][-1], abs=2)
