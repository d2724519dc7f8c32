-- What was recorded stays as it is, whoever asks: the owner of the tables, too, has to take the trigger away first.
create function countersign.refuse_change()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception 'countersign.% takes new rows only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
revoke all on function countersign.refuse_change() from public;
