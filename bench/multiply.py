"""A small database made large inside PostgreSQL: every row is copied many times, and every constraint checked again.

Copies keep their relations, because all keys of one table are shifted by the same number. What is unique carries the
copy's number (`MARK`), in the calendars that channels read as well.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import psycopg
from django.db.models import Value
from django.db.models.functions import Concat, Left
from psycopg.sql import SQL, Composed, Identifier, Literal

from accounts.fields import NAME_LENGTH

ORGANIZATIONS, PROPERTIES, FEEDS = "accounts_organization", "properties_property", "calendars_feed"
TABLES = (
    ORGANIZATIONS,
    PROPERTIES,
    FEEDS,
    "calendars_calendar",
    "calendars_block",
    "calendars_busy",
    "calendars_exportlink",
    "upsells_offer",
    "upsells_staylink",
)
BUSY = "calendars_busy"
SLOWEST_FIRST = (BUSY, *(table for table in TABLES if table != BUSY))
AT_ONCE = 2
POINTS_TO = {"organization_id": ORGANIZATIONS, "property_id": PROPERTIES, "feed_id": FEEDS}
MARK = "0000000"  # how the unique names of the rows to copy end; copies end with their number
BODY = SQL(
    "convert_to(replace(convert_from(t.body, 'UTF8'), {mark} || '@', lpad(k::text, {digits}, '0') || '@'), 'UTF8')"
).format(mark=Literal(MARK), digits=Literal(len(MARK)))
# The outer side of each join depends on nothing, so the planner has no choice but to keep this order.
SCATTERED = SQL("{table} t CROSS JOIN LATERAL generate_series(1, {copies} + 0 * t.{key}) k")
BY_PROPERTY = SQL(
    "generate_series(1, {copies}) k "
    "CROSS JOIN LATERAL (SELECT * FROM {table} WHERE k > 0 ORDER BY property_id, id OFFSET 0) t"
)
SESSION = "SET maintenance_work_mem = '256MB'; SET synchronous_commit = off"


@dataclass(frozen=True, slots=True)
class Rule:
    """A constraint or an index that is away while rows are copied: the table it stands on, and how it comes back."""

    table: str
    remove: Composed
    restore: Composed
    is_foreign_key: bool = False


def name_in_copy(name: str, number: int) -> str:
    """What a unique name is called in that copy; 0 is the row to copy."""
    return f"{name[: -len(MARK)]}{number:0{len(MARK)}}"


def marked() -> Concat:
    """What a row's public id becomes, so that its copies can be told apart."""
    return Concat(Left("public_id", NAME_LENGTH - len(MARK)), Value(MARK))


def multiply(address: str, copies: int) -> None:
    """Copy every row of the tables so many times, so that each is there `copies` + 1 times.

    Raises psycopg.Error when anything that the schema forbids came out of it.
    """
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(SESSION)
        rules = [*constraints(server), *indexes(server)]
        for rule in sorted(rules, key=lambda rule: not rule.is_foreign_key):
            server.execute(rule.remove)
        strides = {table: stride(server, table) for table in TABLES}
        for table in TABLES:
            server.execute(copying(server, table, strides, copies))
            catch_up(server, table)
    by_table = [
        [rule for rule in rules if rule.table == table and not rule.is_foreign_key] for table in SLOWEST_FIRST
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(partial(restore, address), by_table))
    restore(address, [rule for rule in rules if rule.is_foreign_key])


def constraints(server: psycopg.Connection) -> Iterable[Rule]:
    """Everything that holds the rows together, but for the checks of single rows."""
    rows = server.execute(
        """SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE (contype = 'f' AND (conrelid = ANY(%(of)s::regclass[]) OR confrelid = ANY(%(of)s::regclass[])))
              OR (contype IN ('p', 'u', 'x') AND conrelid = ANY(%(of)s::regclass[]))
           ORDER BY contype <> 'p', conname""",
        {"of": list(TABLES)},
    )
    for table, name, kind, definition in rows.fetchall():
        head, named = SQL("ALTER TABLE {}").format(Identifier(table)), Identifier(name)
        yield Rule(
            table,
            SQL("{} DROP CONSTRAINT {}").format(head, named),
            SQL("{} ADD CONSTRAINT {} {}").format(head, named, SQL(definition)),
            is_foreign_key=kind == "f",
        )


def indexes(server: psycopg.Connection) -> Iterable[Rule]:
    """The indexes that no constraint brings with it."""
    rows = server.execute(
        """SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
           WHERE indrelid = ANY(%s::regclass[])
             AND NOT EXISTS (SELECT FROM pg_constraint
                             WHERE conindid = indexrelid AND conrelid = indrelid AND contype IN ('p', 'u', 'x'))""",
        [list(TABLES)],
    )
    for table, name, definition in rows.fetchall():
        yield Rule(table, SQL("DROP INDEX {}").format(Identifier(name)), SQL(definition).format())


def stride(server: psycopg.Connection, table: str) -> int:
    """How far the keys of one copy are from those of the next."""
    key, name = Identifier(key_of(table)), Identifier(table)
    row = server.execute(SQL("SELECT coalesce(max({}), 0) FROM {}").format(key, name)).fetchone()
    return int(row[0]) if row else 0


def key_of(table: str) -> str:
    return "property_id" if table == "calendars_calendar" else "id"


def copying(server: psycopg.Connection, table: str, strides: dict[str, int], copies: int) -> Composed:
    """The statement that copies a table's rows.

    All copies of one row lie side by side, so that those of one property are as far apart as years of changes
    would leave them. Busy runs lie by property: nothing that is measured reads them, and checking their
    constraints is what takes longest.
    """
    rows = server.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [table],
    )
    names = [str(row[0]) for row in rows.fetchall()]
    order = BY_PROPERTY if table == BUSY else SCATTERED
    return SQL("INSERT INTO {table} ({names}) SELECT {values} FROM {rows}").format(
        table=Identifier(table),
        names=SQL(", ").join(map(Identifier, names)),
        values=SQL(", ").join(copied(table, name, strides) for name in names),
        rows=order.format(table=Identifier(table), key=Identifier(key_of(table)), copies=Literal(copies)),
    )


def catch_up(server: psycopg.Connection, table: str) -> None:
    """Let the table's own numbers go on after those of the copies."""
    if key_of(table) == "id":
        last = SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {}")
        server.execute(last.format(Literal(table), Identifier(table)))


def copied(table: str, column: str, strides: dict[str, int]) -> Composed:
    """What a column holds in copy number k."""
    own = SQL("t.{}").format(Identifier(column))
    points_to = table if column == "id" else POINTS_TO.get(column)
    if points_to:
        return SQL("{} + k * {}").format(own, Literal(strides[points_to]))
    match column:
        case "public_id" | "token":
            digits = Literal(len(MARK))
            return SQL("left({own}, -{digits}) || lpad(k::text, {digits}, '0')").format(
                own=own, digits=digits
            )
        case "body":
            return BODY
        case "etag" if table == "calendars_exportlink":
            return SQL("left(encode(sha256({}), 'hex'), 32)").format(BODY)
    return own


def restore(address: str, rules: Sequence[Rule]) -> None:
    """Bring the rules back; each looks at every row once more."""
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(SESSION)
        for rule in rules:
            server.execute(rule.restore)
