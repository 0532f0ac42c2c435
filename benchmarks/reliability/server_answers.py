"""How long the process of the server takes to answer whether it lives, on a busy machine.

    python -m benchmarks.reliability.server_answers
    nice -n 10 python -m benchmarks.reliability.server_answers --minutes 1

One that leaves eight questions in a row, one a second, without an answer is killed: a busy machine must stay far from
that. Beside other programs that take all of it, this one serves ten lines a second, for so many minutes from the first
answer on. One JSON object goes to standard output: the seconds from answer to answer (median, 99th percentile, most),
what was told, and the load average at the beginning and at the end. The exit code is 1 where it was taken for hung.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

import numpy as np

from monitor.serve.address import Address, listening_socket
from monitor.serve.feed import Feed
from monitor.serve.process import server_process
from monitor.serve.process.child import HUNG, Child

LINE = '{"type":"overload","at_s":1.0,"overloaded":false,"skipped":0}'
LINE_S = 0.1

answered_s: list[float] = []


class Timed(Child):
    """A process whose answers are timed."""

    def _take(self, report: dict[str, object]) -> None:
        if report.get("lives"):
            answered_s.append(time.monotonic())
        super()._take(report)


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    server_process.Child = Timed  # type: ignore[misc]
    feed, told, load = Feed(), [], [os.getloadavg()[0]]

    def tell(title: str, text: str, *, over: bool = False) -> None:
        told.append(text)

    listening = listening_socket(Address("127.0.0.1", 0))
    with server_process.ServerProcess(feed, listening, loopback=True, tell=tell):
        while not answered_s or time.monotonic() < answered_s[0] + 60 * minutes:
            feed.publish(LINE)
            time.sleep(LINE_S)
        hung = any(text.startswith(HUNG) for text in told)
    middle, high, most = np.percentile(np.diff(answered_s), (50, 99, 100)).round(2).tolist()
    load.append(os.getloadavg()[0])
    figures = {"answers": len(answered_s), "p50_s": middle, "p99_s": high, "most_s": most, "told": told, "load": load}
    print(json.dumps(figures, indent=1, allow_nan=False))
    return int(hung)


if __name__ == "__main__":
    sys.exit(main())
