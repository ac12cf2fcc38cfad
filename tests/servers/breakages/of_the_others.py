"""What may be done by hand to what registration, liquidation and reporting keep."""

from tests.servers.breakages.one import by

REGISTRATION = by(
    "registration",
    (
        "a person deleted",
        "persons-follow-their-latest-hire",
        "delete from person where ctid = (select ctid from person limit 1)",
    ),
    (
        "a number misspelt",
        "numbers-check",
        "update person set insured_number = left(insured_number, 11) || translate(right(insured_number, 1), "
        "'0123456789', '1234567890') where ctid = (select ctid from person limit 1)",
    ),
    (
        "a person of an earlier hire",
        "persons-follow-their-latest-hire",
        "update person set registered_on = registered_on - 1 where ctid = (select ctid from person limit 1)",
    ),
    (
        "an answer flipped",
        "hires-are-answered-as-they-stand",
        "update hire set outcome = 'pending' where ctid = (select ctid from hire where outcome = 'registered' limit 1)",
    ),
    (
        "a hire rejected for nothing",
        "hires-are-judged-right",
        "update hire set outcome = 'rejected', codes = '{hire-in-future}', insured_number = null where ctid = "
        "(select ctid from hire where outcome = 'registered' limit 1)",
    ),
    (
        "a rejected hire deleted",
        "what-was-claimed-is-kept",
        "delete from hire where outcome = 'rejected'",
    ),
    (
        "a name",
        "hires-are-as-read",
        "update hire set family_name = 'X' where ctid = (select ctid from hire limit 1)",
    ),
    (
        "a payer's territory",
        "payers-are-as-requested",
        "update payer set territory_code = '0901' where ctid = "
        "(select ctid from payer where said_at is not null limit 1)",
    ),
    (
        "a payer as it was before",
        "payers-follow-their-latest-request",
        "update payer set said_at = said_at - interval '9 years' where ctid = "
        "(select ctid from payer where said_at is not null limit 1)",
    ),
    (
        "a duplicate forgotten",
        "duplicates-name-people",
        "update possible_duplicate set insured_number = '000000000000' where id = "
        "(select min(id) from possible_duplicate)",
    ),
    (
        "a claim deleted",
        "what-is-kept-was-claimed",
        "delete from inbox where content = (select content from hire limit 1)",
    ),
)

LIQUIDATION = by(
    "liquidation",
    (
        "a form deleted",
        "what-was-claimed-is-kept",
        "delete from form where form_serial = (select form_serial from form group by 1 having count(*) = 1 limit 1)",
    ),
    (
        "a form's fund share",
        "forms-are-judged-right",
        "update form set fund_share_xof = fund_share_xof + 1 where ctid = "
        "(select ctid from form where outcome is not null limit 1)",
    ),
    (
        "a form's price",
        "forms-are-judged-right",
        "update form set unit_prices_xof[1] = unit_prices_xof[1] + 1 where ctid = (select ctid from form limit 1)",
    ),
    (
        "a first reading renumbered",
        "serials-are-read-in-order",
        "update form set reading_no = 7 where ctid = (select ctid from form where reading_no = 1 limit 1)",
    ),
    (
        "a form that waits for a known person",
        "only-the-unknown-wait",
        "update form set outcome = null, liquidated_at = null, accepted_xof = null, fund_share_xof = null, "
        "co_payment_xof = null, reasons = null where ctid = (select ctid from form where outcome is not null limit 1)",
    ),
    (
        "a person deleted",
        "persons-are-the-latest-told",
        "delete from patient where ctid = (select ctid from patient where told_at is not null limit 1)",
    ),
    (
        "a form deleted",
        "records-accounted-for",
        (
            "delete from inbox where (source, event_id) = (select source, event_id from form order by came limit 1)",
            "delete from form where came = (select min(came) from form)",
        ),
    ),
    (
        "a claim of another content",
        "what-is-kept-was-claimed",
        "update inbox set content = '\\x00' where (source, event_id) = (select source, event_id from form limit 1)",
    ),
)

