"""Commands reach the worker in order, and the window reads at once what it has asked for."""

from __future__ import annotations

import threading
from pathlib import Path

from ecgstream.gui.playback.commands import (
    Advance,
    Choose,
    CommandQueue,
    Requested,
    SetRecording,
    SetSpeed,
)
from ecgstream.gui.settings.monitor_settings import Source

START = Requested(Source("100"), 1.0, None)


def test_commands_arrive_once_and_in_order() -> None:
    commands = CommandQueue(START)
    sent = [SetSpeed(2.0), Advance(0.2), Advance(0.2)]
    for command in sent:
        commands.put(command)
    assert commands.drain() == sent
    assert commands.drain() == []


def test_requested_state_is_known_before_the_worker_applies_it() -> None:
    commands = CommandQueue(START)
    before = commands.requested
    for command in (SetSpeed(2.0), Choose(Source("208")), SetRecording(Path("r")), Advance(0.2)):
        commands.put(command)
    assert commands.requested == (Source("208"), 2.0, Path("r"))
    assert before == START


def test_listed_name_replaces_the_record_unless_another_was_chosen() -> None:
    commands, asked = CommandQueue(START), START.source
    commands.rename(asked, Source("mitdb/100"))
    assert commands.requested.source == Source("mitdb/100")
    commands.put(Choose(Source("208")))
    commands.rename(asked, Source("mitdb/100"))
    assert commands.requested.source == Source("208")


def test_waiting_ends_with_the_next_command() -> None:
    commands = CommandQueue(START)
    waiting = threading.Thread(target=commands.wait, daemon=True)
    waiting.start()
    commands.put(SetSpeed(2.0))
    waiting.join(60)
    assert not waiting.is_alive()
