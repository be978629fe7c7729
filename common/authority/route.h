/* Route: who decides about a refund, as the merchant's authority model says. Pure data and the
 * rules that hold whatever a model says; route_model.h evaluates the model. */

#ifndef REDRESS_AUTHORITY_ROUTE_H
#define REDRESS_AUTHORITY_ROUTE_H

#include "arena.h"
#include "status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, number in redress.v1.AuthorityLevel, level of a case, approvers) */
#define AUTHORITY_ROWS(X)             \
    X(AUTO, 1, 0, 0)                  \
    X(LEVEL_1, 2, 1, 1)               \
    X(LEVEL_2, 3, 2, 1)               \
    X(LEVEL_2_TWO_APPROVERS, 4, 2, 2) \
    X(FINANCE_CONTROLLER, 5, 3, 1)

enum authority_level {
#define X(name, number, level, approvers) AUTHORITY_##name = number,
    AUTHORITY_ROWS(X)
#undef X
};

enum {
    ROUTE_LEVEL_MAX = 3, /* the finance controller */
    ROUTE_APPROVERS_MAX = 5,
    ROUTE_QUEUE_MAX = 64,       /* bytes of a queue: a to z, 0 to 9, - and _ */
    ROUTE_REASONS_MAX = 8,      /* that a model gives */
    ROUTE_WORD_MAX = 64,        /* bytes of a reason: A to Z, 0 to 9 and _ */
    ROUTE_HITS_MAX = 32,        /* rules that hit, as kept */
    ROUTE_HOURS_MAX = 2000,     /* working hours of a deadline */
    ROUTE_CATEGORIES_MAX = 100, /* distinct ones of a request that are told */
    ROUTE_SIGNALS_MAX = 16
};

/* What a model may look at. One row per input of the model.
 * X(name, type in FEEL, help) */
#define ROUTE_FACT_ROWS(X)                                                                   \
    X(amount, "number", "what may be paid back, such as 250.00")                             \
    X(amountMinor, "number", "the same in minor units, such as 25000")                       \
    X(currency, "string", "ISO 4217")                                                        \
    X(outcome, "string", "COMPLIANT, EXCEPTION, or of an appeal DECLINED or NEEDS_INFO")     \
    X(reason, "string", "why it was asked for, such as DAMAGED; null where unknown")         \
    X(channel, "string", "WEB, STORE, PHONE, MARKETPLACE or APP; null where unknown")        \
    X(market, "string", "the shop's market, such as GB; empty where unknown")                \
    X(categories, "list of strings", "categories of the goods, each once")                   \
    X(riskSignals, "list of strings", "signals about the customer, such as SERIAL_RETURNER") \
    X(refundsLastYear, "number", "that the customer asked for; null where unknown")          \
    X(appeal, "boolean", "asked for again after a decline")                                  \
    X(failedPayout, "boolean", "approved before; the provider could not pay it")             \
    X(personRequired, "boolean", "it will not be automatic, whatever the model says")

struct route_facts {
    int64_t minor;
    const char *currency;
    const char *outcome;
    const char *reason, *channel; /* NULL: unknown */
    const char *market;
    const char *const *categories;
    size_t category_count;
    const char *const *risk_signals;
    size_t risk_signal_count;
    int64_t refunds_last_year; /* -1: unknown */
    bool appeal, failed_payout, person_required;
};

/* A rule of the model that hit. */
struct route_hit {
    const char *decision, *rule;
};

struct route {
    bool automatic;
    const char *queue;          /* "" if automatic */
    int32_t level;              /* 1 to ROUTE_LEVEL_MAX; 0 if automatic */
    int32_t approvers;          /* different people; 0 if automatic */
    int64_t deadline_us;        /* working time until it escalates; 0: the usual */
    const char *const *reasons; /* why a person must look, in words such as AMOUNT */
    size_t reason_count;
    const struct route_hit *hits;
    size_t hit_count;
};

/* A valid authority model, and how to ask it. */
struct router {
    const char *model_id;
    int64_t model_version;
    const char *model_sha256;
    /* Who decides; `route` is in `arena`. STATUS_INVALID: the model gives no answer to these facts,
     * in words; STATUS_EXHAUSTED: `arena` is full. The same facts give the same answer. */
    enum status (*ask)(const struct router *router, const struct route_facts *facts,
                       struct arena *arena, struct route *route, struct error *error);
    const void *models;    /* what `ask` evaluates */
    struct arena *scratch; /* reset by each `ask` */
};

/* Turns an answer for a refund that a person must decide into one that names people, if the model
 * says automatic all the same: level 1, one approver, queue "refunds". */
void route_for_people(struct route *route);

/* The level for a case of this level and number of approvers. */
enum authority_level authority_of_case(int32_t level, int32_t approvers);

#endif
