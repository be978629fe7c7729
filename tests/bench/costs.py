"""CPU time of the parts of a running stack, from /proc."""

import os
import pathlib

WORKERS = ("intake", "policy", "routing", "settlement", "analytics")
PARTS = WORKERS + ("postgres", "kafka", "sandbox")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def stat(pid):
    """(parent, own CPU seconds, CPU seconds of ended children) of a process; None if it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rsplit(") ", 1)[1].split()
    own, ended = (int(fields[11]) + int(fields[12])), (int(fields[13]) + int(fields[14]))
    return int(fields[1]), own * TICK_S, ended * TICK_S


def without_compiler(pid):
    """CPU seconds of the threads of a JVM but for its compiler's, which a young one keeps busy."""
    total = 0
    for path in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (path / "comm").read_text()
            fields = (path / "stat").read_text().rsplit(") ", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if not name.startswith(("C1 Compiler", "C2 Compiler")):
            total += int(fields[11]) + int(fields[12])
    return total * TICK_S


def children(pid):
    processes = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [child for child in processes if (stat(child) or (None,))[0] == pid]


def family(pid):
    """CPU seconds of a process with all that it ever started, and those of each living child. Read
    again if a child ended meanwhile, as it would be missing or counted twice."""
    while True:
        _, own, ended = stat(pid)
        living = {child: (stat(child) or (0, 0, 0))[1] for child in children(pid)}
        if stat(pid)[2] == ended and set(children(pid)) == set(living):
            return own + ended + sum(living.values()), living


def machine_s():
    """CPU seconds that the machine has spent on anything."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields)
    return (user + nice + system + irq + softirq + steal) * TICK_S


class Costs:
    """What each part spends from now on. PostgreSQL is its postmaster with all that it starts; the
    sessions of one worker are told apart by its database."""

    def __init__(self, stack, parts=PARTS):
        self.stack, self.parts = stack, parts
        self.before = self.read()

    def read(self):
        now = {"machine": machine_s(), "load": os.times().children_user
               + os.times().children_system}
        for part in self.parts:
            pid = self.stack.pid(part)
            if part == "postgres":
                now[part], sessions = family(pid)
                now.update(sessions)
            else:
                now[part] = stat(pid)[1]
        return now

    def since(self):
        """{"cpu_s": {part: s}, "backend_s": {database: s}, "others_s": s}; `load` is what the
        measuring itself spent, others_s what the machine spent on anything else."""
        now, backends = self.read(), {}
        for pid, database in self.stack.backends().items():
            if pid in now:
                spent = now[pid] - self.before.get(pid, 0)
                backends[database] = round(backends.get(database, 0) + spent, 2)
        cpu = {part: round(now[part] - self.before[part], 2) for part in self.parts + ("load",)}
        others = now["machine"] - self.before["machine"] - sum(cpu.values())
        return {"cpu_s": cpu, "backend_s": backends, "others_s": round(others, 2)}
