/* Saving refunds, what they claim, and what was said about them. */

#include "intake_rows.h"
#include "intake_save.h"

static const struct statement INSERT_REFUNDS = {
    "intake_insert_refunds",
    "INSERT INTO refund (order_key, refund_key, version, round, seen_assessed, seen_routed,"
    "    seen_payouts, claim_minor, shipping_minor, shipping_tax_minor, paid_minor, updated_at,"
    "    status, rejection, holds, appealed, cancel_asked, currency, amount_minor, fingerprint,"
    "    occurred_at, trigger, reason, wished_method, requester_role, whole_order, shipping,"
    "    amount_currency, request_id, requester_id, external_reference, customer_token,"
    "    received_at, refund_id)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]),"
    "        unnest($4::bigint[]), unnest($5::bigint[]), unnest($6::bigint[]),"
    "        unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bigint[]),"
    "        unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::timestamptz[]),"
    "        unnest($13::integer[]), unnest($14::integer[]), unnest($15::boolean[]),"
    "        unnest($16::boolean[]), unnest($17::boolean[]), unnest($18::text[]),"
    "        unnest($19::bigint[]), unnest($20::bigint[]), unnest($21::timestamptz[]),"
    "        unnest($22::integer[]), unnest($23::integer[]), unnest($24::integer[]),"
    "        unnest($25::integer[]), unnest($26::boolean[]), unnest($27::boolean[]),"
    "        unnest($28::text[]), unnest($29::text[]), unnest($30::text[]), unnest($31::text[]),"
    "        unnest($32::text[]), unnest($33::timestamptz[]), unnest($34::text[])",
};

static const struct statement CHANGE_REFUNDS = {
    "intake_change_refunds",
    "UPDATE refund r SET version = g.version, round = g.round, seen_assessed = g.seen_assessed,"
    "    seen_routed = g.seen_routed, seen_payouts = g.seen_payouts, claim_minor = g.claim_minor,"
    "    shipping_minor = g.shipping_minor, shipping_tax_minor = g.shipping_tax_minor,"
    "    paid_minor = g.paid_minor, updated_at = g.updated_at, status = g.status,"
    "    rejection = g.rejection, holds = g.holds, appealed = g.appealed,"
    "    cancel_asked = g.cancel_asked, currency = g.currency"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::bigint[]) AS version, unnest($4::bigint[]) AS round,"
    "               unnest($5::bigint[]) AS seen_assessed, unnest($6::bigint[]) AS seen_routed,"
    "               unnest($7::bigint[]) AS seen_payouts, unnest($8::bigint[]) AS claim_minor,"
    "               unnest($9::bigint[]) AS shipping_minor,"
    "               unnest($10::bigint[]) AS shipping_tax_minor,"
    "               unnest($11::bigint[]) AS paid_minor,"
    "               unnest($12::timestamptz[]) AS updated_at, unnest($13::integer[]) AS status,"
    "               unnest($14::integer[]) AS rejection, unnest($15::boolean[]) AS holds,"
    "               unnest($16::boolean[]) AS appealed, unnest($17::boolean[]) AS cancel_asked,"
    "               unnest($18::text[]) AS currency) g"
    " WHERE (r.order_key, r.refund_key) = (g.order_key, g.refund_key)",
};

