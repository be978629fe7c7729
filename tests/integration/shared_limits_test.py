#!/usr/bin/env python3
"""What all shards share, with two instances of routing: the limit of a person's day, the limit of
automatic approvals, precedents; and what redressctl shows and does about cases and people.

    shared_limits_test.py DIRECTORY [PATTERN]     DIRECTORY holds the programs; PATTERN selects scenarios

limit: 400 s. Each scenario has a merchant with rules of its own. A line per check, then
"N passed, N failed". With KEEP_STACK=1 the stack's folder with its logs is left for a look.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

sys.dont_write_bytecode = True

import counting
import shop
from journey import Journey
from shop import CONTROL, DECISIONS, ORDERS, REQUESTS, ROUTED, Order
from signing import Signer
from stack import ROOT, CommandFailed, Stack, run

INSTANCES = ("routing", "routing.2")
GBP = "GBP"


def money(minor):
    return [{"minor": str(minor), "currency": GBP}]


def person(name, *roles, level=1, day=10**9, **other):
    return {"id": name, "roles": [f"ROLE_{role}" for role in roles], "queues": ["refunds*"],
            "level": level, "limitPerRefund": money(10**8), "limitPerDay": money(day), **other}


class Rules:
    """Publishes rule sets with redressctl, signed with the keys of the stack."""

    def __init__(self, stack):
        self.stack = stack
        self.keys = [stack.folder / "secrets" / f"rules-{number}.key" for number in (1, 2)]
        self.signed = [word for key in self.keys for word in ("--key", key)]

    def publish(self, rules, *options):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(rules, file)
            file.flush()
            self.stack.ctl("rules", "publish", file.name, *self.signed, *options)
        self.await_accepted(rules["id"], rules["version"])

    def await_accepted(self, name, version):
        def said():
            return [event["rule"] for event in self.stack.events(CONTROL)
                    if event.get("rule", {}).get("id") == name
                    and event["rule"].get("version") == str(version)]
        counting.until(said)
        counting.check(f"{name}/{version} is accepted", said() and said()[0].get("accepted"),
                       said())

    def put(self, merchant, name, **content):
        return {"merchantId": merchant, "id": f"{merchant}-{name}", "version": "1",
                "author": {"id": "fay", "role": "ROLE_FINANCE"}, **content}

    def roster(self, merchant, *people):
        console = self.stack.folder / "secrets/console.key"
        self.publish(self.put(merchant, "roster", roster={
            "people": list(people), "applications": [{"id": "console"}]}),
            "--application", f"console={console}")


class Held:
    """A lock that lets every instance load what one of them is about to change."""

    def __init__(self, stack, table):
        self.stack = stack
        self.psql = subprocess.Popen(
            [ROOT / "deploy/local/postgres.sh", "psql", stack.folder / "postgres", "routing", "-X",
             "-q", "-A", "-t"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.psql.stdin.write(f"BEGIN; LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;"
                              " SELECT 'held';\n")
        self.psql.stdin.flush()
        self.psql.stdout.readline()

    def await_waiting(self, count, deadline_s=4):
        return counting.until(lambda: int(self.stack.sql(
            "routing", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'routing'"
            " AND usename = 'routing' AND wait_event_type = 'Lock'")[0][0]) >= count, deadline_s)

    def release(self):
        self.psql.stdin.write("COMMIT;\n\\q\n")
        self.psql.stdin.close()
        self.psql.wait(30)
        self.psql.stdout.close()


def scenarios(stack):
    rules = Rules(stack)
    console = Signer(stack.secret("console.key"))

    def ask(merchant, name, minor, **what):
        order = Order(f"{merchant}-{name}", lines=(("1", 1, minor),), merchant=merchant, **what)
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        return Journey(stack, order)

    def pending(journey):
        routed = journey.await_status(ROUTED, "PENDING_APPROVAL")
        return (routed or {}).get("case", {})

    def decision(journey, case, who, verdict="APPROVE", role="APPROVER"):
        return console.sign({
            "merchantId": journey.order.merchant, "orderId": journey.order.order_id,
            "refundId": journey.refund_id, "caseId": case["caseId"],
            "caseVersion": case["version"], "subjectHash": case["subjectHash"],
            "actor": {"id": who, "role": f"ROLE_{role}"}, "verdict": f"VERDICT_{verdict}",
            "occurredAt": shop.now(), "decisionId": f"{journey.order.order_id}/{who}/{verdict}"})

    def controls(merchant, kind):
        return [event[kind] for event in stack.events(CONTROL)
                if event.get("merchantId") == merchant and kind in event]

    def refusals(journey):
        return [event["decisionRefused"]["reason"] for event in stack.events(CONTROL)
                if event.get("decisionRefused", {}).get("refundId") == journey.refund_id]

    def decided_or_refused(journeys):
        """(approved, refused) once each is one of them."""
        def done():
            approved = [each for each in journeys if each.statuses(ROUTED)[-1] == "APPROVED"]
            refused = [each for each in journeys if refusals(each)]
            return len(approved) + len(refused) >= len(journeys) and (approved, refused)
        return counting.until(done) or ([], [])

    def owner_of(journey):
        entries = stack.events(ROUTED, journey.order.order_id, headers=True)
        return stack.sql("routing", "SELECT owner FROM view.shard WHERE shard ="
                         f" {entries[0]['partition']}")[0][0]

    def used(merchant, who):
        return [int(row[0]) for row in stack.sql(
            "routing", "SELECT used_minor FROM view.person_day WHERE merchant_id ="
            f" '{merchant}' AND person_id = '{who}'")]

    def decided_again():
        total = 0
        for name in INSTANCES:
            address = stack.script("health", name).strip()
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
                found = re.search(r"^redress_batches_again_total\S* (\d+)",
                                  answer.read().decode(), re.M)
            total += int(found.group(1)) if found else 0
        return total

    def two_decisions_at_the_same_instant():
        rules.roster("instant", person("mia", "APPROVER", day=50000))
        journeys = {}
        for number in range(12):
            journey = ask("instant", f"order-{number}", 30000)
            pending(journey)
            journeys.setdefault(owner_of(journey), journey)
            if len(journeys) == 2:
                break
        counting.equal("two instances have a case each", len(journeys), 2)
        pair, before = list(journeys.values()), decided_again()
        held = Held(stack, "person_day")
        stack.publish(DECISIONS, *(decision(each, each.events(ROUTED)[-1]["case"], "mia")
                                   for each in pair))
        both = held.await_waiting(2)
        held.release()
        approved, refused = decided_or_refused(pair)
        counting.equal("one is approved, one refused", (len(approved), len(refused)), (1, 1))
        for each in refused:
            counting.equal("it is the limit of the day", refusals(each), ["DAY_LIMIT"])
            counting.equal("its case is open as before", each.case()["status"], "OPEN")
        counting.equal("used", used("instant", "mia"), [30000])
        counting.check("both were about to be saved, and one was decided again",
                       both and decided_again() > before, (both, before, decided_again()))

    def two_trips_at_the_same_instant():
        rules.roster("trip", person("fay", "FINANCE", level=3))
        rules.publish(rules.put("trip", "limits", limits={"automaticPerDay": "1"}))
        ask("trip", "first", 500).await_status(ROUTED, "APPROVED")
        orders = {}
        for number in range(12):
            order = Order(f"trip-{number}", lines=(("1", 1, 500),), merchant="trip")
            stack.publish(ORDERS, *order.events())
            counting.until(lambda: stack.events(ORDERS, order.order_id))
            partition = stack.events(ORDERS, order.order_id, headers=True)[0]["partition"]
            owner = stack.sql("routing", f"SELECT owner FROM view.shard WHERE shard = {partition}")
            orders.setdefault(owner[0][0], order)
            if len(orders) == 2:
                break
        held = Held(stack, "automatic_trip")
        stack.publish(REQUESTS, *(order.request() for order in orders.values()))
        both = held.await_waiting(2, 8)
        held.release()
        for order in orders.values():
            pending(Journey(stack, order))
        counting.check("both were about to trip it", both)
        counting.equal("it is told once", len(controls("trip", "limitTripped")), 1)
        counting.equal("and is one trip", stack.sql(
            "routing", "SELECT number FROM view.automatic_trip WHERE merchant_id = 'trip'"),
            [["1"]])

    def a_limit_split_over_many_small_cases():
        rules.roster("split", person("mia", "APPROVER", day=100000), person("noah", "APPROVER"))
        journeys = [ask("split", f"order-{number}", 30000) for number in range(8)]
        cases = [pending(journey) for journey in journeys]
        lines = "".join(json.dumps({"case": case["caseId"], "verdict": "approve", "as": "mia"})
                        + "\n" for case in cases)
        fails("what is refused is counted", "5 of 8 decisions were refused", "decide", "--from", "-",
              stdin=lines.encode())
        approved, refused = decided_or_refused(journeys)
        counting.equal("three fit into the day", (len(approved), len(refused)), (3, 5))
        counting.equal("used", used("split", "mia"), [90000])
        shown = stack.ctl("case", refused[0].case()["case_id"])
        counting.check("the case shows what the refusal saw",
                       "DAY_LIMIT" in shown and "900.00 GBP approved before" in shown, shown)
        stack.ctl("decide", refused[0].case()["case_id"], "approve", "--as", "noah")
        refused[0].await_status(ROUTED, "APPROVED")

    def automatic_limit_trips_and_is_lifted():
        rules.roster("auto", person("fay", "FINANCE", level=3), person("mia", "APPROVER"))
        rules.publish(rules.put("auto", "limits", limits={"automaticPerDay": "3"}))
        count = 0
        while count < 8:
            journey = ask("auto", f"order-{count}", 500)
            counting.until(lambda: journey.statuses(ROUTED))
            if journey.statuses(ROUTED) != ["APPROVED"]:
                break
            count += 1
        counting.equal("three are automatic", count, 3)
        case = pending(journey)
        counting.check("the case says why", any("automatic_per_day" in why
                                                for why in case.get("why", [])), case)
        counting.equal("people decide", (case.get("level"), case.get("approversNeeded")), (1, 1))
        later = ask("auto", "later", 500)
        pending(later)
        tripped = controls("auto", "limitTripped")
        counting.equal("told once", [(each["limit"], each["count"]) for each in tripped],
                       [("automatic_per_day", "4")])
        fails("an approver may not lift it", "refuses the decision: ROLE", "lift", case["caseId"],
              "--as", "mia", "--role", "APPROVER")
        stack.ctl("lift", case["caseId"], "--as", "fay", "--note", "looked at")
        counting.check("finance lifts it", counting.until(
            lambda: [(each["actor"]["id"], each["trips"], each["note"])
                     for each in controls("auto", "limitLifted")] == [("fay", "1", "looked at")]),
            controls("auto", "limitLifted"))
        automatic = ask("auto", "after", 500).await_status(ROUTED, "APPROVED")
        counting.check("automatic again", (automatic or {}).get("automatic"), automatic)
        counting.equal("what had become a case stays one", later.case()["status"], "OPEN")

    def a_product_trips_alone():
        rules.roster("product", person("fay", "FINANCE", level=3))
        rules.publish(rules.put("product", "limits", limits={"automaticPerDayAndProduct": "1"}))
        first = ask("product", "order-1", 500, sku="mug")
        first.await_status(ROUTED, "APPROVED")
        pending(ask("product", "order-2", 500, sku="mug"))
        ask("product", "order-3", 500, sku="cup").await_status(ROUTED, "APPROVED")
        counting.equal("the product that tripped", [each["product"] for each in
                                                    controls("product", "limitTripped")],
                       ["mug-1"])

    def precedents_appear():
        rules.roster("past", person("mia", "APPROVER"), person("rob", "POLICY_REVIEWER", level=0))

        def exception(name, minor, verdict):
            journey = ask("past", name, minor, delivered=45)
            case = pending(journey)
            stack.ctl("decide", case["caseId"], "recommend", "--as", "rob", "--role",
                      "POLICY_REVIEWER", "--advice", "approve", "--note", "loyal")
            counting.until(lambda: not journey.events(ROUTED)[-1]["case"].get("awaitsReview"))
            shown = stack.ctl("case", case["caseId"])
            if verdict:
                stack.ctl("decide", case["caseId"], verdict, "--as", "mia")
                journey.await_status(ROUTED, {"approve": "APPROVED",
                                              "decline": "DECLINED"}[verdict])
            return case, shown

        first, _ = exception("a", 1200, "approve")
        counting.equal("the first has none", first.get("precedents", []), [])
        second, _ = exception("b", 70000, "decline")
        counting.equal("the second has the first", [
            (each["caseId"], each["verdict"]) for each in second.get("precedents", [])],
            [(first["caseId"], "VERDICT_APPROVE")])
        third, shown = exception("c", 60000, None)
        counting.equal("the third has both, the nearer amount first", [
            (each["caseId"], each["verdict"]) for each in third.get("precedents", [])],
            [(second["caseId"], "VERDICT_DECLINE"), (first["caseId"], "VERDICT_APPROVE")])
        for words in (second["caseId"], "DECLINE", "RECOMMEND to APPROVE", "loyal", "facts",
                      "outside the policy", "placed:", "missing:"):
            counting.check(f"redressctl case shows {words}", words in shown, shown)

    def cases_and_people_on_the_command_line():
        rules.roster("line", person("mia", "APPROVER"), person("noah", "APPROVER"),
                     person("tom", "APPROVER", level=0, day=0))
        journey = ask("line", "a", 40000)
        case = pending(journey)["caseId"]

        def mine(who):
            return [row["case_id"] for row in stack.ctl_json("cases", "--mine", who)]

        stack.ctl("take", case, "--as", "mia")
        counting.check("taken", counting.until(lambda: mine("mia") == [case]), mine("mia"))
        fails("somebody else cannot take it", "mia works on", "take", case, "--as", "noah")
        stack.ctl("comment", case, "looks worn", "--as", "noah")
        counting.check("the comment is shown", counting.until(
            lambda: "looks worn" in stack.ctl("case", case)), stack.ctl("case", case))
        stack.ctl("give-back", case, "--as", "mia")
        counting.check("given back", counting.until(lambda: mine("mia") == []), mine("mia"))
        fails("there is no such case", "no case c_0", "case", "c_0")
        counting.equal("nothing is overdue", [
            row for row in stack.ctl_json("cases", "--overdue") if row["case_id"] == case], [])

        def as_line(*words):
            return run([stack.programs / "redressctl", *words],
                       {"PATH": os.environ["PATH"], **stack.environment,
                        "REDRESS_MERCHANT": "line"})

        counting.check("people are listed", "mia: level 1, APPROVER" in as_line("people"),
                       as_line("people"))
        try:
            as_line("delegate", "mia", "--to", "tom", "--until", shop.days_ago(-1))
            counting.check("a delegation needs two keys", False)
        except CommandFailed as problem:
            counting.check("a delegation needs two keys", "two keys" in str(problem), problem)
        as_line("delegate", "mia", "--to", "tom", "--until", shop.days_ago(-1), *rules.signed)
        rules.await_accepted("line-roster", 2)
        counting.check("it is listed", "delegates to tom" in as_line("people"), as_line("people"))
        as_line("decide", case, "approve", "--as", "tom", "--behalf", "mia")
        routed = journey.await_status(ROUTED, "APPROVED")
        counting.equal("tom approved it", routed and routed["approval"]["approvers"], ["tom"])
        counting.equal("by the day of mia", (used("line", "mia"), used("line", "tom")),
                       ([40000], []))
        as_line("people", "remove", "noah", *rules.signed)
        rules.await_accepted("line-roster", 3)
        counting.check("noah is gone", "noah" not in as_line("people"), as_line("people"))

    def fails(what, words, *arguments, stdin=None):
        try:
            counting.check(what, False, stack.ctl(*arguments, stdin=stdin))
        except CommandFailed as problem:
            counting.check(what, words in str(problem), str(problem))

    return [two_decisions_at_the_same_instant, two_trips_at_the_same_instant, a_limit_split_over_many_small_cases,
            automatic_limit_trips_and_is_lifted, a_product_trips_alone, precedents_appear,
            cases_and_people_on_the_command_line]


def two_owners(stack):
    stack.script("start", INSTANCES[1])
    stack.script("ready", *INSTANCES)
    counting.section("at the beginning")
    counting.check("two instances share the shards", counting.until(
        lambda: stack.sql("routing", "SELECT count(DISTINCT owner) FROM view.shard"
                          " WHERE owner IS NOT NULL") == [["2"]]))


def main():
    wanted = re.compile(sys.argv[2] if len(sys.argv) > 2 else "")
    with Stack(sys.argv[1], "settlement:REDRESS_STRIPE_RATE=0",
               "routing:REDRESS_DATABASE_TIMEOUT=10s") as stack:
        two_owners(stack)
        chosen = [each for each in scenarios(stack) if wanted.search(each.__name__)]
        alone = [each for each in chosen if "instant" in each.__name__]
        counting.run_all(alone, 1)
        counting.run_all([each for each in chosen if each not in alone], 3)
        stack.keep = bool(os.environ.get("KEEP_STACK"))
    return counting.end()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
