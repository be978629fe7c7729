"""Secrets: what was planted in a token, a note or evidence stays where it may be."""

import json
import re

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
    pattern = None

    def found(self, text):
        """(kind, canary) of those in a text; one search for all, as nearly always there is none."""
        if self.pattern is None:
            self.pattern = re.compile("|".join(re.escape(canary) for _, canary in self.planted))
        if not self.planted or not self.pattern.search(text):
            return []
        return [(kind, canary) for kind, canary in self.planted if canary in text]

    def record(self, topic, record):
        self.counts["records"] += 1
        text = record.get("text") or json.dumps(record, ensure_ascii=False)
        for kind, canary in self.found(text):
            if topic not in ALLOWED[kind]:
                self.break_("{} {}/{} has the {} {}", topic, record["partition"], record["offset"],
                            kind, shown(canary))

    def log(self, name, line):
        self.counts["lines of logs"] += 1
        for kind, canary in self.found(line):
            self.break_("{} has the {} {}", name, kind, shown(canary))


def shown(canary):
    return canary[:8] + "..."


RULES = (Canaries,)
