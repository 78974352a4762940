-- Users are found by the identity that a sign-in method has verified, never by their name. The same
-- subject at two providers is two users, and a renamed user keeps the identity.

create table identities (
  provider text not null,
  subject text not null,
  user_id entity_id not null references users,
  created_at timestamptz not null,
  primary key (provider, subject)
);
create index identities_by_user on identities (user_id);

-- All earlier users come from development sign-in, which identifies users by their name.
insert into identities (provider, subject, user_id, created_at)
  select 'development', name, id, created_at from users;

-- api_tokens.label is no longer written. The previous version still writes it, so a later release
-- drops it.
