"""Scenarios: policies that are published, broken, or that do not judge. Each scenario has a
merchant of its own, so that its policies concern nobody else."""

import json
import tempfile

import counting
import shop
from journey import Journey
from shop import ASSESSED, CONTROL, ORDERS, REQUESTS, Order
from signing import Signer, model
from stack import ROOT, CommandFailed

RULES = "refunds.rules.v1"
LONG_AGO = "1900-01-01T00:00:00Z"
MODEL = ("<definitions xmlns='https://www.omg.org/spec/DMN/20191111/MODEL/' name='made'"
         " namespace='made'><inputData id='r' name='request'><variable name='request'/></inputData>"
         "<decision id='a' name='Assessment'><variable name='Assessment'/><informationRequirement>"
         "<requiredInput href='#r'/></informationRequirement><literalExpression><text><![CDATA[%s]]>"
         "</text></literalExpression></decision></definitions>")
EXCEPTION = '{outcome: "EXCEPTION", reasons: "%s"}'
ENTITIES = ("<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {after} '{f'&{before};' * 10}'>" for before, after in zip("abcdefgh", "bcdefghi")) +
            "]>" + MODEL % "&i;")
BROKEN = {
    "a model that is no XML": "<definitions",
    "an expression that cannot be read": MODEL % "{outcome: ",
    "a name that nothing has": MODEL % '{outcome: if reqest.lines > 1 then "DECLINED" else "COMPLIANT"}',
    "an entity bomb": ENTITIES,
    "an expression of 10,000 levels": MODEL % ("(" * 10000 + "1" + ")" * 10000),
    "an expression of 10,000 operators": MODEL % ("1" + " + 1" * 10000),
    "elements of 10,000 levels": "<a>" * 10000 + "</a>" * 10000,
    "a model that goes on for ever": MODEL % "some i in 1..9000, j in 1..9000 satisfies i + j < 0",
    "a model that judges nothing": MODEL % "null",
    "a file of more than 1 MiB": MODEL % (" " * 1_100_000 + "null"),
}


def expression(text):
    return (MODEL % text).encode()


