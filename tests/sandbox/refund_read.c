/* GET /v1/refunds and GET /v1/refunds/:id.
 * https://docs.stripe.com/api/refunds/list, https://docs.stripe.com/api/pagination */

#include "api.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 10, LIMIT_MAX = 100 };

/* One page, newest first. */
struct page {
    uint32_t payment;        /* of this payment only, or STORE_NONE for all */
    uint32_t starting_after; /* older than this refund, or STORE_NONE */
    uint32_t ending_before;  /* newer than this refund, or STORE_NONE */
    int64_t from_s, below_s; /* created, seconds since 1970: from <= created < below */
    uint32_t limit;
    uint32_t numbers[LIMIT_MAX];
    uint32_t count;
    bool has_more;
};

void refunds_retrieve(struct sandbox *sandbox, const struct request *request,
                      const struct key_use *use, struct answer *answer)
{
    static const char *const allowed[] = {NULL};
    (void)use;
    uint32_t number = store_refund_find(&sandbox->store, request->id);
    if (number == STORE_NONE) {
        answer_error(answer, 404, ERROR_INVALID, "resource_missing", "id", "No such refund: '%s'",
                     request->id);
        return;
    }
    if (read_known(request, allowed, answer) != STATUS_OK)
        return;
    refund_write(&answer->body, &sandbox->store, number, false);
    out_raw(&answer->body, "\n");
}

static enum status read_count(const struct request *request, const char *name, int64_t *number,
                              struct answer *answer)
{
    const char *text = form_get(&request->form, name);
    if (text == NULL)
        return STATUS_OK;
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && value > INT64_MIN / 2 && value < INT64_MAX / 2) {
        *number = value;
        return STATUS_OK;
    }
    answer_error(answer, 400, ERROR_INVALID, "parameter_invalid_integer", name,
                 "Invalid integer: %s", text);
    return STATUS_INVALID;
}

static enum status read_limit(const struct request *request, struct page *page,
                              struct answer *answer)
{
    int64_t limit = LIMIT_DEFAULT;
    if (read_count(request, "limit", &limit, answer) != STATUS_OK)
        return STATUS_INVALID;
    if (limit >= 1 && limit <= LIMIT_MAX) {
        page->limit = (uint32_t)limit;
        return STATUS_OK;
    }
    answer_error(answer, 400, ERROR_INVALID, "parameter_invalid_integer", "limit",
                 "This value must be %s than or equal to %d (it currently is '%lld').",
                 limit < 1 ? "greater" : "less", limit < 1 ? 1 : LIMIT_MAX, (long long)limit);
    return STATUS_INVALID;
}

static enum status read_created(const struct request *request, struct page *page,
                                struct answer *answer)
{
    int64_t at = INT64_MIN;
    int64_t gt = INT64_MIN;
    int64_t gte = INT64_MIN;
    int64_t lt = INT64_MAX;
    int64_t lte = INT64_MAX;
    if (read_count(request, "created", &at, answer) != STATUS_OK ||
        read_count(request, "created[gt]", &gt, answer) != STATUS_OK ||
        read_count(request, "created[gte]", &gte, answer) != STATUS_OK ||
        read_count(request, "created[lt]", &lt, answer) != STATUS_OK ||
        read_count(request, "created[lte]", &lte, answer) != STATUS_OK)
        return STATUS_INVALID;
    page->from_s = gte;
    if (gt != INT64_MIN && gt + 1 > page->from_s)
        page->from_s = gt + 1;
    page->below_s = lt;
    if (lte != INT64_MAX && lte + 1 < page->below_s)
        page->below_s = lte + 1;
    if (at != INT64_MIN) {
        page->from_s = at;
        page->below_s = at + 1;
    }
    return STATUS_OK;
}

static enum status read_cursor(const struct sandbox *sandbox, const struct request *request,
                               const char *name, uint32_t *refund, struct answer *answer)
{
    const char *id = form_get(&request->form, name);
    if (id == NULL)
        return STATUS_OK;
    *refund = store_refund_find(&sandbox->store, id);
    if (*refund != STORE_NONE)
        return STATUS_OK;
    answer_error(answer, 404, ERROR_INVALID, "resource_missing", name, "No such refund: '%s'", id);
    return STATUS_INVALID;
}

