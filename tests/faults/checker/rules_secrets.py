"""Secrets: what was planted in a token, a note or evidence stays where it may be."""

import json

from checker import Rule
from rules_events import INPUTS, OUTPUTS

# Where each kind may stand. Dead letters keep the original bytes of what they are about.
REQUEST = {"refunds.requests.v1", "refunds.dead-letters.v1"}
FACTS = {"refunds.validated.v1", "refunds.assessed.v1", "refunds.routed.v1"}
ALLOWED = {
    "token": REQUEST | FACTS | {"orders.events.v1", "refunds.control.v1", "refunds.rules.v1"},
    "note": REQUEST | {"refunds.decisions.v1"},
    "evidence": REQUEST | FACTS,
    "secret": set(),
}


class Canaries(Rule):
    name = "canaries"
    promise = "what was planted in tokens, notes, evidence and secrets is in no log and in no topic that must not have it"
    topics = frozenset({*INPUTS, *OUTPUTS, "refunds.dead-letters.v1", "refunds.provider-inbox.v1"})
    wants_logs = True
    planted = ()  # (kind, text)

    def record(self, topic, record):
        if not self.planted:
            return
        text = json.dumps(record, ensure_ascii=False)
        self.counts["records"] += 1
        for kind, canary in self.planted:
            if canary in text and topic not in ALLOWED[kind]:
                self.break_("{} {}/{} has the {} {}", topic, record["partition"], record["offset"],
                            kind, shown(canary))

    def log(self, name, line):
        self.counts["lines of logs"] += 1
        for kind, canary in self.planted:
            if canary in line:
                self.break_("{} has the {} {}", name, kind, shown(canary))


def shown(canary):
    return canary[:8] + "..."


RULES = (Canaries,)
