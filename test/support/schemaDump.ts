import pg from "pg";

/**
 * The schema as text that changes only if the schema changes. pg_dump is not used because it is not
 * available as an npm package.
 */
export async function dumpSchema(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const parts = [];
    for (const { title, sql } of SECTIONS) {
      const { rows } = await client.query<{ text: string }>(sql);
      parts.push(`-- ${title}\n\n${rows.map(({ text }) => text).join("\n\n")}\n`);
    }
    return `${HEADER}\n\n${parts.join("\n")}`;
  } finally {
    await client.end();
  }
}

const HEADER =
  "-- The schema after all migrations. Written by `npm run schema`; a test compares it.";

const IN_PUBLIC = "n.nspname = 'public'";

const SECTIONS = [
  {
    title: "domains",
    sql: `select format('create domain %s as %s %s;', t.typname, format_type(t.typbasetype, t.typtypmod),
        string_agg(pg_get_constraintdef(c.oid), ' ' order by c.conname)) as text
      from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_constraint c on c.contypid = t.oid
      where t.typtype = 'd' and ${IN_PUBLIC} group by t.oid order by t.typname`,
  },
  {
    title: "tables",
    sql: `select format(E'create table %s (\\n%s\\n);', r.relname, string_agg(line, E',\\n' order by position)) as text
      from pg_class r join pg_namespace n on n.oid = r.relnamespace cross join lateral (
        select a.attnum::text::int as position, format('  %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
          case when a.attnotnull then ' not null' else '' end,
          case when a.attidentity <> '' then ' generated always as identity'
               when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) else '' end) as line
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        union all
        select 10000 + row_number() over (order by c.contype, c.conname)::int,
          format('  constraint %s %s', c.conname, pg_get_constraintdef(c.oid))
        from pg_constraint c where c.conrelid = r.oid and c.contype <> 'n'
      ) lines
      where r.relkind = 'r' and ${IN_PUBLIC} group by r.relname order by r.relname`,
  },
  {
    title: "indexes",
    sql: `select pg_get_indexdef(i.indexrelid) || ';' as text
      from pg_index i join pg_class r on r.oid = i.indexrelid join pg_namespace n on n.oid = r.relnamespace
      where ${IN_PUBLIC} and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)
      order by r.relname`,
  },
  {
    title: "functions",
    sql: `select pg_get_functiondef(p.oid) || ';' as text
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${IN_PUBLIC} order by p.proname`,
  },
  {
    title: "triggers",
    sql: `select pg_get_triggerdef(t.oid) || ';' as text
      from pg_trigger t join pg_class r on r.oid = t.tgrelid join pg_namespace n on n.oid = r.relnamespace
      where ${IN_PUBLIC} and not t.tgisinternal order by t.tgname`,
  },
];
