"""The whole pipeline with everything in between that can be broken: a stack whose workers reach Kafka and
PostgreSQL through proxies (proxy.py), whose PostgreSQL keeps its data on a small disk, and whose workers'
failpoints and clocks (common/failpoint.h) can be set for their next start."""

import glob
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import tempfile

from counting import until
from kill_test import WORKERS
from proxy import Kafka, Postgres, Proxy
from stack import ROOT, CommandFailed, Stack, run

DISK_MB = 900
ARCHIVE = ROOT / "build/torture/kafka.jsa"
KILLED = 128 + signal.SIGKILL
ENDED = re.compile(r"supervise \S+: ended with code (\d+)")
FAILPOINT = re.compile(r"^failpoint (\w+)$")
# The second is what a new connection meets (it tells no reason, but has no other one here).
NO_SPACE = re.compile("No space left on device|could not write init file")


class Disk:
    """A small file system in memory for PostgreSQL's data. Without root there is none."""

    def __init__(self):
        self.folder = self.log = None
        self.ballast = None

    def mount(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="redress-disk-", dir="/var/tmp"))
        try:
            run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder])
        except (CommandFailed, OSError):
            folder.rmdir()
            return None
        self.folder = folder
        home, self.log = folder / "home", folder.with_suffix(".log")
        home.mkdir()
        self.log.touch()
        (home / "log").symlink_to(self.log)  # what says that the disk is full needs room elsewhere
        run(["chown", "postgres:postgres", home, self.log])
        home.chmod(0o711)
        return home

    def fill(self):
        """To the last byte."""
        self.ballast = self.folder / "ballast"
        with open(self.ballast, "wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def empty(self):
        if self.ballast is not None:
            self.ballast.unlink(missing_ok=True)
            self.ballast = None

    def unmount(self):
        if self.folder is not None:
            until(lambda: subprocess.run(["umount", self.folder], capture_output=True,
                                         check=False).returncode == 0, 30)
            self.folder.rmdir()
            self.log.unlink()


def free_port():
    """Below the range of outgoing connections, so that it is free after a restart, too."""
    while True:
        port = random.randrange(12000, 32000)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) != 0:
                return port


