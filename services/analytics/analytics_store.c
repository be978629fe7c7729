#include "analytics_store.h"

#include "columns.h"

static const struct statement FACT_LOAD = {
    "fact_load",
    "SELECT k.n"
    " FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY"
    "      AS k(order_id, merchant_id, fact, n)"
    " JOIN order_fact f ON (f.order_id, f.merchant_id, f.fact) = (k.order_id, k.merchant_id, "
    "k.fact)",
};

static const struct statement REFUND_LOAD = {
    "refund_load",
    "SELECT k.n, r.seen_validated, r.seen_assessed, r.seen_routed, r.seen_payouts, r.asked,"
    "       r.approved, r.day, r.reason, r.channel, r.validated, r.assessed, r.authority,"
    "       r.without_payout, r.claim_minor, r.paid_minor, r.currency, r.rejection, r.detail"
    " FROM unnest($1::text[]) WITH ORDINALITY AS k(refund_id, n)"
    " JOIN refund r ON r.refund_id = k.refund_id",
};

static const struct statement PAYOUT_LOAD = {
    "payout_load",
    "SELECT k.n, p.refund_id, p.provider, p.status, p.version, p.state, p.insight_version,"
    "       p.failed, p.extra_failed, p.amount_minor, p.reported_minor, p.extra_minor, p.currency,"
    "       p.reported_currency, p.provider_refund_id, p.extra_refund_id, p.evidence"
    " FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY"
    "      AS k(payout_id, order_id, merchant_id, n)"
    " JOIN payout p ON (p.payout_id, p.order_id, p.merchant_id)"
    "                = (k.payout_id, k.order_id, k.merchant_id)",
};

static const struct statement FACT_SAVE = {
    "fact_save",
    "INSERT INTO order_fact (order_id, merchant_id, fact)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[])",
};

static const struct statement REFUND_INSERT = {
    "refund_insert",
    "INSERT INTO refund (refund_id, merchant_id, order_id, seen_validated, seen_assessed,"
    "                    seen_routed, seen_payouts, asked, approved, day, reason, channel,"
    "                    validated, assessed, authority, without_payout, claim_minor, paid_minor,"
    "                    currency, rejection, detail)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[],"
    "                      $6::integer[], $7::integer[], $8::boolean[], $9::boolean[],"
    "                      $10::integer[], $11::integer[], $12::integer[], $13::integer[],"
    "                      $14::integer[], $15::integer[], $16::integer[], $17::bigint[],"
    "                      $18::bigint[], $19::text[], $20::text[], $21::text[])",
};

static const struct statement REFUND_UPDATE = {
    "refund_update",
    "UPDATE refund r"
    " SET seen_validated = k.seen_validated, seen_assessed = k.seen_assessed,"
    "     seen_routed = k.seen_routed, seen_payouts = k.seen_payouts, asked = k.asked,"
    "     approved = k.approved, day = k.day, reason = k.reason, channel = k.channel,"
    "     validated = k.validated, assessed = k.assessed, authority = k.authority,"
    "     without_payout = k.without_payout, claim_minor = k.claim_minor,"
    "     paid_minor = k.paid_minor, currency = k.currency, rejection = k.rejection,"
    "     detail = k.detail"
    " FROM unnest($1::text[], $2::integer[], $3::integer[], $4::integer[], $5::integer[],"
    "             $6::boolean[], $7::boolean[], $8::integer[], $9::integer[], $10::integer[],"
    "             $11::integer[], $12::integer[], $13::integer[], $14::integer[], $15::bigint[],"
    "             $16::bigint[], $17::text[], $18::text[], $19::text[])"
    "      AS k(refund_id, seen_validated, seen_assessed, seen_routed, seen_payouts, asked,"
    "           approved, day, reason, channel, validated, assessed, authority, without_payout,"
    "           claim_minor, paid_minor, currency, rejection, detail)"
    " WHERE r.refund_id = k.refund_id",
};

static const struct statement PAYOUT_INSERT = {
    "payout_insert",
    "INSERT INTO payout (payout_id, order_id, merchant_id, refund_id, provider, status, version,"
    "                    state, insight_version, failed, extra_failed, amount_minor,"
    "                    reported_minor, extra_minor, currency, reported_currency,"
    "                    provider_refund_id, extra_refund_id, evidence)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[],"
    "                      $6::integer[], $7::integer[], $8::integer[], $9::integer[],"
    "                      $10::boolean[], $11::boolean[], $12::bigint[], $13::bigint[],"
    "                      $14::bigint[], $15::text[], $16::text[], $17::text[], $18::text[],"
    "                      $19::text[])",
};

