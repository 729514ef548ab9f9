-- The size of each segment today, and who came and went with the last change.
select
    segment,
    count(*) filter (where left_at is null) as members,
    count(*) filter (where left_at is not null) as former_members,
    max(entered_at) as last_entered_at
from published.segment_members
group by segment
order by members desc
