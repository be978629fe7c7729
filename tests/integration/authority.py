"""Scenarios: whoever can write to a topic still cannot approve a refund: a hostile producer's
decisions, rosters and models; and what the rules of a merchant bring about. Each scenario has a
merchant with a roster of its own."""

import base64
import copy
import datetime
import os
import zoneinfo

import counting
import shop
from journey import Journey
from policies import LONG_AGO, expression
from shop import CONTROL, DECISIONS, ORDERS, REQUESTS, ROUTED, Order
from signing import Signer, model
from stack import ROOT

RULES = "refunds.rules.v1"
GBP = "GBP"


def money(minor):
    return [{"minor": str(minor), "currency": GBP}]


def person(name, *roles, level=1, limit=100000, day=10**9, **other):
    return {"id": name, "roles": [f"ROLE_{role}" for role in roles], "queues": ["refunds*"],
            "level": level, "limitPerRefund": money(limit), "limitPerDay": money(day), **other}


def period(start, end):
    """Days from now."""
    return {"from": shop.days_ago(-start), "until": shop.days_ago(-end)}


def scenarios(stack):
    console = Signer(stack.secret("console.key"))
    owners = [Signer(stack.secret(f"rules-{number}.key")) for number in (1, 2)]
    stranger = Signer("stranger:" + os.urandom(32).hex())
    application = {"id": "console", "keyId": "console", "publicKey": console.public()}

    def rule_set(merchant, name, version=1, **content):
        return {"merchantId": merchant, "id": f"{merchant}-{name}", "version": str(version),
                "publishedAt": shop.now(), "author": {"id": "fay", "role": "ROLE_FINANCE"},
                **content}

    def publish_rules(rules, *signers):
        for signer in signers:
            rules = signer.sign_rules(rules)
        stack.publish(RULES, rules)
        return rules

    def verdicts(rules, accepted):
        """Told of this id so far; what was not signed well is named by the key of its record."""
        return [event["rule"] for event in stack.events(CONTROL)
                if event.get("rule", {}).get("id", "").split("/")[0] == rules["id"] and
                event["rule"].get("accepted", False) == accepted]

    def judged(what, rules, signers, accepted):
        before = len(verdicts(rules, accepted))
        publish_rules(rules, *signers)
        counting.check(f"{what} is {'accepted' if accepted else 'refused'}", counting.until(
            lambda: len(verdicts(rules, accepted)) > before), verdicts(rules, not accepted))

    def accepted(rules, *signers):
        judged(f"{rules['id']} {rules['version']}", rules, signers, True)

    def refused(what, rules, *signers):
        judged(what, rules, signers, False)

    def roster(merchant, *people, version=1):
        return rule_set(merchant, "roster", version,
                        roster={"people": list(people), "applications": [application]})

    def ask(merchant, name, minor, **what):
        order = Order(f"{merchant}-{name}", lines=(("1", 1, minor),), merchant=merchant, **what)
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        journey = Journey(stack, order)
        routed = journey.await_status(ROUTED, "PENDING_APPROVAL")
        return journey, (routed or {}).get("case", {})

    def decision(journey, case, who, number=1, verdict="APPROVE", role="APPROVER", **other):
        return {"merchantId": journey.order.merchant, "orderId": journey.order.order_id,
                "refundId": journey.refund_id, "caseId": case["caseId"],
                "caseVersion": case["version"], "subjectHash": case["subjectHash"],
                "actor": {"id": who, "role": f"ROLE_{role}"}, "verdict": f"VERDICT_{verdict}",
                "occurredAt": shop.now(), "decisionId": f"{journey.order.order_id}/{who}/{number}",
                **other}

    def refusals(journey):
        return [event["decisionRefused"]["reason"] for event in stack.events(CONTROL)
                if event.get("decisionRefused", {}).get("refundId") == journey.refund_id]

    def refuses(journey, reason, *decisions):
        before = refusals(journey).count(reason)
        stack.publish(DECISIONS, *decisions)
        counting.check(f"refused: {reason}", counting.until(
            lambda: refusals(journey).count(reason) >= before + len(decisions)), refusals(journey))
        counting.equal("nothing is approved", journey.statuses(ROUTED)[-1], "PENDING_APPROVAL")

    def case_now(journey):
        return journey.events(ROUTED)[-1]["case"]

    def until_case(journey, what, holds):
        counting.check(what, counting.until(lambda: holds(case_now(journey))), case_now(journey))
        return case_now(journey)

    def forged_decisions():
        accepted(roster("forged", person("mia", "APPROVER")), *owners)
        journey, case = ask("forged", "a", 90000)
        said = decision(journey, case, "mia")
        good = console.sign(said)
        flipped = bytearray(base64.b64decode(good["signature"]))
        flipped[10] ^= 1
        refuses(journey, "SIGNATURE", said)
        refuses(journey, "SIGNATURE", stranger.sign(said))
        refuses(journey, "SIGNATURE", {**good, "signature": base64.b64encode(flipped).decode()})
        refuses(journey, "SIGNATURE", {**stranger.sign(said), "keyId": console.key_id})
        for name, value in (("note", "changed"), ("caseVersion", "2"), ("verdict", "VERDICT_DECLINE"),
                            ("occurredAt", shop.days_ago(-1)), ("decisionId", "another")):
            refuses(journey, "SIGNATURE", {**good, name: value})
        refuses(journey, "UNKNOWN_PERSON", console.sign(decision(journey, case, "mallory")))
        other, other_case = ask("forged", "b", 80000)
        moved = {**good, **{name: decision(other, other_case, "mia")[name] for name in (
            "orderId", "refundId", "caseId", "subjectHash")}}
        refuses(other, "SIGNATURE", moved)
        stack.publish(DECISIONS, good, good)
        journey.await_paid(90000)
        stack.publish(DECISIONS, good)
        counting.until(lambda: stack.lag("routing") == 0)
        counting.equal("a replay approves nothing more",
                       journey.statuses(ROUTED).count("APPROVED"), 1)

    def own_limit_raised():
        people = [person("mia", "APPROVER", limit=50000)]
        accepted(roster("raise", *people), *owners)
        journey, case = ask("raise", "a", 90000)
        refuses(journey, "ABOVE_LIMIT", console.sign(decision(journey, case, "mia")))
        raised = roster("raise", person("mia", "APPROVER", limit=10**8), version=2)
        refused("a roster without a signature", raised)
        refused("a roster with one signature", raised, owners[0])
        refused("a roster signed twice with one key", raised, owners[0], owners[0])
        refused("a roster signed by people and strangers", raised, console, stranger)
        changed = copy.deepcopy(raised)
        signed = owners[1].sign_rules(owners[0].sign_rules(roster("raise", *people, version=2)))
        changed["signatures"] = signed["signatures"]
        refused("another roster's signatures", changed)
        refuses(journey, "ABOVE_LIMIT", console.sign(decision(journey, case, "mia", 2)))
        accepted(raised, *owners)
        stack.publish(DECISIONS, console.sign(decision(journey, case, "mia", 3)))
        journey.await_paid(90000)

    def approved_through_a_delegate():
        week = period(-1, 6)
        accepted(roster(
            "delegate",
            person("bea", "APPROVER", delegates=[{"personId": "agent-4", **week},
                                                 {"personId": "dan", **week},
                                                 {"personId": "eve", **period(-9, -2)}]),
            person("agent-4", "SERVICE_AGENT", "APPROVER",
                   delegates=[{"personId": "dan", **week}]),
            person("dan", "SERVICE_AGENT", level=0), person("eve", "SERVICE_AGENT", level=0),
            person("gone", "APPROVER", absences=[week])), *owners)
        journey, case = ask("delegate", "a", 90000)

        def acting(who, holder, number=1):
            return console.sign(decision(journey, case, who, number, onBehalfOf=holder))

        refuses(journey, "OWN_REQUEST", acting("agent-4", ""))
        refuses(journey, "OWN_REQUEST", acting("agent-4", "bea", 2))
        refuses(journey, "OWN_REQUEST", acting("dan", "agent-4"))
        refuses(journey, "DELEGATE", acting("eve", "bea"))
        refuses(journey, "ROLE", acting("dan", "", 2))
        refuses(journey, "ABSENT", acting("gone", ""))
        stack.publish(DECISIONS, acting("dan", "bea", 3))
        journey.await_paid(90000)

    def a_roster_that_names_nobody_else():
        """The people of everybody else's roster decide nothing for this merchant."""
        accepted(roster("closed", person("zoe", "APPROVER")), *owners)
        journey, case = ask("closed", "a", 90000)
        refuses(journey, "UNKNOWN_PERSON", console.sign(decision(journey, case, "mia")))
        stack.publish(DECISIONS, console.sign(decision(journey, case, "zoe")))
        journey.await_paid(90000)

    def an_exception_is_reviewed():
        accepted(roster("review", person("mia", "APPROVER", "POLICY_REVIEWER"),
                        person("tom", "APPROVER"), person("rita", "POLICY_REVIEWER")), *owners)
        journey, case = ask("review", "a", 5000, delivered=45)
        counting.check("the case waits for a review", case.get("awaitsReview"), case)
        refuses(journey, "NOT_REVIEWED", console.sign(decision(journey, case, "tom")))
        stack.publish(DECISIONS, console.sign(decision(
            journey, case, "mia", verdict="RECOMMEND", role="POLICY_REVIEWER",
            recommended="VERDICT_APPROVE")))
        case = until_case(journey, "the approver sees the advice",
                          lambda now: not now.get("awaitsReview"))
        counting.equal("and whose it is", [(one["actor"]["id"], one["recommended"])
                                           for one in case["decisions"]],
                       [("mia", "VERDICT_APPROVE")])
        refuses(journey, "ALREADY_DECIDED", console.sign(decision(journey, case, "mia", 2)))
        stack.publish(DECISIONS, console.sign(decision(journey, case, "tom", 2)))
        journey.await_paid(5000)

    def one_person_works_on_it():
        accepted(roster("taken", person("mia", "APPROVER"), person("tom", "APPROVER")), *owners)
        journey, case = ask("taken", "a", 90000)
        stack.publish(DECISIONS, console.sign(decision(journey, case, "mia", verdict="TAKE")))
        case = until_case(journey, "the case is taken", lambda now: now.get("takenBy") == "mia")
        refuses(journey, "TAKEN", console.sign(decision(journey, case, "tom")))
        stack.publish(DECISIONS,
                      console.sign(decision(journey, case, "tom", 2, verdict="COMMENT",
                                            note="call me")),
                      console.sign(decision(journey, case, "mia", 2, verdict="GIVE_BACK")))
        case = until_case(journey, "and given back", lambda now: not now.get("takenBy"))
        stack.publish(DECISIONS, console.sign(decision(journey, case, "tom", 3)))
        journey.await_paid(90000)
        life = stack.sql("routing", "SELECT verdict, actor_id, note FROM view.case_decision WHERE"
                         f" refund_id = '{journey.refund_id}' AND refusal = '' ORDER BY number")
        counting.equal("all of it is kept", life, [
            ["TAKE", "mia", ""], ["COMMENT", "tom", "call me"], ["GIVE_BACK", "mia", ""],
            ["APPROVE", "tom", ""]])

    def hasty_model(hours):
        """The shipped model with another deadline."""
        content = (ROOT / "deploy/policies/authority.dmn").read_text()
        return content.replace("<outputEntry><text>24</text></outputEntry>",
                               f"<outputEntry><text>{hours}</text></outputEntry>").encode()

    def nobody_decides():
        accepted(roster("hasty", person("mia", "APPROVER", level=2),
                        person("fay", "FINANCE", level=3)), *owners)
        accepted(rule_set("hasty", "authority", model=model("hasty.dmn", hasty_model("0.0008"))),
                 owners[0])
        journey, _ = ask("hasty", "a", 90000)
        counting.check("it goes up to the finance controller", counting.until(
            lambda: case_now(journey)["level"] == 3), case_now(journey))
        counting.check("and is overdue there, with an alarm", counting.until(lambda: [
            event for event in stack.events(CONTROL)
            if event.get("stalled", {}).get("refundId") == journey.refund_id]))
        counting.equal("never approved", journey.statuses(ROUTED),
                       ["PENDING_APPROVAL", "ESCALATED", "ESCALATED"])
        stack.publish(DECISIONS, console.sign(decision(journey, case_now(journey), "mia")))
        counting.check("refused: ABOVE_AUTHORITY", counting.until(
            lambda: "ABOVE_AUTHORITY" in refusals(journey)), refusals(journey))
        stack.publish(DECISIONS, console.sign(
            decision(journey, case_now(journey), "fay", role="FINANCE")))
        journey.await_paid(90000)

    def no_valid_model():
        """A model that loads, and has no answer for this refund: it waits and alarms."""
        content = (ROOT / "deploy/policies/authority.dmn").read_text()
        broken = content.replace("<outputEntry><text>true</text></outputEntry>",
                                 "<outputEntry><text>null</text></outputEntry>")
        accepted(rule_set("held", "authority", model=model("held.dmn", broken.encode())), owners[0])
        order = Order("held-a", lines=(("1", 1, 600),), merchant="held")
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        journey = Journey(stack, order)
        journey.await_status(shop.ASSESSED, "COMPLIANT")
        told = counting.until(lambda: [
            event["stalled"] for event in stack.events(CONTROL)
            if event.get("stalled", {}).get("refundId") == journey.refund_id])
        counting.check("it waits for another model, and says why",
                       told and told[0]["waitingFor"].startswith(
                           "an authority model that answers: ") and
                       told[0]["waitingFor"].endswith("Route.automatic: true or false"), told)
        counting.equal("nothing is routed", journey.statuses(ROUTED), [])
        accepted(rule_set("held", "authority", 2,
                          model=model("held.dmn", content.encode())), owners[0])
        journey.await_paid(600)

    def broken_models():
        good = (ROOT / "deploy/policies/authority.dmn").read_text()
        broken = {
            "no XML": "nonsense", "no Route": good.replace("name=\"Route\"", "name=\"Way\""),
            "a word that means nothing": good.replace("<output name=\"level\"",
                                                      "<output name=\"levels\""),
            "an expression that is none": good.replace("queueOf(market)", "queueOf(market) ((")}
        for number, (what, content) in enumerate(broken.items(), 1):
            refused(what, rule_set("broken", "authority", number,
                                   model=model("broken.dmn", content.encode())), owners[0])
        rules = rule_set("broken", "authority", 9, model=model("broken.dmn", good.encode()))
        rules["model"]["files"][0]["content"] = base64.b64encode(good.encode() + b" ").decode()
        refused("a model unlike its hash", rules, owners[0])
        order = Order("broken-a", merchant="broken")
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        Journey(stack, order).await_paid(255)

    def a_roster_that_changes_meanwhile():
        """Between taking and deciding, and between two approvals: what counts is the roster when the
        decision is handled, and at the last approval whoever approved must still be one who may."""
        tom, zoe = person("tom", "APPROVER", level=2), person("zoe", "APPROVER", level=2)
        def mia(**what):
            return person("mia", "APPROVER", level=2, limit=10**8, **what)
        tom, zoe = (dict(one, limitPerRefund=money(10**8)) for one in (tom, zoe))
        accepted(roster("moving", mia(), tom, zoe), *owners)
        taken, taken_case = ask("moving", "a", 90000)
        stack.publish(DECISIONS, console.sign(decision(taken, taken_case, "mia", verdict="TAKE")))
        taken_case = until_case(taken, "the case is taken",
                                lambda now: now.get("takenBy") == "mia")
        large, large_case = ask("moving", "b", 2000000)
        counting.equal("two people are needed", large_case.get("approversNeeded"), 2)
        stack.publish(DECISIONS, console.sign(decision(large, large_case, "mia")))
        large_case = until_case(large, "the first has approved",
                                lambda now: now["version"] != large_case["version"])
        for version, reason, people in (
                (2, "ABOVE_LIMIT", [dict(mia(), limitPerRefund=money(100)), tom, zoe]),
                (3, "ROLE", [dict(mia(), roles=["ROLE_SERVICE_AGENT"]), tom, zoe]),
                (4, "UNKNOWN_PERSON", [tom, zoe])):
            accepted(roster("moving", *people, version=version), *owners)
            refuses(taken, reason, console.sign(decision(taken, taken_case, "mia", version)))
        stack.publish(DECISIONS, console.sign(decision(large, large_case, "tom")))
        large_case = until_case(large, "the second has approved",
                                lambda now: now["version"] != large_case["version"])
        counting.until(lambda: stack.lag("routing") == 0)
        counting.equal("who has left does not count", large.statuses(ROUTED)[-1],
                       "PENDING_APPROVAL")
        counting.equal("and is not shown", large.case()["approvers"], ["tom"])
        stack.publish(DECISIONS, console.sign(decision(large, large_case, "zoe")))
        routed = large.await_status(ROUTED, "APPROVED") or {}
        counting.equal("two who may have approved", sorted(
            routed.get("approval", {}).get("approvers", [])), ["tom", "zoe"])
        large.await_paid(2000000)

    def credit_notes_add_up():
        """Parts of lines, three tax rates, currencies of 0, 2 and 3 decimals, whole and reduced: net
        and tax of the lines are the amount that was paid, to the minor unit."""
        limits = [{"minor": "1000000000", "currency": currency} for currency in
                  ("GBP", "JPY", "KWD")]
        accepted(roster("notes", dict(person("mia", "APPROVER", level=2), limitPerRefund=limits,
                                      limitPerDay=limits)), *owners)
        rates = {"1": 200000, "2": 55000, "3": 0}
        # Stripe takes whole tens of KWD's minor units: there the units divide evenly.
        for currency, scale in (("GBP", 1), ("JPY", 1), ("KWD", 10)):
            for reduced in (None, 71230):
                order = Order(f"notes-{currency}-{reduced}", merchant="notes", currency=currency,
                              lines=(("1", 7, (50010 if scale == 1 else 49980) * scale),
                                     ("2", 3, 99990 * scale),
                                     ("3", 1, 3330 * scale)))
                placed = order.placed()
                for line in placed["placed"]["lines"]:
                    rate = line["taxRatePpm"] = rates[line["lineId"]]
                    line["taxMinor"] = line["grossMinor"] * rate // (1000000 + rate)
                stack.publish(ORDERS, *order.captures(), order.delivered(), placed)
                stack.publish(REQUESTS, order.request(lines=shop.units(("1", 3), ("2", 2),
                                                                       ("3", 1))))
                journey = Journey(stack, order)
                case = (journey.await_status(ROUTED, "PENDING_APPROVAL") or {}).get("case", {})
                claimed = int((journey.await_status(shop.ASSESSED, "COMPLIANT") or {})
                              ["refundable"]["minor"])
                minor = claimed if reduced is None else reduced * scale
                what = {} if reduced is None else {"verdict": "APPROVE_REDUCED", "amount": {
                    "minor": str(minor), "currency": currency}}
                stack.publish(DECISIONS, console.sign(decision(journey, case, "mia", **what)))
                note = (journey.await_paid(minor) or {}).get("creditNote", [])
                counting.equal(f"{order.order_id}: net and tax are what was paid", sum(
                    int(line.get("netMinor", 0)) + int(line.get("taxMinor", 0))
                    for line in note), minor)
                counting.equal("each line by its rate",
                               {line["lineId"]: line.get("taxRatePpm", 0) for line in note}, rates)
                off = [line for line in note if abs(
                    int(line.get("netMinor", 0)) * rates[line["lineId"]] / 10**6 -
                    int(line.get("taxMinor", 0))) > 3]
                counting.equal("its tax is its rate of the net, to the rounding of its units", off,
                               [])

    def the_day_is_the_person_s_own():
        """On both sides of the date line: each limit counts the day that it is where the person is,
        and a decision cannot choose another one."""
        zones = {"kim": "Pacific/Kiritimati", "bo": "Etc/GMT+12"}
        accepted(roster("days", *(person(name, "APPROVER", day=100000, timeZone=zone)
                                  for name, zone in zones.items())), *owners)
        for name, zone in zones.items():
            journey, case = ask("days", f"{name}-1", 90000)
            stack.publish(DECISIONS, console.sign(decision(journey, case, name)))
            journey.await_paid(90000)
            today = datetime.datetime.now(zoneinfo.ZoneInfo(zone)).date()
            days = [row[0] for row in stack.sql(
                "routing", "SELECT day FROM view.person_day WHERE merchant_id = 'days' AND"
                f" person_id = '{name}'")]
            counting.check(f"{name}'s day is that of {zone}", len(days) == 1 and abs(
                datetime.date.fromisoformat(days[0]) - today) <= datetime.timedelta(
                    days=0 if datetime.datetime.now(zoneinfo.ZoneInfo(zone)).hour else 1), days)
            journey, case = ask("days", f"{name}-2", 90000)
            refuses(journey, "DAY_LIMIT", console.sign(decision(journey, case, name)))
            for number, days_off in enumerate((1, -1), 2):
                refuses(journey, "TIME", console.sign(decision(
                    journey, case, name, number, occurredAt=shop.days_ago(days_off))))

    def one_day_at_all_shops():
        """Who stands in the roster of every merchant has one limit of a day, not one at each."""
        journeys = [ask(f"chain-{shop_number}", "a", 49000)[0] for shop_number in range(5)]
        for journey in journeys[:4]:
            stack.ctl("decide", journey.case()["case_id"], "approve", "--as", "ann")
            journey.await_paid(49000)
        refuses(journeys[4], "DAY_LIMIT", console.sign(decision(
            journeys[4], case_now(journeys[4]), "ann")))

    def another_account():
        """A bank transfer goes where somebody else than who approves it says, and finance approves."""
        accepted(roster("transfer", person("mia", "APPROVER"), person("fay", "FINANCE", level=3),
                        person("finn", "FINANCE", level=3)), *owners)
        transfers = expression('{outcome: "COMPLIANT", methods: ["BANK_TRANSFER"]}')
        accepted(rule_set("transfer", "policy", validFrom=LONG_AGO, correction="transfers only",
                          model=model("transfer.dmn", transfers, "MODEL_PURPOSE_POLICY")), owners[0])
        journey, case = ask("transfer", "a", 9000)
        refuses(journey, "FINANCE_ONLY", console.sign(decision(journey, case, "mia")))
        refuses(journey, "PAYEE", console.sign(decision(journey, case, "fay", role="FINANCE")))
        said = console.sign(decision(journey, case, "finn", verdict="VERIFY_PAYEE", role="FINANCE",
                                     payee="account-7"))
        refuses(journey, "SIGNATURE", {**said, "payee": "account-of-a-thief"})
        refuses(journey, "ROLE", console.sign(decision(journey, case, "mia", 2, "VERIFY_PAYEE",
                                                       payee="account-of-mia")))
        stack.publish(DECISIONS, said)
        until_case(journey, "the case shows the account",
                   lambda case: case.get("payee", {}).get("reference") == "account-7")
        stack.ctl("decide", case["caseId"], "verify-payee", "--payee", "account-8", "--as", "finn",
                  "--role", "FINANCE")
        case = until_case(journey, "and the one that was named instead",
                          lambda case: case.get("payee", {}).get("reference") == "account-8")
        refuses(journey, "ALREADY_DECIDED", console.sign(
            decision(journey, case, "finn", 2, role="FINANCE")))
        stack.ctl("decide", case["caseId"], "approve", "--as", "fay", "--role", "FINANCE")
        routed = journey.await_status(ROUTED, "APPROVED") or {}
        payee = routed.get("approval", {}).get("payee", {})
        counting.equal("approved for", (payee.get("reference"), payee.get("verifiedBy")),
                       ("account-8", "finn"))
        def payouts():
            return stack.sql("settlement", "SELECT payee, provider, amount_minor, status <>"
                             f" 'REFUSED' FROM view.payout WHERE refund_id = '{journey.refund_id}'")
        counting.check("settlement takes it", counting.until(payouts), journey.trace())
        counting.equal("and a person is to pay", [list(row) for row in payouts()],
                       [["account-8", "MANUAL", "9000", "t"]])
        counting.check("its life names both accounts", all(
            name in stack.ctl("case", case["caseId"]) for name in ("account-7", "account-8")))

    return [one_day_at_all_shops, another_account, credit_notes_add_up, the_day_is_the_person_s_own,
            a_roster_that_changes_meanwhile,
            forged_decisions, own_limit_raised, approved_through_a_delegate,
            a_roster_that_names_nobody_else, an_exception_is_reviewed, one_person_works_on_it,
            nobody_decides, no_valid_model, broken_models]
