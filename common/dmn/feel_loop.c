/* Filters, for, some and every. */

#include "feel_calendar.h"
#include "feel_evaluate.h"
#include "feel_number.h"
#include "feel_temporal.h"

/* The frame of one item: `item`, and its entries where it is a context. */
static const struct feel_frame *item_frame(struct feel_run *run, const struct feel_frame *parent,
                                           const struct feel_value *item)
{
    struct feel_frame *frame = feel_room(run, 1, sizeof *frame);
    struct feel_binding *binding = feel_room(run, 1, sizeof *binding);
    if (frame == NULL || binding == NULL)
        return NULL;
    *binding = (struct feel_binding){run->words->item, *item};
    *frame = (struct feel_frame){.parent = parent,
                                 .bindings = binding,
                                 .count = 1,
                                 .item = item->kind == FEEL_CONTEXT ? item : NULL};
    return frame;
}

static struct feel_value at_index(struct feel_run *run, const struct feel_node *node,
                                  const struct feel_value *list, const struct feel_value *index)
{
    int64_t at;
    int64_t count = (int64_t)list->list.count;
    if (!feel_number_integer(index->number, &at) || at == 0 || at > count || at < -count)
        return feel_note(run, node, "no item at that position of a list of %lld", (long long)count);
    return list->list.items[at > 0 ? at - 1 : count + at];
}

static struct feel_value filter_by_condition(struct feel_run *run, const struct feel_node *node,
                                             const struct feel_frame *frame,
                                             const struct feel_value *list)
{
    struct feel_builder out = {.list = {.kind = FEEL_LIST, .depth = 1}};
    for (size_t i = 0; i < list->list.count && run->stop == NULL; i++) {
        const struct feel_value *item = &list->list.items[i];
        const struct feel_frame *inner = item_frame(run, frame, item);
        if (inner == NULL)
            return feel_null();
        struct feel_value keep = feel_evaluate(run, node->b, inner);
        if (i == 0 && keep.kind == FEEL_NUMBER && !node->boxed)
            return at_index(run, node, list, &keep);
        if (keep.kind != FEEL_BOOLEAN && (keep.kind != FEEL_NULL || node->boxed))
            return feel_note(run, node, "a filter that is a %s", feel_kind_name(keep.kind));
        if (keep.kind == FEEL_BOOLEAN && keep.boolean && !feel_build(run, &out, item))
            return feel_null();
    }
    return out.list;
}

/* A condition may be a position: seen from outside the list when that is empty. */
struct feel_value feel_filter(struct feel_run *run, const struct feel_node *node,
                              const struct feel_frame *frame)
{
    struct feel_value base = feel_evaluate(run, node->a, frame);
    if (base.kind == FEEL_NULL)
        return base;
    struct feel_value list = base.kind == FEEL_LIST ? base : feel_list(&base, 1);
    if (base.kind != FEEL_LIST) {
        struct feel_value *copy = feel_room(run, 1, sizeof *copy);
        if (copy == NULL)
            return feel_null();
        *copy = base;
        list = feel_list(copy, 1);
    }
    bool literal = node->b->op == FEEL_OP_LITERAL || node->b->op == FEEL_OP_NEGATE;
    if (!node->boxed && (literal || list.list.count == 0)) {
        size_t notes = run->note_count;
        struct feel_value index = feel_evaluate(run, node->b, frame);
        if (index.kind == FEEL_NUMBER)
            return at_index(run, node, &list, &index);
        run->note_count = notes; /* what it misses outside of the list does not matter */
    }
    return filter_by_condition(run, node, frame, &list);
}

/* What a variable goes over: the items of a list, or whole numbers or days of a span. */
struct domain {
    struct feel_value list;
    bool span;
    bool dates;
    int64_t from;
    int64_t step;
    size_t count;
};

static bool span_end(const struct feel_value *end, bool dates, int64_t *out)
{
    if (!dates)
        return end->kind == FEEL_NUMBER && feel_number_integer(end->number, out);
    if (end->kind != FEEL_DATE)
        return false;
    *out = feel_days_from_civil(end->moment.year, end->moment.month, end->moment.day);
    return true;
}

static bool span_domain(struct feel_run *run, const struct feel_node *node,
                        const struct feel_value *low, const struct feel_value *high,
                        struct domain *out)
{
    int64_t to, distance;
    out->span = true;
    out->dates = low->kind == FEEL_DATE;
    if (!span_end(low, out->dates, &out->from) || !span_end(high, out->dates, &to) ||
        __builtin_sub_overflow(to, out->from, &distance)) {
        (void)feel_note(run, node, "cannot go from a %s to a %s", feel_kind_name(low->kind),
                        feel_kind_name(high->kind));
        return false;
    }
    out->step = distance < 0 ? -1 : 1;
    uint64_t count = (distance < 0 ? (uint64_t)0 - (uint64_t)distance : (uint64_t)distance) + 1;
    if (count > run->list_max) {
        (void)feel_note(run, node, "goes over more than %zu values", run->list_max);
        return false;
    }
    out->count = (size_t)count;
    return true;
}

/* A range value as a domain: its whole numbers or days, without open ends. */
static bool range_domain(struct feel_run *run, const struct feel_node *node,
                         const struct feel_range *range, struct domain *out)
{
    if (range->form != FEEL_INTERVAL || !span_domain(run, node, &range->low, &range->high, out))
        return false;
    if (!range->low_closed && out->count > 0) {
        out->from += out->step;
        out->count--;
    }
    if (!range->high_closed && out->count > 0)
        out->count--;
    return true;
}

