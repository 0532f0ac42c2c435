"""The errors that a user can see, one tree, each with an exit code.

    AuscultError            exit 1    a file, device, bundle or installation is not as needed
    +-- RecordingError      exit 1    a file or stream cannot be read
    +-- DeviceError         exit 1    an audio device cannot be opened or read
    |   +-- NoSuchDeviceError   exit 1    no device of that name is connected
    +-- BundleError         exit 1    a model bundle is missing, damaged, or fails its self-check
    +-- DataError           exit 1    a training set cannot be used
    +-- OutputError         exit 1    standard output cannot be written
    +-- MissingExtraError   exit 1    a command needs an optional package
    +-- UsageError          exit 2    a flag has a value that cannot be used
    +-- EndedError          exit 130  the user ended a command before it had a result

The caller's own mistake (a wrong argument) is a plain ``ValueError`` and ends a
command with exit code 2. Lost audio is not an error: it is counted and shown.

Runs on any thread; must not import anything of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DISTRIBUTION",
    "AuscultError",
    "BundleError",
    "DataError",
    "DeviceError",
    "EndedError",
    "MissingExtraError",
    "NoSuchDeviceError",
    "OutputError",
    "RecordingError",
    "UsageError",
    "cannot_be_read",
    "check_installed",
    "did_you_mean",
    "missing_tensorflow",
    "reason_of",
]

DISTRIBUTION = "auscult-monitor"
"""The name for pip; the command and the packages have shorter ones."""
NEWEST_PYTHON_OF_TENSORFLOW = (3, 13)
CLOSE = 0.7
"""Share of equal letters, of `difflib`, from which two words may be one that is mistyped."""
"""As in the markers of the extra ``train`` in ``pyproject.toml``."""


class AuscultError(Exception):
    """A device, file, bundle or installation is not as needed.

    Parameters
    ----------
    message : str
        One line: what failed, and on what.
    next_step : str
        What the user can do about it; empty where there is nothing to add.
    """

    exit_code = 1

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        """Return the line that is shown: the message, then the next step."""
        return f"{self.message}; {self.next_step}" if self.next_step else self.message


class RecordingError(AuscultError):
    """A recording, or audio on standard input, cannot be read."""


class DeviceError(AuscultError):
    """A sound device, or the library that opens them, cannot be used as asked."""


class NoSuchDeviceError(DeviceError):
    """The requested device is not connected; it may be later."""


class BundleError(AuscultError):
    """A model bundle is missing, damaged, of another format, or fails its self-check."""


class DataError(AuscultError):
    """A training set cannot be used."""


class OutputError(AuscultError):
    """Standard output or standard error cannot be written."""


class MissingExtraError(AuscultError):
    """A command needs a package that only an optional extra installs.

    Parameters
    ----------
    message : str
        What needs which package.
    extra : str
        The extra of the distribution that installs it.
    """

    def __init__(self, message: str, extra: str) -> None:
        super().__init__(message, f"pip install '{DISTRIBUTION}[{extra}]'")


class UsageError(AuscultError):
    """A flag has a value that cannot be used, which only shows once its command runs."""

    exit_code = 2


class EndedError(AuscultError):
    """The user ended a command before it had a result."""

    exit_code = 130


def missing_tensorflow(what: str) -> MissingExtraError:
    """Return the error for a command or flag that needs TensorFlow, which is not installed.

    Parameters
    ----------
    what : str
        The command or flag.

    Examples
    --------
    >>> missing_tensorflow("auscult train").message
    'auscult train needs TensorFlow'
    """
    error = MissingExtraError(f"{what} needs TensorFlow", "train")
    if sys.version_info[:2] > NEWEST_PYTHON_OF_TENSORFLOW:
        error.message += f", which has no release for Python {sys.version_info[0]}.{sys.version_info[1]} yet"
        error.next_step = "use Python 3.11 to 3.13"
    return error


def check_installed(package: str, what: str, extra: str) -> None:
    """Check that an optional package is installed, without importing it.

    Parameters
    ----------
    package : str
        Its name in an import.
    what : str
        The command or flag that needs it.
    extra : str
        The extra of the distribution that installs it.

    Raises
    ------
    MissingExtraError
        If it is not installed.

    Examples
    --------
    >>> check_installed("json", "auscult plot", "plot")
    """
    from importlib.util import find_spec

    try:
        spec = find_spec(package)
    except ValueError:  # the entry in sys.modules is None
        spec = None
    if spec is None:
        raise MissingExtraError(f"{what} needs {package}", extra)


Kind = TypeVar("Kind", bound=AuscultError)


def reason_of(error: OSError, path: Path) -> str:
    """Return why a file or folder cannot be read or written, as a clause.

    A folder where a file is wanted, and a file where a folder is, are named; otherwise the words are the system's.

    Parameters
    ----------
    error : OSError
    path : Path
        What was to be read or written.

    Examples
    --------
    >>> from pathlib import Path
    >>> reason_of(IsADirectoryError(21, "Is a directory"), Path("scans"))
    'it is a folder'
    >>> reason_of(PermissionError(13, "Permission denied"), Path("scans"))
    'Permission denied'
    """
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, NotADirectoryError | FileExistsError):  # the second from making the folders above a file
        for place in (path, *path.parents):
            if place.exists() and not place.is_dir():
                return f"{'it' if place == path else place} is a file, not a folder"
    return error.strerror or str(error)


def cannot_be_read(path: Path, error: OSError, step: str, kind: type[Kind]) -> Kind:
    """Return the error for a file or folder that is there and cannot be read.

    Parameters
    ----------
    path : Path
    error : OSError
    step : str
        The next step, where its permissions are not the reason.
    kind : type of AuscultError
        What is returned.

    Examples
    --------
    >>> from pathlib import Path
    >>> print(cannot_be_read(Path("a.csv"), IsADirectoryError(21, "Is a directory"), "name a file", AuscultError))
    a.csv cannot be read: it is a folder; name a file
    >>> print(cannot_be_read(Path("a.csv"), PermissionError(13, "Permission denied"), "name a file", AuscultError))
    a.csv cannot be read: Permission denied; check its permissions
    """
    if isinstance(error, PermissionError):
        step = "check its permissions"
    return kind(f"{path} cannot be read: {reason_of(error, path)}", step)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the beginning of a next step: the known words that a mistyped one is close to; empty where there is none.

    Parameters
    ----------
    word : str
        As typed.
    known : iterable of str

    Examples
    --------
    >>> did_you_mean("reply", ["replay", "review", "listen"])
    'did you mean replay? '
    >>> did_you_mean("xyz", ["replay", "review"])
    ''
    """
    from difflib import get_close_matches

    folded = {other.casefold(): other for other in known}
    close = [folded[name] for name in get_close_matches(word.casefold(), folded, n=3, cutoff=CLOSE)]
    return f"did you mean {' or '.join(close)}? " if close else ""
