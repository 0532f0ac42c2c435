"""The guide for Python and the example notebook run as they stand."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from monitor.synthesis.parameters import HeartParameters
from monitor.synthesis.phonocardiogram import phonocardiogram

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "python.md").read_text(encoding="utf-8")
NOTEBOOK = ROOT / "docs" / "examples" / "first-results.ipynb"
SECONDS, RATE = 7.0, 4000
WINDOWS = 5


@pytest.fixture
def waveform():
    """Return a synthetic heart."""
    return phonocardiogram(SECONDS, HeartParameters(), np.random.default_rng(1)).waveform


@pytest.fixture
def network_microphone(waveform, monkeypatch):
    """Send a heart as 16-bit samples to whoever connects to the guide's address, and close the connection."""
    data = (np.clip(waveform, -1, 1) * 32767).astype("<i2").tobytes()
    server = socket.create_server(("127.0.0.1", 0))
    connect = socket.create_connection

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.sendall(data)

    def guided(address, timeout):
        assert address == ("stethoscope.local", 4000)
        return connect(server.getsockname(), timeout=timeout)

    monkeypatch.setattr(socket, "create_connection", guided)
    thread = threading.Thread(target=serve)
    thread.start()
    yield
    connect(server.getsockname()).close()  # lets a server end that nobody came to
    thread.join(30.0)
    server.close()


def test_the_guide_runs(waveform, network_microphone, tmp_path, monkeypatch, capsys):
    """Every block, in order, on a synthetic heart; the three ways to read it give as many windows."""
    pytest.importorskip("pandas", reason="needs pandas")
    monkeypatch.chdir(tmp_path)
    soundfile.write("heart.wav", waveform, RATE)
    names = {"waveform": waveform}
    printed = []
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(
            compile(
                block.replace(", speed=1.0", "").replace('"heart.wav"', '"heart.wav", speed=None'), "guide", "exec"
            ),
            names,
        )
        printed.append(capsys.readouterr().out.splitlines())
    assert printed[0][0].startswith("<Judged: ")
    assert [len(lines) for lines in printed[1:]] == [1 + WINDOWS, WINDOWS + 1, WINDOWS, WINDOWS]


def test_five_lines_make_a_network_microphone():
    """Four of a generator, one of a source, as the guide says."""
    block = next(one for one in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "GeneratorSource" in one)
    lines = [line for line in block.splitlines() if line]
    first = next(at for at, line in enumerate(lines) if line.startswith("def "))
    last = next(at for at, line in enumerate(lines) if "GeneratorSource" in line)
    assert last - first + 1 == 5


def test_the_notebook_is_saved_without_results():
    """No output, no count and no path of anybody's computer."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(cells) >= 5
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert not re.search(r"/home|/Users|/tmp|C:", NOTEBOOK.read_text(encoding="utf-8"))


@pytest.mark.subprocess
@pytest.mark.filterwarnings("default")  # of Jupyter's own packages
def test_the_notebook_runs():
    """In a real kernel: results show themselves with a picture, the table has its rows, and windows come by events."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient")
    pytest.importorskip("ipykernel", reason="needs ipykernel")
    pytest.importorskip("pandas", reason="needs pandas")
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    cells = {cell.id: cell for cell in book.cells}
    for name in ("whole", "part"):
        (output,) = cells[name].outputs
        assert "<svg" in output.data["text/html"]
        assert output.data["text/plain"].startswith("<Judged: ")
    assert "<Judged: murmur " in cells["part"].outputs[0].data["text/plain"]
    assert "<table" in cells["frame"].outputs[0].data["text/html"]
    lines = "".join(output.text for output in cells["stream"].outputs).splitlines()
    assert [float(line.split()[0]) for line in lines] == [5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0]
