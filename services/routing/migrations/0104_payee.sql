-- migrate:up

-- Where a bank transfer goes: somebody who does not approve it has verified the account.

ALTER TABLE decision ADD COLUMN payee text NOT NULL DEFAULT '';
COMMENT ON COLUMN decision.payee IS 'Of a VERIFY_PAYEE: finance''s reference of the account';

CREATE OR REPLACE VIEW view.case_decision AS
    SELECT c.merchant_id, c.case_id, c.refund_id, d.number, d.decision_id, d.case_version,
           d.actor_id,
           (ARRAY['CUSTOMER', 'SERVICE_AGENT', 'POLICY_REVIEWER', 'APPROVER', 'FINANCE', 'QUALITY',
                  'SYSTEM'])[d.actor_role] AS actor_role,
           (ARRAY['APPROVE', 'APPROVE_REDUCED', 'DECLINE', 'ASK', 'RECOMMEND', 'TAKE', 'GIVE_BACK',
                  'COMMENT', 'LIFT', 'VERIFY_PAYEE'])[d.verdict] AS verdict,
           d.refusal, d.amount_minor, d.note, d.occurred_at, d.decided_at, d.on_behalf_of,
           (ARRAY['APPROVE', 'APPROVE_REDUCED', 'DECLINE'])[d.recommended] AS recommended, d.key_id,
           d.payee
      FROM approval_case c
      JOIN decision d ON d.refund = c.refund AND d.ordinal = c.ordinal;
