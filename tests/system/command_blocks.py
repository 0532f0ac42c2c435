"""The blocks of commands and code in the pages for readers, and a folder in which a reader could type them.

``python -m tests.system.command_blocks`` lists what the suite does not run, with the reasons. A page says so in
comments above a block, which its readers do not see: ``<!-- not run: REASON -->`` of a whole block, and
``<!-- not run "auscult listen": REASON -->`` of the lines that begin so.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from monitor.synthesis.phonocardiogram import phonocardiogram
from monitor.synthesis.random_parameters import random_parameters

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for place in ("README.md", "docs/index.md", "docs/guides/*.md", "docs/readers/*.md")
    for path in ROOT.glob(place)
)
MARK = re.compile(r'^<!-- not run(?: "(?P<prefix>[^"]+)")?: (?P<reason>.+?) -->$')
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_OF = re.compile(r"(?:[Ss]ave (?:it|this) as|CSV file, here) `([\w.]+)`")
RUN = ("sh", "python", "csv")
SESSION = "SESSIONS/2026-01-02_03-04-05_P-017_AV"


@dataclasses.dataclass(frozen=True)
class Block:
    """What stands between two fences.

    Attributes
    ----------
    language : str
        Behind the first fence.
    text : str
    before : str
        What stands between the block before and this one.
    marks : dict of str to str
        Reasons not to run, by how the lines begin; an empty key is of the whole block.
    """

    language: str
    text: str
    before: str
    marks: dict[str, str]

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each line, or all of a block of code, with the reason not to run it, empty where it is run."""
        for line in self.text.splitlines() if self.language == "sh" else [self.text]:
            reasons = [reason for prefix, reason in self.marks.items() if line.startswith(prefix)]
            if line.strip():
                yield line, "; ".join(reasons)

    @property
    def file(self) -> str | None:
        """The name that the reader is to save the block as, or None."""
        names = FILE_OF.findall(self.before)
        return names[-1] if names else None


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page that are commands or code."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found, end = [], 0
    for fence in FENCE.finditer(text):
        before, end = text[end : fence.start()], fence.end()
        marks: dict[str, str] = {}
        for line in reversed(before.splitlines()):
            if not (mark := MARK.match(line)):
                break
            marks[mark["prefix"] or ""] = mark["reason"]
        if fence[1] in RUN:
            found.append(Block(fence[1], fence[2], before, marks))
    return found


def not_run(page: str) -> list[tuple[str, str]]:
    """Return the lines of a page that the suite does not run, with their reasons."""
    return [(line, reason) for block in blocks_of(page) for line, reason in block.lines() if reason]


AUSCULT = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.system.command_blocks import typed
sys.exit(typed(sys.argv[1:]))
"""
TINY = {"--folds": "2", "--steps": "1", "--synthetic": "2"}


def hastened(words: list[str]) -> list[str]:
    """Return the arguments of a command with the smallest training, and as fast as possible instead of in real time."""
    plays = words[:1] in (["replay"], ["demo"]) or (words[:1] == ["exam"] and "--from" in words)
    if plays and not {"--speed", "--slow", "--play"} & set(words):
        return [*words, "--speed", "max"]
    if words[:1] == ["train"]:
        for flag, number in TINY.items():
            words = [number if before == flag else word for before, word in zip(["", *words], words, strict=False)]
            words += [] if flag in words else [flag, number]
    return words


def typed(words: list[str]) -> int:
    """Run a command as the reader's ``auscult``; on a terminal with the key ``q`` where it needs a terminal."""
    command = [sys.executable, "-m", "monitor", *hastened(words)]
    if words[:1] != ["review"]:
        return subprocess.run(command, check=False).returncode
    import pty
    import time

    process, terminal = pty.fork()
    if process == 0:
        os.execv(command[0], command)
    shown, asked = b"", 0.0
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
        if b"quit" in shown and time.monotonic() - asked > 1.0:
            os.write(terminal, b"q")
            asked = time.monotonic()
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def sound(seconds: float, label: str = "normal", seed: int = 0) -> np.ndarray:
    """Return a synthetic heart at 4000 Hz."""
    rng = np.random.default_rng(seed)
    return phonocardiogram(seconds, random_parameters(rng, label=label), rng).waveform


def make_folder(folder: Path) -> None:
    """Write what the pages take for granted: recordings under the names that they use, sessions, the command itself."""
    program = folder / "bin" / "auscult"
    program.parent.mkdir(parents=True)
    program.write_text(AUSCULT.format(python=sys.executable, root=str(ROOT)))
    program.chmod(0o755)
    (folder / "config.toml").touch()
    place = folder / "place"
    for number, (data_set, label, person) in enumerate(
        (data_set, label, person)
        for data_set in ("set_b", "circor", "other_recordings", "recordings")
        for label in ("normal", "murmur")
        for person in range(2)
    ):
        where = place / data_set / label / f"{data_set}_{person}_{label}"
        where.mkdir(parents=True)
        soundfile.write(where / f"{data_set}_{number}.wav", sound(6.0, label, number + 1), 4000)
    heart = sound(70.0)
    short = sound(6.0, "murmur")
    shorts = ("beds/1.wav", "beds/2.wav", "more/c.wav", "recordings/x1.wav", "recordings/x2.wav")
    for name in (*shorts, "a.wav", "b.flac", "live.wav", "visit.flac"):
        (place / name).parent.mkdir(exist_ok=True)
        soundfile.write(place / name, short, 4000)
    for name in ("night.flac", "av.wav", "pv.wav", "mv.wav"):
        soundfile.write(place / name, heart[:80_000], 4000)
    soundfile.write(place / "heart.wav", heart, 4000)
    soundfile.write(place / "heart.mp3", np.repeat(np.stack([heart, heart], axis=1)[:100_000], 4, axis=0), 16000)
    soundfile.write(place / "pair.wav", np.stack([short, short], axis=1), 4000)
    (place / "samples.raw").write_bytes((short * 32767).astype("<i2").tobytes())
    (place / "manifest.csv").write_text("path,patient\nrecordings/x1.wav,P-001\nrecordings/x2.wav,P-002\n")
    keep = [
        "auscult",
        "replay",
        "heart.wav",
        "--session",
        "--session-dir",
        "kept",
        "--subject",
        "P-017",
        "--site",
        "AV",
    ]
    subprocess.run(keep, cwd=place, env=environment(folder), check=True, stdout=subprocess.DEVNULL)
    (kept,) = (place / "kept").iterdir()
    for name in (SESSION, "SESSION"):
        shutil.copytree(kept, place / name)
    shutil.rmtree(place / "kept")


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a reader whose settings are their own, and whose ``auscult`` is this one."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AUSCULT_", "PYTEST_"))}
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), kept.get("PATH", "")])
    python_path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))
    return kept | {
        "PATH": path,
        "PYTHONPATH": python_path,
        "AUSCULT_CONFIG": str(folder / "config.toml"),
        "XDG_DATA_HOME": str(folder / "data"),
        "TERM": "xterm-256color",
    }


if __name__ == "__main__":
    for one in PAGES:
        for text, why in not_run(one):
            print(f"{one}: {text.splitlines()[0]}\n    {why}")
