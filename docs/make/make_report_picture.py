"""Create the picture of a report for its guide, docs/guides/report.png.

    python docs/make/make_report_picture.py docs

makes a synthetic heart with a murmur, in noise and with a knock, keeps it as a session with a mark, a note and a label,
writes its report, and photographs the page in Chromium.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from monitor.synthesis.parameters import HeartParameters, Murmur
from monitor.synthesis.phonocardiogram import phonocardiogram

RATE, SECONDS = 4000, 40
SIZE = (1100, 1390)
WRITTEN = (
    {"type": "mark", "at_s": 9.4, "sample": 37_600, "number": 1},
    {"type": "note", "at_s": 21.0, "sample": 84_000, "number": 2, "text": "louder leaning forward, in expiration"},
    {"type": "label", "start_s": 14.0, "end_s": 24.0, "label": "murmur", "source": "manual"},
)


def made_sound() -> np.ndarray:
    """Return a heart with a systolic murmur, in noise, with a passage of handling noise."""
    rng = np.random.default_rng(5)
    heart = phonocardiogram(float(SECONDS), HeartParameters(murmur=Murmur(level_db=-14.0)), rng, RATE).waveform
    noise = rng.normal(0.0, 0.004, len(heart))
    noise[30 * RATE : 34 * RATE] += rng.normal(0.0, 0.5, 4 * RATE) * np.hanning(4 * RATE)
    return np.clip(heart + noise, -1.0, 1.0).astype(np.float32)


def auscult(*arguments: object, **options: object) -> None:
    """Run a command of ours."""
    subprocess.run([sys.executable, "-m", "monitor", *map(str, arguments)], check=True, **options)  # noqa: S603 - ours


def main(arguments: list[str]) -> int:
    """Write the picture; return the exit code."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if len(arguments) != 1 or chromium is None:
        print(__doc__ if chromium else "needs Chromium", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        soundfile.write(folder / "heart.wav", made_sound(), RATE)
        kept = ("--session", "--session-dir", folder / "sessions", "--subject", "P-017", "--site", "PV")
        auscult("replay", folder / "heart.wav", "--speed", "max", "--plain", *kept, stdout=subprocess.DEVNULL)
        session = next((folder / "sessions").iterdir())
        with (session / "events.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in WRITTEN)
        auscult("report", session, "-o", folder / "report.html")
        shot = folder / "report.png"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder / 'p'}"]
        flags += [f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={shot}"]
        command = [chromium, *flags, (folder / "report.html").as_uri()]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a browser of the system
        out = io.BytesIO()
        with Image.open(shot) as image:
            image.convert("RGB").quantize(256).save(out, "PNG", optimize=True)
        (Path(arguments[0]) / "guides" / "report.png").write_bytes(out.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
