-- An answer that is too large to be kept as text is kept compressed (packed.py): then it has no body, but its length.
alter table answered
    add column packed bytea,
    add column length bigint,
    alter column body drop not null,
    add constraint answered_once check ((body is null) = (packed is not null and length is not null)) not valid;
