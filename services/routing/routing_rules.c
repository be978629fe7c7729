#include "routing_rules.h"

#include "authority/route_model.h"
#include "authority/trial.h"
#include "auto_limit_read.h"
#include "calendar.h"
#include "roster_read.h"
#include "routing_codec.h"

#include <stdlib.h>
#include <string.h>

/* What one roster may be made into: 2,000 people with all their lists. */
enum { MADE_MAX = 5 * 1024 * 1024 };

struct made {
    struct arena *arena;
    struct feel_zones zones;
    union {
        struct roster roster;
        struct calendar calendar;
        struct auto_limits limits;
    };
};

static void release(void *made)
{
    struct made *own = made;
    arena_destroy(own->arena);
    free(own);
}

static struct made *make_empty(void)
{
    struct made *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->arena = arena_create(MADE_MAX);
    made->zones.arena = made->arena;
    if (made->arena != NULL)
        return made;
    free(made);
    return NULL;
}

static enum status finish(struct made *made, enum status status, struct rules_made *out,
                          struct error *error)
{
    if (status == STATUS_OK) {
        *out = (struct rules_made){.made = made, .bytes = sizeof *made + arena_used(made->arena)};
        return STATUS_OK;
    }
    release(made);
    return status == STATUS_EXHAUSTED
               ? error_set(error, STATUS_INVALID, "it takes more than 5 MiB of memory")
               : status;
}

static enum status make_roster(const void *context, const Redress__V1__RuleSet *set,
                               struct rules_made *out, struct error *error)
{
    (void)context;
    struct made *made = make_empty();
    if (made == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory for a roster");
    return finish(made, roster_read(set->roster, made->arena, &made->zones, &made->roster, error),
                  out, error);
}

static enum status make_calendar(const void *context, const Redress__V1__RuleSet *set,
                                 struct rules_made *out, struct error *error)
{
    (void)context;
    struct made *made = make_empty();
    if (made == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory for a calendar");
    return finish(made,
                  calendar_read(set->calendar, made->arena, &made->zones, &made->calendar, error),
                  out, error);
}

static enum status make_limits(const void *context, const Redress__V1__RuleSet *set,
                               struct rules_made *out, struct error *error)
{
    (void)context;
    struct made *made = make_empty();
    if (made == NULL)
        return error_set(error, STATUS_EXHAUSTED, "no memory for limits");
    return finish(made, auto_limits_read(set->limits, &made->limits, error), out, error);
}

static enum status check_model(const void *context, const Redress__V1__RuleSet *set,
                               const struct rules_made *made, struct error *error)
{
    (void)context;
    (void)set;
    struct authority_trial trial;
    return authority_try(made->made, &trial, error);
}

static const struct rules_handler handlers[] = {
    {.kind = RULES_AUTHORITY,
     .make = rules_make_model,
     .check = check_model,
     .release = rules_release_model},
    {.kind = RULES_ROSTER, .make = make_roster, .release = release},
    {.kind = RULES_CALENDAR, .make = make_calendar, .release = release},
    {.kind = RULES_LIMITS, .make = make_limits, .release = release}};

enum status routing_rules_open(struct routing_context *own, const struct config_worker *config,
                               struct error *error)
{
    const struct rules_settings settings = {.worker = config,
                                            .name = "routing",
                                            .keys = own->rules_keys,
                                            .handlers = handlers,
                                            .handler_count = sizeof handlers / sizeof *handlers};
    own->route_scratch = arena_create(ROUTE_SCRATCH_MAX);
    if (own->route_scratch == NULL)
        return error_set(error, STATUS_FATAL, "no memory to start with");
    return rules_open(&settings, &own->rules, error);
}

/* In place of a model that cannot be read. */
static enum status ask_unreadable(const struct router *router, const struct route_facts *facts,
                                  struct arena *arena, struct route *route, struct error *error)
{
    (void)facts;
    (void)arena;
    (void)route;
    return error_set(error, STATUS_INVALID, "%s", (const char *)router->models);
}

static const struct router *make_router(struct batch *batch, const struct rules_set *set)
{
    const struct routing_context *own = batch->context;
    struct router *router = arena_alloc(batch->arena, sizeof *router);
    if (router == NULL)
        return NULL;
    *router = set->made != NULL ? route_model_router(set->made, own->route_scratch)
                                : (struct router){.ask = ask_unreadable, .models = set->fault};
    router->model_id = set->id;
    router->model_version = set->version;
    router->model_sha256 = set->sha256;
    return router;
}

static enum status find_rules(struct batch *batch, const struct event *event,
                              struct routing_rules *rules)
{
    const struct routing_context *own = batch->context;
    const struct rules_set *model = NULL, *roster = NULL, *calendar = NULL, *limits = NULL;
    struct error error = {""};
    int64_t now_us = event->now_us;
    enum status status = rules_model(own->rules, event->merchant_id, RULES_AUTHORITY, now_us,
                                     now_us, &model, &error);
    if (status == STATUS_OK)
        status = rules_at(own->rules, event->merchant_id, RULES_ROSTER, now_us, &roster, &error);
    if (status == STATUS_OK)
        status =
            rules_at(own->rules, event->merchant_id, RULES_CALENDAR, now_us, &calendar, &error);
    if (status == STATUS_OK)
        status = rules_at(own->rules, event->merchant_id, RULES_LIMITS, now_us, &limits, &error);
    if (status != STATUS_OK)
        return status;
    *rules = (struct routing_rules){.roster_of = ""};
    if (roster != NULL && roster->made != NULL) {
        rules->roster = &((const struct made *)roster->made)->roster;
        rules->roster_of = roster->merchant_id;
    }
    if (calendar != NULL && calendar->made != NULL)
        rules->calendar = &((const struct made *)calendar->made)->calendar;
    if (limits != NULL && limits->made == NULL)
        model = limits; /* nothing is automatic by a limit that nobody can read */
    else if (limits != NULL)
        rules->limits = &((const struct made *)limits->made)->limits;
    if (model == NULL)
        return STATUS_OK;
    rules->router = make_router(batch, model);
    return rules->router == NULL ? STATUS_EXHAUSTED : STATUS_OK;
}

/* Most events of a batch are one merchant's: those after the first share what it found. */
enum status routing_rules_loaded(struct batch *batch)
{
    struct routing_context *own = batch->context;
    enum status status = rules_loaded(own->rules, batch);
    const struct event *last = NULL;
    for (size_t i = 0; i < batch->event_count && status == STATUS_OK; i++) {
        struct event *event = &batch->events[i];
        if (event->order == NULL)
            continue;
        if (event->body == NULL) /* a deadline */
            event->body = arena_zalloc(batch->arena, sizeof(struct routing_input));
        struct routing_input *input = event->body;
        if (input == NULL)
            return STATUS_EXHAUSTED;
        const struct routing_input *before = last == NULL ? NULL : last->body;
        if (before != NULL && last->now_us == event->now_us &&
            strcmp(last->merchant_id, event->merchant_id) == 0)
            input->rules = before->rules;
        else
            status = find_rules(batch, event, &input->rules);
        last = event;
    }
    return status;
}
