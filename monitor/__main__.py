"""``python -m monitor`` is ``auscult``."""

from __future__ import annotations

from monitor.cli import run_and_exit

if __name__ == "__main__":
    run_and_exit()