def scenarios(stack):
    owner = Signer(stack.secret("rules-1.key"))

    def publish(merchant, version, content, **what):
        stack.publish(RULES, owner.sign_rules({
            "merchantId": merchant, "id": f"{merchant}-policy", "version": str(version),
            "publishedAt": shop.now(), "author": {"id": "fay", "role": "ROLE_FINANCE"},
            "model": model("policy.dmn", content, "MODEL_PURPOSE_POLICY"), **what}))

    def verdict(merchant, version):
        found = [event["rule"] for event in stack.events(CONTROL)
                 if event.get("rule", {}).get("id") == f"{merchant}-policy" and
                 int(event["rule"]["version"]) == version]
        return found and found[0]

    def judged(what, merchant, version, content, accepted, **more):
        publish(merchant, version, content, **more)
        counting.until(lambda: verdict(merchant, version))
        told = verdict(merchant, version) or {}
        counting.equal(f"{what}: accepted", told.get("accepted", False), accepted)
        if not accepted:
            counting.check(f"{what}: the reason is told", told.get("reason"), told)

    def ask(order, name="r1", **asked):
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request(name, **asked))
        return Journey(stack, order, name)

    def waits(journey, for_what):
        def told():
            return [event["stalled"]["waitingFor"] for event in stack.events(CONTROL)
                    if event.get("stalled", {}).get("refundId") == journey.refund_id and
                    journey.refund_id and event["source"] == "policy"]
        counting.until(told)
        counting.check(f"operators hear that it waits for {for_what}",
                       told() and for_what in told()[0], told())
        policy = next(worker for worker in stack.ctl_json("status")["workers"]
                      if worker["worker"] == "policy")
        counting.check("the status counts what waits", policy["waiting"][0]["count"] > 0, policy)
        counting.check("the refund's life says what it waits for",
                       for_what in stack.ctl("refund", journey.refund_id))
        counting.equal("nothing is decided", journey.statuses(ASSESSED), [])

    def policy_that_does_not_judge():
        merchant = "half-a-policy"
        judged("a policy with a gap", merchant, 1, expression(
            'if request.reason = "OTHER" then null else ' + EXCEPTION % "FIRST"), True,
               validFrom=shop.days_ago(30), correction="from the beginning")
        journey = ask(Order("gap", merchant=merchant))
        waits(journey, f"a policy that judges it: {merchant}-policy 1 does not")
        judged("the next version", merchant, 2, expression(EXCEPTION % "SECOND"), True,
               validFrom=shop.days_ago(1), correction="the first one had a gap")
        event = journey.await_status(ASSESSED, "EXCEPTION") or {}
        counting.equal("by the next version", (event.get("model") or {}).get("version"), "2")
        counting.equal("for its reason", event.get("reasons"), ["SECOND"])

    def broken_policies():
        merchant = "broken-policies"
        judged("a good policy", merchant, 1, expression(EXCEPTION % "GOOD"), True,
               validFrom=LONG_AGO, correction="from the beginning")
        for version, (what, content) in enumerate(BROKEN.items(), 2):
            judged(what, merchant, version, content.encode(), False)
        try:
            publish(merchant, 50, b" " * 10 * 1024 * 1024)
            refusal = ""
        except CommandFailed as failure:
            refusal = str(failure)
        counting.check("a file of 10 MiB is not even published", "refunds.rules.v1" in refusal or
                       "large" in refusal, refusal)
        event = ask(Order("after", merchant=merchant)).await_status(ASSESSED, "EXCEPTION") or {}
        counting.equal("the worker goes on with the good version", (event.get("model") or {}), {
            "id": "broken-policies-policy", "version": "1",
            "sha256": model("policy.dmn", expression(EXCEPTION % "GOOD"))["sha256"]})

    def by_purchase():
        merchant = "by-purchase"
        for version, days, judged_by in ((1, 300, "REQUEST"), (2, 10, "PURCHASE")):
            content = model("policy.dmn", expression(EXCEPTION % f"V{version}"),
                            "MODEL_PURPOSE_POLICY")
            content["judgedBy"] = f"JUDGED_BY_{judged_by}"
            judged(f"version {version}", merchant, version, b"", True, model=content,
                   validFrom=shop.days_ago(days), correction="as it was")
        old = ask(Order("old-purchase", merchant=merchant, delivered=20))
        new = ask(Order("new-purchase", merchant=merchant, delivered=2))
        for journey, version in ((old, 1), (new, 2)):
            event = journey.await_status(ASSESSED, "EXCEPTION") or {}
            counting.equal(f"{journey.order.order_id}: by the version of its purchase",
                           event.get("reasons"), [f"V{version}"])

    def shipped_policies():
        journey = ask(Order("shipped", lines=(("1", 2, 3000), ("2", 1, 900))),
                      lines=shop.units(("1", 2), ("2", 1)))
        assessed = journey.await_status(ASSESSED, "COMPLIANT") or {}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(journey.first(shop.VALIDATED), file)
            file.flush()
            for name in ("shop", "authority"):
                said = stack.ctl("policy", "check", ROOT / f"deploy/policies/{name}.dmn")
                counting.equal(f"what a check says of {name}", said, "0 errors, 0 warnings\n")
            again = stack.ctl_json("policy", "eval", ROOT / "deploy/policies/first-rules.dmn",
                                   "--facts", file.name)
            words = stack.ctl("policy", "eval", ROOT / "deploy/policies/shop.dmn", "--facts",
                              file.name)
        counting.equal("evaluating again gives the rules that were recorded",
                       [(rule["decision"], rule["rule"]) for rule in again["rules"]],
                       [(rule["decision"], rule["rule"]) for rule in assessed.get("rules", [])])
        counting.equal("and the money", again["refundableMinor"], int(
            assessed["refundable"]["minor"]))
        counting.check("the trace is there for each line", len(again["trace"]) == 2 and
                       "rule 1" in again["trace"][0]["text"] and "line 2" in words, again["trace"])
        counting.check("rules go by their ids", "rule 1 (x1): " in words, words)
        replayed = stack.ctl_json("policy", "replay", ROOT / "deploy/policies/shop.dmn")
        counting.check("a candidate is replayed over all recorded requests",
                       replayed["requests"] > 0 and replayed["requests"] == replayed["undecided"] +
                       replayed["same"] + replayed["changed"], replayed)

    def slips():
        """What an author gets wrong is said before anything is published."""
        shop_model = (ROOT / "deploy/policies/shop.dmn").read_text()
        with tempfile.NamedTemporaryFile("w", suffix=".dmn") as file:
            file.write(shop_model.replace("list contains(line.tags,", "list contains(line.tag,")
                       .replace('<inputData ', '<inputData id="slip" name="ordr"/><inputData ', 1))
            file.flush()
            said = refusal("policy", "check", file.name)
            counting.check("an entry and a fact that there are not", "line has no entry tag" in said
                           and "ordr: there is no such fact" in said, said)
        for what, words, why in (
                ("an authority model is no policy", ("replay", "authority"), "it is no policy"),
                ("an id of two words", ("publish", "first-rules", "--id", "two words", "--key",
                                        stack.folder / "secrets/rules-1.key"), "id: 1 to 128")):
            said = refusal("policy", words[0], ROOT / f"deploy/policies/{words[1]}.dmn", *words[2:])
            counting.check(what, why in said, said)

    def refusal(*words):
        try:
            return "accepted: " + stack.ctl(*words)
        except CommandFailed as failure:
            return str(failure)

    def goods_gate():
        """Nothing is paid before the goods are back; then what was accepted of them, and only if who
        says so has signed it."""
        merchant, key = "goods-back", "REDRESS_CONSOLE_KEY_FILE"
        judged("a policy that wants the goods back", merchant, 1, expression(
            '{outcome: "COMPLIANT", goodsRequired: true}'), True, validFrom=LONG_AGO,
               correction="from the beginning")
        journey = ask(Order("gate", merchant=merchant), lines=shop.units(("1", 2)))
        journey.await_status(shop.PAYOUTS, "AWAITING_GOODS")
        said = json.dumps({
            "merchantId": merchant, "orderId": "gate", "refundId": journey.refund_id,
            "eventId": "parcel-1", "occurredAt": shop.now(),
            "actor": {"id": "warehouse", "role": "ROLE_SYSTEM"}, "inspected": {"lines": [
                {"lineId": "1", "units": 2, "acceptedUnits": 1,
                 "condition": "GOODS_CONDITION_DAMAGED"}]}}).encode()
        stack.ctl("publish", "refunds.goods.v1", "-", stdin=said,
                  environment={key: str(stack.folder / "secrets/rules-1.key")})
        counting.check("goods that somebody else signed for are dead letters", counting.until(
            lambda: {entry["headers"]["redress_reason"] for entry in
                     stack.events(shop.DEAD_LETTERS, "gate", headers=True)
                     if entry["headers"]["redress_worker"] == "settlement"} == {"NOT_SIGNED"}))
        journey.check_statuses("it waits", shop.PAYOUTS, ["AWAITING_GOODS"])
        stack.ctl("publish", "refunds.goods.v1", "-", stdin=said)
        journey.await_paid(255)
        counting.equal("and the customer is told why it is less", [
            event["reason"] for event in journey.events(shop.PAYOUTS)
            if event.get("notice", {}).get("template") == "refund_reduced"], ["GOODS_DAMAGED"])

    return [goods_gate, slips, policy_that_does_not_judge, broken_policies, by_purchase, shipped_policies]