REPORTING = by(
    "reporting",
    (
        "an amount received",
        "money-conserved",
        # Of a payment that was held first: what a single fact tells of a payment's amount, no sum can contradict.
        "update received set received_xof = received_xof + 1 where id = (select min(r.id) from received r "
        "join held h using (payment_source, payment_id) where h.known_at < r.known_at)",
    ),
    ("a receipt deleted", "ledgers-are-the-facts", "delete from received where id = (select min(id) from received)"),
    (
        "a receipt doubled",
        "no-rate-above-one",
        "insert into received (event_id, known_at, payer_id, payer_kind, territory_code, period, payment_source, "
        "payment_id, received_xof, received_on, channel) select event_id, known_at, payer_id, payer_kind, "
        "territory_code, period, payment_source, payment_id, received_xof * 1000, received_on, channel from received "
        "order by received_xof desc limit 1",
    ),
    (
        "an amount assessed",
        "ledgers-are-the-facts",
        "update assessed set assessed_xof = assessed_xof + 1 where id = (select min(id) from assessed)",
    ),
    (
        "a negative due",
        "no-rate-above-one",
        "update assessed set assessed_xof = -assessed_xof where id = "
        "(select id from assessed where assessed_xof > 0 order by id limit 1)",
    ),
    (
        "a person's payer",
        "ledgers-are-the-facts",
        "update registered set payer_id = 'NOBODY' where id = (select min(id) from registered)",
    ),
    (
        "a fact's instant",
        "ledgers-are-the-facts",
        "update liquidated set known_at = known_at - interval '1 day' where id = (select min(id) from liquidated)",
    ),
    (
        "a fact of another kind than its pair's",
        "pairs-keep-their-kind-and-territory",
        "update received set payer_kind = 'pension_body', territory_code = '0999' where id = (select min(r.id) from "
        "received r join assessed a using (payer_id, period) where a.payer_kind <> 'pension_body')",
    ),
    (
        "a version's amount",
        "versions-are-the-ledgers",
        "update standing set received_xof = received_xof + 1 where ctid = (select ctid from standing limit 1)",
    ),
    (
        "a version deleted",
        "versions-are-the-ledgers",
        "delete from standing where ctid = (select ctid from standing where known_to < 'infinity' limit 1)",
    ),
    (
        "a sum of now",
        "sums-are-the-versions",
        "update summed set assessed_xof = assessed_xof + 1 where ctid = (select ctid from summed limit 1)",
    ),
    (
        "a day deleted",
        "sums-of-days-are-the-versions",
        "delete from summed_of_day where ctid = (select ctid from summed_of_day where assessed_xof <> 0 limit 1)",
    ),
    (
        "a month's sum",
        "sums-of-months-are-the-versions",
        "update summed_of_month set pairs = pairs + 1 where ctid = (select ctid from summed_of_month limit 1)",
    ),
    (
        "a day's amount",
        "amounts-of-days-are-the-ledgers",
        "update amount_of_day set xof = xof + 1 where ctid = (select ctid from amount_of_day limit 1)",
    ),
    (
        "a payer's year deleted",
        "payers-are-known-since-their-versions",
        "delete from known_in_year where ctid = (select ctid from known_in_year limit 1)",
    ),
    (
        "a payer known since the day before",
        "sums-of-payers-are-the-versions",
        "update summed_of_payer set known_from = known_from - interval '1 day' where ctid = "
        "(select ctid from summed_of_payer limit 1)",
    ),
    (
        "a completeness forged",
        "complete-as-marked",
        "update complete set up_to = '2098-01-01' where service = 'liquidation'",
    ),
    ("a completeness of nobody", "complete-as-marked", "insert into complete values ('nobody', '2020-01-01')"),
    ("a completeness deleted", "complete-as-marked", "delete from complete where service = 'registration'"),
    (
        "a progress forged",
        "progress-is-the-latest-fact",
        "update topic_progress set last_fact_at = last_fact_at + interval '1 day' where topic = 'payment-held'",
    ),
    (
        "a claim deleted",
        "records-accounted-for",
        "delete from inbox where event_id = (select max(event_id) from assessed)",
    ),
)
