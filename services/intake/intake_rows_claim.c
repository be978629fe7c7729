/* Lines and the claims on them. */

#include "intake_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANGE_TEXT_MAX = 48 /* bytes of "[n,n)," at most */ };

/* Lines come from two calls: those named, which have their claims in front, and all. */

enum { LINE_COLUMN = 1, NAMED_LINE_COLUMN = 8 };

static enum status read_tags(struct batch *batch, const struct call *call, size_t row, int column,
                             struct order_line *line)
{
    if (rows_null(call, row, column))
        return STATUS_OK;
    const char **tags = arena_array(batch->arena, INTAKE_TAGS_MAX, sizeof *tags);
    if (tags == NULL)
        return STATUS_EXHAUSTED;
    line->tags = tags;
    line->tag_count = rows_text_array(call, row, column, batch->arena, tags, INTAKE_TAGS_MAX);
    return STATUS_OK;
}

static enum status read_line(struct batch *batch, const struct call *call, size_t row, int at,
                             struct order_line *line)
{
    *line = (struct order_line){.line_id = rows_text(call, row, at),
                                .line_no = rows_int4(call, row, at + 1),
                                .sku = rows_text(call, row, at + 2),
                                .title = "",
                                .category = rows_text(call, row, at + 3),
                                .units = rows_int8(call, row, at + 5),
                                .gross_minor = rows_int8(call, row, at + 6),
                                .discount_minor = rows_int8(call, row, at + 7),
                                .tax_minor = rows_int8(call, row, at + 8),
                                .tax_rate_ppm = rows_int4(call, row, at + 9),
                                .shipped_at_us = rows_time(call, row, at + 10),
                                .delivered_at_us = rows_time(call, row, at + 11),
                                .shipped_units = rows_int8(call, row, at + 12),
                                .delivered_units = rows_int8(call, row, at + 13),
                                .cancelled_units = rows_int8(call, row, at + 14)};
    return read_tags(batch, call, row, at + 4, line);
}

static void count_lines(struct batch *batch, const struct call *call)
{
    for (size_t i = 0; i < rows_found(call); i++)
        rows_order(batch, call, i)->lines_loaded++;
}

