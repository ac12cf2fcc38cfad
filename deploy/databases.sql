-- One database and one role per service; no role can so much as connect to another's. Runs at each `up`, as the
-- administrator: repeating it sets the passwords and changes nothing else.
\set ON_ERROR_STOP on
\getenv registration RECOUVRA_REGISTRATION_PASSWORD
\getenv contributions RECOUVRA_CONTRIBUTIONS_PASSWORD
\getenv liquidation RECOUVRA_LIQUIDATION_PASSWORD
\getenv reporting RECOUVRA_REPORTING_PASSWORD

create temporary table service (name, password) as
values ('registration', :'registration'),
       ('contributions', :'contributions'),
       ('liquidation', :'liquidation'),
       ('reporting', :'reporting');

select format('create role %I', name) from service where not exists (select from pg_roles where rolname = name)
\gexec
select format('alter role %I login password %L', name, password) from service
\gexec
select format('create database %I owner %I', name, name) from service
where not exists (select from pg_database where datname = name)
\gexec
select format('revoke all on database %I from public', name) from service
\gexec
revoke connect on database postgres, template1 from public;
