"""Real browsers without a window, steered over their own protocols: what a page asks for, logs and plays.

Chromium speaks the DevTools protocol and Firefox WebDriver BiDi; each has a fresh profile and no way to the network.
WebKit (Debian's webkit2gtk-driver, on a screen of xvfb) speaks plain WebDriver, which tells nothing of requests.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import websocket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
MINI_BROWSER = next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))), None)
WEBKIT = MINI_BROWSER and shutil.which("Xvfb") and shutil.which("WebKitWebDriver")
TIMEOUT_S = 60.0
POLL_S = 0.05
NOWHERE = "127.0.0.1:9"
"""A proxy that nobody runs: a request that leaves the page fails, and is seen."""
CHROMIUM_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0"),
    *("--autoplay-policy=no-user-gesture-required", f"--proxy-server={NOWHERE}"),
    "--proxy-bypass-list=127.0.0.1",
)
FIREFOX_PREFERENCES = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.update.enabled": False,
    "remote.active-protocols": 1,
}
FIREFOX_KEYS = {"ArrowRight": "\ue014", "ArrowLeft": "\ue012"}


class Browser:
    """What both have: a program, a connection, and what the page has logged and asked for.

    Attributes
    ----------
    errors : list of str
        Errors and warnings on the page's console.
    requests : list of str
        Addresses that the page asked for, without those inside it.
    """

    def __init__(self, command, folder):
        self.errors, self.requests = [], []
        self._number = 0
        self._log = (folder / "browser.log").open("w+")
        self._program = subprocess.Popen(command, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)
        try:
            self._begin(folder)
        except BaseException:
            self.close()
            raise

    def _connect(self, address):
        self._socket = websocket.create_connection(address, timeout=TIMEOUT_S, suppress_origin=True)

    def call(self, method, **parameters):
        """Return what a command of the protocol gives."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters, **self._address()}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self._event(message.get("method"), message.get("params", {}))

    def _address(self):
        return {}

    def wait_for(self, expression, timeout_s=20.0):
        """Wait until an expression is true in the page, and return it."""
        end = time.monotonic() + timeout_s
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(POLL_S)
        return value

    def close(self):
        """End the program."""
        with contextlib.suppress(Exception):
            self._socket.close()
        self._program.terminate()
        try:
            self._program.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait(timeout=10)
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def found_in(path, pattern):
    """Return what a pattern finds in a file that a program writes."""
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        found = re.search(pattern, path.read_text(errors="replace")) if path.exists() else None
        if found:
            return found
        time.sleep(POLL_S)
    raise AssertionError(f"{path} never had {pattern}")


