"""What Keras trains on, in one line: the graphics processor, or why the processor alone.

Asks TensorFlow, which the caller has imported, and the system; starts nothing on a device.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["device_line", "has_nvidia_gpu"]

NVIDIA_DEVICE = Path("/dev/nvidia0")
LIST_GPUS = ("nvidia-smi", "-L")
"""Prints a line "GPU 0: NAME (UUID: ...)" for each, also where Linux runs under Windows and has no such device file."""
TIMEOUT_S = 10.0
INSTALL = "pip install 'tensorflow[and-cuda]'"
"""Source: https://www.tensorflow.org/install/pip."""
HIDES = "CUDA_VISIBLE_DEVICES"


def device_line(
    tensorflow: Any, *, gpu: bool, system: str = sys.platform, environment: Mapping[str, str] = os.environ
) -> str:
    """Return what Keras trains on; where a GPU stands idle, why and what to do.

    Parameters
    ----------
    tensorflow : module
        What the networks are trained with.
    gpu : bool
        Whether the machine has an NVIDIA GPU, see :func:`has_nvidia_gpu`.
    system : str
        As :data:`sys.platform`.
    environment : mapping of str to str
        As :data:`os.environ`.
    """
    config = tensorflow.config
    names = [_name(config, device) for device in config.list_physical_devices("GPU")]
    if names:
        more = f"; {len(names) - 1} more stay unused" if len(names) > 1 else ""
        return f"training on the GPU {names[0]}{more}"
    processor = f"training on the processor ({os.cpu_count()} cores)"
    if not gpu:
        return f"{processor}: this machine shows no GPU that TensorFlow can use"
    if environment.get(HIDES, "0").strip() in ("", "-1"):
        return f"{processor}: {HIDES} hides the GPU"
    if system == "win32":
        return f"{processor}: TensorFlow uses a GPU under Linux alone; on Windows train in WSL 2"
    if not tensorflow.test.is_built_with_cuda():
        return f"{processor}: the installed TensorFlow cannot use the GPU; pip uninstall tensorflow-cpu, then {INSTALL}"
    return f"{processor}: TensorFlow finds no CUDA libraries or driver for the GPU; {INSTALL}"


def _name(config: Any, device: Any) -> str:
    """Return the name of a GPU as its maker gives it, or as TensorFlow numbers it."""
    return str(config.experimental.get_device_details(device).get("device_name") or device.name)


def has_nvidia_gpu(device: Path = NVIDIA_DEVICE, command: tuple[str, ...] = LIST_GPUS) -> bool:
    """Return whether the system shows an NVIDIA GPU, whatever TensorFlow makes of it.

    Parameters
    ----------
    device : Path
        The device file of the driver.
    command : tuple of str
        Lists the GPUs. A test passes its own.
    """
    if device.exists():
        return True
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603  # the driver's own program
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.startswith(b"GPU ")
