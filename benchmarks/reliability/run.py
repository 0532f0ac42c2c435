"""Damaged recordings, damaged bundles, faults while listening: what is lost, and whether it is told.

    python benchmarks/reliability/run.py                         # three minutes
    python benchmarks/reliability/run.py --for 30m --seed 7 --json reliability.json --keep failing
    python benchmarks/reliability/run.py --repeat recordings 1535  # one input again

Everything follows from the seed, but for the times at which live faults happen to hit the program. Four parts:
recordings (:mod:`recordings`), bundles (:mod:`bundles`), a device that misbehaves (:mod:`scripted_faults`), and
``auscult listen`` on a virtual stethoscope (:mod:`live_faults`; needs PulseAudio, and says so without it). The exit
code is 1 if anything happened that must not. Inputs that failed are written to the folder of ``--keep``. For Linux.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

from live_faults import run_live
from scripted_faults import run_scripted
from watch import run_inputs, serve

UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}
SHARES = {"recordings": 0.3, "bundles": 0.1, "scripted": 0.15, "live": 0.45}
"""Of the time, where all parts run."""
LIVE = {"scripted": run_scripted, "live": run_live}
DATA = [Path(__file__).resolve().parents[3] / "shared" / name for name in ("cases", "data")]


def main() -> int:
    """Run all parts, print the table, and return the exit code."""
    options = _options()
    if options.serve:
        return _serve(options.serve, options.data, options.seed)
    if options.repeat:
        print(json.dumps(_runner(options.repeat[0], options.data)(int(options.repeat[1])), indent=1))
        return 0
    results: dict[str, Any] = {"seed": options.seed}
    total = sum(SHARES[part] for part in options.parts)
    for part in options.parts:
        seconds = options.seconds * SHARES[part] / total
        if part in LIVE:
            results[part] = LIVE[part](seconds, options.seed)
        else:
            found = run_inputs(_command(part, options.data), options.seed, seconds)
            results[part] = found.as_json()
            if options.keep is not None:
                _keep(part, options, found.faults + found.untold)
        _say(f"{part}: {len(results[part].get('faults', []))} faults")
    print(table(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return int(any(part.get("faults") for part in results.values() if isinstance(part, dict)))


def _options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description="Damage, faults, and what is told of them.")
    parser.add_argument("--for", dest="seconds", type=duration_s, default=180.0, help="e.g. 90s, 30m, 2h (default: 3m)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first input and of the live faults")
    parser.add_argument("--parts", nargs="+", choices=list(SHARES), default=list(SHARES))
    parser.add_argument(
        "--data", nargs="*", type=Path, default=DATA, help="folders with real recordings, where present"
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--keep", type=Path, help="write inputs that failed to this folder")
    parser.add_argument("--repeat", nargs=2, metavar=("PART", "SEED"), help="run one input again")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    return parser.parse_args()


def duration_s(text: str) -> float:
    """Return seconds from a number with s, m or h.

    Examples
    --------
    >>> duration_s("30m"), duration_s("90")
    (1800.0, 90.0)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of seconds, or end in s, m or h")
    return float(match[1]) * UNITS_S[match[2]]


def table(results: dict[str, Any]) -> str:
    """Return all figures as lines of a name and a value."""
    lines = [f"seed {results['seed']}"]
    for part in SHARES:
        if part not in results:
            continue
        lines.append(f"\n{part}")
        for name, value in results[part].items():
            if name in ("faults", "untold"):
                lines.append(f"  {name:32}{len(value)}")
                lines += [f"      {_short(item)}" for item in value[:20]]
            elif isinstance(value, dict):
                lines.append(f"  {name}")
                lines += [f"      {key:60}{amount}" for key, amount in value.items()]
            else:
                lines.append(f"  {name:32}{value}")
    return "\n".join(lines)


def _short(fault: dict[str, Any] | str) -> str:
    """Return a fault in one line."""
    if isinstance(fault, str):
        return fault
    last = fault["faults"][-1].strip().splitlines()[-1] if fault["faults"] else "loss not told"
    return f"seed {fault['seed']}, {fault['input']}, {fault['kind']}: {last}"[:300]


def _command(part: str, data: list[Path]) -> list[str]:
    """Return the command of the process that is watched; the seed is added to it."""
    return [__file__, "--serve", part, "--data", *map(str, data), "--seed"]


def _runner(part: str, data: list[Path]) -> Any:
    """Return the function from a seed to an outcome."""
    folder = Path(tempfile.mkdtemp(prefix="auscult-reliability-"))
    if part == "bundles":
        import bundles

        return functools.partial(bundles.run_one, bundles.Forger(folder / "bundle"))
    import recordings

    found = recordings.originals(tuple(path for path in data if path.is_dir()))
    return lambda seed: recordings.run_one(found, seed, folder)


def _serve(part: str, data: list[Path], seed: int) -> int:
    """Run inputs without end, for :mod:`watch`."""
    serve(_runner(part, data), seed)
    return 0


def _keep(part: str, options: argparse.Namespace, faults: list[dict[str, Any]]) -> None:
    """Write inputs that failed, named by their seeds."""
    import bundles
    import recordings

    options.keep.mkdir(parents=True, exist_ok=True)
    found = recordings.originals(tuple(path for path in options.data if path.is_dir())) if faults else []
    for fault in faults:
        target = options.keep / f"{part}-{fault['seed']}"
        if part == "bundles":
            bundles.Forger(target).make(fault["seed"])
        else:
            original, mutant = recordings.mutants(found, fault["seed"])
            target.with_suffix(original.suffix).write_bytes(mutant.content)
        target.with_suffix(".json").write_text(json.dumps(fault, indent=1), encoding="utf-8")


def _say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
