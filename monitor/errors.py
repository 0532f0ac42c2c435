"""The errors a person can meet, one tree, each with an exit code.

    AuscultError            exit 1   something in the world is not as needed
    +-- RecordingError      exit 1   a file or stream that cannot be read
    +-- DeviceError         exit 1   a sound device that cannot be heard
    |   +-- NoSuchDeviceError        exit 1   none of that name is connected
    +-- BundleError         exit 1   a model bundle that cannot be trusted
    +-- DataError           exit 1   a training set that cannot be used
    +-- MissingExtraError   exit 1   a command needs an optional package
    +-- EndedError          exit 130 a person ended a command before there was anything to keep

The caller's own mistake (a wrong argument) is a plain ``ValueError`` and ends a
command with exit code 2. Lost audio is no error: it is counted and shown.

Runs on any thread; must not import anything of ours.
"""

from __future__ import annotations

__all__ = [
    "DISTRIBUTION",
    "AuscultError",
    "BundleError",
    "DataError",
    "DeviceError",
    "EndedError",
    "MissingExtraError",
    "NoSuchDeviceError",
    "RecordingError",
]

DISTRIBUTION = "auscult-monitor"
"""The name that pip knows; the command and the packages have shorter ones."""


class AuscultError(Exception):
    """Something in the world (device, file, bundle) is not as needed.

    Parameters
    ----------
    message : str
        One line: what failed, and on what.
    next_step : str
        What the person can do about it; empty when there is nothing to add.
    """

    exit_code = 1

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        """Return the one line that is shown: the message, then the next step."""
        return f"{self.message}; {self.next_step}" if self.next_step else self.message


class RecordingError(AuscultError):
    """A recording, or audio on standard input, cannot be read."""


class DeviceError(AuscultError):
    """A sound device, or the library that opens them, cannot be used as asked."""


class NoSuchDeviceError(DeviceError):
    """The device asked for is not connected; it may still come."""


class BundleError(AuscultError):
    """A model bundle is missing, damaged, of another format, or fails its self-check."""


class DataError(AuscultError):
    """A training set cannot be used as it is."""


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


class EndedError(AuscultError):
    """A person ended a command before there was anything to keep."""

    exit_code = 130
