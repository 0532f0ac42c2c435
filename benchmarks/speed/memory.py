"""Whether memory grows with the length of the sound.

    python benchmarks/speed/memory.py [MODEL]

plays 1, 10 and 60 minutes of the demo through the whole pipeline, one after the other in one process, as fast as
possible, and prints the speed and by how much the memory in use grew from the first quarter of each run to the last.
"""

from __future__ import annotations

import sys

from monitor.audio.sources.synthetic import SyntheticSource
from monitor.commands.bench.long_run import long_run, memory_in_use_mb
from monitor.inference.bundle import DEFAULT_BUNDLE, load_bundle

MINUTES = (1, 10, 60)


def main() -> None:
    """Measure and print."""
    bundle = load_bundle(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_BUNDLE)
    demo = SyntheticSource()
    print(f"{'minutes':>8}{'windows':>9}{'times real time':>17}{'growth, MB':>12}{'in use, MB':>12}")
    for minutes in MINUTES:
        run = long_run(bundle, demo.waveform, demo.sample_rate, 60.0 * minutes)
        growth = "-" if run.memory_growth_mb is None else f"{run.memory_growth_mb:.2f}"
        print(f"{minutes:>8}{run.windows:>9}{run.real_time_factor:>17.0f}{growth:>12}{memory_in_use_mb():>12.1f}")


if __name__ == "__main__":
    main()
