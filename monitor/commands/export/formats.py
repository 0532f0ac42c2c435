"""The formats of ``auscult export``: their names, the endings of their files, and what goes into them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

from monitor.archive.timeline import Timeline
from monitor.atomic_write import Content
from monitor.commands.export.circor_states import circor_states
from monitor.commands.export.csv_table import csv_table
from monitor.commands.export.edf_file import bdf_file, edf_file
from monitor.commands.export.fhir_bundle import fhir_bundle
from monitor.commands.export.label_track import label_track
from monitor.commands.export.raven_table import raven_table
from monitor.commands.export.textgrid import textgrid
from monitor.commands.export.wfdb_record import ENDINGS as WFDB_ENDINGS
from monitor.commands.export.wfdb_record import QRS_ENDING, record_name, wfdb_record

__all__ = ["FORMATS", "Format"]

Render = Callable[[Timeline, str], dict[str, Content]]
"""From a timeline and the name of the files without their ending to the content of each, by ending."""


@dataclasses.dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes
    ----------
    endings : tuple of str
        Of the files that it may write; the one that is named with ``-o`` first.
    render : callable
        Gives the content of each.
    allowed : callable
        Makes a name that the format allows from that of the source.
    """

    endings: tuple[str, ...]
    render: Render
    allowed: Callable[[str], str] = str

    def paths(self, out: str, name: str) -> dict[str, Path]:
        """Return the path of each file by its ending.

        Parameters
        ----------
        out : str
            A folder, where the files get ``name``; or the first file, whose ending may be left out where there are
            several files.
        name : str
        """
        main = self.endings[0]
        folder = Path(out)
        if folder.is_dir() or out.endswith("/"):
            return {ending: folder / f"{self.allowed(name)}{ending}" for ending in self.endings}
        if len(self.endings) == 1:
            return {main: folder}
        stem = out[: -len(main)] if out.lower().endswith(main.lower()) else out
        return {ending: Path(f"{stem}{ending}") for ending in self.endings}


def _text(ending: str, render: Callable[[Timeline], str]) -> Format:
    """Return a format that is one text file."""
    return Format((ending,), functools.partial(_one, ending, render))


def _one(ending: str, render: Callable[[Timeline], str], timeline: Timeline, name: str) -> dict[str, Content]:
    """Return the one file of a text format."""
    return {ending: render(timeline)}


FORMATS: dict[str, Format] = {
    "audacity": _text(".txt", label_track),
    "raven": _text(".selections.txt", raven_table),
    "textgrid": _text(".TextGrid", textgrid),
    "csv": _text(".csv", csv_table),
    "circor": _text(".tsv", circor_states),
    "tsv": _text(".tsv", circor_states),
    "wfdb": Format((*WFDB_ENDINGS, QRS_ENDING), wfdb_record, record_name),
    "edf": Format((".edf",), edf_file),
    "bdf": Format((".bdf",), bdf_file),
    "fhir": Format((".fhir.json",), fhir_bundle),
}
