"""The result of pipeline.py as a table for people."""

from costs import WORKERS

REFERENCE_US = 6.2  # the bare loop as it was first measured
GOALS = {"reserved": 5000, "paid": 3000, "idle_ms": 25, "peak_mib": 64, "policy_ratio": 1.25}


def verdict(good):
    return "" if good else "   below the goal"


def ms(microseconds):
    return f"{microseconds / 1000:.1f} ms"


def print_rates(result):
    print("Refunds per second, orders stored before, from request published to payout readable")
    for name, title in (("reserved", "reserved, provider off"), ("paid", "paid through the sandbox")):
        if name in result:
            part = result[name]
            print(f"  {title:<26}{part['per_s']:>8,}   (in the middle of a burst"
                  f" {part['steady_per_s']:,}; goal {GOALS[name]:,})"
                  f"{verdict(part['per_s'] >= GOALS[name])}")
    if "orders" in result:
        print(f"  {'order events stored':<26}{result['orders']['events_per_s']:>8,}")


def print_latencies(result):
    print("\nLatency from request published to SUCCEEDED readable")
    if "idle" in result:
        idle = result["idle"]
        print(f"  idle, one at a time       median {ms(idle['p50'])}, p99 {ms(idle['p99'])}"
              f"   (goal: median below {GOALS['idle_ms']} ms)"
              f"{verdict(idle['p50'] < GOALS['idle_ms'] * 1000)}")
    for load in result.get("loads", ()):
        values = ", ".join(f"{name} {ms(load['latency_us'][name])}"
                           for name in ("p50", "p90", "p99", "p99.9"))
        print(f"  {load['rate_per_s']:>5,}/s, {load['percent']} % load      {values}")


def print_costs(result):
    print("\nCPU seconds per 100,000 refunds")
    columns = [name for name in ("reserved", "paid") if name in result]
    print(f"  {'':<14}" + "".join(f"{name:>10}" for name in columns)
          + f"{'peak memory':>16}")
    totals = dict.fromkeys(columns, 0)
    for part in WORKERS + ("postgres", "kafka", "sandbox"):
        costs = [result[name]["cpu_s_per_100000"][part] for name in columns]
        for name, cost in zip(columns, costs):
            totals[name] += cost
        peak = result.get("peak_bytes", {}).get(part)
        memory = "" if peak is None else f"{peak / 2**20:>12.1f} MiB"
        good = peak is None or peak < GOALS["peak_mib"] * 2**20
        print(f"  {part:<14}" + "".join(f"{cost:>10.2f}" for cost in costs) + memory
              + ("" if good else f"   above the goal of {GOALS['peak_mib']} MiB"))
    print(f"  {'together':<14}" + "".join(f"{totals[name]:>10.2f}" for name in columns))
    print(f"  {'(measuring)':<14}"
          + "".join(f"{result[name]['cpu_s_per_100000']['load']:>10.2f}" for name in columns))


def print_policies(result):
    if "policies" not in result:
        return
    print("\nPolicy's stage by its model, working off a backlog alone; CPU microseconds per request"
          f"\n  {'':<14}{'worker and sessions':>22}{'with PostgreSQL and Kafka':>30}")
    for name, model in result["policies"].items():
        print(f"  {name:<14}{model['own_us']:>14.2f}{model['own_ratio']:>8.2f}"
              f"{model['us']:>22.2f}{model['ratio']:>8.2f}"
              f"{verdict(model['ratio'] <= GOALS['policy_ratio'])}")


def print_bare(result):
    if "ratio" not in result:
        return
    print("\nBeside a bare loop that moves the same bytes and rows, paid refunds; CPU microseconds"
          "\nof worker and its sessions per event handled")
    print(f"  {'':<14}{'events':>8}{'rows':>8}{'batch':>8}{'stage':>10}{'bare':>8}{'ratio':>8}")
    for worker, stage in result["stages"].items():
        print(f"  {worker:<14}{stage['handled_per_refund']:>8.2f}{stage['rows_per_event']:>8.2f}"
              f"{stage['batch']:>8}{stage['cpu_us_per_event']:>10.2f}"
              f"{stage['bare']['own_cpu_us_per_event']:>8.2f}{stage['ratio']:>8.2f}")
    print(f"  {'with Kafka and all of PostgreSQL':<48}{result['ratio']:>16.2f}")


def print_measure(result):
    """What the machine does to the figures: all of them wait for the same two cores."""
    bare = result["reference"]["cpu_us_per_event"]
    print(f"\nThis machine now: a bare event of 100 bytes costs {bare:.1f} microseconds of CPU with Kafka"
          f" and PostgreSQL,\n{REFERENCE_US} on the quiet machine with two cores that the goals of throughput"
          f" were set on. Divided by that ratio of {bare / REFERENCE_US:.1f}, this is:")
    for name in ("reserved", "paid"):
        if name in result:
            print(f"  {name:<10}{result[name]['per_s'] * bare / REFERENCE_US:>8,.0f} refunds per second"
                  " (computed, not measured)")


def print_report(result):
    print()
    print_rates(result)
    print_latencies(result)
    print_costs(result)
    print_policies(result)
    print_bare(result)
    if "reference" in result:
        print_measure(result)
    others = [run["costs"]["others_s"] / run["costs"]["wall_s"]
              for name in ("paid", "reserved") if name in result for run in result[name]["runs"]]
    print(f"{result['machine']['processors']} processors; other programs used"
          f" {max(others) * 100:.0f} % of one at most during a burst."
          f" Orders stored: {result['options']['orders']:,}.")
