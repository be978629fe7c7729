"""A local stack in a folder of its own (deploy/local/stack.sh), and redressctl on it."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy/local/stack.sh"
COMMAND_S = 180


class CommandFailed(Exception):
    """A command ended with another code than 0; its stderr is the message."""


def run(command, environment=None, stdin=None):
    result = subprocess.run([str(part) for part in command], input=stdin, capture_output=True,
                            timeout=COMMAND_S, env=environment, check=False,
                            **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
    if result.returncode != 0:
        raise CommandFailed(f"{command[0]} {command[1:4]} ended with {result.returncode}: "
                            f"{result.stderr.decode(errors='replace')[-2000:]}")
    return result.stdout.decode()


class Follower:
    """`redressctl events TOPIC --follow`, and what it has printed."""

    def __init__(self, stack, topic):
        self.entries = []
        self.process = subprocess.Popen(
            [stack.programs / "redressctl", "events", topic, "--headers", "--follow"],
            env={"PATH": os.environ["PATH"], **stack.environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.entries.append(json.loads(line))

    def stop(self):
        self.process.terminate()
        self.process.wait(COMMAND_S)
        self.thread.join()
        self.process.stdout.close()


class Stack:
    """Kafka, PostgreSQL, sandbox and workers, from `with` to its end. `settings` are
    PROGRAM:NAME=VALUE. If `keep` tells so at the end, the folder stays for a look at its logs."""

    start = "up"  # or "components": without the workers

    def __init__(self, programs, *settings):
        self.programs = pathlib.Path(programs).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="redress-stack-"))
        self.settings = settings
        self.environment = {}
        self.followers = {}
        self.lock = threading.Lock()
        self.keep = False

    def __enter__(self):
        try:
            self.script(self.start, *self.settings)
            for line in (self.folder / "env/redressctl").read_text().splitlines():
                name, _, value = line.partition("=")
                self.environment[name] = value
        except BaseException:
            self.keep = True
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for follower in self.followers.values():
            follower.stop()
        self.script("down" if self.keep else "destroy")
        if self.keep:
            print(f"the stack's folder is kept: {self.folder}")

    def script(self, command, *arguments):
        return run([SCRIPT, command, self.folder, *arguments],
                   dict(os.environ, STACK_BIN=str(self.programs)))

    def secret(self, name):
        return (self.folder / "secrets" / name).read_text()

    def ctl(self, *arguments, stdin=None, environment=None):
        """What `redressctl` prints."""
        return run([self.programs / "redressctl", *arguments],
                   {"PATH": os.environ["PATH"], **self.environment, **(environment or {})}, stdin)

    def ctl_json(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json"))

    def publish(self, topic, *events):
        lines = "".join(json.dumps(event) + "\n" for event in events)
        self.ctl("publish", topic, "-", stdin=lines.encode())

    def publish_sealed(self, topic, lines):
        """As one of our workers would: with the key that they share."""
        self.ctl("publish", topic, "-", stdin=lines.encode(), environment={
            "REDRESS_STAGE_KEYS_FILE": str(self.folder / "secrets/stage.keys")})

    def raw(self, topic, value, key=None, partition=None, headers=()):
        """Publishes bytes as they are; no key and no headers but those that are given."""
        options = [] if key is None else ["--key", key]
        options += [] if partition is None else ["--partition", partition]
        for name, text in headers:
            options += ["--header", f"{name}={text}"]
        with tempfile.NamedTemporaryFile() as file:
            file.write(value)
            file.flush()
            self.ctl("publish", topic, file.name, "--raw", *options)

    def events(self, topic, key=None, headers=False):
        """What stood in a topic a moment ago, each event a dict; with headers: {"key", "partition",
        "offset", "headers", "event"}. A program that follows the topic is started at the first
        call."""
        with self.lock:
            if topic not in self.followers:
                self.followers[topic] = Follower(self, topic)
        found = [entry for entry in list(self.followers[topic].entries)
                 if key is None or entry["key"] == key]
        return found if headers else [entry["event"] for entry in found]

    def lag(self, worker):
        """How many events a worker is behind."""
        return next(entry["lag"] for entry in self.ctl_json("status")["workers"]
                    if entry["worker"] == worker)

    def sql(self, database, statement):
        """The rows of a query, as lists of text, by the superuser."""
        output = run([ROOT / "deploy/local/postgres.sh", "psql", self.folder / "postgres", database,
                      "-X", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-c", statement])
        return [line.split("\x1f") for line in output.splitlines() if line]

    def effects(self, kind="refund.created"):
        """What the provider did."""
        with open(self.folder / "sandbox.effects.jsonl", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        return [line for line in lines if line["effect"] == kind]
