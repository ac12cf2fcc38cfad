-- Who read a person's names stands in the audit that every service keeps, beside what people did.
insert into audit (at, who, act, subject)
select at, who, 'read-names', insured_number from insured_reading order by id;
drop table insured_reading;
