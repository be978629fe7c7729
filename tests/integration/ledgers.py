"""Scenarios: what redressctl tells of money, and a ledger that somebody has tampered with."""

import counting
from journey import Journey
from shop import ORDERS, REQUESTS, Order
from stack import CommandFailed


def scenarios(stack):
    def paid(name, **what):
        order = Order(name, **what)
        stack.publish(ORDERS, *order.events())
        stack.publish(REQUESTS, order.request())
        journey = Journey(stack, order)
        journey.await_paid(255)
        return journey

    def what_made_a_payment():
        journey = paid("payment-shown")
        shown = stack.ctl_json("payment", journey.order.payment())
        counting.equal("captured, refunded and left", [
            shown["payment"][name] for name in ("captured_minor", "refunded_minor", "left_minor")],
            [1530, 255, 1275])
        counting.equal("its movements", [
            (line["movement"], line["amount_minor"]) for line in shown["movements"]],
            [("RESERVED", 255), ("PAID", 255)])
        counting.check("each names the event that caused it",
                       all(line["cause"] for line in shown["movements"]) and
                       shown["payment"]["cause"], shown)
        counting.check("in words", "left to pay back" in stack.ctl("payment",
                                                                   journey.order.payment()))
        counting.equal("its payouts", [payout["status"] for payout in stack.ctl_json(
            "payouts", "--payment", journey.order.payment(), "--all")], ["SUCCEEDED"])
        counting.equal("none of them waits", stack.ctl_json(
            "payouts", "--payment", journey.order.payment()), [])
        try:
            stack.ctl("payment", "no-such-payment")
            counting.check("an unknown payment is refused", False)
        except CommandFailed as problem:
            counting.check("an unknown payment is refused", "no-such-payment" in str(problem),
                           str(problem))

    def words_that_nobody_knows():
        for words in (("payouts", "--status", "RESERVD"), ("payouts", "--provider", "strip"),
                      ("cases", "--status", "OPNE"), ("dead-letters", "list", "--reason", "BAD"),
                      ("dead-letters", "list", "--topic", "refunds"),
                      ("ledger", "show", "--account", "CASH")):
            try:
                stack.ctl(*words)
                counting.check(f"{' '.join(words)} is refused", False)
            except CommandFailed as problem:
                counting.check(f"{' '.join(words)} is refused, with those that there are",
                               f"{' '.join(words[-2:])}: one of " in str(problem), str(problem))
        stack.ctl("payouts", "--status", "reserved", "--provider", "stripe")
        stack.ctl("cases", "--status", "waiting")

    return [what_made_a_payment, words_that_nobody_knows]


def slipped_in(transfer_id):
    """A line that settlement never wrote, beside those that are there."""
    return ("INSERT INTO transfer SELECT id, merchant_id, order_id, payment_id, payout_id, movement,"
            " amount_minor, currency, booked_at, cause FROM transfer,"
            f" (SELECT {transfer_id} AS id FROM transfer) AS new LIMIT 1")


def verified(stack):
    """At the end, with nothing else under way: the ledger holds; each way to tamper with it shows."""
    counting.section("the ledger")
    lines = int(stack.sql("settlement", "SELECT sum(entries) FROM view.ledger_head")[0][0])
    told = counting.until(lambda: stack.sql("settlement", "SELECT 1 FROM view.ledger_head HAVING"
                                            " sum(entries) = sum(told_entries)"))
    counting.check("every head is published", told, stack.sql(
        "settlement", "SELECT * FROM view.ledger_head"))
    verdict = stack.ctl_json("ledger", "verify")
    counting.check("it holds", verdict["holds"] and verdict["lines"] == lines and
                   verdict["heads"] >= len(verdict["shards"]), verdict)
    changes = {
        "an amount is changed": "UPDATE transfer SET amount_minor = amount_minor + 1 WHERE"
                                " transfer_id = (SELECT min(transfer_id) FROM transfer)",
        "the last line is removed": "DELETE FROM transfer WHERE transfer_id ="
                                    " (SELECT max(transfer_id) FROM transfer)",
        "a line is moved to another payout": "UPDATE transfer SET payout_id = 'po_other' WHERE"
                                             " transfer_id = (SELECT min(transfer_id) FROM transfer)",
        "lines are removed, and the head is set back":
            "DELETE FROM transfer; DELETE FROM ledger_head",
        "a line is slipped in far behind the last": slipped_in("max(transfer_id) + 1000000"),
        "a line is slipped in where no shard is": slipped_in("(5000::bigint << 40) + 1"),
        "a line is slipped in before the first shard": slipped_in("-1"),
    }
    stack.sql("settlement", "CREATE TABLE kept AS SELECT * FROM transfer;"
              " CREATE TABLE kept_head AS SELECT * FROM ledger_head")
    for what, change in changes.items():
        stack.sql("settlement", change)
        try:
            shown = stack.ctl("ledger", "verify")
            counting.check(f"{what}: it shows", False, shown)
        except CommandFailed as problem:
            counting.check(f"{what}: it shows", "not as it was written" in str(problem),
                           str(problem))
        stack.sql("settlement", "DELETE FROM transfer; INSERT INTO transfer SELECT * FROM kept;"
                  " DELETE FROM ledger_head; INSERT INTO ledger_head SELECT * FROM kept_head")
    counting.check("put back, it holds", stack.ctl_json("ledger", "verify")["holds"])
