"""What Keras trains on: named in one line, tested with devices that are not there."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from training.fitting.compute_device import device_line, has_nvidia_gpu


def tensorflow_with(*names: str | None, cuda: bool = True) -> Any:
    """Return what looks like TensorFlow on a machine with some GPUs; None is one whose maker gives no name."""
    devices = [SimpleNamespace(name=f"/physical_device:GPU:{index}", made=name) for index, name in enumerate(names)]

    def details(device: Any) -> dict[str, str]:
        return {"device_name": device.made} if device.made else {}

    config = SimpleNamespace(
        list_physical_devices=lambda kind: devices if kind == "GPU" else [],
        experimental=SimpleNamespace(get_device_details=details),
    )
    return SimpleNamespace(config=config, test=SimpleNamespace(is_built_with_cuda=lambda: cuda))


def test_a_gpu_is_named() -> None:
    """The first GPU is what Keras places a network on; others stay unused, and one without a name has its number."""
    assert device_line(tensorflow_with("NVIDIA L4"), gpu=True) == "training on the GPU NVIDIA L4"
    line = device_line(tensorflow_with("NVIDIA L4", "NVIDIA T4"), gpu=True)
    assert line == "training on the GPU NVIDIA L4; 1 more stay unused"
    assert device_line(tensorflow_with(None), gpu=False) == "training on the GPU /physical_device:GPU:0"


@pytest.mark.parametrize(
    ("cuda", "gpu", "system", "hidden", "reason"),
    [
        (False, False, "linux", None, "this machine shows no GPU that TensorFlow can use"),
        (True, False, "linux", None, "this machine shows no GPU that TensorFlow can use"),
        (
            False,
            True,
            "linux",
            None,
            "the installed TensorFlow cannot use the GPU; pip uninstall tensorflow-cpu, "
            "then pip install 'tensorflow[and-cuda]'",
        ),
        (
            True,
            True,
            "linux",
            "0",
            "TensorFlow finds no CUDA libraries or driver for the GPU; pip install 'tensorflow[and-cuda]'",
        ),
        (True, True, "linux", "", "CUDA_VISIBLE_DEVICES hides the GPU"),
        (True, True, "linux", "-1", "CUDA_VISIBLE_DEVICES hides the GPU"),
        (False, True, "win32", None, "TensorFlow uses a GPU under Linux alone; on Windows train in WSL 2"),
    ],
)
def test_why_no_gpu_is_used(cuda: bool, gpu: bool, system: str, hidden: str | None, reason: str) -> None:
    """The line says why the processor is used, and what to install where that helps."""
    environment = {} if hidden is None else {"CUDA_VISIBLE_DEVICES": hidden}
    line = device_line(tensorflow_with(cuda=cuda), gpu=gpu, system=system, environment=environment)
    assert line.startswith("training on the processor (")
    assert line.endswith(f" cores): {reason}")


def listing(code: str) -> tuple[str, ...]:
    """Return a command that stands for the driver's listing."""
    return (sys.executable, "-c", code)


@pytest.mark.subprocess
def test_whether_there_is_a_gpu(tmp_path: Path) -> None:
    """The device file of the driver, or a listing that names one; a driver without a GPU, or none at all, is none."""
    absent, present = tmp_path / "absent", tmp_path / "nvidia0"
    present.touch()
    assert has_nvidia_gpu(present, ("no-such-program",))
    assert has_nvidia_gpu(absent, listing("print('GPU 0: NVIDIA L4 (UUID: GPU-1)')"))
    assert not has_nvidia_gpu(absent, listing("print('No devices were found')"))
    assert not has_nvidia_gpu(absent, listing("print('GPU 0: lost'); raise SystemExit(9)"))
    assert not has_nvidia_gpu(absent, ("no-such-program",))
