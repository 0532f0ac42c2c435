"""What a service manager is told: that the program is ready, what it does, and that it lives; see sd_notify(3).

A datagram to the socket that systemd names in the environment; without one nothing happens. Main thread.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["has_service_manager", "notify", "watchdog_s"]

SOCKET, TIMEOUT, PROGRAM = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
MICROSECONDS = 1e6


def has_service_manager(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether there is somebody to notify.

    Examples
    --------
    >>> has_service_manager({"NOTIFY_SOCKET": "/run/systemd/notify"}), has_service_manager({})
    (True, False)
    """
    return environment.get(SOCKET, "")[:1] in {"/", "@"}


def watchdog_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """Return the seconds within which the service manager wants a sign of life; None where it wants none.

    Examples
    --------
    >>> watchdog_s({"WATCHDOG_USEC": "30000000"})
    30.0
    """
    text = environment.get(TIMEOUT, "")
    if environment.get(PROGRAM, str(os.getpid())) != str(os.getpid()) or not (text.isascii() and text.isdigit()):
        return None
    return int(text) / MICROSECONDS or None


def notify(*assignments: str) -> bool:
    """Tell the service manager; return whether it was told. It is never waited for.

    Parameters
    ----------
    *assignments : str
        Such as ``"READY=1"``, ``"STATUS=judging"`` or ``"WATCHDOG=1"``; without line feeds.
    """
    if not has_service_manager():
        return False
    import socket

    address = os.environ[SOCKET]
    if address.startswith("@"):  # a name of the kernel's, and no file
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto("\n".join(assignments).encode(), address)
    except OSError:
        return False
    return True
