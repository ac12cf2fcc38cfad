-- What reports are summed from: one row a fact, never changed, so that the sum of the rows with known_at <= t is the
-- figure as of t, in whatever order facts came (DEF-007). A fact's event id is unique by the inbox, which counts it once.

-- contribution-assessed. Kind and territory are the (payer, period)'s own, not the payer's latest (DEF-033).
create table assessed (
    id                bigint generated always as identity primary key,
    event_id          text        not null,
    known_at          timestamptz not null,
    payer_id          text   collate "C" not null,
    payer_kind        text   collate "C" not null,
    territory_code    text   collate "C" not null,
    period            text   collate "C" not null,
    declaration_id    text   collate "C" not null,
    basis             text        not null,
    assessed_xof      bigint      not null,
    insured_share_xof bigint      not null,
    payer_share_xof   bigint      not null,
    line_count        bigint      not null,
    filed_on          date        not null,
    due_on            date        not null
);
create index assessed_of_payer on assessed (payer_id, period, known_at);

-- contribution-received.
create table received (
    id             bigint generated always as identity primary key,
    event_id       text        not null,
    known_at       timestamptz not null,
    payer_id       text   collate "C" not null,
    payer_kind     text   collate "C" not null,
    territory_code text   collate "C" not null,
    period         text   collate "C" not null,
    payment_source text   collate "C" not null,
    payment_id     text   collate "C" not null,
    received_xof   bigint      not null,
    received_on    date        not null,
    channel        text   collate "C" not null
);
create index received_of_payer on received (payer_id, period, known_at);

-- payment-held. In suspense payer_id is what was sent, and no payer's.
create table held (
    id             bigint generated always as identity primary key,
    event_id       text        not null,
    known_at       timestamptz not null,
    payer_id       text   collate "C",
    payment_source text   collate "C" not null,
    payment_id     text   collate "C" not null,
    held_as        text   collate "C" not null,
    held_xof       bigint      not null,
    received_on    date        not null,
    channel        text   collate "C" not null,
    check (payer_id is not null or held_as = 'suspense')
);
create index held_of_payer on held (payer_id, known_at) where held_as = 'credit';

-- payer-affiliated. Of one payer the latest (known_at, id) up to an instant is what was known then: facts of one key
-- lie in one partition, and are read, and numbered, in the order in which they were published.
create table affiliation (
    id               bigint generated always as identity primary key,
    event_id         text        not null,
    known_at         timestamptz not null,
    payer_id         text   collate "C" not null,
    payer_kind       text   collate "C" not null,
    name             text        not null,
    territory_code   text   collate "C" not null,
    filing_frequency text        not null,
    affiliated_on    date        not null,
    closed_on        date
);
create index affiliation_of_payer on affiliation (payer_id, known_at, id);
