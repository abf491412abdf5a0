"""The line of figures below the traces."""

from __future__ import annotations

import math

from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.playback.snapshot import MEASURED, Excerpt, Recording
from ecgstream.gui.sheet.export import DISCLAIMER
from ecgstream.gui.sheet.text import minus
from ecgstream.gui.window.messages import clock_time

UNKNOWN = "—"
HEART_RATE = "Heart rate, bpm"
DELAY = "Delay, measured"
STEP = "Step p99, of hop"
QUEUE = "Queue"
DROPPED = "Dropped"
FRAMES = "Frames/s"
DELTA_SNR = f"ΔSNR, {MEASURED} s"
GOOD = f"Good, {MEASURED} s"
RECORDING = "Recording"
_WIDTHS = {
    HEART_RATE: 104,
    DELAY: 142,
    STEP: 142,
    QUEUE: 62,
    DROPPED: 78,
    FRAMES: 72,
    DELTA_SNR: 94,
    GOOD: 84,
    RECORDING: 96,
}
"""Pixels, in the order of the line: no figure shall push the next one about."""
_HINTS = {
    HEART_RATE: "From the beats detected in the denoised stream",
    DELAY: "What the delay mode promises, and the longest that a sample was seen to wait: for the "
    "piece that it came in, too, a 60th of a second of real time and longer at a higher speed",
    STEP: "99 of 100 steps of the engine take no longer, and the time that a step may take",
    QUEUE: "How full the fullest queue between source, engine and file is",
    DROPPED: "Samples lost since the record was chosen",
    FRAMES: "How often the traces are painted in a second",
    DELTA_SNR: "What denoising gained, where noise was mixed in",
    GOOD: "Share of the denoised samples that carry no flag",
    RECORDING: "What has been written so far",
}


class StatusBar(QtWidgets.QFrame):
    """Heart rate, delay, cost, losses, what denoising gains, and the recording."""

    def __init__(self) -> None:
        super().__init__(objectName="status_bar")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(16, 5, 12, 6)
        row.setSpacing(10)
        self.values = {caption: QtWidgets.QLabel(UNKNOWN) for caption in _WIDTHS}
        for caption, value in self.values.items():
            value.setObjectName("heart_rate" if caption is HEART_RATE else "value")
            value.setFixedWidth(_WIDTHS[caption])
            value.setAccessibleName(caption)
            title = QtWidgets.QLabel(caption, objectName="caption")
            cell = QtWidgets.QVBoxLayout()
            cell.setSpacing(0)
            for label in (title, value):
                label.setToolTip(_HINTS[caption])
            cell.addWidget(title)
            cell.addWidget(value, 1, QtCore.Qt.AlignmentFlag.AlignVCenter)
            row.addLayout(cell)
        row.addStretch()
        disclaimer = QtWidgets.QLabel(DISCLAIMER, objectName="disclaimer")
        row.addWidget(disclaimer)

    def show_figures(
        self, shown: Excerpt | None, frames: float = math.nan, recording: Recording | None = None
    ) -> None:
        """Bring every figure up to date."""
        texts = dict.fromkeys(_WIDTHS, UNKNOWN)
        if shown is not None:
            texts |= figure_texts(shown)
        texts[FRAMES] = _known(frames, "{:.0f}")
        texts[RECORDING] = "off" if recording is None else clock_time(recording.seconds)
        if recording is not None and not recording.going:
            texts[RECORDING] = "ended"
        for caption, text in texts.items():
            label = self.values[caption]
            if label.text() != text:
                label.setText(text)


def figure_texts(shown: Excerpt) -> dict[str, str]:
    """The figures of the stream in words, by their caption."""
    figures = shown.figures
    declared, measured = (n / shown.fs for n in (figures.delay, figures.delay_measured))
    step, hop = 1000 * figures.step_p99, 1000 * figures.hop
    return {
        HEART_RATE: _known(figures.heart_rate, "{:.0f}"),
        DELAY: f"{declared:.2f} s · {measured:.2f} s",
        STEP: _known(step, "{:.1f}" + f" of {hop:.0f} ms"),
        QUEUE: _known(100 * figures.queue, "{:.0f} %"),
        DROPPED: f"{figures.dropped}",
        DELTA_SNR: _known(figures.delta_snr, "{:+.1f} dB"),
        GOOD: _known(100 * figures.good, "{:.0f} %"),
    }


def _known(value: float, form: str) -> str:
    return minus(form.format(value)) if math.isfinite(value) else UNKNOWN
