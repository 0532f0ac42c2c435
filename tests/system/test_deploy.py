"""docs/deploy, checked as far as it can be without systemd, Docker and Grafana: by their own tools and schemas."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from hatch_build import COMPILERS, FOLDER, LIBRARY
from monitor.cli import _parser
from monitor.serve.address import read_token
from monitor.views.service import LATE_S

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"
MAX_EXPOSURE = 2.0
"""Of systemd-analyze, from 0 (safest) to 10."""


def parsed(words):
    """Return the parsed arguments of a command."""
    return _parser(words[0]).parse_args(words)


def unit():
    """Return the [Service] section of the systemd unit."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str
    parser.read(DEPLOY / "auscult.service", encoding="utf-8")
    return parser["Service"]


def systemd_analyze(*arguments):
    """Run systemd-analyze; skip the test where it is not installed."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    command = ["systemd-analyze", *arguments, DEPLOY / "auscult.service"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_watchdog_of_the_unit():
    """It is told over the socket, and waits longer than the program does before it stops giving signs of life."""
    service = unit()
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert float(service["WatchdogSec"]) > 2 * (LATE_S + 5.5)
    assert "exec " in service["ExecStart"]  # a shell that stays would be the main process


def test_systemd_accepts_the_unit():
    """No line that it does not know."""
    done = systemd_analyze("verify")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_is_hardened():
    """By systemd's own measure."""
    done = systemd_analyze("security", "--offline=true")
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd-analyze is older than version 250")
    assert float(re.search(r"exposure level for .*: ([\d.]+)", done.stdout)[1]) <= MAX_EXPOSURE


def instructions():
    """Return the instructions of the Dockerfile, as (name, arguments)."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line.partition(" ")[::2] for line in "\n".join(lines).replace("\\\n", " ").splitlines()]


def build_stage():
    """Return the instructions of the stage in which auscult is installed."""
    found = instructions()
    starts = [index for index, (name, _) in enumerate(found) if name == "FROM"]
    assert len(starts) == 2
    return found[: starts[1]]


def test_the_image_has_the_compiled_front_end():
    """A compiler that the build looks for is installed before auscult is, and the image fails without the library."""
    runs = [arguments for name, arguments in build_stage() if name == "RUN"]
    compiler, install = (
        next(index for index, run in enumerate(runs) if text in run) for text in ("gcc", "pip install")
    )
    assert compiler < install
    version = re.search(r"python:(3\.\d+)", build_stage()[0][1])[1]
    assert f"test -f /opt/auscult/lib/python{version}/site-packages/{FOLDER / LIBRARY}" in runs[install]
    assert "gcc" in COMPILERS
    assert not any("gcc" in arguments for _, arguments in instructions()[len(build_stage()) :])


def test_hadolint_accepts_the_dockerfile():
    """Without a remark."""
    if shutil.which("hadolint") is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run(
        ["hadolint", "--no-color", DEPLOY / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_starts_a_command_that_parses():
    """As a user without rights, with extras that exist; files that it copies are there."""
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"]) == ["auscult"]
    assert parsed(json.loads(found["CMD"])).wait_for_device
    assert found["USER"] == "1000"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    installed = re.search(r"'\.\[([\w,]+)\]'", " ".join(arguments for _, arguments in build_stage()))[1]
    assert set(installed.split(",")) <= set(extras)
    for name, arguments in instructions():
        if name == "COPY" and "--from" not in arguments:
            assert (ROOT / arguments.split()[0]).exists()


def yaml(name):
    """Return the values of a file."""
    return pytest.importorskip("yaml").safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def filled(text):
    """Return a text with the defaults of its variables."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_the_commands_of_the_compose_file_parse(tmp_path):
    """They are served beyond their container with a token, which the recipe at the top makes."""
    services = yaml("compose.yaml")["services"]
    for name in ("auscult", "auscult-card"):
        options = parsed([filled(word) for word in services[name]["command"]])
        assert options.json
        assert options.session
        assert options.serve == "0.0.0.0:8765"
        assert options.serve_token_file == Path("/run/secrets/token")
        assert services[name]["hostname"] == "auscult"
    recipe = re.search(r"#   (head .* > token)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8"))[1]
    subprocess.run(["sh", "-c", recipe], cwd=tmp_path, check=True)
    assert len(read_token(tmp_path / "token", {}, needed=True)[0]) >= 32