static const struct statement PAYOUT_UPDATE = {
    "payout_update",
    "UPDATE payout p"
    " SET refund_id = k.refund_id, provider = k.provider, status = k.status, version = k.version,"
    "     state = k.state, insight_version = k.insight_version, failed = k.failed,"
    "     extra_failed = k.extra_failed, amount_minor = k.amount_minor,"
    "     reported_minor = k.reported_minor, extra_minor = k.extra_minor, currency = k.currency,"
    "     reported_currency = k.reported_currency, provider_refund_id = k.provider_refund_id,"
    "     extra_refund_id = k.extra_refund_id, evidence = k.evidence"
    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[],"
    "             $7::integer[], $8::integer[], $9::integer[], $10::boolean[], $11::boolean[],"
    "             $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::text[],"
    "             $17::text[], $18::text[], $19::text[])"
    "      AS k(payout_id, order_id, merchant_id, refund_id, provider, status, version, state,"
    "           insight_version, failed, extra_failed, amount_minor, reported_minor, extra_minor,"
    "           currency, reported_currency, provider_refund_id, extra_refund_id, evidence)"
    " WHERE (p.payout_id, p.order_id, p.merchant_id) = (k.payout_id, k.order_id, k.merchant_id)",
};

/* Empty texts are NULL in the tables, as most are empty. */
static void put_text(struct columns *columns, const char *text)
{
    columns_text(columns, text[0] == '\0' ? NULL : text);
}

void analytics_load(struct analytics_rows *rows, struct unit *unit)
{
    struct columns facts = {.unit = unit}, refunds = {.unit = unit}, payouts = {.unit = unit};
    for (size_t i = 0; i < rows->fact_index.count; i++) {
        columns_row(&facts);
        columns_text(&facts, rows->facts[i].order_id);
        columns_text(&facts, rows->facts[i].merchant_id);
        columns_text(&facts, rows->facts[i].fact);
    }
    for (size_t i = 0; i < rows->refund_index.count; i++) {
        columns_row(&refunds);
        columns_text(&refunds, rows->refunds[i].refund_id);
    }
    for (size_t i = 0; i < rows->payout_index.count; i++) {
        columns_row(&payouts);
        columns_text(&payouts, rows->payouts[i].id);
        columns_text(&payouts, rows->payouts[i].order_id);
        columns_text(&payouts, rows->payouts[i].merchant_id);
    }
    rows->fact_call = columns_call(&facts, &FACT_LOAD);
    rows->refund_call = columns_call(&refunds, &REFUND_LOAD);
    rows->payout_call = columns_call(&payouts, &PAYOUT_LOAD);
}

static const char *text_or_empty(const struct call *call, size_t row, int column)
{
    const char *text = rows_text(call, row, column);
    return text == NULL ? "" : text;
}

static void read_refund(const struct call *call, size_t row, struct analytics_refund *refund)
{
    refund->stored = true;
    for (int i = 0; i < NUMBERED; i++)
        refund->seen[i] = rows_int4(call, row, 1 + i);
    refund->asked = rows_bool(call, row, 5);
    refund->approved = rows_bool(call, row, 6);
    refund->day = rows_int4(call, row, 7);
    refund->reason = rows_int4(call, row, 8);
    refund->channel = rows_int4(call, row, 9);
    refund->validated = (enum analytics_outcome)rows_int4(call, row, 10);
    refund->assessed = (enum analytics_outcome)rows_int4(call, row, 11);
    refund->authority = rows_int4(call, row, 12);
    refund->without_payout = rows_int4(call, row, 13);
    refund->claim_minor = rows_int8(call, row, 14);
    refund->paid_minor = rows_int8(call, row, 15);
    refund->currency = text_or_empty(call, row, 16);
    refund->rejection = text_or_empty(call, row, 17);
    refund->detail = text_or_empty(call, row, 18);
}

static void read_payout(const struct call *call, size_t row, struct analytics_payout *payout)
{
    payout->stored = true;
    payout->refund_id = text_or_empty(call, row, 1);
    payout->provider = rows_int4(call, row, 2);
    payout->status = rows_int4(call, row, 3);
    payout->version = rows_int4(call, row, 4);
    payout->state = reconciliation_of(rows_int4(call, row, 5));
    payout->insight_version = rows_int4(call, row, 6);
    payout->failed = rows_bool(call, row, 7);
    payout->extra_failed = rows_bool(call, row, 8);
    payout->amount_minor = rows_int8(call, row, 9);
    payout->reported_minor = rows_int8(call, row, 10);
    payout->extra_minor = rows_int8(call, row, 11);
    payout->currency = text_or_empty(call, row, 12);
    payout->reported_currency = text_or_empty(call, row, 13);
    payout->provider_refund_id = text_or_empty(call, row, 14);
    payout->extra_refund_id = text_or_empty(call, row, 15);
    payout->evidence = text_or_empty(call, row, 16);
}

