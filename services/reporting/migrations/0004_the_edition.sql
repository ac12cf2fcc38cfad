-- Which making of these read models answers: a number more where a rebuild put right ones in the place of wrong ones, so
-- that no tag and no page of those is taken for one of these. Swapped with the read models, as what it tells of them.
create table edition (
    only_row boolean primary key default true check (only_row),
    number   bigint  not null
);
insert into edition (number) values (0);
