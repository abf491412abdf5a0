"""Python of another architecture in a folder, from unpacked packages of Debian and wheels.

Nothing is installed and nobody has to be root: apt-get and dpkg only download and unpack, with
their lists and state in the same folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WHEELS = ("numpy==1.26.4", "scipy==1.11.4", "tflite-runtime==2.14.0")
_PACKAGES = ("python3.11", "libstdc++6")
_EMULATOR = "qemu-aarch64-static"
_EMULATOR_PACKAGE = "qemu-user-static"
_NEEDED = "this takes Debian 12 (or a container of it) with its package sources, and a network"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Architecture:
    """Names of an architecture in Debian and in wheels, and its dynamic linker."""

    debian: str
    wheels: str
    loader: str


ARM = Architecture("arm64", "aarch64", "lib/ld-linux-aarch64.so.1")
X86 = Architecture("amd64", "x86_64", "lib64/ld-linux-x86-64.so.2")


class Emulation:
    """Folders with a Python for each architecture, made at first use.

    Parameters
    ----------
    cache : folder that holds them.
    say : called with a sentence before each download.
    """

    def __init__(self, cache: Path, say: Say) -> None:
        self._cache, self._say = cache, say

    def ready(self) -> bool:
        """Whether nothing is left to download."""
        found = (self._folder(architecture).is_dir() for architecture in (ARM, X86))
        return all(found) and self._emulator_there() is not None

    def command(self, architecture: Architecture, *paths: Path) -> tuple[list[str], dict[str, str]]:
        """Command and environment that run its Python, which imports from `paths`.

        Raises
        ------
        RuntimeError : a download failed, or what it takes is missing; the message says what.
        """
        folder = self._python(architecture)
        root = folder / "root"
        if architecture is ARM:
            start = [str(self._emulator()), "-L", str(root)]
        else:
            # Its own loader, so that both Pythons and their libraries are of the same versions.
            place = f"{architecture.wheels}-linux-gnu"
            libraries = f"{root}/lib/{place}:{root}/usr/lib/{place}"
            start = [str(root / architecture.loader), "--library-path", libraries]
        environment = {
            "PYTHONHOME": str(root / "usr"),
            "PYTHONPATH": ":".join(map(str, (folder / "wheels", *paths))),
            "OPENBLAS_NUM_THREADS": "1",
        }
        return [*start, str(root / "usr/bin/python3.11"), "-S", "-B"], environment

    def _folder(self, architecture: Architecture) -> Path:
        """Folder named after its contents, so that other versions get another one."""
        return self._cache / "-".join([architecture.wheels, *_PACKAGES, *WHEELS])

    def _python(self, architecture: Architecture) -> Path:
        folder = self._folder(architecture)
        if not folder.is_dir():
            self._say(f"downloading Python and wheels for {architecture.wheels} to {folder}")
            with _half(folder) as half:
                for package in _download(half, architecture, _PACKAGES):
                    _run("dpkg-deb", "--extract", package, half / "root")
                shutil.rmtree(half / "apt")
                _install_wheels(half / "wheels", architecture)
                half.replace(folder)
        return folder

    def _emulator_there(self) -> str | None:
        kept = self._cache / _EMULATOR
        return shutil.which(_EMULATOR) or (str(kept) if kept.is_file() else None)

    def _emulator(self) -> str:
        found = self._emulator_there()
        if found is not None:
            return found
        self._say(f"downloading Debian's {_EMULATOR_PACKAGE} to {self._cache}")
        kept = self._cache / _EMULATOR
        with _half(kept) as half:
            for package in _download(half, X86, [_EMULATOR_PACKAGE]):
                _run("dpkg-deb", "--extract", package, half / "root")
            (half / "root" / "usr" / "bin" / _EMULATOR).replace(kept)
        return str(kept)


@contextmanager
def _half(made: Path) -> Iterator[Path]:
    """Temporary folder beside `made`, removed afterwards."""
    half = made.with_name(f"half-{made.name}")
    shutil.rmtree(half, ignore_errors=True)  # of a run that was killed
    half.mkdir(parents=True)
    try:
        yield half
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _download(folder: Path, architecture: Architecture, names: Iterable[str]) -> list[Path]:
    """Download Debian packages with all their dependencies; return the files."""
    apt = folder / "apt"
    (apt / "lists" / "partial").mkdir(parents=True)
    (apt / "archives" / "partial").mkdir(parents=True)
    (apt / "status").touch()  # nothing is installed, so that every dependency comes along
    settings = {
        "APT::Architecture": architecture.debian,
        "APT::Architectures": architecture.debian,
        "APT::Sandbox::User": "",
        "Dir::State": apt,
        "Dir::State::lists": apt / "lists",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt,
        "Dir::Cache::archives": apt / "archives",
        "Dir::Log": apt,
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    _run("apt-get", *options, "--quiet", "update")
    fetch = ("install", "--download-only", "--yes", "--no-install-recommends")
    _run("apt-get", *options, "--quiet", *fetch, *names)
    return sorted((apt / "archives").glob("*.deb"))


def _install_wheels(folder: Path, architecture: Architecture) -> None:
    glibc = ("2014", "_2_17", "_2_28", "_2_34")  # Debian 12 has 2.36
    platforms = [f"--platform=manylinux{version}_{architecture.wheels}" for version in glibc]
    wanted = ("--python-version=3.11", "--implementation=cp", "--only-binary=:all:", "--no-deps")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-compile")
    _run(*pip, "--quiet", f"--target={folder}", *platforms, *wanted, *WHEELS)


def _run(*command: str | Path) -> None:
    what = " ".join(map(str, command[:3] if command[0] == sys.executable else command[:1]))
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise RuntimeError(f"there is no {what} here: {_NEEDED}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines() or ["no word why"]
        raise RuntimeError(f"{what} failed ({words[-1].strip()}): {_NEEDED}")
