"""Dialog that opens a record: bundled, from a folder, or from PhysioNet."""

from __future__ import annotations

from pathlib import Path

from pyqtgraph.Qt import QtCore, QtWidgets

from ecgstream.gui.playback.record_list import Choice
from ecgstream.gui.playback.snapshot import Download, Snapshot

_NAME = QtCore.Qt.ItemDataRole.UserRole


class RecordDialog(QtWidgets.QDialog):
    """List the records, find one by a part of its name, and download others."""

    chosen = QtCore.Signal(str)
    folder_wanted = QtCore.Signal()
    download_wanted = QtCore.Signal(str)
    cancel_wanted = QtCore.Signal()

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open a record")
        self.search = QtWidgets.QLineEdit(placeholderText="Search", clearButtonEnabled=True)
        self.records = QtWidgets.QListWidget()
        self.folder = QtWidgets.QLabel(objectName="caption")
        self.other_folder = QtWidgets.QPushButton("Choose a folder…")
        self.name = QtWidgets.QLineEdit(placeholderText="Database and record, such as mitdb/100")
        self.get = QtWidgets.QPushButton("Download")
        self.progress = QtWidgets.QProgressBar()
        self.cancel = QtWidgets.QPushButton("Cancel download")
        self.problem = QtWidgets.QLabel(objectName="problem", wordWrap=True)
        self.problem.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.open_it = QtWidgets.QPushButton("Open")
        self.close_it = QtWidgets.QPushButton("Close")
        self._choices: tuple[Choice, ...] = ()
        self._awaited = ""
        self._lay_out()
        self._connect()

    def open_at(self, snapshot: Snapshot) -> None:
        """Open with all records listed and the present one selected."""
        self.search.clear()
        self.show_snapshot(snapshot)
        self._select(snapshot.source.record)
        self.search.setFocus()
        self.open()

    def show_folder(self, folder: Path) -> None:
        """Show the data folder, which is searched for records and receives downloads."""
        self.folder.setText(f"Folder: {folder}")

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Bring the list and the download up to date."""
        if snapshot.choices != self._choices:
            self._choices = snapshot.choices
            self._list()
        self._show_download(snapshot.download)
        if self._awaited and snapshot.download is None and snapshot.source.record == self._awaited:
            self._awaited = ""
            self.accept()  # the worker has opened it

    def _show_download(self, download: Download | None) -> None:
        problem = download.problem if download is not None else ""
        running = download is not None and not problem
        for widget in (self.progress, self.cancel):
            widget.setVisible(running)
        for widget in (self.name, self.get):
            widget.setVisible(not running)
        if self.problem.text() != problem:
            self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        if problem:
            self._awaited = ""
        if download is not None and running:
            self.progress.setFormat(f"{download.name}: %p %")
            self.progress.setMaximum(max(download.total, 0) // 1024)  # 0: moves to and fro
            self.progress.setValue(download.done // 1024)

    def _list(self) -> None:
        current = self.records.currentItem()
        name = current.data(_NAME) if current is not None else ""
        self.records.clear()
        for choice in self._choices:
            item = QtWidgets.QListWidgetItem(choice.label, self.records)
            item.setData(_NAME, choice.name)
        self._find(self.search.text())
        self._select(name)

    def _find(self, part: str) -> None:
        first = None
        for row in range(self.records.count()):
            item = self.records.item(row)
            hidden = part.strip().lower() not in item.text().lower()
            item.setHidden(hidden)
            if first is None and not hidden:
                first = item
        current = self.records.currentItem()
        if current is None or current.isHidden():
            self.records.setCurrentItem(first)
        self.open_it.setEnabled(first is not None)

    def _select(self, name: str) -> bool:
        for row in range(self.records.count()):
            item = self.records.item(row)
            if item.data(_NAME) == name:
                self.records.setCurrentItem(item)
                return True
        return False

    def _choose(self) -> None:
        item = self.records.currentItem()
        if item is not None and not item.isHidden():
            self.accept()
            self.chosen.emit(item.data(_NAME))

    def _download(self) -> None:
        name = self.name.text().strip()
        if name:
            self._awaited = name if "/" in name else f"mitdb/{name}"
            self.download_wanted.emit(self._awaited)

    def _cancel(self) -> None:
        self._awaited = ""
        self.cancel_wanted.emit()

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        self.search.installEventFilter(self)
        self.search.returnPressed.connect(self._choose)
        self.records.itemActivated.connect(lambda _: self._choose())
        self.other_folder.clicked.connect(lambda: self.folder_wanted.emit())
        self.get.clicked.connect(self._download)
        self.name.returnPressed.connect(self._download)
        self.cancel.clicked.connect(self._cancel)
        self.open_it.clicked.connect(self._choose)
        self.close_it.clicked.connect(self.reject)

    def eventFilter(self, _: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Move through the list by arrow keys while the search field has the focus."""
        keys = QtCore.Qt.Key
        if event.type() == QtCore.QEvent.Type.KeyPress and event.key() in (
            *(keys.Key_Up, keys.Key_Down),
            *(keys.Key_PageUp, keys.Key_PageDown),
        ):
            QtWidgets.QApplication.sendEvent(self.records, event)
            return True
        return False

    def _lay_out(self) -> None:
        self.resize(520, 520)
        column = QtWidgets.QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.records, 1)
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.other_folder)
        column.addLayout(row)
        column.addWidget(QtWidgets.QLabel("From PhysioNet", objectName="caption"))
        for widgets in ((self.name, self.get), (self.progress, self.cancel)):
            row = QtWidgets.QHBoxLayout()
            row.addWidget(widgets[0], 1)
            row.addWidget(widgets[1])
            column.addLayout(row)
        column.addWidget(self.problem)
        column.addSpacing(4)
        row = QtWidgets.QHBoxLayout()
        row.addStretch()
        row.addWidget(self.open_it)
        row.addWidget(self.close_it)
        column.addLayout(row)
        for button in self.findChildren(QtWidgets.QPushButton):
            button.setAutoDefault(False)  # Return in a field is for that field