/* The request of a row that only knew a refused follow-up. */
static const struct statement ASK_REFUNDS = {
    "intake_ask_refunds",
    "UPDATE refund r SET amount_minor = g.amount_minor, fingerprint = g.fingerprint,"
    "    occurred_at = g.occurred_at, trigger = g.trigger, reason = g.reason,"
    "    wished_method = g.wished_method, requester_role = g.requester_role,"
    "    whole_order = g.whole_order, shipping = g.shipping, amount_currency = g.amount_currency,"
    "    request_id = g.request_id, requester_id = g.requester_id,"
    "    external_reference = g.external_reference, customer_token = g.customer_token"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::bigint[]) AS amount_minor, unnest($4::bigint[]) AS fingerprint,"
    "               unnest($5::timestamptz[]) AS occurred_at, unnest($6::integer[]) AS trigger,"
    "               unnest($7::integer[]) AS reason, unnest($8::integer[]) AS wished_method,"
    "               unnest($9::integer[]) AS requester_role,"
    "               unnest($10::boolean[]) AS whole_order, unnest($11::boolean[]) AS shipping,"
    "               unnest($12::text[]) AS amount_currency, unnest($13::text[]) AS request_id,"
    "               unnest($14::text[]) AS requester_id,"
    "               unnest($15::text[]) AS external_reference,"
    "               unnest($16::text[]) AS customer_token) g"
    " WHERE (r.order_key, r.refund_key) = (g.order_key, g.refund_key)",
};

static const struct statement INSERT_CLAIMS = {
    "intake_insert_claims",
    "INSERT INTO refund_line (order_key, refund_key, line_id, minor, tax_minor, units, asked_no,"
    "    asked_units)"
    " SELECT g.order_key, g.refund_key, g.line_id, g.minor, g.tax_minor,"
    "        g.units::int8multirange, g.asked_no, g.asked_units"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::text[]) AS line_id, unnest($4::bigint[]) AS minor,"
    "               unnest($5::bigint[]) AS tax_minor, unnest($6::text[]) AS units,"
    "               unnest($7::integer[]) AS asked_no, unnest($8::bigint[]) AS asked_units) g",
};

static const struct statement CHANGE_CLAIMS = {
    "intake_change_claims",
    "UPDATE refund_line c SET minor = g.minor, tax_minor = g.tax_minor,"
    "    units = g.units::int8multirange"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::text[]) AS line_id, unnest($4::bigint[]) AS minor,"
    "               unnest($5::bigint[]) AS tax_minor, unnest($6::text[]) AS units) g"
    " WHERE (c.order_key, c.line_id, c.refund_key) = (g.order_key, g.line_id, g.refund_key)",
};

static const struct statement INSERT_EVIDENCE = {
    "intake_insert_evidence",
    "INSERT INTO evidence (order_key, refund_key, n, uri, sha256, media_type, bytes)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::integer[]),"
    "        unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::bigint[])",
};

static const struct statement INSERT_FOLLOW_UPS = {
    "intake_insert_follow_ups",
    "INSERT INTO follow_up (order_key, refund_key, kind, follow_up_id, state, n, occurred_at,"
    "    actor_id, actor_role)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::integer[]),"
    "        unnest($4::text[]), unnest($5::integer[]), unnest($6::integer[]),"
    "        unnest($7::timestamptz[]), unnest($8::text[]), unnest($9::integer[])",
};

static const struct statement CHANGE_FOLLOW_UPS = {
    "intake_change_follow_ups",
    "UPDATE follow_up f SET state = g.state"
    " FROM (SELECT unnest($1::bigint[]) AS order_key, unnest($2::bigint[]) AS refund_key,"
    "               unnest($3::integer[]) AS kind, unnest($4::text[]) AS follow_up_id,"
    "               unnest($5::integer[]) AS state) g"
    " WHERE (f.order_key, f.refund_key, f.kind, f.follow_up_id) ="
    "       (g.order_key, g.refund_key, g.kind::smallint, g.follow_up_id)",
};

static const struct statement KEEP_PAYOUTS = {
    "intake_keep_payouts",
    "INSERT INTO payout (order_key, refund_key, payout_id, succeeded, minor)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::text[]),"
    "        unnest($4::boolean[]), unnest($5::bigint[])"
    " ON CONFLICT (order_key, refund_key, payout_id) DO UPDATE"
    " SET succeeded = excluded.succeeded, minor = excluded.minor",
};

