"""`ecgstream`: one command, a subcommand for each job.

The subcommands import what they need when they run, so that help and the benchmark load neither
TensorFlow nor Qt nor pandas.
"""

from __future__ import annotations

import sys

import click

from streamer import ModelError
from streamer.records import RecordError
from tools.bench import bench
from tools.evaluate import evaluate
from tools.export import export
from tools.info import info
from tools.monitor import monitor
from tools.records import records
from tools.replay import replay
from tools.train import train

_EXPECTED = (RecordError, ModelError, ValueError, OSError, RuntimeError, ImportError)


class _Commands(click.Group):
    """Turns what a user can mend into one sentence and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:
            raise
        except ImportError as error:
            if error.name is None:  # it is installed, but a library of the system is missing
                raise click.ClickException(f"{error}: run make monitor, or install it") from error
            raise click.ClickException(
                f"this needs a package that is not installed ({error.name}): "
                f"pip install 'ecgstream[{_extra(ctx.invoked_subcommand)}]'"
            ) from error
        except _EXPECTED as error:
            raise click.ClickException(str(error)) from error


def _extra(command: str | None) -> str:
    return {"monitor": "monitor", "replay": "wfdb", "records": "wfdb"}.get(command or "", "train")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ecgstream")
def main() -> None:
    """Clean an ECG while it arrives.

    \b
    ecgstream monitor                                  watch it, live
    ecgstream replay --noise em --snr 0 --duration 60  the same in the terminal
    ecgstream bench                                    what it costs on this device
    ecgstream records list                             what there is to replay

    Training a model of your own takes a copy of MIT-BIH and NSTDB (ecgstream records download
    mitdb nstdb), then train, export and evaluate. Not a medical device.
    """


for command in (monitor, replay, bench, records, info, train, export, evaluate):
    main.add_command(command)

if __name__ == "__main__":
    sys.exit(main())
