"""Whether memory grows with the length of the sound.

    python benchmarks/speed/memory.py [MODEL]

plays 1, 10 and 60 minutes of the demo's sound through the whole pipeline, one after the other in one process, as fast
as it goes, and prints how fast that was and by how much the memory in use rose from the first quarter of
each run to its last. Memory is told on Linux only.
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
    print(f"{'minutes':>8}{'windows':>9}{'times real time':>17}{'rise, MB':>10}{'in use, MB':>12}")
    for minutes in MINUTES:
        found = long_run(bundle, demo.waveform, demo.sample_rate, 60.0 * minutes)
        rise, held = found.memory_growth_mb, memory_in_use_mb()
        print(
            f"{minutes:>8}{found.windows:>9}{found.real_time_factor:>17.0f}"
            f"{'-' if rise is None else f'{rise:.2f}':>10}{'-' if held is None else f'{held:.1f}':>12}"
        )


if __name__ == "__main__":
    main()
