"""Diagnostics: silent and free unless asked for."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import pytest

from monitor.errors import AuscultError
from monitor.log import configure_logging, get_logger


def test_without_the_variable_nothing_is_printed_and_logging_is_not_imported():
    """A warning of ours goes nowhere, and does not even load `logging`."""
    code = (
        "import sys; from monitor.log import get_logger; logger = get_logger('monitor.x'); logger.warning('unseen'); "
        "print('logging' in sys.modules); import logging; logger.warning('unseen')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_lines_have_time_level_and_name(quiet_loggers, capsys):
    """Standard error gets what the level lets through, of both packages."""
    configure_logging("INFO")
    get_logger("monitor.x").debug("too fine")
    get_logger("monitor.x").info("%s windows", 3)
    get_logger("training.y").warning("odd")
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO monitor\.x: 3 windows", first)
    assert second.endswith("WARNING training.y: odd")


def test_a_file_is_added_to(quiet_loggers, tmp_path, capsys):
    """Earlier lines stay, the level may be in lower case, and standard error stays empty."""
    path = tmp_path / "auscult.log"
    path.write_text("earlier\n")
    configure_logging(f"debug:{path}")
    get_logger("monitor.x").debug("fine")
    assert path.read_text().splitlines()[0] == "earlier"
    assert path.read_text().endswith("DEBUG monitor.x: fine\n")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", ["loud", "INFO:", ":x.log", "10", "ERROR"])
def test_a_bad_value_is_refused(value, quiet_loggers):
    """The line says what the value may be."""
    with pytest.raises(AuscultError, match=r"AUSCULT_LOG='.*' cannot be used; it must be DEBUG, INFO, WARNING"):
        configure_logging(value)


def test_a_file_that_cannot_be_opened_is_refused(quiet_loggers, tmp_path):
    """With the system's reason."""
    with pytest.raises(AuscultError, match=r"AUSCULT_LOG: .* cannot be written: .*; name another file"):
        configure_logging(f"INFO:{tmp_path}")


def test_a_program_of_another_author_may_add_its_own_handler(quiet_loggers, caplog):
    """The loggers are ordinary ones below `monitor`."""
    with caplog.at_level(logging.INFO, logger="monitor"):
        get_logger("monitor.x").info("seen")
    assert caplog.messages == ["seen"]


def test_an_exception_is_logged_with_its_traceback(quiet_loggers, capsys):
    """`exc_info` works as in `logging`."""
    configure_logging("DEBUG")
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger("monitor.x").debug("failed", exc_info=True)
    assert "ValueError: broken" in capsys.readouterr().err
