-- The name of a model without the date of its snapshot: the twin of src/usage/rules/model-names.ts, which says whose dates
-- they are. The planner puts these three functions' text in their place: each is one expression, without settings of its own.
create function countersign.undated_model(in_name text)
returns text
language sql immutable
as $$
  select regexp_replace(
    in_name,
    '(-20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
    '|(@|-)20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])'
    '|-20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])-v[0-9]+:[0-9]+)$',
    ''
  )
$$;

-- Whether what is set for one name holds for a call that was reported with another. The pattern is looked for only where the
-- one begins with the other, and in the rest.
create function countersign.is_model(in_wanted text, in_reported text)
returns boolean
language sql immutable
as $$
  select in_reported = in_wanted
    or starts_with(in_reported, in_wanted) and countersign.undated_model(substr(in_reported, length(in_wanted) + 1)) = ''
$$;

-- The same for several names.
create function countersign.is_one_of_models(in_wanted text[], in_reported text)
returns boolean
language sql immutable
as $$
  select in_reported = any(in_wanted) or cardinality(in_wanted) > 0 and countersign.undated_model(in_reported) = any(in_wanted)
$$;
