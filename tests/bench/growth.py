#!/usr/bin/env python3
"""Measures what an event costs the worker loop as its table, shards, instances and backlog grow.

The stage is that of peers.py; requests are spread over all rows that are stored. README.md says
what each figure means. Prints a table and writes WORK/growth.json.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import sys

from peers import ROOT, Bench, Ours, Psql, Stack, cost, total

FILL_ROWS = 500000  # in one statement


class Several(Ours):
    """Some instances of our worker; the first is the one that stands for them."""

    def __init__(self, programs, instances):
        super().__init__(programs)
        self.instances, self.processes = instances, []

    def start(self, stack):
        self.processes = []
        for _ in range(self.instances):
            super().start(stack)
            self.processes.append(self.process)

    def pids(self):
        return [process.pid for process in self.processes]

    def stop(self):
        for self.process in self.processes:
            super().stop()


class Growth(Bench):
    """One stack with a number of partitions; rounds differ in rows, instances or backlog."""

    def __init__(self, options, partitions):
        folder = options.work / "growth-stack"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        super().__init__(Stack(str(options.programs.resolve()), str(folder), partitions), options)
        self.stack.open()
        self.partitions, self.rows = partitions, 0

    def fill(self, rows):
        """Stores rows as the worker would have left them, by SQL."""
        self.say(f"storing {rows} rows")
        psql = Psql(self.stack, "tally")
        while self.rows < rows:
            until = min(rows, self.rows + FILL_ROWS)
            psql.number("WITH added AS (INSERT INTO tally SELECT 'shop', 'order-' || n, 1, 0, 1, 0"
                        f" FROM generate_series({self.rows}, {until - 1}) AS n RETURNING 1)"
                        " SELECT count(*) FROM added")
            self.rows = until
        psql.close()
        self.stack.sql("VACUUM ANALYZE tally")
        self.stack.sql("CHECKPOINT")
        self.options.orders = rows

    def round(self, what, instances=1, events=0):
        events = events or self.options.events
        one = Several(self.options.programs, instances)
        self.taking_part = [one]
        self.publish(events)
        run = self.drain(one)
        run.update(what=what, rows=self.rows, partitions=self.partitions, instances=instances,
                   backlog=events)
        print(f"{what:<28}{run['rows']:>12,}{run['partitions']:>6}{run['instances']:>6}"
              f"{run['backlog']:>12,}{run['events'] / run['s']:>12,.0f}{cost('worker')(run):>10.2f}"
              f"{cost('postgres')(run):>10.2f}{cost('kafka')(run):>10.2f}{total(run):>10.2f}"
              f"{run['peak_mib']:>8.1f}", flush=True)
        return run


def measure(options):
    runs = []

    def stack(partitions, work):
        growth = Growth(options, partitions)
        try:
            work(growth)
        finally:
            growth.close()
            text = json.dumps({"processors": os.cpu_count(), "runs": runs}, indent=1)
            (options.work / "growth.json").write_text(text + "\n")

    def rows(growth):
        for count in options.rows:
            growth.fill(count)
            for _ in range(options.repetitions):
                runs.append(growth.round("rows"))
        for count in options.instances:
            runs.append(growth.round("instances", count))
        if options.backlog:
            runs.append(growth.round("backlog", 1, options.backlog))

    def shards(growth):
        growth.fill(options.rows[0])
        for _ in range(options.repetitions):
            runs.append(growth.round("partitions"))

    print(f"{'':<28}{'rows':>12}{'parts':>6}{'inst':>6}{'backlog':>12}{'events/s':>12}"
          f"{'worker':>10}{'postgres':>10}{'kafka':>10}{'together':>10}{'MiB':>8}")
    stack(6, rows)
    for partitions in options.partitions:
        stack(partitions, shards)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin",
                        help="folder of tally and feed")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/bench",
                        help="folder for the stack and growth.json")
    parser.add_argument("--events", type=int, default=100000, help="of a round (100000)")
    parser.add_argument("--repetitions", type=int, default=3, help="of each round (3)")
    parser.add_argument("--seconds", type=int, default=600, help="longest for one round (600)")
    parser.add_argument("--rows", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7],
                        help="stored before, ascending")
    parser.add_argument("--partitions", type=int, nargs="*", default=[1, 64],
                        help="beside the 6 of the other rounds")
    parser.add_argument("--instances", type=int, nargs="*", default=[1, 2, 3, 4])
    parser.add_argument("--backlog", type=int, default=10**7, help="drained at last; 0: none")
    options = parser.parse_args()
    options.seed, options.orders = 1, options.rows[0]
    options.work = options.work.resolve()
    return options


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    measure(options)


if __name__ == "__main__":
    main()
