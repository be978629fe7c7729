-- migrate:up

-- What `redressctl report` reads. Numbers have become words, days dates.

CREATE FUNCTION view.channel_name(channel integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN coalesce((ARRAY['WEB', 'STORE', 'PHONE', 'MARKETPLACE', 'APP'])[channel], 'UNKNOWN');

CREATE FUNCTION view.payment_method_name(method integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN coalesce((ARRAY['CARD', 'BANK_DEBIT', 'BANK_TRANSFER', 'WALLET', 'PAY_LATER',
                           'STORE_CREDIT', 'CASH'])[method], 'UNKNOWN');

CREATE FUNCTION view.provider_name(provider integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN coalesce((ARRAY['STRIPE', 'ADYEN', 'PAYPAL', 'STORE_CREDIT', 'MANUAL', 'SHOPIFY',
                           'MAGENTO'])[provider], 'NONE');

CREATE FUNCTION view.reason_name(reason integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN coalesce((ARRAY['DAMAGED', 'DEFECTIVE', 'WRONG_ITEM', 'NOT_AS_DESCRIBED',
                           'NOT_RECEIVED', 'LATE', 'CHANGED_MIND', 'SERVICE_FAILURE',
                           'PRICE_ADJUSTMENT', 'GOODWILL', 'DUPLICATE_CHARGE', 'FRAUD',
                           'OTHER'])[reason], 'UNKNOWN');

CREATE FUNCTION view.outcome_name(outcome integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN (ARRAY['COMPLIANT', 'EXCEPTION', 'DECLINED', 'NEEDS_INFO', 'CANCEL_REQUESTED',
                  'REJECTED'])[outcome];

CREATE FUNCTION view.authority_name(authority integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN (ARRAY['AUTO', 'LEVEL_1', 'LEVEL_2', 'LEVEL_2_TWO_APPROVERS',
                  'FINANCE_CONTROLLER'])[authority];

CREATE FUNCTION view.payout_status_name(status integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN coalesce((ARRAY['RESERVED', 'SUBMITTED', 'PENDING', 'REQUIRES_ACTION', 'SUCCEEDED',
                           'FAILED', 'CANCELLED', 'UNKNOWN', 'MANUAL', 'FALLBACK_PENDING',
                           'AWAITING_GOODS', 'CANCEL_TOO_LATE', 'REFUSED'])[status], 'NONE');

CREATE FUNCTION view.reconciliation_name(state integer) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN CASE state WHEN 0 THEN 'NONE' WHEN 100 THEN 'UNCONFIRMED'
                ELSE (ARRAY['EXPECTED', 'MATCHED', 'OVER', 'UNDER', 'LATE', 'REVERSED', 'ORPHAN',
                            'RESOLVED'])[state] END;

CREATE VIEW view.report_order AS
    SELECT merchant_id, date '1970-01-01' + day AS day, view.channel_name(channel) AS channel,
           currency, orders, lines, sold_minor
    FROM order_total;

CREATE VIEW view.report_capture AS
    SELECT merchant_id, date '1970-01-01' + day AS day, view.payment_method_name(method) AS method,
           currency, captures, captured_minor
    FROM capture_total;

CREATE VIEW view.report_request AS
    SELECT merchant_id, date '1970-01-01' + day AS day, requests FROM request_total;

CREATE VIEW view.report_outcome AS
    SELECT merchant_id, date '1970-01-01' + day AS day, view.reason_name(reason) AS reason,
           view.channel_name(channel) AS channel,
           concat_ws('/', view.outcome_name(outcome), nullif(detail, '')) AS outcome, currency,
           refunds, claim_minor, paid_minor
    FROM outcome_total WHERE refunds <> 0;

CREATE VIEW view.report_route AS
    SELECT merchant_id, view.outcome_name(outcome) AS outcome,
           view.authority_name(authority) AS authority, currency, refunds, claim_minor
    FROM route_total WHERE refunds <> 0;

CREATE VIEW view.report_payout AS
    SELECT merchant_id, view.provider_name(provider) AS provider,
           view.payout_status_name(status) AS status,
           view.reconciliation_name(state) AS reconciliation, currency, payouts, amount_minor
    FROM payout_total WHERE payouts <> 0;

CREATE VIEW view.report_product AS
    SELECT merchant_id, sku, currency, s.units AS units_sold, s.minor AS sold_minor,
           coalesce(r.units, 0) AS units_returned, coalesce(r.minor, 0) AS returned_minor
    FROM product_sold AS s
    LEFT JOIN (SELECT merchant_id, sku, currency, sum(units) AS units, sum(minor) AS minor
                 FROM product_returned GROUP BY merchant_id, sku, currency) AS r
        USING (merchant_id, sku, currency);

CREATE VIEW view.report_product_reason AS
    SELECT merchant_id, sku, currency, view.reason_name(reason) AS reason, units, minor
    FROM product_returned;

-- Overturned: people approved what the rule declined or left to them, or declined what it allowed.
CREATE VIEW view.report_rule AS
    SELECT merchant_id, model, decision, rule, view.outcome_name(outcome) AS outcome, hits, approved,
           declined,
           CASE WHEN outcome = 1 THEN declined WHEN outcome IN (2, 3) THEN approved
                ELSE 0 END AS overturned
    FROM rule_total;

CREATE VIEW view.report_approver AS
    SELECT merchant_id, approver, currency, approved, declined, approved_minor FROM approver_total;

-- Every payout about which there was something to say, with what is known of both sides.
CREATE VIEW view.report_mismatch AS
    SELECT merchant_id, order_id, refund_id, payout_id, view.provider_name(provider) AS provider,
           view.payout_status_name(status) AS status,
           view.reconciliation_name(state) AS reconciliation, amount_minor, currency,
           CASE WHEN failed THEN 0 ELSE reported_minor END
               + CASE WHEN extra_failed THEN 0 ELSE extra_minor END AS reported_minor,
           reported_currency, provider_refund_id, extra_refund_id, insight_version
    FROM payout WHERE insight_version > 0;

GRANT SELECT ON view.report_order, view.report_capture, view.report_request, view.report_outcome,
    view.report_route, view.report_payout, view.report_product, view.report_product_reason,
    view.report_rule, view.report_approver, view.report_mismatch TO redressctl;
