"""B6.2: a flag that is set where people see noise is told from one that is not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecgstream import Quality
from ecgstream.model.data.splits import TRAINING_RECORDS, VALIDATION_RECORDS
from ecgstream.model.evaluation import real_noise_records
from ecgstream.model.evaluation.benchmarks import b6_real_noise as b6
from ecgstream.model.evaluation.cache import ResultCache
from ecgstream.model.evaluation.methods import FlaggedMethod
from ecgstream.model.evaluation.real_noise_records import CINC2017, DPMOTION, absent, grades
from ecgstream.model.evaluation.runner import Evaluation
from ecgstream.model.evaluation.subjects import Model
from ecgstream.streamer.denoiser import Denoised
from ecgstream.streamer.engine.normalization import Floats
from ecgstream.streamer.io.records import RecordError
from ecgstream.streamer.network.shipped import SHIPPED_MODEL
from helpers.recordings import ecg, write_wfdb

GRADED = "dpmotion/d01_01_klud"
SECONDS = 20


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twenty seconds in the form of `dpmotion`, noisy from the tenth on, and two of `cinc2017`."""
    folder = tmp_path / "dpmotion"
    motion = ecg(SECONDS, 500, signals=1)
    motion[5000:] += np.random.default_rng(1).normal(0, 0.5, (5000, 1)).astype(np.float32)
    write_wfdb(folder, "d01_01_klud", motion, 500)
    (folder / "labels").mkdir()
    rows = [f"{start};{start + 1000};1;{4 if start >= 5000 else 1};1" for start in _STARTS]
    _labels(tmp_path).write_text("\n".join(["start;end;activity;artifact;electrode", *rows]))
    clean = ecg(SECONDS, 300, signals=1)
    noise = np.random.default_rng(2).normal(0, 1, clean.shape).astype(np.float32)
    write_wfdb(tmp_path / "cinc2017", "A00001", clean, 300)
    write_wfdb(tmp_path / "cinc2017", "A00205", clean + noise, 300)
    (tmp_path / "cinc2017" / "REFERENCE.csv").write_text("A00001,N\nA00205,~\nA00007,B\n")
    return tmp_path


_STARTS = range(0, 500 * SECONDS, 1000)


def _labels(data: Path) -> Path:
    return data / "dpmotion" / "labels" / "d01_01_klud.csv"


def knowing(fs: float) -> FlaggedMethod:
    """A flag and an error that know where the noise is: where the signal is steep for long."""

    def method(x: Floats) -> Denoised:
        steep = np.abs(np.diff(x[:, 0], prepend=x[:1, 0]))
        power = np.convolve(steep, np.ones(round(fs)) / fs, "same")[:, None]
        quality = np.where(power > 0.2, np.uint8(Quality.UNCERTAIN), np.uint8(Quality.SETTLING))
        return Denoised(x, quality, power.astype(np.float32))

    return method


def blind(x: Floats) -> Denoised:
    """No flag and no error, and nothing removed."""
    return Denoised(x, np.zeros(x.shape, np.uint8), np.full(x.shape, np.nan, np.float32))


def test_the_score_is_the_rms_of_the_band_over_the_height_of_the_signal() -> None:
    signal = np.tile(np.array([-1, 1], np.float32), 100)
    error = np.repeat(np.array([0.2, 0.6], np.float32), 100)
    error[:50], error[50:100] = 0.1, 0.7
    segments = np.array([[0, 100], [100, 200]])
    found = b6.band_ratios(signal, error, segments)
    np.testing.assert_allclose(found, [0.25, 0.3], rtol=1e-6)
    flat = b6.band_ratios(0 * signal, error, segments)
    np.testing.assert_allclose(flat, [5, 6], rtol=1e-6)  # beside 0.1 mV
    gap = np.where(np.arange(200) < 100, np.nan, signal).astype(np.float32)
    assert np.isnan(b6.band_ratios(gap, error, segments)).tolist() == [True, False]


@pytest.mark.parametrize("fs", [300, 500])
def test_a_network_without_error_is_scored_by_the_steepness_of_what_it_removes(fs: int) -> None:
    clean = ecg(SECONDS, fs, signals=1)[:, 0]
    noise = np.random.default_rng(0).normal(0, 0.3, len(clean)) * (np.arange(len(clean)) > 10 * fs)
    x = (clean + noise).astype(np.float32)
    x[:fs] = np.nan
    found = b6.slope_ratios(x, clean, fs, b6.two_seconds(len(x), fs), 16)
    assert len(found) == SECONDS / 2 and np.isfinite(found).all()
    assert found[:5].max() < 0.01 < 1 < found[6:].min()


def test_auc_is_1_for_a_perfect_score_and_unknown_without_two_kinds() -> None:
    assert b6.auc([0.1, 0.2, 0.9], [False, False, True]) == 1
    assert b6.auc([0.9, 0.2, 0.1], [False, False, True]) == 0
    assert b6.auc([0.9, None, 0.1], [True, False, False]) == 1
    assert b6.auc([0.1, None, 0.9], [False, True, False]) is None