static bool make_domain(struct feel_run *run, const struct feel_node *node,
                        const struct feel_frame *frame, struct domain *out)
{
    *out = (struct domain){.count = 0};
    if (node->op == FEEL_OP_SPAN) {
        struct feel_value low = feel_evaluate(run, node->a, frame);
        struct feel_value high = feel_evaluate(run, node->b, frame);
        return span_domain(run, node, &low, &high, out);
    }
    struct feel_value value = feel_evaluate(run, node, frame);
    if (value.kind == FEEL_NULL)
        return false;
    if (value.kind == FEEL_RANGE)
        return range_domain(run, node, value.range, out);
    out->list = value;
    if (value.kind != FEEL_LIST) {
        struct feel_value *copy = feel_room(run, 1, sizeof *copy);
        if (copy == NULL)
            return false;
        *copy = value;
        out->list = feel_list(copy, 1);
    }
    out->count = out->list.list.count;
    return true;
}

static struct feel_value domain_item(const struct domain *domain, size_t index)
{
    if (!domain->span)
        return domain->list.list.items[index];
    int64_t at = domain->from + domain->step * (int64_t)index;
    if (!domain->dates)
        return feel_number_value(feel_number_of(at));
    int64_t year;
    unsigned month, day;
    struct feel_value date = feel_null();
    feel_civil_from_days(at, &year, &month, &day);
    (void)feel_date_of(year, month, day, &date);
    return date;
}

/* Results of the innermost turns. `each` answers false to end all loops. */
struct loop {
    struct feel_run *run;
    const struct feel_node *node;
    struct feel_builder results; /* of a for */
    enum feel_truth truth;       /* of some and every so far */
    enum feel_truth decisive;
    bool (*each)(struct loop *loop, const struct feel_frame *frame);
};

/* The frame of one turn; closures may keep it, so it lies in the arena. */
static struct feel_frame *turn_frame(struct feel_run *run, const struct feel_frame *parent,
                                     const struct feel_symbol *name)
{
    struct feel_frame *frame = feel_alloc(run, 1, sizeof *frame);
    struct feel_binding *bindings = feel_alloc(run, 2, sizeof *bindings);
    if (frame == NULL || bindings == NULL)
        return NULL;
    bindings[0].name = name;
    *frame = (struct feel_frame){.parent = parent, .bindings = bindings, .count = 1};
    return frame;
}

static bool go_over(struct loop *loop, const struct feel_frame *frame, uint32_t level)
{
    struct feel_run *run = loop->run;
    struct domain domain;
    if (!make_domain(run, loop->node->items[level], frame, &domain))
        return false;
    for (size_t i = 0; i < domain.count; i++) {
        struct feel_frame *inner = turn_frame(run, frame, loop->node->names[level]);
        if (inner == NULL || !feel_charge(run, 1))
            return false;
        ((struct feel_binding *)(uintptr_t)inner->bindings)->value = domain_item(&domain, i);
        bool more;
        if (level + 1 < loop->node->count) {
            more = go_over(loop, inner, level + 1);
        } else {
            more = loop->each(loop, inner);
        }
        if (!more)
            return false;
    }
    return true;
}

static bool for_each(struct loop *loop, const struct feel_frame *frame)
{
    struct feel_run *run = loop->run;
    struct feel_frame *inner = (struct feel_frame *)(uintptr_t)frame;
    struct feel_binding *bindings = (struct feel_binding *)(uintptr_t)frame->bindings;
    bindings[1] = (struct feel_binding){run->words->partial, loop->results.list};
    if (bindings[0].name != run->words->partial)
        inner->count = 2;
    struct feel_value value = feel_evaluate(run, loop->node->a, frame);
    return run->stop == NULL && feel_build(run, &loop->results, &value);
}

struct feel_value feel_for(struct feel_run *run, const struct feel_node *node,
                           const struct feel_frame *frame)
{
    struct loop loop = {.run = run,
                        .node = node,
                        .results = {.list = {.kind = FEEL_LIST, .depth = 1}},
                        .each = for_each};
    if (!go_over(&loop, frame, 0))
        return feel_null();
    return loop.results.list;
}

static bool quantify_each(struct loop *loop, const struct feel_frame *frame)
{
    struct feel_value value = feel_evaluate(loop->run, loop->node->a, frame);
    if (value.kind != FEEL_BOOLEAN)
        loop->truth = FEEL_UNKNOWN;
    else if ((value.boolean ? FEEL_TRUE : FEEL_FALSE) == loop->decisive) {
        loop->truth = loop->decisive;
        return false;
    }
    return loop->run->stop == NULL;
}

struct feel_value feel_quantify(struct feel_run *run, const struct feel_node *node,
                                const struct feel_frame *frame)
{
    bool some = node->op == FEEL_OP_SOME;
    struct loop loop = {.run = run,
                        .node = node,
                        .truth = some ? FEEL_FALSE : FEEL_TRUE,
                        .decisive = some ? FEEL_TRUE : FEEL_FALSE,
                        .each = quantify_each};
    bool whole = go_over(&loop, frame, 0);
    if (!whole && loop.truth != loop.decisive)
        return feel_null();
    return feel_from_truth(loop.truth);
}
