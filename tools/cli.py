"""`ecgstream`: one command with a subcommand for each job.

Each module of `ecgstream.tools.commands` is a subcommand: it holds a click command of the module's
own name and, where the base install does not suffice, `EXTRA`, the extra that it needs. Only the
module that is asked for is imported, and it imports large packages when it runs, so that help and
the benchmark load neither TensorFlow nor Qt nor pandas.
"""

from __future__ import annotations

import os
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import click

from ecgstream.streamer.io.records import RecordError
from ecgstream.streamer.network.sandbox import ModelError
from ecgstream.tools import commands

_EXPECTED_ERRORS = (RecordError, ModelError, ValueError, OSError, RuntimeError)
_CLICK_EXCEPTIONS = (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError)
_ALL_EXTRAS = "all"
_DEBUG_VARIABLE = "ECGSTREAM_DEBUG"


class CommandGroup(click.Group):
    """The modules of `ecgstream.tools.commands`; errors become one sentence and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the subcommands in alphabetical order."""
        return sorted(module.name for module in iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand; None where there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = getattr(_module(cmd_name), cmd_name)
        assert isinstance(command, click.Command), command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand that was asked for."""
        try:
            return super().invoke(ctx)
        except _CLICK_EXCEPTIONS:
            raise
        except Exception as error:
            if os.environ.get(_DEBUG_VARIABLE):
                raise
            raise click.ClickException(_sentence(error, ctx.invoked_subcommand)) from error


def _module(command: str) -> ModuleType:
    return import_module(f"{commands.__name__}.{command}")


def _sentence(error: Exception, command: str | None) -> str:
    """Say what is wrong and what to do about it."""
    if isinstance(error, ModuleNotFoundError):
        extra = getattr(_module(command), "EXTRA", _ALL_EXTRAS) if command else _ALL_EXTRAS
        return (
            f"this needs a package that is not installed ({error.name}): run pip install "
            f"'ecgstream[{extra}]', or in a clone .venv/bin/pip install -e '.[{extra}]'"
        )
    if isinstance(error, ImportError):
        return f"a system library is missing ({error}): install it, or in a clone run make monitor"
    if isinstance(error, _EXPECTED_ERRORS):
        return str(error)
    return (
        f"this is a bug in ecgstream: {type(error).__name__}: {error}; please report it with the "
        f"output of ecgstream info; set {_DEBUG_VARIABLE}=1 for the traceback"
    )


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
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
