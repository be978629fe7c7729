-- migrate:up

-- What each person decided about the refunds in which each rule had hit: which rules people overturn,
-- and whether they all judge alike.

CREATE TABLE judgement_total (
    merchant_id text NOT NULL,
    approver    text NOT NULL,
    decision    text NOT NULL,
    rule        text NOT NULL,
    outcome     integer NOT NULL,
    approved    bigint NOT NULL,
    declined    bigint NOT NULL,
    PRIMARY KEY (merchant_id, approver, decision, rule, outcome)
) WITH (fillfactor = 50);
COMMENT ON TABLE judgement_total IS 'Per person and rule; a refund with two approvers counts for each of them';

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON judgement_total TO %I',
                   regexp_replace(current_user, '_owner$', ''));
END $$;

-- Overturned as in view.report_rule. Of any model that had the rule.
CREATE VIEW view.report_policy_gap AS
    SELECT merchant_id, decision, rule, outcome, sum(hits) AS hits,
           sum(approved + declined) AS decided, sum(overturned) AS overturned,
           round(100 * sum(overturned) / sum(approved + declined), 1) AS overturned_percent
    FROM view.report_rule
    WHERE outcome IN ('COMPLIANT', 'EXCEPTION', 'DECLINED')
    GROUP BY merchant_id, decision, rule, outcome
    HAVING sum(approved + declined) > 0;

CREATE VIEW view.report_approver_overturn AS
    SELECT merchant_id, approver, sum(approved + declined) AS judgements,
           sum(CASE WHEN outcome = 1 THEN declined ELSE approved END) AS overturned,
           round(100 * sum(CASE WHEN outcome = 1 THEN declined ELSE approved END)
                 / sum(approved + declined), 1) AS overturned_percent
    FROM judgement_total
    WHERE outcome IN (1, 2, 3)
    GROUP BY merchant_id, approver
    HAVING sum(approved + declined) > 0;

-- How often a person approves what a rule had hit, beside all the others together.
CREATE VIEW view.report_consistency AS
    SELECT merchant_id, approver, decision, rule, outcome, decided, approved_percent,
           others_decided,
           round(100 * others_approved / others_decided, 1) AS others_approved_percent,
           abs(approved_percent - round(100 * others_approved / others_decided, 1)) AS apart
    FROM (SELECT merchant_id, approver, decision, rule, view.outcome_name(outcome) AS outcome,
                 approved + declined AS decided,
                 round(100 * approved::numeric / (approved + declined), 1) AS approved_percent,
                 sum(approved + declined) OVER of_rule - approved - declined AS others_decided,
                 sum(approved) OVER of_rule - approved AS others_approved
          FROM judgement_total
          WHERE approved + declined > 0
          WINDOW of_rule AS (PARTITION BY merchant_id, decision, rule, outcome)) AS each
    WHERE others_decided > 0;

GRANT SELECT ON view.report_policy_gap, view.report_approver_overturn, view.report_consistency
    TO redressctl;