def test_a_flag_that_knows_is_told_from_one_that_does_not(data: Path) -> None:
    methods = {"knowing": knowing(500), "blind": blind}
    rows = b6.run_record(GRADED, data, methods)
    assert json.loads(json.dumps(rows)) == rows
    good, bad = b6.summarize_grades(rows)
    assert (good["score"], bad["score"]) == ("band", "slope")
    assert [g["segments"] for g in good["grades"]] == [5, 0, 0, 5]
    assert good["auc_3"] == good["auc_4"] == 1
    clean, *between, noisy = good["grades"]
    assert clean["flagged"] < 10 and noisy["flagged"] > 90
    assert [g["flagged"] for g in between] == [None, None]
    # The clean segment before the noise hears of it.
    assert clean["above"][0] <= 20 and noisy["above"][0] == 100
    assert good["false_alarms"] == 20
    assert [g["flagged"] for g in bad["grades"]] == [0, None, None, 0]
    assert bad["false_alarms"] == 0 and bad["unscored"] == 0


def test_records_of_a_class_are_told_from_those_of_another(data: Path) -> None:
    rows = [
        row
        for record in ("cinc2017/A00001", "cinc2017/A00205")
        for row in b6.run_record(record, data, {"knowing": knowing(300)})
    ]
    assert json.loads(json.dumps(rows)) == rows
    assert [row["class"] for row in rows] == ["N", "~"]
    (found,) = b6.summarize_classes(rows)
    assert found["auc"] == 1
    flagged = {c["class"]: (c["records"], c["flagged"]) for c in found["classes"]}
    assert flagged["A"] == (0, None)
    assert flagged["N"] == (1, 0) and flagged["~"][1] > 90
    assert b6.summarize_grades(rows) == []


@pytest.mark.parametrize(
    "labels",
    [
        "start;end;artifact\n0;1000;5",
        "start;end;artifact\n0;99000;1",
        "start;end;artifact\n1000;1000;1",
        "start;end\n0;1000",
        "start;end;artifact\n0;1000;clean",
        "start;end;artifact\n0;1000",
    ],
)
def test_labels_that_make_no_sense_are_an_error(data: Path, labels: str) -> None:
    _labels(data).write_text(labels)
    with pytest.raises(RecordError, match=r"labels .*d01_01_klud"):
        grades(GRADED, data, 500 * SECONDS)


def test_classes_that_make_no_sense_are_an_error(data: Path) -> None:
    (data / "cinc2017" / "REFERENCE.csv").write_text("A00001;N\n")
    with pytest.raises(RecordError, match=r"classes .*REFERENCE\.csv"):
        real_noise_records.classes(data)


def test_a_record_at_another_rate_than_its_database_is_an_error(data: Path) -> None:
    write_wfdb(data / "cinc2017", "A00001", ecg(SECONDS, 250, signals=1), 250)
    with pytest.raises(RecordError, match="250 Hz"):
        b6.run_record("cinc2017/A00001", data, {"blind": blind})


def test_what_lacks_is_named_with_its_labels(data: Path) -> None:
    records = ("dpmotion/d01_01_beh", GRADED, "cinc2017/A00001", "cinc2017/A00007")
    labels = "dpmotion/labels/d01_01_beh.csv"
    assert absent(records, data) == [records[0], records[3], labels, "cinc2017/REFERENCE.csv"]
    _labels(data).unlink()
    (data / "cinc2017" / "REFERENCE.csv").unlink()
    assert absent(records, data)[:4] == list(records)


def test_no_recording_of_real_noise_trains_or_is_in_the_project() -> None:
    assert (len(set(DPMOTION)), len(set(CINC2017))) == (75, 154)
    assert not {*DPMOTION, *CINC2017} & {*TRAINING_RECORDS, *VALIDATION_RECORDS}
    assert "GPL-3" in b6.BENCHMARK.description and "trains nothing" in b6.BENCHMARK.description


def test_records_that_are_there_are_scored_and_the_others_named(data: Path, tmp_path: Path) -> None:
    models = {"shipped": Model(SHIPPED_MODEL)}
    run = Evaluation(data, ResultCache(tmp_path / "cache"), models, with_filters=False)
    section = b6.BENCHMARK.run(run)
    assert section is not None and section["records"] == 3
    missing = b6.BENCHMARK.missing(run)
    assert "dpmotion/d05_03_ruky" in missing and GRADED not in missing
    graded, classed, thresholds = b6.BENCHMARK.tables(section)
    assert [len(table.rows) for table in (graded, classed, thresholds)] == [1, 1, 10]
    figures = {
        target.what: target.find({"real": section}, "shipped") for target in b6.BENCHMARK.targets
    }
    (found,) = section["dpmotion"]
    assert figures["motion: flagged of grade 4"] == found["grades"][3]["flagged"]
    assert figures["CinC 2017: AUC of ~ against N"] == section["cinc2017"][0]["auc"]
    again = b6.BENCHMARK.run(run)
    assert again == section


def test_graded_motion_is_not_for_choosing_models(tmp_path: Path) -> None:
    run = Evaluation(tmp_path, ResultCache(tmp_path), {}, test=False, with_filters=False)
    assert b6.BENCHMARK.scored(run) == CINC2017
