"""`ecgstream records`: which records there are, what is in them, and how to get more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from ecgstream.model.data.splits import (
    DS2,
    NOISE_STRESS,
    QTDB_DEVELOPMENT,
    QTDB_PUBLISHED,
    QTDB_TRAINING,
    TRAINING,
    VALIDATION,
)
from ecgstream.streamer.ecg.noise import BUNDLED_NOISE, RECORDED
from ecgstream.streamer.io.base import FormatError
from ecgstream.streamer.io.ecg_signals import reasons_to_copy
from ecgstream.streamer.io.formats import recognize
from ecgstream.streamer.io.physionet import (
    BASE_URL,
    VERSIONS,
    Progress,
    Transfer,
    Verified,
    download_database,
    download_record,
    verify,
)
from ecgstream.streamer.io.records import (
    ASSETS,
    BUNDLED,
    DATA_VARIABLE,
    DOWNLOADS,
    RecordError,
    data_folder,
    find_file,
    find_record,
    headers,
    other_files,
    read_record,
    require_data,
)
from ecgstream.streamer.io.wfdb_header import check
from ecgstream.tools import options

EXTRA = "wfdb"
_SPLITS = {
    "training": (*TRAINING, *QTDB_TRAINING),
    "validation": VALIDATION,
    "test (DS2)": DS2,
    "noise stress": NOISE_STRESS,
    "test (B1, published)": QTDB_PUBLISHED,
    "test (B1, development)": QTDB_DEVELOPMENT,
    "noise: one half trains, one tests": RECORDED,
    "noise: tests": (BUNDLED_NOISE,),
}
_mirror = click.option(
    "--mirror", default=BASE_URL, show_default=True, help="Server to download from."
)


@click.group()
def records() -> None:
    """See which records there are, get more from PhysioNet, and check them."""


@records.command("list")
@options.data
def list_(data: Path | None) -> None:
    """List the bundled records and those in the data folder.

    The split says what the shipped model used a record for: training, validation (choosing
    between models), the test of DS2, the noise stress test, or DeepFilter's benchmark (B1).
    """
    table = Table("name", "leads", "rate", "length", "split", box=None, pad_edge=False)
    for header in sorted(ASSETS.glob("*.hea")):
        record = read_record(str(header.with_suffix("")))
        _add(table, record.name, record.leads, record.fs, len(record.signals))
    folder = data_folder(data)
    found = headers(folder) if folder else []
    files = other_files(folder) if folder else []
    if folder:
        _add_found(table, folder, found)
        _add_files(table, folder, files)
    Console(highlight=False, markup=False).print(table)
    if not found and not files:
        click.echo(
            f"\nThese are bundled; name a folder of others with --data or {DATA_VARIABLE}, "
            "or get one: ecgstream records download mitdb"
        )


@records.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=DATA_VARIABLE,
    default=DOWNLOADS,
    show_default=True,
    show_envvar=True,
    help="Folder to download to; made if need be.",
)
@_mirror
def download(names: tuple[str, ...], data: Path, mirror: str) -> None:
    """Download records from PhysioNet, or whole databases: mitdb, nstdb, qtdb.

    \b
    ecgstream records download mitdb/208 nstdb/em
    ecgstream records download mitdb

    Files that are there already are checked and kept. A download that was cut goes on where it
    stopped. The proxy variables (https_proxy, no_proxy) are obeyed.
    """
    folder = data.expanduser()
    for name in names:
        fetch = download_database if name in VERSIONS else download_record
        with _progress_bar() as progress:
            path = fetch(name, folder, mirror, progress)
        click.echo(f"{name} is complete: {path}")


@records.command("verify")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@options.data
@_mirror
def verify_(names: tuple[str, ...], data: Path | None, mirror: str) -> None:
    """Compare records, or whole databases, with PhysioNet's checksums.

    \b
    ecgstream records verify
    ecgstream records verify nstdb mitdb/208

    All databases in the data folder when none is named. Nothing is changed; records that were
    never downloaded are counted, and no fault. Ends with an exit code other than 0 when a file
    is damaged or lacking.
    """
    folder = require_data(data)
    named = names or [name for name in VERSIONS if (folder / name).is_dir()]
    if not named:
        raise RecordError(f"no database in {folder}: ecgstream records download mitdb")
    bad = []
    for name in named:
        with _progress_bar() as progress:
            found = verify(name, folder, mirror, progress)
        click.echo(f"{name}: {_found(found)}")
        if found.damaged or found.missing or not found.good:
            bad.append(name)
    if bad:
        raise click.ClickException(
            f"not as PhysioNet has them; ecgstream records download {' '.join(bad)} mends them"
        )


def _found(found: Verified) -> str:
    said = [f"{len(found.good)} files are right"]
    for what, files in (("damaged", found.damaged), ("missing", found.missing)):
        if files:
            said.append(f"{len(files)} {what} ({', '.join(files)})")
    if found.absent:
        said.append(f"{found.absent} records were not downloaded")
    return ", ".join(said)


@records.command()
def splits() -> None:
    """Show which records the shipped model was trained, chosen and tested with."""
    table = Table("split", "records", "names", box=None, pad_edge=False)
    for split, members in _SPLITS.items():
        table.add_row(split, str(len(members)), " ".join(members))
    Console(highlight=False, markup=False).print(table)


@records.command()
@click.argument("name")
@options.data
def show(name: str, data: Path | None) -> None:
    """Describe one record: its signals, length, annotations and comments."""
    record = read_record(name, data)
    file = find_file(name, data)
    samples = len(record.signals)
    symbols = Counter(record.annotations.symbol if record.annotations else ())
    counts = ", ".join(f"{n} {symbol}" for symbol, n in symbols.most_common())
    for word, value in {
        "record": record.name,
        "file" if file else "header": file or f"{find_record(name, data)}.hea",
        "signals": ", ".join(f"{i} {lead}" for i, lead in enumerate(record.leads)),
        **({"left out": ", ".join(record.left_out)} if record.left_out else {}),
        "rate": f"{record.fs:g} Hz",
        "length": f"{_length(samples, record.fs)} ({samples} samples)",
        "annotations": f"{symbols.total()}: {counts}" if symbols else "none",
        "split": _split(record.name),
        "comments": "\n             ".join(record.comments) or "none",
    }.items():
        click.echo(f"{word:13}{value}")


def _add_found(table: Table, folder: Path, headers: list[Path]) -> None:
    import wfdb

    for header in headers:
        path = header.with_suffix("")
        name = path.relative_to(folder).as_posix()
        try:
            check(path, folder, files=False)
            record = wfdb.rdheader(str(path.absolute()))
        except Exception:  # wfdb has no errors of its own
            table.add_row(name, "its header is damaged", "—", "—", "—")
        else:
            leads = (lead or f"signal {i}" for i, lead in enumerate(record.sig_name or ()))
            _add(table, name, tuple(leads), record.fs, record.sig_len or 0)


def _add_files(table: Table, folder: Path, files: list[Path]) -> None:
    """Add files whose length is not known before they are read whole."""
    for file in files:
        name = file.relative_to(folder).as_posix()
        format_ = recognize(file)
        assert format_ is not None
        try:
            with closing(format_.reader(file)) as reader:
                reasons = reasons_to_copy(reader.signals)
                ecgs = [s for s, why in zip(reader.signals, reasons, strict=True) if why is None]
        except (FormatError, OSError, ImportError) as error:
            table.add_row(name, f"not read: {error}", "—", "—", "—")
            continue
        rates = ", ".join(f"{fs:g} Hz" for fs in dict.fromkeys(ecg.fs for ecg in ecgs))
        leads = ", ".join(ecg.name for ecg in ecgs)
        table.add_row(name, leads or "no ECG", rates or "—", "—", "—")


def _add(table: Table, name: str, leads: tuple[str, ...], fs: float, samples: int) -> None:
    table.add_row(name, ", ".join(leads), f"{fs:g} Hz", _length(samples, fs), _split(name))


def _length(samples: int, fs: float) -> str:
    minutes, seconds = divmod(round(samples / fs), 60)
    return f"{minutes}:{seconds:02d}"


def _split(name: str) -> str:
    """What the record of that name (or the one it is an excerpt of) serves for."""
    excerpts = {excerpt: record for record, excerpt in BUNDLED.items()}
    record = Path(name).name
    record = excerpts.get(record, record)
    return next((split for split, members in _SPLITS.items() if record in members), "—")


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with ProgressBar(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("")

        def show(transfer: Transfer) -> None:
            file = f"{transfer.file} ({transfer.number} of {transfer.files})"
            bar.update(task, description=file, completed=transfer.done, total=transfer.total)

        yield show
