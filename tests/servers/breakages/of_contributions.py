"""What may be done by hand to what contributions keeps."""

from tests.servers.breakages.one import by

# ruff: noqa: S608 - constants

_FIRST_PLACEMENT = (
    "(source, payment_id, period) = (select source, payment_id, period from placement order by 1, 2, 3 limit 1)"
)
_FIRST_PART = "content = (select content from part where cardinality(bases_xof) > 0 order by content limit 1)"
_IN_FORCE = (
    "(payer_id, declaration_id) = (select payer_id, declaration_id from declaration "
    "where state = 'accepted' and replaced_by is null and insured_share_xof > 0 order by 1, 2 limit 1)"
)

CONTRIBUTIONS = by(
    "contributions",
    (
        "an amount placed",
        "money-conserved",
        f"update placement set received_xof = received_xof + 1 where {_FIRST_PLACEMENT}",
    ),
    ("a placement deleted", "money-conserved", f"delete from placement where {_FIRST_PLACEMENT}"),
    (
        "what was received of a pair",
        "received-is-the-placements",
        "update pair set placed_xof = placed_xof - 1 where (payer_id, period) = "
        "(select account_key, period from placement order by 1, 2 limit 1)",
    ),
    (
        "money moved to another period",
        "allocation-is-the-function",
        f"update placement set period = '2031-01' where {_FIRST_PLACEMENT}",
    ),
    (
        "credit turned into suspense",
        "allocation-is-the-function",
        "update hold set held_as = 'suspense' where ctid = (select ctid from hold where held_as = 'credit' limit 1)",
    ),
    (
        "suspense taken away",
        "suspense-is-whole",
        "delete from hold where ctid = (select h.ctid from hold h join account a on a.key = h.account_key "
        "where a.payer_kind is null limit 1)",
    ),
    (
        "a due lowered under what is placed",
        "no-negative-due",
        "update pair set insured_share_xof = 0, payer_share_xof = 0 where (payer_id, period) = "
        "(select account_key, period from placement order by 1, 2 limit 1)",
    ),
    (
        "a payment's amount",
        "payments-are-as-read",
        "update payment set amount_xof = amount_xof + 1 where ctid = (select ctid from payment "
        "where record_key is not null and reverses is null limit 1)",
    ),
    (
        "a payment marked as reversed",
        "reversals-undo-whole",
        "update payment set reversed_by = 'NOBODY' where ctid = (select ctid from payment where reversed_by is null "
        "and reverses is null and record_key is not null limit 1)",
    ),
    (
        "a payment deleted",
        "records-accounted-for",
        (
            "delete from inbox where content = (select content from payment where content is not null "
            "order by source, payment_id limit 1)",
            "delete from payment where ctid = (select ctid from payment where content is not null "
            "order by source, payment_id limit 1)",
        ),
    ),
    (
        "an assignment that nobody made",
        "assignments-were-made",
        "update payment set assigned_to = (select key from account where payer_kind is not null limit 1) where ctid = "
        "(select ctid from payment where reverses is null and record_key is not null limit 1)",
    ),
    ("a pair deleted", "dues-are-the-declarations", "delete from pair where ctid = (select ctid from pair limit 1)"),
    (
        "a pair's due day",
        "due-days-are-the-law",
        "update pair set due_on = due_on + 1 where ctid = (select ctid from pair limit 1)",
    ),
    ("a declaration deleted", "declarations-have-their-parts", f"delete from declaration where {_IN_FORCE}"),
    (
        "a declaration's amount and its pair's",
        "declarations-are-judged-right",
        (
            f"update pair p set insured_share_xof = p.insured_share_xof + 5 from declaration d where {_IN_FORCE} "
            "and p.payer_id = d.payer_id and p.period = d.period".replace(
                "(payer_id, declaration_id) =", "(d.payer_id, d.declaration_id) ="
            ),
            f"update declaration set insured_share_xof = insured_share_xof + 5 where {_IN_FORCE}",
        ),
    ),
    (
        "a career forgotten",
        "careers-are-the-lines",
        "delete from career where insured_number not in (select insured_number from insured)",
    ),
    (
        "a worker forgotten",
        "careers-are-the-lines",
        "delete from insured where insured_number = (select lpad(part.insured_numbers[1]::text, 12, '0') from part "
        "join declaration d using (payer_id, declaration_id, period) join insured i on i.payer_id = d.payer_id "
        "and i.insured_number = lpad(part.insured_numbers[1]::text, 12, '0') where d.outcome = 'accepted' limit 1)",
    ),
    (
        "a roster without a version",
        "rosters-have-versions",
        "delete from roster where payer_id = (select min(payer_id) from roster)",
    ),
    (
        "a double forgotten",
        "doubles-are-listed",
        "delete from doubled where ctid = (select o.ctid from doubled o join declaration d on d.payer_id = o.payer_id "
        "and d.declaration_id = o.doubled_by where d.findings::text like '%already-declared%' limit 1)",
    ),
    (
        "an outcome flipped",
        "answers-fit-their-state",
        "update declaration set outcome = case outcome when 'accepted' then 'accepted_with_anomalies' "
        f"else 'accepted' end where {_IN_FORCE}",
    ),
    (
        "a state flipped",
        "declarations-have-their-parts",
        f"update declaration set state = 'incomplete' where {_IN_FORCE}",
    ),
    (
        "replaced by nobody",
        "replacements-are-mutual",
        f"update declaration set replaced_by = 'NOBODY' where {_IN_FORCE}",
    ),
    (
        "a completion numbered twice",
        "completions-are-numbered",
        f"update declaration set completed_no = completed_no + 100 where {_IN_FORCE}",
    ),
    (
        "a base in a part",
        "parts-are-as-read",
        f"update part set bases_xof[1] = bases_xof[1] + 1000 where {_FIRST_PART}",
    ),
    (
        "an insured number in a part",
        "parts-are-as-read",
        f"update part set insured_numbers[1] = 999999999999 where {_FIRST_PART}",
    ),
    ("a part deleted", "declarations-have-their-parts", f"delete from part where {_FIRST_PART}"),
    (
        "a part doubled under another declaration",
        "declarations-have-their-parts",
        "insert into part select payer_id, declaration_id || '-2', period, part, read_no, sent_period, sent_parts, "
        "sent_replaces, sent_lines, sent_base_xof, ce_time, content, line_nos, insured_numbers, other_numbers, "
        f"bases_xof from part where {_FIRST_PART}",
    ),
    (
        "a claim deleted",
        "what-is-kept-was-claimed",
        f"delete from inbox where content = (select content from part where {_FIRST_PART})",
    ),
    (
        "a claim forged",
        "claims-were-read",
        "insert into inbox values ('/nobody', 'forged', '\\x00112233445566778899aabbccddeeff')",
    ),
    (
        "a person deleted",
        "persons-are-the-latest-told",
        "delete from insured where ctid = (select ctid from insured limit 1)",
    ),
    (
        "a person given to another payer",
        "persons-are-the-latest-told",
        "update insured set payer_id = 'NOBODY' where ctid = (select ctid from insured limit 1)",
    ),
    (
        "an affiliation changed",
        "affiliations-are-the-latest-told",
        "update account set territory_code = '09999' where ctid = "
        "(select ctid from account where payer_kind is not null limit 1)",
    ),
    (
        "an account deleted",
        "everything-has-an-account",
        "delete from account where key = (select payer_id from pair limit 1)",
    ),
    (
        "a position moved forth",
        "positions-within-topics",
        "update position set next_offset = next_offset + 1000 where topic = 'payroll-declared' and partition = 0",
    ),
    (
        "a position moved back",
        "claims-were-read",
        "update position set next_offset = 0 where topic = 'payroll-declared' and partition = 0",
    ),
    (
        "a position of a topic that is not read",
        "positions-within-topics",
        "insert into position values ('form-liquidated', 0, 1)",
    ),
    (
        "a dead letter deleted",
        "records-accounted-for",
        "delete from dead_letter where id = (select min(id) from dead_letter)",
    ),
    (
        "a dead letter called replayed",
        "letters-were-acted-on",
        "update dead_letter set state = 'replayed' where id = (select min(id) from dead_letter)",
    ),
    (
        "a payment deleted with all that was made of it",
        "what-was-claimed-is-kept",
        (
            "create temporary table gone as select source, payment_id from payment "
            "join hold using (source, payment_id) "
            "where not exists (select from placement using_it where using_it.payment_id = payment.payment_id) limit 1",
            "delete from hold using gone where hold.payment_id = gone.payment_id",
            "delete from payment using gone where payment.payment_id = gone.payment_id",
        ),
    ),
    (
        "a dead letter doubled",
        "dead-letters-behind-positions",
        'insert into dead_letter (topic, partition, "offset", key, value, header_names, header_values, source, '
        'event_id, reason, message_fr, message_en, at) select topic, partition, "offset", key, value, header_names, '
        "header_values, source, event_id, reason, message_fr, message_en, at from dead_letter order by id limit 1",
    ),
    (
        "a dead letter that nobody foresaw",
        "no-internal-dead-letter",
        "update dead_letter set reason = 'internal' where id = (select min(id) from dead_letter)",
    ),
    (
        "an older database",
        "journal-is-known",
        "update published set next_offset = next_offset - 1 where topic = 'contributions-journal'",
    ),
    (
        "a fact left unsent",
        "outbox-drained",
        "insert into outbox (topic, value, event_id, known_at) "
        "values ('payment-held', '{}', gen_random_uuid(), '2026-01-01')",
    ),
)