void analytics_loaded(struct analytics_rows *rows)
{
    for (size_t i = 0; rows->fact_call != NULL && i < rows_count(rows->fact_call); i++)
        rows->facts[rows_int8(rows->fact_call, i, 0) - 1].counted = true;
    for (size_t i = 0; rows->refund_call != NULL && i < rows_count(rows->refund_call); i++)
        read_refund(rows->refund_call, i, &rows->refunds[rows_int8(rows->refund_call, i, 0) - 1]);
    for (size_t i = 0; rows->payout_call != NULL && i < rows_count(rows->payout_call); i++)
        read_payout(rows->payout_call, i, &rows->payouts[rows_int8(rows->payout_call, i, 0) - 1]);
}

static void put_refund(struct columns *columns, const struct analytics_refund *refund)
{
    columns_row(columns);
    columns_text(columns, refund->refund_id);
    if (!refund->stored) {
        columns_text(columns, refund->merchant_id);
        columns_text(columns, refund->order_id);
    }
    for (size_t i = 0; i < NUMBERED; i++)
        columns_int4(columns, (int32_t)refund->seen[i]);
    columns_bool(columns, refund->asked);
    columns_bool(columns, refund->approved);
    columns_int4(columns, refund->day);
    columns_int4(columns, refund->reason);
    columns_int4(columns, refund->channel);
    columns_int4(columns, refund->validated);
    columns_int4(columns, refund->assessed);
    columns_int4(columns, refund->authority);
    columns_int4(columns, refund->without_payout);
    columns_int8(columns, refund->claim_minor);
    columns_int8(columns, refund->paid_minor);
    put_text(columns, refund->currency);
    put_text(columns, refund->rejection);
    put_text(columns, refund->detail);
}

static void put_payout(struct columns *columns, const struct analytics_payout *payout)
{
    columns_row(columns);
    columns_text(columns, payout->id);
    columns_text(columns, payout->order_id);
    columns_text(columns, payout->merchant_id);
    put_text(columns, payout->refund_id);
    columns_int4(columns, payout->provider);
    columns_int4(columns, payout->status);
    columns_int4(columns, (int32_t)payout->version);
    columns_int4(columns, reconciliation_number(payout->state));
    columns_int4(columns, (int32_t)payout->insight_version);
    columns_bool(columns, payout->failed);
    columns_bool(columns, payout->extra_failed);
    columns_int8(columns, payout->amount_minor);
    columns_int8(columns, payout->reported_minor);
    columns_int8(columns, payout->extra_minor);
    put_text(columns, payout->currency);
    put_text(columns, payout->reported_currency);
    put_text(columns, payout->provider_refund_id);
    put_text(columns, payout->extra_refund_id);
    put_text(columns, payout->evidence);
}

void analytics_save_rows(struct analytics_rows *rows, struct unit *unit)
{
    struct columns facts = {.unit = unit}, inserted = {.unit = unit}, updated = {.unit = unit};
    for (size_t i = 0; i < rows->fact_index.count; i++) {
        const struct analytics_fact *fact = &rows->facts[i];
        if (!fact->fresh)
            continue;
        columns_row(&facts);
        columns_text(&facts, fact->order_id);
        columns_text(&facts, fact->merchant_id);
        columns_text(&facts, fact->fact);
    }
    columns_call(&facts, &FACT_SAVE);
    for (size_t i = 0; i < rows->refund_index.count; i++)
        if (rows->refunds[i].changed)
            put_refund(rows->refunds[i].stored ? &updated : &inserted, &rows->refunds[i]);
    columns_call(&inserted, &REFUND_INSERT);
    columns_call(&updated, &REFUND_UPDATE);
    inserted = updated = (struct columns){.unit = unit};
    for (size_t i = 0; i < rows->payout_index.count; i++)
        if (rows->payouts[i].changed)
            put_payout(rows->payouts[i].stored ? &updated : &inserted, &rows->payouts[i]);
    columns_call(&inserted, &PAYOUT_INSERT);
    columns_call(&updated, &PAYOUT_UPDATE);
}
