"""`ecgstream`: one command, a subcommand for each job.

The subcommands import what they need when they run, so that help and the benchmark load neither
TensorFlow nor Qt nor pandas.
"""

from __future__ import annotations

import os
import sys

import click

from ecgstream.streamer.io.records import RecordError
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.tools.commands.bench import bench
from ecgstream.tools.commands.denoise import denoise
from ecgstream.tools.commands.evaluate import evaluate
from ecgstream.tools.commands.export import export
from ecgstream.tools.commands.info import info
from ecgstream.tools.commands.monitor import monitor
from ecgstream.tools.commands.records import records
from ecgstream.tools.commands.replay import replay
from ecgstream.tools.commands.runs import runs
from ecgstream.tools.commands.soak import soak
from ecgstream.tools.commands.train import train

_EXPECTED = (RecordError, ModelError, ValueError, OSError, RuntimeError)
_CLICKS_OWN = (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError)
_EXTRAS = {"monitor": "monitor", "replay": "wfdb", "records": "wfdb"}
"""What to install for a subcommand; for all others it is `train`."""
_DEBUG_VARIABLE = "ECGSTREAM_DEBUG"


class _Commands(click.Group):
    """Says in one sentence what went wrong, with exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except _CLICKS_OWN:
            raise
        except Exception as error:
            if os.environ.get(_DEBUG_VARIABLE):
                raise
            raise click.ClickException(_sentence(error, ctx.invoked_subcommand)) from error


def _sentence(error: Exception, command: str | None) -> str:
    """What is wrong and what to do about it."""
    if isinstance(error, ModuleNotFoundError):
        extra = _EXTRAS.get(command or "", "train")
        return (
            f"this needs a package that is not installed ({error.name}): run pip install "
            f"'ecgstream[{extra}]', or in a clone .venv/bin/pip install -e '.[{extra}]'"
        )
    if isinstance(error, ImportError):
        return f"a system library is missing ({error}): install it, or in a clone run make monitor"
    if isinstance(error, _EXPECTED):
        return str(error)
    return (
        f"this is a bug in ecgstream: {type(error).__name__}: {error}; please report it with the "
        f"output of ecgstream info; set {_DEBUG_VARIABLE}=1 for the traceback"
    )


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecgstream")
def main() -> None:
    """Clean an ECG while it arrives.

    \b
    ecgstream monitor                                  watch it, live
    ecgstream replay --noise em --snr 0 --duration 60  the same in the terminal
    ecgstream bench                                    what it costs on this device
    ecgstream records list                             what there is to replay

    Training a model of your own takes MIT-BIH, QTDB and NSTDB (ecgstream records download mitdb
    qtdb nstdb), then train, export and evaluate; runs compares. Not a medical device.
    """


for command in (
    *(monitor, replay, denoise, bench, soak, records, info),
    *(train, runs, export, evaluate),
):
    main.add_command(command)

if __name__ == "__main__":
    sys.exit(main())
