"""The checker: rules over what a run left behind, and the pass that feeds them.

A run's facts (facts.py) are records of topics, effects of the provider, rows of databases and lines of
logs. A rule takes what it asks for, once, in order, and says at the end what broke its promise. Rules
share no code with the services: what they expect follows from the contract in proto/README.md alone.
"""

import collections

SHOWN = 5  # violations of a rule that are printed


class Rule:
    """One promise. `topics` are those it wants the records of; it keeps what it needs of them."""

    name = ""
    promise = ""
    topics = frozenset()
    wants_effects = False
    wants_logs = False

    def __init__(self):
        self.violations = []
        self.counts = collections.Counter()  # what was looked at: a rule that saw nothing says so

    def record(self, topic, record):
        """A record of one of `topics`: {"partition", "offset", "key", "headers", "event", "sha256"}."""

    def effect(self, effect):
        """A line of the provider's log."""

    def log(self, name, line):
        """A line of a program's log."""

    def finish(self, facts):
        """Everything was read; rows are asked for here (facts.rows)."""

    def break_(self, text, *values):
        self.violations.append(text.format(*values))


class Result:
    def __init__(self, rule):
        self.name, self.promise = rule.name, rule.promise
        self.violations, self.counts = rule.violations, dict(rule.counts)

    @property
    def held(self):
        return not self.violations

    def __str__(self):
        seen = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        head = f"{'ok    ' if self.held else 'BROKEN'} {self.name}: {self.promise} ({seen or 'nothing seen'})"
        more = len(self.violations) - SHOWN
        lines = [f"       {text}" for text in self.violations[:SHOWN]]
        return "\n".join([head, *lines, *([f"       and {more} more"] if more > 0 else [])])


def check(facts, rules):
    """Feeds the rules and gives their results, in their order."""
    topics = sorted(set().union(*(rule.topics for rule in rules)))
    for topic in topics:
        takers = [rule for rule in rules if topic in rule.topics]
        for record in facts.records(topic):
            for rule in takers:
                rule.record(topic, record)
    takers = [rule for rule in rules if rule.wants_effects]
    for effect in facts.effects() if takers else ():
        for rule in takers:
            rule.effect(effect)
    takers = [rule for rule in rules if rule.wants_logs]
    for name, line in facts.logs() if takers else ():
        for rule in takers:
            rule.log(name, line)
    for rule in rules:
        rule.finish(facts)
    return [Result(rule) for rule in rules]


def enum(value, prefix):
    """"PAYOUT_STATUS_FAILED" -> "FAILED"; absent -> "UNSPECIFIED"."""
    return (value or "UNSPECIFIED").removeprefix(prefix)


def minor(money):
    """Minor units of a Money; absent fields are 0 in canonical JSON."""
    return int((money or {}).get("minor", 0))