static enum status fill_lines(struct batch *batch, const struct call *call, int at)
{
    for (size_t i = 0; i < rows_found(call); i++) {
        struct order *order = rows_order(batch, call, i);
        enum status status = read_line(batch, call, i, at, &order->lines[order->lines_loaded++]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static int compare_line_no(const void *a, const void *b)
{
    const struct order_line *x = a, *y = b;
    return (x->line_no > y->line_no) - (x->line_no < y->line_no);
}

/* In the order's own order; a line that came several times counts once. */
static enum status settle_lines(struct order *order)
{
    const char *twice;
    if (order->lines_loaded > 1)
        qsort(order->lines, order->lines_loaded, sizeof *order->lines, compare_line_no);
    size_t kept = 0;
    for (size_t i = 0; i < order->lines_loaded; i++)
        if (kept == 0 || order->lines[kept - 1].line_no != order->lines[i].line_no)
            order->lines[kept++] = order->lines[i];
    order->lines_loaded = kept;
    return order_lines_sort(order->lines, kept, order->lines_by_id, &twice) == STATUS_OK
               ? STATUS_OK
               : STATUS_FATAL;
}

enum status rows_read_lines(struct batch *batch, const struct loading *loading)
{
    count_lines(batch, loading->lines);
    count_lines(batch, loading->all_lines);
    for (size_t i = 0; i < batch->order_count; i++) {
        struct order *order = batch->orders[i].rows;
        if (order->lines_loaded == 0)
            continue;
        order->lines = arena_array(batch->arena, order->lines_loaded, sizeof *order->lines);
        order->lines_by_id =
            arena_array(batch->arena, order->lines_loaded, sizeof *order->lines_by_id);
        if (order->lines == NULL || order->lines_by_id == NULL)
            return STATUS_EXHAUSTED;
        order->lines_loaded = 0;
    }
    enum status status = fill_lines(batch, loading->lines, NAMED_LINE_COLUMN);
    if (status == STATUS_OK)
        status = fill_lines(batch, loading->all_lines, LINE_COLUMN);
    for (size_t i = 0; i < batch->order_count && status == STATUS_OK; i++)
        status = settle_lines(batch->orders[i].rows);
    return status;
}

enum status units_parse(struct arena *arena, const char *text, struct units **units, size_t *count)
{
    size_t ranges = 0;
    for (const char *at = text; *at != '\0'; at++)
        ranges += *at == '[';
    *count = 0;
    *units = arena_array(arena, ranges + 1, sizeof **units);
    if (*units == NULL)
        return STATUS_EXHAUSTED;
    const char *at = text + (*text == '{');
    while (*at == '[') {
        char *end;
        long long first = strtoll(at + 1, &end, 10);
        if (*end != ',')
            return STATUS_INVALID;
        long long past = strtoll(end + 1, &end, 10);
        if (*end != ')' || first < 0 || past <= first)
            return STATUS_INVALID;
        (*units)[(*count)++] = (struct units){first, past - first};
        at = end + 1 + (end[1] == ',');
    }
    return *text == '{' && strcmp(at, "}") == 0 ? STATUS_OK : STATUS_INVALID;
}

const char *units_print(struct arena *arena, const struct units *units, size_t count)
{
    size_t room = count * RANGE_TEXT_MAX + 3, used = 1;
    char *text = arena_alloc(arena, room);
    if (text == NULL)
        return NULL;
    text[0] = '{';
    for (size_t i = 0; i < count; i++)
        used +=
            (size_t)snprintf(text + used, room - used, "%s[%" PRId64 ",%" PRId64 ")",
                             i == 0 ? "" : ",", units[i].first, units[i].first + units[i].count);
    memcpy(text + used, "}", 2);
    return text;
}

/* Claims come from three calls, which may overlap. */

struct claim_row {
    struct order *order;
    struct refund *refund;
    struct claim *claim;
    int32_t line_no;
};

static enum status read_claim(struct batch *batch, const struct call *call, size_t row,
                              struct claim_row *into)
{
    struct claim *claim = arena_zalloc(batch->arena, sizeof *claim);
    if (claim == NULL)
        return STATUS_EXHAUSTED;
    into->order = rows_order(batch, call, row);
    into->refund = rows_refund(into->order, rows_int8(call, row, 1));
    into->claim = claim;
    if (into->refund == NULL)
        return STATUS_FATAL; /* a line of a refund that does not exist */
    claim->line_id = rows_text(call, row, 2);
    claim->asked_no = rows_int4(call, row, 3);
    claim->asked_units = rows_int8(call, row, 4);
    claim->minor = rows_int8(call, row, 6);
    claim->tax_minor = rows_int8(call, row, 7);
    const struct order_line *line = order_line_find(into->order, claim->line_id);
    into->line_no = line == NULL ? 0 : line->line_no;
    enum status status =
        units_parse(batch->arena, rows_text(call, row, 5), &claim->units, &claim->range_count);
    return status == STATUS_INVALID ? STATUS_FATAL : status;
}

static int compare_int64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* By refund, in the order of the request, then of the order. */
static int compare_claims(const void *a, const void *b)
{
    const struct claim_row *x = a, *y = b;
    int order = compare_int64(x->refund->refund_key, y->refund->refund_key);
    if (order == 0)
        order = compare_int64(x->claim->asked_no, y->claim->asked_no);
    if (order == 0)
        order = compare_int64(x->line_no, y->line_no);
    return order != 0 ? order : strcmp(x->claim->line_id, y->claim->line_id);
}

enum status rows_read_claims(struct batch *batch, const struct loading *loading)
{
    struct call *const calls[] = {loading->lines, loading->all_claims, loading->claims_to_lower};
    size_t total = 0, count = 0;
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        total += rows_found(calls[c]);
    if (total == 0)
        return STATUS_OK;
    struct claim_row *rows = arena_array(batch->arena, total, sizeof *rows);
    if (rows == NULL)
        return STATUS_EXHAUSTED;
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (size_t i = 0; i < rows_found(calls[c]); i++) {
            if (rows_null(calls[c], i, 1))
                continue; /* a line that nobody claims */
            enum status status = read_claim(batch, calls[c], i, &rows[count++]);
            if (status != STATUS_OK)
                return status;
        }
    }
    qsort(rows, count, sizeof *rows, compare_claims);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_claims(&rows[i - 1], &rows[i]) != 0)
            claim_link(rows[i].claim, rows[i].refund,
                       order_line_find(rows[i].order, rows[i].claim->line_id));
    return STATUS_OK;
}
