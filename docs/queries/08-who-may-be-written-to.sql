-- Consent by purpose today: how many said yes, no, or took it back.
select purpose, status, count(*) as customers
from gold.consents
where is_current
group by purpose, status
order by purpose, status