static const struct statement INSERT_NOTES = {
    "intake_insert_notes",
    "INSERT INTO customer_note (order_key, refund_key, received_at, source, note)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::timestamptz[]),"
    "        unnest($4::text[]), unnest($5::text[])",
};

struct refund_saving *refund_saving_create(struct arena *arena, struct unit *unit)
{
    struct refund_saving *saving = arena_zalloc(arena, sizeof *saving);
    if (saving == NULL)
        return NULL;
    saving->arena = arena;
    saving->refunds.unit = unit;
    saving->changed_refunds.unit = unit;
    saving->asked_refunds.unit = unit;
    saving->claims.unit = unit;
    saving->changed_claims.unit = unit;
    saving->evidence.unit = unit;
    saving->follow_ups.unit = unit;
    saving->changed_follow_ups.unit = unit;
    saving->payouts.unit = unit;
    saving->notes.unit = unit;
    return saving;
}

static void put_refund_state(struct columns *out, const struct order *order,
                             const struct refund *refund)
{
    columns_row(out);
    columns_int8(out, order->order_key);
    columns_int8(out, refund->refund_key);
    columns_int8(out, refund->version);
    columns_int8(out, refund->round);
    for (int stage = 0; stage < LATER_COUNT; stage++)
        columns_int8(out, refund->seen[stage]);
    columns_int8(out, refund->claim_minor);
    columns_int8(out, refund->shipping_minor);
    columns_int8(out, refund->shipping_tax_minor);
    columns_int8(out, refund->paid_minor);
    columns_time_if(out, refund->updated_at_us);
    columns_int4(out, (int32_t)refund->status);
    columns_int4(out, (int32_t)refund->rejection);
    columns_bool(out, refund->holds);
    columns_bool(out, refund->appealed);
    columns_bool(out, refund->cancel_asked);
    columns_text(out, refund->currency);
}

static void put_asking(struct columns *out, const struct refund *refund)
{
    const struct asking *asking = &refund->asking;
    columns_int8_if(out, asking->has_amount, asking->amount_minor);
    columns_int8(out, asking->fingerprint);
    columns_time_if(out, asking->occurred_at_us);
    columns_int4(out, asking->trigger);
    columns_int4(out, asking->reason);
    columns_int4(out, asking->wished_method);
    columns_int4(out, asking->requester_role);
    columns_bool(out, asking->whole_order);
    columns_bool(out, asking->shipping);
    columns_text(out, asking->amount_currency);
    columns_text(out, asking->request_id);
    columns_text(out, asking->requester_id);
    columns_text(out, asking->external_reference);
    columns_text(out, refund->customer_token);
}

static void save_refund_row(struct refund_saving *saving, const struct order *order,
                            const struct refund *refund)
{
    if (refund->is_new) {
        struct columns *out = &saving->refunds;
        put_refund_state(out, order, refund);
        put_asking(out, refund);
        columns_time_if(out, refund->received_at_us);
        columns_text(out, refund->refund_id);
    } else if (refund->changed) {
        put_refund_state(&saving->changed_refunds, order, refund);
    }
    if (!refund->is_new && refund->asked_now) {
        struct columns *out = &saving->asked_refunds;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int8(out, refund->refund_key);
        put_asking(out, refund);
    }
}

/* What a request asked for in vain is in the event that rejects it, not here. */
static bool is_kept(const struct refund *refund, const struct claim *claim)
{
    return claim->is_new ? refund->status != REFUND_REJECTED : claim->changed;
}

static enum status save_claims(struct refund_saving *saving, const struct order *order,
                               const struct refund *refund)
{
    for (const struct claim *claim = refund->claims; claim != NULL; claim = claim->next_of_refund) {
        if (!is_kept(refund, claim))
            continue;
        struct columns *out = claim->is_new ? &saving->claims : &saving->changed_claims;
        const char *units = units_print(saving->arena, claim->units, claim->range_count);
        if (units == NULL)
            return STATUS_EXHAUSTED;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int8(out, refund->refund_key);
        columns_text(out, claim->line_id);
        columns_int8(out, claim->minor);
        columns_int8(out, claim->tax_minor);
        columns_text(out, units);
        if (!claim->is_new)
            continue;
        columns_int4(out, claim->asked_no);
        columns_int8(out, claim->asked_units);
    }
    return STATUS_OK;
}

