-- What a payment's content was made of, whole: a reference may be named beside a payer. Of one that was read before this
-- column was there, or is read by a worker of the version before, nobody can say whether it named one.
alter table payment add column reference text;
alter table payment add column is_whole boolean not null default false;
