"""How often a chest piece that lies still looks moved: monitor.commands.exam.movement on recordings of one site.

    python benchmarks/constants/moved_chest_piece.py DATA/circor

Every recording of 20 s or more is cut at 10 s: what comes before is the site that is done, the 10 s behind it the wait
for the move. No one moves anything between, so each sign is a false one. Printed: the share of recordings with a sign,
for several limits of the bump and for a withheld window. That a real move gives a sign cannot be measured on them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import monitor
from monitor.audio.sources.decoding.decoder import Decoder
from monitor.inference.bundle import Bundle, load_bundle

CUT_S, WAIT_S, BLOCK_S = 10.0, 10.0, 0.1
LIMITS_DB = (3.0, 6.0, 9.0, 12.0)


def main(arguments: list[str]) -> int:
    """Print the shares; return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    bundle, excess, withheld = load_bundle(), [], []
    for path in sorted(path for path in Path(arguments[0]).rglob("*") if path.suffix in (".wav", ".flac")):
        waveform, rate = read(path)
        if len(waveform) >= (CUT_S + WAIT_S) * rate:
            excess.append(excess_db(waveform, rate))
            withheld.append(is_withheld(path, bundle))
    print(f"recordings: {len(excess)}")
    for limit in LIMITS_DB:
        print(f"a bump of {limit:g} dB: {np.mean(np.array(excess) > limit):.3f}")
    print(f"a withheld window: {np.mean(withheld):.3f}")
    return 0


def read(path: Path) -> tuple[NDArray[np.float32], int]:
    """Return a recording, mono, and its sample rate."""
    with Decoder(str(path), path.name) as sound:
        return np.concatenate([block.mean(axis=1) for block in sound.blocks(0)]), sound.sample_rate


def excess_db(waveform: NDArray[np.float32], rate: int) -> float:
    """Return by how much the loudest block of the wait is above the loudest one of the last seconds before it, dB."""
    size, cut = round(BLOCK_S * rate), round(CUT_S * rate)
    peaks = [
        np.abs(part[: len(part) // size * size]).reshape(-1, size).max(axis=1).max()
        for part in (waveform[:cut], waveform[cut : cut + round(WAIT_S * rate)])
    ]
    before, behind = (max(float(peak), 1e-6) for peak in peaks)
    return float(20 * np.log10(behind / before))


def is_withheld(path: Path, bundle: Bundle) -> bool:
    """Return whether a window that ends in the wait is withheld."""
    with monitor.Pipeline(monitor.RecordingSource(path, speed=None), bundle) as pipeline:
        return any(
            window.quality.state is not None for window in pipeline.windows() if CUT_S < window.end_s <= CUT_S + WAIT_S
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
