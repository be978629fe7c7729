"""What policy's stage costs by its model, beside the same stage with a trivial one: policy works off
a backlog that intake has left, with nothing else at work."""

import pathlib
import statistics
import time

from costs import Costs, stat

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = {"trivial": ROOT / "tests/bench/dmn/trivial.dmn",
          "first-rules": ROOT / "deploy/policies/first-rules.dmn",
          "shop": ROOT / "deploy/policies/shop.dmn"}
MERCHANT = "bench"
DEADLINE_S = 120
IDLE_S = 1  # after a start, until nothing is left of it
ROUNDS = 6


def publish(stack, name, number):
    """As the merchant's own policy, valid later than those before it."""
    stack.stack("ctl", "policy", "publish", MODELS[name], "--id", f"bench-{number}",
                "--merchant", MERCHANT, "--valid-from", f"1971-01-01T00:{number:02}:00Z",
                "--correction", "the benchmark", "--key", stack.folder / "secrets/rules-1.key")


def wait_outputs(stack, worker, count):
    until = time.monotonic() + DEADLINE_S
    while stack.metrics(worker)["outputs_total"] < count:
        if time.monotonic() > until:
            raise SystemExit(f"{worker} did not get through in time")
        time.sleep(0.1)


def work_off(stack, requests):
    """Starts policy, waits until so many are judged; CPU seconds of worker and sessions, and of these
    with the rest of PostgreSQL and Kafka."""
    costs = Costs(stack, ("postgres", "kafka"))
    stack.stack("start", "policy")
    stack.stack("ready", "policy")
    wait_outputs(stack, "policy", requests)
    time.sleep(IDLE_S)
    spent, worker_s = costs.since(), stat(stack.pid("policy"))[1]
    return (worker_s + spent["backend_s"]["policy"],
            worker_s + spent["cpu_s"]["postgres"] + spent["cpu_s"]["kafka"])


def cost(stack, ask, requests, start):
    """Microseconds for each request judged, without what a start costs."""
    before = stack.metrics("intake")["outputs_total"]
    stack.stack("stop", "policy")
    ask(requests)
    wait_outputs(stack, "intake", before + requests)
    stack.stack("stop", "intake")
    spent = work_off(stack, requests)
    stack.stack("start", "intake")
    stack.stack("ready", "intake")
    return [(total - part) / requests * 1e6 for total, part in zip(spent, start)]


def compare(stack, ask, requests):
    """Each model in turn, another one first in each round; {model: {"own_us", "us": medians,
    "runs": [[own, all]...], "ratio": of all to the trivial one}}."""
    stack.stack("stop", "intake", "policy", "routing", "settlement", "analytics")
    start = work_off(stack, 0)
    stack.stack("start", "intake")
    stack.stack("ready", "intake")
    runs = {name: [] for name in MODELS}
    names = list(MODELS)
    for turn in range(ROUNDS):
        for place, name in enumerate(names[turn:] + names[:turn]):
            publish(stack, name, turn * len(MODELS) + place + 1)
            runs[name].append([round(us, 2) for us in cost(stack, ask, requests, start)])
    median = {name: [statistics.median(values) for values in zip(*runs[name])] for name in MODELS}
    return {name: {"own_us": own, "us": whole, "runs": runs[name],
                   "own_ratio": round(own / median["trivial"][0], 3),
                   "ratio": round(whole / median["trivial"][1], 3)}
            for name, (own, whole) in median.items()}
