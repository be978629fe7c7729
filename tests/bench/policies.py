"""What policy's stage costs by its model, beside the same stage with a trivial one."""

import pathlib
import statistics
import time

from costs import Costs

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = {"trivial": ROOT / "tests/bench/dmn/trivial.dmn",
          "first-rules": ROOT / "deploy/policies/first-rules.dmn",
          "shop": ROOT / "deploy/policies/shop.dmn"}
MERCHANT = "bench"
DEADLINE_S = 120
ROUNDS = 3


def publish(stack, name, number):
    """As the merchant's own policy, valid later than those before it."""
    stack.stack("ctl", "policy", "publish", MODELS[name], "--id", f"bench-{number}",
                "--merchant", MERCHANT, "--valid-from", f"1971-01-01T00:{number:02}:00Z",
                "--correction", "the benchmark", "--key", stack.folder / "secrets/rules-1.key")


def judged(stack):
    return stack.metrics("policy")["outputs_total"]


def cost(stack, ask, requests):
    """Microseconds of policy and its sessions for each request judged."""
    before, costs = judged(stack), Costs(stack, ("policy", "postgres"))
    ask(requests)
    until = time.monotonic() + DEADLINE_S
    while judged(stack) < before + requests:
        if time.monotonic() > until:
            raise SystemExit("policy did not judge everything in time")
        time.sleep(0.1)
    spent = costs.since()
    return (spent["cpu_s"]["policy"] + spent["backend_s"]["policy"]) / requests * 1e6


def compare(stack, ask, requests):
    """Each model in turn, another one first in each round; {model: {"us": median, "runs": [...],
    "ratio": to the trivial one}}."""
    stack.stack("stop", "routing", "settlement", "analytics")
    runs = {name: [] for name in MODELS}
    names = list(MODELS)
    for turn in range(ROUNDS):
        for place, name in enumerate(names[turn:] + names[:turn]):
            publish(stack, name, turn * len(MODELS) + place + 1)
            runs[name].append(round(cost(stack, ask, requests), 2))
    median = {name: statistics.median(values) for name, values in runs.items()}
    return {name: {"us": median[name], "runs": runs[name],
                   "ratio": round(median[name] / median["trivial"], 3)} for name in MODELS}
