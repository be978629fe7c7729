#include "intake_needs.h"

#include "clock.h"

#include <string.h>

static unsigned request_needs(const struct request *request)
{
    unsigned mask = NEED_REFUNDS | NEED_PAYMENTS | NEED_CUSTOMER;
    if (request->line_count == 0) /* the whole order, an amount over it, or its shipping */
        mask |= NEED_ALL_LINES;
    return mask;
}

bool outcome_is_judgement(enum outcome outcome)
{
    static const enum later_stage STAGES[] = {
#define X(stage, theirs, ours, claim) LATER_##stage,
        OUTCOME_ROWS(X)
#undef X
    };
    return STAGES[outcome] != LATER_PAYOUTS;
}

int64_t outcome_whole_claim(const struct outcome_seen *seen)
{
    return seen->returned_count > 0 ? -1 : seen->minor;
}

unsigned input_needs(const struct input *input, enum deadline_kind kind)
{
    if (input == NULL)
        return kind == DEADLINE_STALL ? NEED_REFUNDS : NEED_REFUNDS | NEED_IF_WAITING;
    switch (input->kind) {
    case INPUT_PLACED:
        return NEED_REFUNDS | NEED_PAYMENTS | NEED_IF_WAITING | NEED_EARLY;
    case INPUT_CAPTURED:
        return NEED_REFUNDS | NEED_PAYMENTS | NEED_IF_WAITING;
    case INPUT_ASKED:
        return request_needs(&input->request);
    case INPUT_FOLLOWED_UP:
        return NEED_REFUNDS | NEED_PAYMENTS | NEED_ALL_LINES | NEED_FOLLOW_UPS | NEED_CUSTOMER;
    case INPUT_OUTCOME:
        return outcome_is_judgement(input->outcome.outcome)
                   ? NEED_REFUNDS | NEED_PAYMENTS | NEED_IF_WAITING
                   : NEED_REFUNDS;
    case INPUT_MOVED:
        return NEED_REFUNDS; /* its lines come with their claims, and these belong to refunds */
    case INPUT_NOTHING:
    case INPUT_DUE:
        break;
    }
    return 0;
}

static enum status need_line(struct arena *arena, struct order_needs *needs, const char *line_id)
{
    if ((needs->mask & NEED_ALL_LINES) != 0)
        return STATUS_OK;
    for (size_t i = 0; i < needs->line_count; i++)
        if (strcmp(needs->lines[i], line_id) == 0)
            return STATUS_OK;
    if (needs->line_count == NAMED_LINES_MAX) {
        needs->mask |= NEED_ALL_LINES;
        return STATUS_OK;
    }
    if ((needs->line_count & (needs->line_count - 1)) == 0) { /* grows at 0, 1, 2, 4, 8 ... */
        size_t room = needs->line_count == 0 ? 1 : needs->line_count * 2;
        const char **lines = arena_array(arena, room, sizeof *lines);
        if (lines == NULL)
            return STATUS_EXHAUSTED;
        for (size_t i = 0; i < needs->line_count; i++)
            lines[i] = needs->lines[i];
        needs->lines = lines;
    }
    needs->lines[needs->line_count++] = line_id;
    return STATUS_OK;
}

static enum status add_needs(struct arena *arena, struct order_needs *needs,
                             const struct input *input)
{
    enum status status = STATUS_OK;
    if (input->kind == INPUT_PLACED)
        needs->token = input->placed.customer_token;
    if (needs->day == 0)
        needs->day = (int32_t)(input->occurred_at_us / CLOCK_DAY_US);
    if (input->kind == INPUT_ASKED)
        for (size_t i = 0; i < input->request.line_count && status == STATUS_OK; i++)
            status = need_line(arena, needs, input->request.lines[i].line_id);
    if (input->kind == INPUT_MOVED)
        for (size_t i = 0; i < input->moved.line_count && status == STATUS_OK; i++)
            status = need_line(arena, needs, input->moved.lines[i].line_id);
    return status;
}

struct order_needs *batch_needs(struct batch *batch)
{
    struct order_needs *all = arena_array(batch->arena, batch->order_count + 1, sizeof *all);
    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < batch->order_count; i++)
        all[i].token = "";
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct event *event = &batch->events[i];
        if (event->order == NULL)
            continue;
        struct order_needs *needs = &all[event->order - batch->orders];
        const struct input *input = event->kind == EVENT_MESSAGE ? event->body : NULL;
        needs->mask |= input_needs(input, (enum deadline_kind)event->deadline_kind);
        if (input != NULL && add_needs(batch->arena, needs, input) != STATUS_OK)
            return NULL;
    }
    return all;
}
