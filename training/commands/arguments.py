"""Arguments and checks that several commands of the training side share."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from monitor.errors import AuscultError
from monitor.output import say
from training.data.folds import PATIENT_CHOICES
from training.data.recording import DataSet
from training.data.sessions import SESSIONS, is_session

__all__ = ["add_data", "add_patients", "check_minimum", "check_writable", "public_name", "say_cautions"]


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the data sets to read, as ``data``."""
    parser.add_argument(
        "data",
        nargs="+",
        type=Path,
        metavar="DATA",
        help="PASCAL, CirCor, sessions with labels of your own, a folder per label, a manifest.csv, or a folder that "
        "holds several of these",
    )


def add_patients(parser: argparse.ArgumentParser) -> None:
    """Add how recordings of unknown patients are treated, as ``patients``."""
    parser.add_argument(
        "--patients",
        choices=PATIENT_CHOICES,
        default="auto",
        help="recordings of unknown patients: auto refuses them (default); file treats every file as a patient of its "
        "own, right only if that is so; none trains on them and never holds them out, so no metric includes them",
    )


def public_name(path: Path) -> str:
    """Return the name of a data set's folder as a bundle may state it: that of a session names its subject."""
    return SESSIONS if is_session(path) else path.name


def check_minimum(options: argparse.Namespace, **minimums: int) -> None:
    """End with a usage error where an option that was given is below its minimum."""
    for name, minimum in minimums.items():
        value = getattr(options, name)
        if value is not None and value < minimum:
            options.usage_error(f"--{name} {value} must be {minimum} or more")


def check_writable(path: Path, option: str, *, folder: bool) -> None:
    """Check, before minutes of work, that a file or folder can be written.

    Parameters
    ----------
    path : Path
        It and its parents need not exist.
    option : str
        The option that gave the path, for the message.
    folder : bool
        Whether ``path`` is to be a folder.

    Raises
    ------
    AuscultError
        If it cannot.
    """
    existing = next((place for place in (path, *path.parents) if place.exists()), Path())
    subject = "it" if existing == path else existing
    if existing.is_dir() and existing == path and not folder:
        reason = "it is a folder"
    elif not existing.is_dir() and (folder or existing != path):
        reason = f"{subject} is a file, not a folder"
    elif not os.access(existing, os.W_OK):
        reason = f"{subject} must not be written to"
    else:
        return
    raise AuscultError(f"{path}: cannot be written ({reason})", f"choose another path with {option}")


def say_cautions(sets: Iterable[DataSet]) -> None:
    """Say on standard error what could make metrics on some data sets too good."""
    for caution in (caution for data_set in sets for caution in data_set.cautions):
        say(f"auscult: {caution}")