/* A cursor must be in the list that it points into, and there is one at most. */
static enum status check_cursors(const struct store *store, const struct page *page,
                                 struct answer *answer)
{
    uint32_t cursor =
        page->starting_after != STORE_NONE ? page->starting_after : page->ending_before;
    if (page->starting_after != STORE_NONE && page->ending_before != STORE_NONE)
        answer_error(answer, 400, ERROR_INVALID, NULL, NULL,
                     "You may only specify one of these parameters: ending_before, "
                     "starting_after.");
    else if (cursor != STORE_NONE && page->payment != STORE_NONE &&
             store->refunds[cursor].payment != page->payment)
        answer_error(answer, 400, ERROR_INVALID, NULL, NULL,
                     "The cursor is not a refund of this payment.");
    else
        return STATUS_OK;
    return STATUS_INVALID;
}

/* An unknown payment has no refunds in open mode, and is an error where payments are registered. */
static enum status read_payment(const struct sandbox *sandbox, const struct request *request,
                                struct page *page, bool *known, struct answer *answer)
{
    static const char *const names[] = {"payment_intent", "charge"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *id = form_get(&request->form, names[i]);
        if (id == NULL)
            continue;
        page->payment = store_payment_find(&sandbox->store, id);
        *known = page->payment != STORE_NONE;
        if (*known || strcmp(sandbox->options.payments, "open") == 0)
            continue;
        answer_error(answer, 404, ERROR_INVALID, "resource_missing", names[i], "No such %s: '%s'",
                     names[i], id);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static uint32_t newest(const struct store *store, const struct page *page)
{
    if (page->starting_after != STORE_NONE)
        return page->payment != STORE_NONE ? store->refunds[page->starting_after].older
                                           : page->starting_after - 1;
    return page->payment != STORE_NONE ? store->payments[page->payment].newest
                                       : store->refund_count - 1;
}

/* STORE_NONE is 0 - 1: the one before the first. */
static uint32_t next_older(const struct store *store, const struct page *page, uint32_t number)
{
    return page->payment != STORE_NONE ? store->refunds[number].older : number - 1;
}

/* With ending_before the page is the last `limit` refunds before that one: the first of them fall
 * out again as newer ones are found. */
static void take(struct page *page, uint32_t number)
{
    if (page->count == page->limit) {
        page->has_more = true;
        if (page->ending_before == STORE_NONE)
            return;
        memmove(page->numbers, page->numbers + 1, (page->count - 1) * sizeof page->numbers[0]);
        page->count--;
    }
    page->numbers[page->count++] = number;
}

static void fill(const struct store *store, struct page *page)
{
    uint32_t number = newest(store, page);
    bool filtered =
        page->payment != STORE_NONE || page->from_s != INT64_MIN || page->below_s != INT64_MAX;
    /* Without a filter only the neighbours of the cursor can be on the page. */
    if (page->ending_before != STORE_NONE && !filtered &&
        number - page->ending_before > page->limit + 1)
        number = page->ending_before + page->limit + 1;
    for (; number != STORE_NONE && number != page->ending_before;
         number = next_older(store, page, number)) {
        int64_t created_s = store->refunds[number].created_us / 1000000;
        if (created_s < page->from_s)
            return;
        if (created_s < page->below_s)
            take(page, number);
        if (page->has_more && page->ending_before == STORE_NONE)
            return;
    }
}

static void write_page(const struct store *store, const struct page *page, struct out *out)
{
    out_raw(out, "{\n  \"object\": \"list\",\n  \"data\": [");
    for (uint32_t i = 0; i < page->count; i++) {
        out_raw(out, i == 0 ? "\n" : ",\n");
        refund_write(out, store, page->numbers[i], false);
    }
    out_raw(out, "\n  ],\n  \"has_more\": ");
    out_raw(out, page->has_more ? "true" : "false");
    out_raw(out, ",\n  \"url\": \"/v1/refunds\"\n}\n");
}

void refunds_list(struct sandbox *sandbox, const struct request *request, const struct key_use *use,
                  struct answer *answer)
{
    static const char *const allowed[] = {
        "charge",         "created",       "created[]",      "limit",
        "payment_intent", "ending_before", "starting_after", NULL};
    (void)use;
    struct page page = {
        .payment = STORE_NONE, .starting_after = STORE_NONE, .ending_before = STORE_NONE};
    bool known = true;
    if (read_known(request, allowed, answer) != STATUS_OK ||
        read_limit(request, &page, answer) != STATUS_OK ||
        read_created(request, &page, answer) != STATUS_OK ||
        read_cursor(sandbox, request, "starting_after", &page.starting_after, answer) !=
            STATUS_OK ||
        read_cursor(sandbox, request, "ending_before", &page.ending_before, answer) != STATUS_OK ||
        read_payment(sandbox, request, &page, &known, answer) != STATUS_OK ||
        check_cursors(&sandbox->store, &page, answer) != STATUS_OK)
        return;
    if (known)
        fill(&sandbox->store, &page);
    write_page(&sandbox->store, &page, &answer->body);
}