static void save_evidence(struct refund_saving *saving, const struct order *order,
                          const struct refund *refund)
{
    struct columns *out = &saving->evidence;
    int32_t n = 0;
    for (const struct evidence *file = refund->evidence; file != NULL; file = file->next) {
        n++;
        if (!file->is_new)
            continue;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int8(out, refund->refund_key);
        columns_int4(out, n);
        columns_text(out, file->uri);
        columns_text(out, file->sha256);
        columns_text(out, file->media_type);
        columns_int8(out, file->bytes);
    }
}

static void save_follow_ups(struct refund_saving *saving, const struct order *order,
                            const struct refund *refund)
{
    int32_t n = 0;
    for (const struct follow_up_known *known = refund->follow_ups; known != NULL;
         known = known->next) {
        n++;
        if (!known->is_new && !known->changed)
            continue;
        struct columns *out = known->is_new ? &saving->follow_ups : &saving->changed_follow_ups;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int8(out, refund->refund_key);
        columns_int4(out, (int32_t)known->kind);
        columns_text(out, known->follow_up_id);
        columns_int4(out, (int32_t)known->state);
        if (!known->is_new)
            continue;
        columns_int4(out, n);
        columns_time_if(out, known->occurred_at_us);
        columns_text(out, known->actor_id);
        columns_int4(out, known->actor_role);
    }
}

static void save_payouts(struct refund_saving *saving, const struct order *order,
                         const struct refund *refund)
{
    struct columns *out = &saving->payouts;
    for (const struct payout_known *payout = refund->payouts; payout != NULL;
         payout = payout->next) {
        if (!payout->changed)
            continue;
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int8(out, refund->refund_key);
        columns_text(out, payout->payout_id);
        columns_bool(out, payout->succeeded);
        columns_int8(out, payout->minor);
    }
}

static void save_notes(struct refund_saving *saving, const struct order *order,
                       const struct refund *refund)
{
    struct columns *out = &saving->notes;
    for (const struct note *note = refund->notes; note != NULL; note = note->next) {
        columns_row(out);
        columns_int8(out, order->order_key);
        columns_int8(out, refund->refund_key);
        columns_time_if(out, refund->updated_at_us);
        columns_text(out, note->source);
        columns_text(out, note->text);
    }
}

enum status refund_saving_add(struct refund_saving *saving, const struct order *order,
                              const struct refund *refund)
{
    if (!refund->is_new && !refund->changed)
        return STATUS_OK;
    save_refund_row(saving, order, refund);
    save_evidence(saving, order, refund);
    save_follow_ups(saving, order, refund);
    save_payouts(saving, order, refund);
    save_notes(saving, order, refund);
    return save_claims(saving, order, refund);
}

void refund_saving_call(struct refund_saving *saving)
{
    columns_call(&saving->refunds, &INSERT_REFUNDS);
    columns_call(&saving->changed_refunds, &CHANGE_REFUNDS);
    columns_call(&saving->asked_refunds, &ASK_REFUNDS);
    columns_call(&saving->claims, &INSERT_CLAIMS);
    columns_call(&saving->changed_claims, &CHANGE_CLAIMS);
    columns_call(&saving->evidence, &INSERT_EVIDENCE);
    columns_call(&saving->follow_ups, &INSERT_FOLLOW_UPS);
    columns_call(&saving->changed_follow_ups, &CHANGE_FOLLOW_UPS);
    columns_call(&saving->payouts, &KEEP_PAYOUTS);
    columns_call(&saving->notes, &INSERT_NOTES);
}
