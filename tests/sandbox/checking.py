"""What the checks of the sandbox share: counting, waiting, and a sandbox process with a client."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

DEADLINE_S = 20
KEY = "sk_test_check"

counts = {"passed": 0, "failed": 0, "section": ""}


def program():
    """The sandbox under test."""
    return sys.argv[1]


def check(what, good, detail=""):
    """Counts and prints one check; `detail` is shown if it failed."""
    counts["passed" if good else "failed"] += 1
    shown = "" if good else f": {detail!r}"[:600]
    print(f"{'ok    ' if good else 'FAILED'} {counts['section']}: {what}{shown}", flush=True)


def equal(what, got, wanted):
    check(what, got == wanted, {"got": got, "wanted": wanted})


def until(condition):
    """The first true result of `condition`, or its last after the deadline."""
    end = time.monotonic() + DEADLINE_S
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        threading.Event().wait(0.005)


class Reply:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        self.json = json.loads(text) if headers["Content-Type"] == "application/json" else None

    @property
    def error(self):
        return (self.json or {}).get("error", {})


class Sandbox:
    """A sandbox process on a free port, with a log of its own."""

    def __init__(self, *options, log=None):
        self.directory = tempfile.mkdtemp(prefix="sandbox-check-")
        self.log = log or os.path.join(self.directory, "effects.jsonl")
        self.options = list(options)
        self.start()

    def start(self):
        port_file = os.path.join(self.directory, "port")
        if os.path.exists(port_file):
            os.unlink(port_file)
        self.process = subprocess.Popen(
            [
                program(),
                "--listen",
                "127.0.0.1:0",
                "--port-file",
                port_file,
                "--log",
                self.log,
                "--max-refunds",
                "100000",
                *self.options,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: os.path.exists(port_file) or self.process.poll() is not None)
        with open(port_file) as file:
            self.port = int(file.read())

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        self.process.wait(DEADLINE_S)
        self.errors = self.process.stderr.read()
        self.process.stderr.close()
        return self.process.returncode

    def restart(self, sig=signal.SIGTERM):
        self.stop(sig)
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.stop()
        check(
            "the process ends cleanly",
            self.process.returncode in (0, -signal.SIGKILL),
            (self.process.returncode, self.errors[-500:]),
        )
        for name in os.listdir(self.directory):
            os.unlink(os.path.join(self.directory, name))
        os.rmdir(self.directory)

    def call(
        self, method, path, form=None, key=None, auth=f"Bearer {KEY}", body=None, headers=None
    ):
        sent = dict(headers or {})
        if auth:
            sent["Authorization"] = auth
        if key is not None:
            sent["Idempotency-Key"] = key
        if form is not None:
            body = urllib.parse.urlencode(form)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    def get(self, path, **keywords):
        return self.call("GET", path, **keywords)

    def post(self, path, form=None, **keywords):
        return self.call("POST", path, form if form is not None else {}, **keywords)

    def refund(self, payment="pi_1", amount=1000, key=None, auth=f"Bearer {KEY}", **more):
        return self.post(
            "/v1/refunds", {"payment_intent": payment, "amount": amount, **more}, key=key, auth=auth
        )

    def register(self, payment, amount, currency="usd", **more):
        return self.post(
            "/sandbox/payments", {"id": payment, "amount": amount, "currency": currency, **more}
        )

    def effects(self, kind=None):
        lines = [json.loads(line) for line in self.get("/sandbox/effects").text.splitlines()]
        return [line for line in lines if kind is None or line["effect"] == kind]

    def summary(self):
        return self.get("/sandbox/summary").json

    def lost(self, method, path, form, key=None):
        """Whether the connection ended without an answer."""
        try:
            self.call(method, path, form, key=key)
            return False
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return True
