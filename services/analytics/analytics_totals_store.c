/* Totals into their tables: each row is added to, never overwritten. Columns are the key's texts,
 * its numbers and the sums, as totals.h lists them. */

#include "analytics_store.h"

static const struct statement ADDS[TOTALS] = {
    [TOTAL_ORDERS] =
        {"order_total_add",
         "INSERT INTO order_total AS t (merchant_id, currency, day, channel, orders, lines,"
         "                              sold_minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[],"
         "                      $5::bigint[], $6::bigint[], $7::bigint[])"
         " ON CONFLICT (merchant_id, currency, day, channel) DO UPDATE"
         " SET orders = t.orders + excluded.orders, lines = t.lines + excluded.lines,"
         "     sold_minor = t.sold_minor + excluded.sold_minor"},
    [TOTAL_CAPTURES] =
        {"capture_total_add",
         "INSERT INTO capture_total AS t (merchant_id, currency, day, method, captures,"
         "                                captured_minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[],"
         "                      $5::bigint[], $6::bigint[])"
         " ON CONFLICT (merchant_id, currency, day, method) DO UPDATE"
         " SET captures = t.captures + excluded.captures,"
         "     captured_minor = t.captured_minor + excluded.captured_minor"},
    [TOTAL_REQUESTS] = {"request_total_add",
                        "INSERT INTO request_total AS t (merchant_id, day, requests)"
                        " SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[])"
                        " ON CONFLICT (merchant_id, day) DO UPDATE"
                        " SET requests = t.requests + excluded.requests"},
    [TOTAL_OUTCOMES] =
        {"outcome_total_add",
         "INSERT INTO outcome_total AS t (merchant_id, currency, detail, day, reason, outcome,"
         "                                channel, refunds, claim_minor, paid_minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[],"
         "                      $5::integer[], $6::integer[], $7::integer[], $8::bigint[],"
         "                      $9::bigint[], $10::bigint[])"
         " ON CONFLICT (merchant_id, day, reason, outcome, detail, currency, channel) DO UPDATE"
         " SET refunds = t.refunds + excluded.refunds,"
         "     claim_minor = t.claim_minor + excluded.claim_minor,"
         "     paid_minor = t.paid_minor + excluded.paid_minor"},
    [TOTAL_ROUTES] =
        {"route_total_add",
         "INSERT INTO route_total AS t (merchant_id, currency, outcome, authority, refunds,"
         "                              claim_minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[],"
         "                      $5::bigint[], $6::bigint[])"
         " ON CONFLICT (merchant_id, currency, outcome, authority) DO UPDATE"
         " SET refunds = t.refunds + excluded.refunds,"
         "     claim_minor = t.claim_minor + excluded.claim_minor"},
    [TOTAL_PAYOUTS] =
        {"payout_total_add",
         "INSERT INTO payout_total AS t (merchant_id, currency, provider, status, state, payouts,"
         "                               amount_minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[],"
         "                      $5::integer[], $6::bigint[], $7::bigint[])"
         " ON CONFLICT (merchant_id, currency, provider, status, state) DO UPDATE"
         " SET payouts = t.payouts + excluded.payouts,"
         "     amount_minor = t.amount_minor + excluded.amount_minor"},
    [TOTAL_SOLD] =
        {"product_sold_add",
         "INSERT INTO product_sold AS t (merchant_id, sku, currency, units, minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])"
         " ON CONFLICT (merchant_id, sku, currency) DO UPDATE"
         " SET units = t.units + excluded.units, minor = t.minor + excluded.minor"},
    [TOTAL_RETURNED] =
        {"product_returned_add",
         "INSERT INTO product_returned AS t (merchant_id, sku, currency, reason, units, minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[],"
         "                      $6::bigint[])"
         " ON CONFLICT (merchant_id, sku, currency, reason) DO UPDATE"
         " SET units = t.units + excluded.units, minor = t.minor + excluded.minor"},
    [TOTAL_RULES] =
        {"rule_total_add",
         "INSERT INTO rule_total AS t (merchant_id, model, decision, rule, outcome, hits,"
         "                             approved, declined)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[],"
         "                      $6::bigint[], $7::bigint[], $8::bigint[])"
         " ON CONFLICT (merchant_id, model, decision, rule, outcome) DO UPDATE"
         " SET hits = t.hits + excluded.hits, approved = t.approved + excluded.approved,"
         "     declined = t.declined + excluded.declined"},
    [TOTAL_APPROVERS] =
        {"approver_total_add",
         "INSERT INTO approver_total AS t (merchant_id, approver, currency, approved, declined,"
         "                                 approved_minor)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],"
         "                      $6::bigint[])"
         " ON CONFLICT (merchant_id, approver, currency) DO UPDATE"
         " SET approved = t.approved + excluded.approved,"
         "     declined = t.declined + excluded.declined,"
         "     approved_minor = t.approved_minor + excluded.approved_minor"},
    [TOTAL_JUDGEMENTS] =
        {"judgement_total_add",
         "INSERT INTO judgement_total AS t (merchant_id, approver, decision, rule, outcome,"
         "                                  approved, declined)"
         " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[],"
         "                      $6::bigint[], $7::bigint[])"
         " ON CONFLICT (merchant_id, approver, decision, rule, outcome) DO UPDATE"
         " SET approved = t.approved + excluded.approved,"
         "     declined = t.declined + excluded.declined"},
};

static void add_column(struct call *call, struct unit *unit, enum column_type type,
                       const struct total_cell **cells, size_t count, size_t part)
{
    struct column *column = column_create(unit, type);
    for (size_t i = 0; i < count; i++)
        if (type == COLUMN_TEXT)
            column_text(column, cells[i]->texts[part]);
        else if (type == COLUMN_INT4)
            column_int4(column, cells[i]->numbers[part]);
        else
            column_int8(column, cells[i]->sums[part]);
    call_column(call, column);
}

void analytics_save_totals(struct totals *totals, struct unit *unit)
{
    for (enum total total = 0; total < TOTALS; total++) {
        const struct total_shape *shape = &analytics_total_shapes[total];
        size_t count;
        const struct total_cell **cells = analytics_totals_sorted(totals, total, &count);
        if (count == 0)
            continue;
        struct call *call = unit_call(unit, &ADDS[total]);
        for (size_t i = 0; i < shape->texts; i++)
            add_column(call, unit, COLUMN_TEXT, cells, count, i);
        for (size_t i = 0; i < shape->numbers; i++)
            add_column(call, unit, COLUMN_INT4, cells, count, i);
        for (size_t i = 0; i < shape->sums; i++)
            add_column(call, unit, COLUMN_INT8, cells, count, i);
    }
}