def test_nothing_of_the_compose_file_is_open_to_others():
    """Every port is this computer's; nothing has rights that it does not need."""
    services = yaml("compose.yaml")["services"]
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    for name in ("auscult", "auscult-card"):
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"]
    assert not any("privileged" in service for service in services.values())


def test_the_files_and_services_of_the_compose_file_exist():
    """What is mounted is in the folder; what Prometheus reads is a service, and Grafana reads Prometheus."""
    compose = yaml("compose.yaml")
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = filled(volume).split(":")[0]
            assert source.startswith("/") or source in compose["volumes"] or (DEPLOY / source).is_file(), volume
        assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", service["image"])
    assert (DEPLOY / compose["services"]["auscult"]["build"]["dockerfile"].removeprefix("docs/deploy/")).is_file()
    (job,) = yaml("prometheus.yml")["scrape_configs"]
    assert job["static_configs"][0]["targets"] == ["auscult:8765"]
    assert job["authorization"]["credentials_file"] == "/run/secrets/token"
    (source,) = yaml("grafana/datasource.yaml")["datasources"]
    assert source["url"].removeprefix("http://").split(":")[0] in compose["services"]


def dashboard():
    """Return the dashboard."""
    return json.loads((DEPLOY / "grafana" / "dashboard.json").read_text(encoding="utf-8"))


def queries():
    """Return every query of the dashboard."""
    found = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    variables = [variable["query"] for variable in dashboard()["templating"]["list"] if variable["type"] == "query"]
    return found + variables


def differences(written, read, place=""):
    """Yield where what was read back is not what was written."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from differences(value, read.get(key), f"{place}/{key}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, (one, other) in enumerate(zip(written, read, strict=True)):
            yield from differences(one, other, f"{place}/{number}")
    elif written != read:
        yield place


def test_the_dashboard_has_the_schema_of_grafana():
    """Grafana's own classes know every key and value; one that they do not know would be lost."""
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins

    register_default_plugins()

    def lost(values):
        read = JSONEncoder(sort_keys=True, indent=2).encode(models.Dashboard.from_json(values))
        return list(differences(values, json.loads(read)))

    assert lost(dashboard()) == []
    assert lost({**dashboard(), "no_such_key": 1}) == ["/no_such_key"]


def written_metrics():
    """Return the metrics that a served run writes, each with its labels."""
    pytest.importorskip("prometheus_client")
    from prometheus_client.parser import text_string_to_metric_families

    from monitor.serve.counts import Counts
    from monitor.serve.feed import Feed
    from monitor.serve.metrics import Metrics
    from monitor.serve.state import Health
    from tests.monitor.serve.conftest import Run, device, snapshot, window

    feed = Feed()
    Run(feed).begin()
    feed.snapshot = snapshot(device=device())
    metrics = Metrics(feed, Health(feed), Counts())
    metrics.window(window())
    families = text_string_to_metric_families(metrics.text().decode())
    return {sample.name: {*sample.labels, "instance"} for family in families for sample in family.samples}


def test_every_metric_of_the_dashboard_is_written():
    """And every label by which one is chosen or summed."""
    written = written_metrics()
    asked = {name for query in queries() for name in re.findall(r"auscult_\w+", query)}
    assert asked <= set(written)
    assert len(asked) > 6
    for query in queries():
        labels = set(re.findall(r"(\w+)=~", query))
        labels |= {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
        for name in re.findall(r"auscult_\w+", query):
            assert labels <= written[name], query
    names = {"version", "model"}
    assert names <= written["auscult_build_info"]


def test_the_panels_of_the_dashboard_lie_side_by_side():
    """None covers another, and each has a number and a title of its own place."""
    places = [panel["gridPos"] for panel in dashboard()["panels"]]
    cells = [
        (column, row)
        for place in places
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(places)


def test_promtool_accepts_the_configuration(tmp_path):
    """Of Prometheus."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
    (tmp_path / "token").write_text("x")
    (tmp_path / "prometheus.yml").write_text(text.replace("/run/secrets/token", str(tmp_path / "token")))
    command = shlex.split(f"promtool check config {tmp_path}/prometheus.yml")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
