-- migrate:up

-- Who answered a question for the customer has no part in deciding it, as who made the request has none.

ALTER TABLE refund ADD COLUMN answered_by text NOT NULL DEFAULT '';
COMMENT ON COLUMN refund.answered_by IS 'Who answered questions on behalf of the customer, US (0x1f) between; empty if nobody did, or none is named';

CREATE OR REPLACE VIEW view.approval_case AS
    SELECT c.merchant_id, c.case_id, c.refund_id, c.order_id, c.version, c.status, c.queue,
           c.level, c.approvers_needed,
           coalesce((SELECT string_to_array(nullif(d.counting, ''), chr(31)) FROM decision d
                      WHERE d.refund = c.refund AND d.ordinal = c.ordinal AND d.refusal = ''
                        AND d.verdict IN (1, 2) AND d.result_version >= c.renewed_version
                      ORDER BY d.number DESC LIMIT 1),
                    ARRAY(SELECT d.actor_id FROM decision d
                           WHERE d.refund = c.refund AND d.ordinal = c.ordinal AND d.refusal = ''
                             AND d.verdict IN (1, 2) AND d.result_version >= c.renewed_version
                           ORDER BY d.number)) AS approvers,
           c.requester, c.amount_minor, c.currency, c.subject_hash, c.why, c.opened_at, c.due_at,
           c.updated_at, c.exception, c.appeal,
           ARRAY(SELECT d.actor_id FROM decision d
                  WHERE d.refund = c.refund AND d.ordinal = c.ordinal AND d.refusal = ''
                    AND d.verdict = 5 AND d.result_version >= c.renewed_version
                  ORDER BY d.number) AS reviewers,
           ARRAY(SELECT d.actor_id FROM decision d
                  WHERE d.refund = c.refund AND d.ordinal < c.ordinal AND d.refusal = ''
                    AND d.verdict IN (1, 2, 3, 5) AND c.appeal
                  ORDER BY d.number) AS decided_before,
           c.taken_by, c.taken_until, c.missing, c.method, c.fallback, r.appealed_by,
           ARRAY(SELECT d.actor_id FROM decision d
                  WHERE d.refund = c.refund AND d.ordinal = c.ordinal AND d.refusal = ''
                    AND d.verdict IN (1, 2) AND d.result_version >= c.renewed_version
                  ORDER BY d.number) AS approved_by,
           string_to_array(r.answered_by, chr(31)) AS answered_by
      FROM approval_case c
      JOIN refund r ON (r.order_id, r.refund_id, r.merchant_id)
                     = (c.order_id, c.refund_id, c.merchant_id);
