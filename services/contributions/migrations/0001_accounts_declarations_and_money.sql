-- One row a key: a payer, or a reference under which money without a payer waits. Its row lock is the only exclusion:
-- two workers, a zombie and an operator's act all meet there.
create table account (
    key              text collate "C" primary key,
    known_at         timestamptz,
    payer_kind       text,
    territory_code   text,
    filing_frequency text,
    affiliation_at   timestamptz,
    completed_count  int not null default 0
) with (fillfactor = 80);

-- What one payer owes for one period, with what was frozen at the first assessment (DEF-033).
create table pair (
    payer_id          text collate "C" not null,
    period            text collate "C" not null,
    payer_kind        text   not null,
    territory_code    text   not null,
    filing_frequency  text   not null,
    due_on            date   not null,
    law_edition       int    not null,
    insured_share_xof bigint not null,
    payer_share_xof   bigint not null,
    line_count        bigint not null,
    primary key (payer_id, period)
) with (fillfactor = 80);

-- A declaration and its last answer. Findings: [[line_no, code, field, received, expected], …], all of them.
create table declaration (
    payer_id          text collate "C" not null,
    declaration_id    text collate "C" not null,
    period            text collate "C" not null,
    parts_announced   int  not null,
    replaces          text collate "C",
    state             text not null check (state in ('incomplete', 'pending', 'accepted', 'rejected')),
    completed_no      int,
    replaced_by       text collate "C",
    outcome           text,
    lines_received    int,
    lines_accepted    int,
    lines_rejected    int,
    insured_share_xof bigint,
    payer_share_xof   bigint,
    due_on            date,
    findings          jsonb,
    primary key (payer_id, declaration_id)
);
create index declaration_in_force on declaration (payer_id, period) where state = 'accepted' and replaced_by is null;
create index declaration_waiting on declaration (state, payer_id) where state in ('incomplete', 'pending');

-- One row of arrays a part, not a row a line: several times faster to write and ten times smaller (docs/decisions).
-- `period` is the declaration's own (its first-read part's), `sent_…` is what this part said. An insured number is
-- its digits as a bigint; what is no 12-digit number is -n, the n-th of other_numbers.
create table part (
    payer_id        text collate "C" not null,
    declaration_id  text collate "C" not null,
    period          text collate "C" not null,
    part            int    not null,
    read_no         int    not null,
    sent_period     text   not null,
    sent_parts      int    not null,
    sent_replaces   text,
    sent_lines      bigint not null,
    sent_base_xof   bigint not null,
    ce_time         timestamptz not null,
    content         bytea  not null,
    line_nos        int[]    not null,
    insured_numbers bigint[] not null,
    other_numbers   text[],
    bases_xof       bigint[] not null,
    primary key (payer_id, declaration_id, part, period)
) partition by range (period);
alter table part alter column line_nos set storage external;
alter table part alter column insured_numbers set storage external;
alter table part alter column bases_xof set storage external;
create table part_before partition of part for values from (minvalue) to ('2010-01');
do $$
begin
    for year in 2010..2049 loop
        execute format('create table part_%s partition of part for values from (%L) to (%L)',
                       year, year || '-01', (year + 1) || '-01');
    end loop;
end $$;
create table part_after partition of part for values from ('2050-01') to (maxvalue);

-- Money reported in, and reversals (which are no money). A row with only its identity is a payment that a reversal
-- awaits: the two may be read by different workers under different keys, and meet at this primary key.
create table payment (
    source      text collate "C" not null,
    payment_id  text collate "C" not null,
    record_key  text collate "C",
    payer_id    text collate "C",
    amount_xof  bigint,
    paid_on     date,
    channel     text,
    period      text collate "C",
    reverses    text collate "C",
    content     bytea,
    reversed_by text collate "C",
    assigned_to text collate "C",
    account_key text collate "C" generated always as (coalesce(assigned_to, record_key)) stored,
    primary key (source, payment_id),
    check (record_key is null or (amount_xof > 0 and paid_on is not null and channel is not null and content is not null))
);
create index payment_of_account on payment (account_key) where reverses is null;

-- What was published of each payment: placed on a period, or held.
create table placement (
    source       text collate "C" not null,
    payment_id   text collate "C" not null,
    period       text collate "C" not null,
    account_key  text collate "C" not null,
    received_xof bigint not null check (received_xof > 0),
    primary key (source, payment_id, period)
);
create index placement_of_account on placement (account_key);

create table hold (
    source      text collate "C" not null,
    payment_id  text collate "C" not null,
    account_key text collate "C" not null,
    held_as     text   not null check (held_as in ('credit', 'suspense')),
    held_xof    bigint not null check (held_xof > 0),
    primary key (source, payment_id)
);
create index hold_of_account on hold (account_key);

-- Reversals that came before their payment, with the record, which may have to be set aside when it comes.
create table waiting_reversal (
    source        text collate "C" not null,
    payment_id    text collate "C" not null,
    reverses      text collate "C" not null,
    event_id      text   not null,
    topic         text   not null,
    partition     int    not null,
    "offset"      bigint not null,
    key           bytea,
    value         bytea,
    header_names  text[]  not null,
    header_values bytea[] not null,
    primary key (source, payment_id)
);
create index waiting_reversal_of on waiting_reversal (source, reverses);

-- Who is insured, and by whom employed, as registration last told.
create table insured (
    insured_number text collate "C" primary key,
    payer_id       text collate "C",
    at             timestamptz not null
);

-- The payers that ever declared a number: by them a career is read from the parts.
create table career (
    insured_number text collate "C" not null,
    payer_id       text collate "C" not null,
    primary key (insured_number, payer_id)
);

-- Two declarations in force of one payer and period that name the same workers: the commonest vendor's mistake.
create table doubled (
    payer_id       text collate "C" not null,
    period         text collate "C" not null,
    declaration_id text collate "C" not null,
    doubled_by     text collate "C" not null,
    primary key (payer_id, period, declaration_id, doubled_by)
);