class BrokenStack(Stack):
    start = "components"

    def __init__(self, programs, seed, instances, *settings):
        super().__init__(programs, *settings)
        self.names = [f"{worker}.{n}" if n > 1 else worker for worker in WORKERS
                      for n in range(1, instances + 1)]
        self.disk = Disk()
        self.seed, self.proxies = seed, {}
        # psql itself: what stands in its place on Debian takes longer to start than the query takes
        os.environ["PATH"] = os.pathsep.join([*glob.glob("/usr/lib/postgresql/*/bin"), os.environ["PATH"]])

    def __enter__(self):
        self.prepare_disk()
        super().__enter__()
        try:
            self.open_proxies()
            self.script("start", *self.names)
            self.script("ready", *self.names)
        except BaseException:
            self.keep = True
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for proxy in self.proxies.values():
            proxy.__exit__()
        try:
            super().__exit__()
        finally:
            self.disk.unmount()

    def prepare_disk(self):
        folder = self.folder / "postgres"
        folder.mkdir()
        home = self.disk.mount()
        if home is not None:
            (folder / "home").write_text(f"{home}\n", encoding="utf-8")

    def open_proxies(self):
        inner = free_port()
        self.proxies["kafka"] = Proxy(Kafka, ("127.0.0.1", inner), random.Random(f"{self.seed}/k"))
        database_port = int((self.folder / "postgres/port").read_text())
        self.proxies["database"] = Proxy(Postgres, ("127.0.0.1", database_port),
                                         random.Random(f"{self.seed}/d"))
        for proxy in self.proxies.values():
            proxy.__enter__()
        self.add_listener(inner)
        for worker in WORKERS:
            with open(self.folder / "env" / worker, "a", encoding="utf-8") as file:
                file.write(f"REDRESS_KAFKA_BROKERS=127.0.0.1:{self.proxies['kafka'].port}\n"
                           "REDRESS_DATABASE_HOST=127.0.0.1\nREDRESS_DATABASE_TLS=disable\n"
                           f"REDRESS_DATABASE_PORT={self.proxies['database'].port}\n")

    def add_listener(self, inner):
        """Kafka tells its clients where to go: those that come by the proxy, to the proxy. Of two lines
        for a property the last one holds."""
        path = self.folder / "kafka/server.properties"
        text = path.read_text()
        listeners = re.search(r"^listeners=(.*)$", text, re.M).group(1)
        told = re.search(r"^advertised.listeners=(.*)$", text, re.M).group(1)
        path.write_text(f"{text}\nlisteners={listeners},PROXIED://127.0.0.1:{inner}\n"
                        f"advertised.listeners={told},PROXIED://127.0.0.1:{self.proxies['kafka'].port}\n"
                        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
                        "PROXIED:PLAINTEXT\n"
                        # so that a start after a kill waits less for the former life to expire
                        "broker.session.timeout.ms=1500\nbroker.heartbeat.interval.ms=300\n")
        if not ARCHIVE.exists():
            ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
            self.kafka("restart", f"-XX:ArchiveClassesAtExit={ARCHIVE}")
        self.kafka("restart")

    def kafka(self, command, option=f"-XX:SharedArchiveFile={ARCHIVE}"):
        """A start takes a third of the time with an archive of its classes and a simple compiler; an
        archive of another Java is not taken."""
        options = f"-XX:TieredStopAtLevel=1 {option} -Xlog:cds=off -Xlog:cds+dynamic=off"
        run([ROOT / "deploy/local/kafka.sh", command, self.folder / "kafka"],
            dict(os.environ, JAVA_TOOL_OPTIONS=options))

    def postgres(self, command):
        run([ROOT / "deploy/local/postgres.sh", command, self.folder / "postgres"])

    def no_space_said(self):
        """How often PostgreSQL's log says that the disk is full."""
        return len(NO_SPACE.findall(self.disk.log.read_text(errors="replace")))

    # Workers.

    def pid(self, name):
        try:
            return int((self.folder / "run" / f"{name}.pid").read_text())
        except (OSError, ValueError):
            return None

    def signal(self, name, what):
        """The process that was signalled, or None."""
        pid = self.pid(name)
        try:
            os.kill(pid, what)
            return pid
        except (ProcessLookupError, TypeError):
            return None

    @staticmethod
    def stands_still(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except OSError:
            return False

    def clock_file(self, name):
        return self.folder / "run" / f"{name}.clock"

    def arm(self, name, failpoints):
        """For the next start of an instance."""
        self.move_clock(name, None)
        lines = (self.folder / "env" / name.partition(".")[0]).read_text()
        lines += f"REDRESS_HEALTH_PORT_FILE={self.folder}/run/{name}.port\n"
        lines += f"TEST_CLOCK_FILE={self.clock_file(name)}\n"
        lines += f"TEST_FAILPOINTS={failpoints}\n" if failpoints else ""
        new = self.folder / "run" / f"{name}.env.new"
        new.write_text(lines, encoding="utf-8")
        new.rename(self.folder / "run" / f"{name}.env")

    def move_clock(self, name, microseconds):
        """In place, as the process has the file mapped. None: as it is, or 0."""
        path = self.clock_file(name)
        if microseconds is None and path.exists():
            return
        with open(path, "r+b" if path.exists() else "wb") as file:
            file.write(struct.pack("=q", microseconds or 0))

    def endings(self):
        """How the workers ended, by exit code, at which failpoints, and what they gave as errors."""
        codes, points, errors = [], [], []
        for path in (self.folder / "run").glob("*.log"):
            if path.name.partition(".")[0] not in WORKERS:
                continue
            for line in path.read_text(errors="replace").splitlines():
                if found := ENDED.search(line):
                    codes.append(int(found.group(1)))
                elif found := FAILPOINT.match(line):
                    points.append(found.group(1))
                elif '"level":"error"' in line:
                    errors.append(line)
        return codes, points, errors
