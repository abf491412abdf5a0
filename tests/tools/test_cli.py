"""The command line: it teaches, it works as installed, and its errors are one sentence."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from importlib import import_module
from importlib.metadata import metadata
from pathlib import Path
from pkgutil import iter_modules

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from ecgstream.streamer.io.records import ASSETS, read_record
from ecgstream.streamer.network.shipped import SHIPPED
from ecgstream.tools import commands
from ecgstream.tools.cli import main
from ecgstream.tools.options import ModelFile


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def fails(*arguments: str | Path) -> str:
    """The one-line error of a command that must fail, without a traceback."""
    result = run(*arguments)
    assert result.exit_code != 0
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    (line,) = [text for text in result.output.splitlines() if text.startswith("Error: ")]
    return line


def test_help_names_every_subcommand() -> None:
    output = run("--help").output
    for name in "monitor replay denoise train runs export evaluate bench soak records info".split():
        assert f"\n  {name} " in output
        assert run(name, "--help").exit_code == 0


def test_a_new_subcommand_is_one_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heart.py").write_text(
        "import click\n\nEXTRA = 'monitor'\n\n\n@click.command()\ndef heart() -> None:\n"
        "    'Draw a heart.'\n    import no_such_package\n"
    )
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    assert "\n  heart     Draw a heart.\n" in run("--help").output
    assert "(no_such_package): run pip install 'ecgstream[monitor]'" in fails("heart")


def test_the_extra_of_each_subcommand_is_one_that_pip_knows() -> None:
    extras = set(metadata("ecgstream").get_all("Provides-Extra") or ())
    for module in iter_modules(commands.__path__, f"{commands.__name__}."):
        extra = getattr(import_module(module.name), "EXTRA", "all")
        assert extra in extras, module.name


def test_a_subcommand_imports_none_of_the_others() -> None:
    script = (
        "import sys\nfrom ecgstream.tools.cli import main\n"
        "main(['runs', '--help'], standalone_mode=False)\n"
        "print(*(name for name in sys.modules if name.startswith('ecgstream.tools.commands.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split()[-1] == "ecgstream.tools.commands.runs"
    assert "ecgstream.tools.commands.bench" not in done.stdout


@pytest.mark.parametrize(
    "arguments", [["--help"], ["bench", "--seconds", "0.05", "--streams", "1"], ["info"]]
)
def test_small_jobs_load_no_heavy_package(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom ecgstream.tools.cli import main\n"
        f"main({arguments!r}, standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'wfdb', 'matplotlib', 'pyqtgraph', 'PyQt5'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def lookalikes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder with packages of the same names, which fail when they are imported."""
    for name in ("tools", "model", "gui", "streamer", "ecgstream", "numpy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError(__name__)\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("lookalikes")
@pytest.mark.parametrize("arguments", ["info", "bench --seconds 1 --streams 1"])
def test_packages_in_the_current_folder_are_not_taken_for_those_of_the_program(
    arguments: str,
) -> None:
    program = shutil.which("ecgstream", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run([program, *arguments.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "peak memory" in done.stdout


def test_replay_reports_what_it_did() -> None:
    result = run("replay", "--noise", "em", "--snr", "0", "--duration", "20", "--speed", "max")
    assert result.exit_code == 0, result.output
    for word in ("20.00 s of signal", "122 samples, 0.339 s", "real-time factor", "ΔSNR", "sha256"):
        assert word in result.output


def test_replay_gives_the_same_output_every_time() -> None:
    lines = [
        next(
            line
            for line in run("replay", "--duration", "10", "--speed", speed).output.splitlines()
            if "sha256" in line
        )
        for speed in ("max", "200")
    ]
    assert lines[0] == lines[1]


def test_replay_writes_a_record_with_the_annotations_moved_along(
    databases: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out" / "100d"
    arguments = ("--record", "100", "--data", databases, "--start", "30", "--duration", "20")
    result = run("replay", *arguments, "--noise", "bw", "--speed", "max", "--write", target)
    assert result.exit_code == 0, result.output
    written, source = read_record(str(target)), read_record("100", databases)
    assert written.leads == ("MLII input", "MLII denoised", "MLII clean")
    assert written.signals.shape == (7200, 3)
    assert np.isfinite(written.signals).all()
    assert written.annotations is not None and source.annotations is not None
    inside = (source.annotations.sample >= 10_800) & (source.annotations.sample < 18_000)
    np.testing.assert_array_equal(
        written.annotations.sample, source.annotations.sample[inside] - 10_800
    )


def test_replay_marks_a_gap_and_writes_it_as_one(tmp_path: Path) -> None:
    import wfdb

    signal = np.sin(np.arange(3600) / 30)
    signal[1000:1100] = np.nan
    wfdb.wrsamp("gappy", 360, ["mV"], ["II"], signal[:, None], fmt=["16"], write_dir=str(tmp_path))
    target = tmp_path / "gappyd"
    result = run("replay", "--record", tmp_path / "gappy", "--speed", "max", "--write", target)
    assert result.exit_code == 0, result.output
    assert "100 samples without input" in result.output
    denoised = read_record(str(target)).signals[:, 1]
    np.testing.assert_array_equal(np.isnan(denoised), np.isnan(signal))


def test_info_names_the_shipped_model() -> None:
    output = run("info").output
    assert "shipped model" in output and "numpy" in output


def test_a_missing_record_is_named() -> None:
    assert "no record 'nope'" in fails("replay", "--record", "nope", "--speed", "max")


def test_a_missing_signal_gives_a_list_of_those_there_are() -> None:
    error = fails("replay", "--signal", "7", "--speed", "max")
    assert "record 208b has no signal 7; it has 0 (MLII)" in error


def test_a_truncated_record_is_refused(tmp_path: Path) -> None:
    import wfdb

    wfdb.wrsamp(
        "short", 360, ["mV"], ["II"], np.zeros((5000, 1)), fmt=["16"], write_dir=str(tmp_path)
    )
    content = (tmp_path / "short.dat").read_bytes()
    (tmp_path / "short.dat").write_bytes(content[: len(content) // 2])
    error = fails("replay", "--record", tmp_path / "short", "--speed", "max")
    assert "short cannot be read, its files may be damaged or cut short" in error


def test_a_missing_signal_of_three_gives_a_list_of_them(tmp_path: Path) -> None:
    import wfdb

    wfdb.wrsamp(
        "three", 360, ["mV"] * 3, ["I", "II", "V1"], np.ones((5000, 3)),
        fmt=["16"] * 3, write_dir=str(tmp_path),
    )  # fmt: skip
    error = fails("replay", "--record", tmp_path / "three", "--signal", "7", "--speed", "max")
    assert "record three has no signal 7; it has 0 (I), 1 (II), 2 (V1)" in error


def test_a_record_at_another_rate_is_replayed_or_refused(tmp_path: Path) -> None:
    import wfdb

    t = np.arange(5000) / 250
    for name, fs in (("other", 250), ("slow", 50)):
        wave = np.sin(2 * np.pi * t)[:, None]
        wfdb.wrsamp(name, fs, ["mV"], ["II"], wave, fmt=["16"], write_dir=str(tmp_path))
    output = run("replay", "--record", tmp_path / "other", "--speed", "max").output
    assert "5000 samples" in output and "104 samples, 0.416 s" in output
    error = fails("replay", "--record", tmp_path / "slow", "--speed", "max")
    assert "sampling rate must be 100 to 2000 Hz, not 50" in error


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"this is not a model" * 100)
    assert "is no TFLite model" in fails("replay", "--model", path, "--speed", "max")
    assert "is no TFLite model" in fails("bench", "--model", path)


def test_a_missing_model_file_is_named() -> None:
    assert "no model file" in fails("replay", "--model", "nowhere.tflite")


def test_a_missing_data_folder_is_named() -> None:
    assert "no data folder nowhere" in fails("replay", "--data", "nowhere", "--speed", "max")


def test_a_target_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "old.hea").write_text("precious")
    error = fails("replay", "--speed", "max", "--duration", "5", "--write", tmp_path / "old")
    assert "old.hea exists already" in error
    assert (tmp_path / "old.hea").read_text() == "precious"


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", "--duration", "inf"],
        ["replay", "--duration", "0"],
        ["replay", "--start", "nan"],
        ["replay", "--start", "-5"],
        ["replay", "--noise", "em", "--snr", "1e5"],
        ["bench", "--seconds", "nan"],
        ["replay", "--speed", "0"],
        ["replay", "--delay", "fast"],
    ],
)
def test_an_impossible_number_is_refused_by_its_option(arguments: list[str]) -> None:
    assert f"Invalid value for '{arguments[-2]}'" in fails(*arguments)


def test_interrupting_keeps_what_was_received(tmp_path: Path) -> None:
    target = tmp_path / "part"
    command = [sys.executable, "-m", "ecgstream", "replay"]
    command += ["--noise", "em", "--write", str(target)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "record 208b" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 0, rest
    assert "interrupted: what was received is kept" in rest
    written = read_record(str(target))
    assert len(written.signals) >= 32 and np.isfinite(written.signals).all()


def test_training_without_data_says_where_to_get_it() -> None:
    assert "ecgstream records download mitdb nstdb" in fails("train")


def test_an_unknown_preset_lists_the_known_ones(tmp_path: Path) -> None:
    error = fails("train", "--preset", "best", "--data", tmp_path)
    assert "presets are b1, base, original" in error


def test_no_bundled_file_is_missing() -> None:
    for name in ("standard.tflite", "208b.hea", "208b.dat", "nstdb90.hea", "nstdb90.dat"):
        assert (ASSETS / name).is_file()


def test_a_shipped_model_is_named_where_a_file_can_be(tmp_path: Path) -> None:
    option = ModelFile(path_type=Path, exists=True)
    for name, shipped in SHIPPED.items():
        assert option.convert(name, None, None) == shipped.path
    with pytest.raises(click.BadParameter, match="does not exist"):
        option.convert(str(tmp_path / "standard"), None, None)
