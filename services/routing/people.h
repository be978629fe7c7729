/* People: who may say what about a case. A pure function of the roster and the case.
 *
 * Somebody acts with their own authority, or as a delegate with that of the person who delegated it
 * to them for that time: then role, queues, level and limits are that person's, and the amount
 * counts against that person's day. Nobody passes on what was delegated to them. */

#ifndef REDRESS_ROUTING_PEOPLE_H
#define REDRESS_ROUTING_PEOPLE_H

#include "roster.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, number in redress.v1.Role) */
#define PERSON_ROLE_ROWS(X) \
    X(CUSTOMER, 1)          \
    X(SERVICE_AGENT, 2)     \
    X(POLICY_REVIEWER, 3)   \
    X(APPROVER, 4)          \
    X(FINANCE, 5)           \
    X(QUALITY, 6)           \
    X(SYSTEM, 7)

enum person_role {
#define X(name, number) PERSON_##name = number,
    PERSON_ROLE_ROWS(X)
#undef X
};
#define ROLE_BIT(name) (1u << PERSON_##name)

/* Roles that decide, and those that look at cases at all. */
#define ROLES_DECIDE (ROLE_BIT(APPROVER) | ROLE_BIT(FINANCE))
#define ROLES_WORK (ROLES_DECIDE | ROLE_BIT(POLICY_REVIEWER))
#define ROLES_VERIFY (ROLE_BIT(FINANCE) | ROLE_BIT(POLICY_REVIEWER))
#define ROLES_LOOK (ROLES_WORK | ROLE_BIT(SERVICE_AGENT) | ROLE_BIT(QUALITY))

/* The table of role x action. X(name, number in redress.v1.Verdict, roles that may say it, what it
 * is) */
#define VERDICT_ROWS(X)                                         \
    X(APPROVE, 1, ROLES_DECIDE, VERDICT_APPROVES)               \
    X(APPROVE_REDUCED, 2, ROLES_DECIDE, VERDICT_APPROVES)       \
    X(DECLINE, 3, ROLES_WORK, VERDICT_ENDS)                     \
    X(ASK, 4, ROLES_WORK, VERDICT_ADVISES)                      \
    X(RECOMMEND, 5, ROLE_BIT(POLICY_REVIEWER), VERDICT_ADVISES) \
    X(TAKE, 6, ROLES_WORK, VERDICT_NOTES)                       \
    X(GIVE_BACK, 7, ROLES_WORK, VERDICT_NOTES)                  \
    X(COMMENT, 8, ROLES_LOOK, VERDICT_NOTES)                    \
    X(LIFT, 9, ROLE_BIT(FINANCE), VERDICT_ENDS)                 \
    X(VERIFY_PAYEE, 10, ROLES_VERIFY, VERDICT_ADVISES)

enum verdict {
#define X(name, number, roles, nature) VERDICT_##name = number,
    VERDICT_ROWS(X)
#undef X
};

enum verdict_nature {
    VERDICT_APPROVES, /* needs the level of the case, and limits that cover the amount */
    VERDICT_ENDS,     /* needs the level of the case, except of a policy reviewer */
    VERDICT_ADVISES,  /* needs no level, and moves the case on */
    VERDICT_NOTES     /* decides nothing */
};

/* Why a decision is refused, in the order in which it is checked: first whether it is genuine, then
 * what the person can never do, then what was only too late or too much. X(name): the word in
 * redress.v1.DecisionRefused. */
#define REFUSAL_ROWS(X)                                                                          \
    X(NO_ROSTER)       /* the merchant has none in force: nobody decides */                      \
    X(UNKNOWN_PERSON)  /* the actor, or on whose behalf they act, is not in it */                \
    X(SIGNATURE)       /* none, by no key that may sign for the actor, or it does not hold */    \
    X(UNKNOWN_CASE)    /* the refund has no such case */                                         \
    X(CASE_NOT_OPEN)   /* decided, closed, or waiting for an answer */                           \
    X(ROLE)            /* not a role of the person, or this role may not say this */             \
    X(DELEGATE)        /* the person has not delegated to the actor for this time */             \
    X(ABSENT)          /* the actor is out of office */                                          \
    X(QUEUE)           /* none of the person's queues */                                         \
    X(OWN_REQUEST)     /* the actor, or on whose behalf they act, asked, appealed or answered */ \
    X(ABOVE_AUTHORITY) /* the level of the case; at level 3 only finance approves */             \
    X(ALREADY_DECIDED) /* in this case; in an appeal, also in an earlier one */                  \
    X(TAKEN)           /* somebody else works on the case; or it is not theirs to give back */   \
    X(STALE_VERSION)   /* the case has changed since */                                          \
    X(STALE_SUBJECT)   /* amount, payments or method are not those that the person saw */        \
    X(TIME)            /* said before the case was as it is, or in the future */                 \
    X(NOT_REVIEWED)    /* an exception on which no policy reviewer has advised */                \
    X(REDUCTION)       /* not less money, other currency, or a method that is not allowed */     \
    X(FINANCE_ONLY)    /* a bank transfer, which only role FINANCE approves */                   \
    X(PAYEE)           /* a bank transfer, and nobody has verified the account yet */            \
    X(NOT_COVERED)     /* the captured payments do not cover the amount */                       \
    X(ABOVE_LIMIT)     /* more than the person may approve for one refund */                     \
    X(DAY_LIMIT)       /* with what they approved that day, more than they may */                \
    X(TOO_MANY)        /* ROUTING_DECISIONS_MAX */

enum refusal_reason {
    REFUSAL_NONE,
#define X(name) REFUSAL_##name,
    REFUSAL_ROWS(X)
#undef X
};

/* "STALE_VERSION"; "" for REFUSAL_NONE. */
const char *refusal_reason_name(enum refusal_reason reason);

enum verdict_nature verdict_nature(enum verdict verdict);

/* Whether that role may say that at all: the table above. */
bool role_may(enum person_role role, enum verdict verdict);

/* Who acts, and whose authority that uses: their own, or that of who delegated it. */
struct people_act {
    const struct roster_person *actor;
    const struct roster_person *holder;
    enum person_role role; /* in which the actor says that they act */
    enum verdict verdict;
    int64_t at_us; /* when it was said */
};

/* What of a case bears on who may decide it. */
struct people_case {
    const char *queue;
    int32_t level; /* 1 to ROSTER_LEVEL_MAX */
};

/* Fills actor and holder. `on_behalf_of` "" or the actor's own id: their own authority.
 * NO_ROSTER, UNKNOWN_PERSON or NONE. */
enum refusal_reason people_find(const struct roster *roster, const char *actor_id,
                                const char *on_behalf_of, struct people_act *act);

/* ROLE, DELEGATE, ABSENT, QUEUE, ABOVE_AUTHORITY or NONE. */
enum refusal_reason people_may(const struct people_act *act, const struct people_case *about);

/* ABOVE_LIMIT if the holder may not approve that for one refund. */
enum refusal_reason people_amount(const struct people_act *act, int64_t minor,
                                  const char *currency);

/* True if either of them is `person_id`: nobody decides twice, or their own request, by acting for
 * somebody or letting somebody act. */
bool people_involve(const struct people_act *act, const char *person_id);

/* The same of any of `person_ids`, which have US (0x1f) between them. */
bool people_involve_any(const struct people_act *act, const char *person_ids);

#endif
