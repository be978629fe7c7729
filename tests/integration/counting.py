"""Counts and prints checks, and waits for conditions. Safe to use from several threads."""

import threading
import time

DEADLINE_S = 60
LOOK_AGAIN_S = 0.1

counts = {"passed": 0, "failed": 0}
_lock = threading.Lock()
_section = threading.local()


def section(name):
    """What the checks of this thread are about, from now on."""
    _section.name = name


def check(what, good, detail=""):
    """Counts and prints one check; `detail` is shown if it failed."""
    shown = "" if good else f": {detail!r}"[:1500]
    with _lock:
        counts["passed" if good else "failed"] += 1
        print(f"{'ok    ' if good else 'FAILED'} {_section.name}: {what}{shown}", flush=True)
    return good


def equal(what, got, wanted):
    return check(what, got == wanted, {"got": got, "wanted": wanted})


def until(condition, deadline_s=DEADLINE_S):
    """The first true result of `condition`, or its last after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        threading.Event().wait(LOOK_AGAIN_S)


def run_all(scenarios, threads):
    """Runs functions without arguments, some at once; one that breaks must not hide the others."""
    waiting = list(scenarios)

    def work():
        while True:
            with _lock:
                if not waiting:
                    return
                scenario = waiting.pop(0)
            section(scenario.__name__.replace("_", " "))
            try:
                scenario()
            except Exception as problem:  # pylint: disable=broad-except
                check("runs to its end", False, repr(problem))

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def end():
    """Prints the counts; gives the exit code."""
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] else 0
