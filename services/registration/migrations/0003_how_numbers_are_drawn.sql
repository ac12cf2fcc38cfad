-- What insured numbers are drawn with: kept with the database, so that a hire that is read again after a restore draws the
-- number that it drew before. Random, and told to nobody: without it a number says nothing about its hire.
create table draw (
    only_row boolean primary key default true check (only_row),
    salt     bytea not null
);
insert into draw (salt) values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
