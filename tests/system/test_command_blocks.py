"""Every block of commands and code in the README and the guides runs as it stands, or says why it is not run here."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import COMMANDS, _parser
from tests.system import command_blocks
from tests.system.command_blocks import PAGES, ROOT, blocks_of, environment, make_folder, not_run

LINES = [
    (page, line) for page in PAGES for block in blocks_of(page) if block.language == "sh" for line, _ in block.lines()
]
OURS = [
    (page, line)
    for page, line in LINES
    if "auscult " in line and not line.startswith(("pip ", "uv ", "pipx ", "python -c"))
]
BEFORE_CODE = (
    "import numpy as np, soundfile, glob\n"
    "waveform, _ = soundfile.read('heart.wav', dtype='float32')\n"
    "paths = sorted(glob.glob('beds/*.wav'))\n"
)
"""What code in a page is about: a sound, and names of files."""
LINE_TIMEOUT_S = 240.0
"""A line that waits for ever fails by its name, before the whole test does."""
PROGRAMS = ("jq",)
"""Of Debian, in lines that are run."""


@pytest.fixture(scope="module")
def reader_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with everything that pages take for granted."""
    folder = tmp_path_factory.mktemp("reader")
    make_folder(folder)
    return folder


def run_page(page: str, folder: Path) -> list[str]:
    """Run the blocks of a page in their order, and return what failed."""
    failed = []
    for block in blocks_of(page):
        for text, reason in block.lines():
            if reason:
                continue
            if block.file and block.language != "sh":
                (folder / "place" / block.file).write_text(text, encoding="utf-8")
                continue
            code = BEFORE_CODE + text.replace("speed=1.0", "speed=None")
            command = ["bash", "-o", "pipefail", "-c", text] if block.language == "sh" else [sys.executable, "-c", code]
            done = subprocess.run(
                command,
                cwd=folder / "place",
                env=environment(folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LINE_TIMEOUT_S,
            )
            if done.returncode != 0:
                failed.append(f"{text}\nexit code {done.returncode}\n{(done.stdout + done.stderr)[-1500:]}")
    return failed


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)])
def test_the_blocks_run(page: str, reader_folder: Path, tmp_path: Path) -> None:
    """Each line ends with exit code 0, in a folder with the files that it names."""
    text = "\n".join(line for block in blocks_of(page) for line, reason in block.lines() if not reason)
    if "auscult train" in text:
        pytest.importorskip("tensorflow", reason="training needs the training extra")
    for program in PROGRAMS:
        if f"| {program} " in text and shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    folder = tmp_path / "reader"
    shutil.copytree(reader_folder, folder)
    failed = run_page(page, folder)
    assert not failed, "\n\n".join([page, *failed])


@pytest.mark.parametrize("page", [page for page in PAGES if not_run(page)])
def test_what_is_not_run_says_why(page: str) -> None:
    """A reason is a sentence, a test that it names exists, and a mark is of a line that there is."""
    for block in blocks_of(page):
        for prefix in block.marks:
            assert any(line.startswith(prefix) for line in block.text.splitlines()), prefix
    for _, reason in not_run(page):
        assert len(reason.split()) > 3, reason
        for name in re.findall(r"tests/[\w/.]+\.py", reason):
            assert (ROOT / name).is_file(), name


def test_every_mark_stands_above_a_block() -> None:
    """A mark that is misspelt, or away from its block, would say nothing."""
    for page in PAGES:
        marks = sum(len(block.marks) for block in blocks_of(page))
        assert (ROOT / page).read_text(encoding="utf-8").count("<!-- not run") == marks, page


@pytest.mark.parametrize(("page", "line"), OURS)
def test_every_command_line_parses(page: str, line: str) -> None:
    """Every command that is shown exists, with the flags that are shown, also where it is not run."""
    words = shlex.split(re.split(r"\s+#|\s+<|\s+>|\s+\|", line[line.index("auscult ") :])[0])[1:]
    assert words[0] in COMMANDS, f"{page}: no such command: {words[0]}"
    if words[0] != "completion":
        assert callable(_parser(words[0]).parse_args(words).run)


def test_a_training_is_made_small_and_a_recording_is_not_played_in_real_time() -> None:
    """Nothing else of a command is changed."""
    assert command_blocks.hastened(["replay", "heart.wav"]) == ["replay", "heart.wav", "--speed", "max"]
    assert command_blocks.hastened(["replay", "a.wav", "--slow", "0.5"]) == ["replay", "a.wav", "--slow", "0.5"]
    made_small = command_blocks.hastened(["train", "set_b", "--steps", "30", "--out", "models/mine"])
    assert made_small == ["train", "set_b", "--steps", "1", "--out", "models/mine", "--folds", "2", "--synthetic", "2"]
    assert command_blocks.hastened(["scan", "recordings/"]) == ["scan", "recordings/"]
