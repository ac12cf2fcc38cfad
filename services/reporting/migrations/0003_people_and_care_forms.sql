-- person-registered. Of one person the latest (known_at, id) up to an instant is what was known then, as of a payer.
create table registered (
    id               bigint generated always as identity primary key,
    event_id         text        not null,
    known_at         timestamptz not null,
    insured_number   text   collate "C" not null,
    role             text        not null,
    principal_number text   collate "C",
    payer_id         text   collate "C",
    payer_kind       text   collate "C",
    territory_code   text   collate "C" not null,
    category         text        not null,
    birth_year       int         not null,
    sex              text        not null,
    registered_on    date        not null,
    relationship     text
);
create index registered_of_person on registered (insured_number, known_at desc, id desc);

-- form-liquidated. A duplicate is a row of its own, rejected; no row takes another's place.
create table liquidated (
    id             bigint generated always as identity primary key,
    event_id       text        not null,
    known_at       timestamptz not null,
    form_serial    text   collate "C" not null,
    insured_number text   collate "C" not null,
    payer_id       text   collate "C",
    provider_id    text   collate "C" not null,
    provider_kind  text   collate "C" not null,
    care_kind      text   collate "C" not null,
    care_on        date        not null,
    submitted_on   date        not null,
    liquidated_on  date        not null,
    claimed_xof    bigint      not null,
    accepted_xof   bigint      not null,
    fund_share_xof bigint      not null,
    co_payment_xof bigint      not null,
    outcome        text   collate "C" not null,
    reasons        text[] collate "C" not null,
    review_flags   text[]      not null
);
create index liquidated_of_payer on liquidated (payer_id, known_at);

-- Where both topics were read before anything was kept of them, they are read again, from their beginning: nothing stands
-- for what their records did, and figures are complete again once marks say so. Of registration's facts only
-- affiliations had an effect, so that their claims alone stay. In a new database there is nothing to do.
delete from position where topic in ('person-registered', 'form-liquidated');
delete from inbox
where source = '/liquidation'
    or (source = '/registration' and event_id not in (select event_id from affiliation));
delete from mark;
delete from complete;
