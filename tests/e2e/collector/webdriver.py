# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven by chromedriver: W3C WebDriver's calls, plain HTTP and JSON."""
import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Left": "\ue012", "Up": "\ue013",
        "Right": "\ue014", "Down": "\ue015", "Home": "\ue011"}


def missing():
    """Why there is no browser, or None."""
    if not shutil.which("chromedriver"):
        return "there is no chromedriver"
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return "there is no Chromium"
    return None


class Browser:
    def __init__(self, driver, session):
        self.driver, self.session = driver, session

    def call(self, method, path, body=None):
        return call(self.driver, method, f"/session/{self.session}{path}", body)

    def go(self, address):
        self.call("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """What @script returns."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments, seconds=20):
        """Wait until @script returns something true, and return it."""
        end = time.monotonic() + seconds
        while not (value := self.run(script, *arguments)):
            assert time.monotonic() < end, f"still not: {script}; {self.problems()}"
            time.sleep(0.05)
        return value

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def clear(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/clear", {})

    def press(self, *keys):
        """Keys to whatever has the focus."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def command(self, name, **parameters):
        """One of the DevTools protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def size(self, width, height, phone=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=2 if phone else 1, mobile=phone)

    def scheme(self, name):
        self.command("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": name},
                               {"name": "prefers-reduced-motion", "value": "reduce"}])

    def problems(self):
        """What the console said since the last time: errors, and violations of a page's policy."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def picture(self, path):
        """What is in the window as a PNG."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", "/screenshot")))


def call(driver, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(driver + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {path}: {error.read().decode()[:500]}") from error


def start_driver(folder):
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env={**os.environ, "HOME": folder, "TMPDIR": folder})
    for line in driver.stdout:
        if "started successfully on port" in line:
            return driver, "http://127.0.0.1:" + line.rstrip(".\n").rpartition(" ")[2]
    raise AssertionError("chromedriver does not start")


@contextlib.contextmanager
def browser():
    with tempfile.TemporaryDirectory(prefix="hone-web-") as folder:
        process, driver = start_driver(folder)
        try:
            options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                "--no-first-run", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]}
            session = call(driver, "POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"}}}})["sessionId"]
            one = Browser(driver, session)
            try:
                yield one
            finally:
                one.call("DELETE", "")
        finally:
            process.terminate()
            process.wait(20)
