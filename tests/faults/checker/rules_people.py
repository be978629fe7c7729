"""People: approvals by enough different people, in authority, none by the requester."""

from checker import Rule, enum, minor

# Level in figures, and how many must approve, as AuthorityLevel in proto/redress/v1/routed.proto.
LEVELS = {"AUTO": (0, 0), "LEVEL_1": (1, 1), "LEVEL_2": (2, 1), "LEVEL_2_TWO_APPROVERS": (2, 2),
          "FINANCE_CONTROLLER": (3, 1)}
DECIDE = {"ROLE_APPROVER", "ROLE_FINANCE"}
FINANCE = {"ROLE_FINANCE"}
YES = {"VERDICT_APPROVE", "VERDICT_APPROVE_REDUCED"}


class Approvals(Rule):
    name = "approvals"
    promise = "approvals are by enough distinct people in authority, none of them the requester; automatic ones by nobody"
    topics = frozenset({"refunds.routed.v1"})

    def __init__(self):
        super().__init__()
        self.seen = set()

    def record(self, topic, record):
        event = record["event"]
        if enum(event.get("status"), "ROUTING_STATUS_") != "APPROVED" or \
                record["headers"]["ce_id"] in self.seen:
            return
        self.seen.add(record["headers"]["ce_id"])
        approval, refund = event.get("approval") or {}, event.get("refundId")
        approvers = approval.get("approvers", [])
        self.counts["automatic" if event.get("automatic") else "by people"] += 1
        split = sum(minor(share.get("amount")) for share in approval.get("split", ()))
        if split != minor(approval.get("amount")):
            self.break_("refund {}: {} approved, {} split", refund, minor(approval.get("amount")),
                        split)
        if event.get("automatic"):
            if approvers:
                self.break_("refund {}: automatic, and approved by {}", refund, approvers)
            return
        self.people(event, refund, approvers)

    def people(self, event, refund, approvers):
        level = enum(event.get("authority"), "AUTHORITY_LEVEL_")
        case = event.get("case") or {}
        needed = max(LEVELS.get(level, (0, 1))[1], int(case.get("approversNeeded", 0)), 1)
        if len(set(approvers)) != len(approvers):
            self.break_("refund {}: the same person twice: {}", refund, approvers)
        if len(set(approvers)) < needed:
            self.break_("refund {}: {} of {} approvers: {}", refund, len(set(approvers)), needed,
                        approvers)
        request = ((event.get("assessed") or {}).get("request") or {})
        requester = (request.get("requester") or {}).get("id")
        if requester and requester in approvers:
            self.break_("refund {}: approved by its requester {}", refund, requester)
        roles = {d["actor"]["id"]: d["actor"].get("role") for d in case.get("decisions", ())
                 if d.get("verdict") in YES and d.get("actor")}
        for person in approvers:
            allowed = FINANCE if level == "FINANCE_CONTROLLER" else DECIDE
            if person not in roles:
                self.break_("refund {}: {} approved, and the case has no decision", refund, person)
            elif roles[person] not in allowed:
                self.break_("refund {}: {} approved as {} at {}", refund, person, roles[person],
                            level)


RULES = (Approvals,)
