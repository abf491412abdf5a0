"""Style sheet and palette of the window, from the colours of a theme."""

from __future__ import annotations

from string import Template

from pyqtgraph.Qt import QtGui, QtWidgets

from ecgstream.gui.settings.theme import Theme

_SHEET = Template("""
QWidget { font-size: 13px; }
#toolbar, #timeline, #status_bar, QMenuBar { background: $window; }
#toolbar { border-top: 1px solid $border; border-bottom: 1px solid $border; }
#timeline { border-top: 1px solid $border; }
#status_bar { border-top: 1px solid $border; }
#caption { font-size: 11px; color: $muted; }
#value { font-size: 17px; font-weight: bold; }
#heart_rate { font-size: 36px; font-weight: bold; color: $denoised; }
#heart_rate[words="true"] { font-size: 14px; }
#disclaimer { font-size: 12px; color: $muted; }
#command { border: 1px solid transparent; border-radius: 4px; padding: 3px 2px; font-size: 12px; }
#command:hover, #command:focus { border-color: $border; background: $panel; }
#command:pressed { background: $border; }
#command:checked { border-color: $accent; background: $panel; color: $accent; font-weight: bold; }
#command:disabled { color: $muted; }
#toggle { border: 1px solid $border; border-radius: 3px; background: $panel; min-height: 20px; }
#toggle:checked { border-color: $accent; color: $accent; font-weight: bold; }
#toggle:hover, #toggle:focus { border-color: $muted; }
#record { text-align: left; padding: 3px 8px; }
#message_card, #help { background: $panel; border: 1px solid $border; border-radius: 6px; }
#card_title { font-size: 17px; font-weight: bold; }
#banner { background: $panel; border: none; border-top: 1px solid $border; }
#banner_text[warning="true"] { color: $warning; font-weight: bold; }
#problem { color: $warning; }
QToolTip { color: $text; background: $panel; border: 1px solid $border; }
""")


def apply_theme(window: QtWidgets.QWidget, theme: Theme) -> None:
    """Apply a theme: the palette of the application, and the style sheet of `window`.

    Uses the Fusion style, which follows the palette on every desktop.
    """
    application = QtWidgets.QApplication.instance()
    if application.style().objectName().lower() != "fusion":
        application.setStyle("Fusion")
    application.setPalette(_palette(theme))
    window.setStyleSheet(_SHEET.substitute(theme._asdict()))


def _palette(theme: Theme) -> QtGui.QPalette:
    roles, groups = QtGui.QPalette.ColorRole, QtGui.QPalette.ColorGroup
    palette = QtGui.QPalette(QtGui.QColor(theme.panel), QtGui.QColor(theme.window))
    for role, colour in (
        (roles.WindowText, theme.text),
        (roles.Text, theme.text),
        (roles.ButtonText, theme.text),
        (roles.Button, theme.panel),
        (roles.Base, theme.panel),
        (roles.AlternateBase, theme.window),
        (roles.Mid, theme.border),
        (roles.Highlight, theme.accent),
        (roles.HighlightedText, theme.panel),
        (roles.ToolTipBase, theme.panel),
        (roles.ToolTipText, theme.text),
        (roles.PlaceholderText, theme.muted),
        (roles.Link, theme.accent),
    ):
        palette.setColor(role, QtGui.QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(groups.Disabled, role, QtGui.QColor(theme.muted))
    return palette