class Chromium(Browser):
    """Chromium over the DevTools protocol."""

    def __init__(self, folder):
        self._session = None
        super().__init__([CHROMIUM, *CHROMIUM_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"], folder)

    def _begin(self, folder):
        port, path = found_in(folder / "profile" / "DevToolsActivePort", r"(\d+)\n(\S+)").groups()
        self._connect(f"ws://127.0.0.1:{port}{path}")
        page = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def _address(self):
        return {"sessionId": self._session} if self._session else {}

    def _event(self, method, values):
        if method == "Runtime.exceptionThrown":
            self.errors.append(str(values["exceptionDetails"]))
        elif method == "Log.entryAdded" and values["entry"]["level"] in ("error", "warning"):
            self.errors.append(values["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and values["type"] in ("error", "warning", "assert"):
            self.errors.append(str(values["args"]))
        elif method == "Network.requestWillBeSent":
            address = values["request"]["url"]
            self.requests += [] if address.startswith("data:") else [address]

    def open(self, path):
        """Open a file."""
        self.visit(path.as_uri())

    def visit(self, address):
        """Open an address."""
        self.call("Page.navigate", url=address)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression):
        """Return the value of an expression in the page; of a promise, what it gives."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screen(self, width, height, *, dark=False):
        """Set the size of the page and its colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path, *, whole=True):
        """Write a picture of the page, to its end or of the screen."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def key(self, key):
        """Press and release a key."""
        code = {" ": 32, "ArrowRight": 39, "ArrowLeft": 37}.get(key, ord(key[0].upper()))
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def click(self, x, y):
        """Click into the page."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def printed(self):
        """Return the page as a PDF, on the paper that it asks for."""
        data = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        return base64.b64decode(data)


class Firefox(Browser):
    """Firefox over WebDriver BiDi."""

    def __init__(self, folder, **preferences):
        profile = folder / "profile"
        profile.mkdir(parents=True)
        every = {**FIREFOX_PREFERENCES, **preferences}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in every.items()]
        (profile / "user.js").write_text("".join(lines))
        flags = ["--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0", "about:blank"]
        super().__init__([FIREFOX, *flags], folder)

    def _begin(self, folder):
        address = found_in(folder / "browser.log", r"WebDriver BiDi listening on (ws://\S+)").group(1)
        self._connect(f"{address}/session")
        self.call("session.new", capabilities={})
        self._page = self.call("browsingContext.getTree")["contexts"][0]["context"]
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])

    def _event(self, method, values):
        if method == "log.entryAdded" and values["level"] in ("error", "warn"):
            self.errors.append(str(values["text"]))
        elif method == "network.beforeRequestSent":
            address = values["request"]["url"]
            self.requests += [] if address.startswith("data:") else [address]

    def open(self, path):
        """Open a file."""
        self.visit(path.as_uri())

    def visit(self, address):
        """Open an address."""
        self.call("browsingContext.navigate", context=self._page, url=address, wait="complete")

    def evaluate(self, expression):
        """Return the value of an expression in the page; of a promise, what it gives."""
        wrapped = f"(async () => JSON.stringify((await ({expression})) ?? null))()"
        target = {"context": self._page}
        result = self.call("script.evaluate", expression=wrapped, target=target, awaitPromise=True)
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    def screen(self, width, height):
        """Set the size of the page."""
        self.call("browsingContext.setViewport", context=self._page, viewport={"width": width, "height": height})

    def screenshot(self, path, *, whole=True):
        """Write a picture of the page, to its end or of the screen."""
        origin = "document" if whole else "viewport"
        data = self.call("browsingContext.captureScreenshot", context=self._page, origin=origin)["data"]
        path.write_bytes(base64.b64decode(data))

    def key(self, key):
        """Press and release a key."""
        value = FIREFOX_KEYS.get(key, key)
        actions = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self.call("input.performActions", context=self._page, actions=[{"type": "key", "id": "k", "actions": actions}])

    def click(self, x, y):
        """Click into the page."""
        actions = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        actions += [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        pointer = {"type": "pointer", "id": "p", "parameters": {"pointerType": "mouse"}, "actions": actions}
        self.call("input.performActions", context=self._page, actions=[pointer])


class WebKit:
    """WebKitGTK's own small browser over WebDriver: opens files, evaluates, and takes pictures."""

    def __init__(self, folder):
        self._programs, self._session = [], None
        self._log = (folder / "browser.log").open("w+")
        try:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._address = f"http://127.0.0.1:{free.getsockname()[1]}"
            self._begin(folder)
        except BaseException:
            self.close()
            raise

    def _run(self, command, **options):
        program = subprocess.Popen(command, stderr=self._log, stdin=subprocess.DEVNULL, **options)
        self._programs.append(program)
        return program

    def _begin(self, folder):
        screen = self._run(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"], stdout=subprocess.PIPE
        )
        settings = {"DISPLAY": f":{screen.stdout.readline().decode().strip()}", "LIBGL_ALWAYS_SOFTWARE": "1"}
        settings |= {f"XDG_{name}_HOME": str(folder / name) for name in ("DATA", "CACHE", "CONFIG")}
        settings |= {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}  # as Chromium's --no-sandbox: files of ours alone
        environment = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"} | settings
        port = self._address.rpartition(":")[2]
        self._run([WEBKIT, f"--port={port}"], env=environment, stdout=self._log)
        end = time.monotonic() + TIMEOUT_S
        while not self._answers():
            assert time.monotonic() < end, "WebKitWebDriver never answered"
            time.sleep(POLL_S)
        options = {"binary": str(MINI_BROWSER), "args": ["--automation"]}
        capabilities = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        self._session = self._call("POST", "/session", {"capabilities": capabilities})["sessionId"]

    def _answers(self):
        try:
            return self._call("GET", "/status")["ready"]
        except OSError:
            return False

    def _call(self, method, path, values=None):
        """Return what a command of the protocol gives."""
        if self._session is not None:
            path = f"/session/{self._session}{path}"
        data = None if values is None else json.dumps(values).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.load(answer)["value"]

    def open(self, path):
        """Open a file."""
        self._call("POST", "/url", {"url": path.as_uri()})

    def evaluate(self, expression):
        """Return the value of an expression in the page; of a promise, what it gives."""
        script = f"const done = arguments[0]; (async () => JSON.stringify((await ({expression})) ?? null))().then(done)"
        return json.loads(self._call("POST", "/execute/async", {"script": script, "args": []}))

    def screen(self, width, height):
        """Set the size of the page, whose window has a bar above it."""
        self._call("POST", "/window/rect", {"width": width, "height": height})
        inner = self.evaluate("[innerWidth, innerHeight]")
        self._call("POST", "/window/rect", {"width": 2 * width - inner[0], "height": 2 * height - inner[1]})

    def screenshot(self, path):
        """Write a picture of the screen."""
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def close(self):
        """End the programs, the browser first."""
        if self._session is not None:
            with contextlib.suppress(OSError):
                self._call("DELETE", "")
        for program in reversed(self._programs):
            program.terminate()
            try:
                program.wait(timeout=10)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait(timeout=10)
            if program.stdout is not None:
                program.stdout.close()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
