"""Row-level security: what migrations say to put a tenant's table behind the wall.

Three roles. The owner of the tables migrates. `amplistay_house` is what web and workers connect as: it sees every row
and owns nothing. `amplistay_tenant` is what they are while `accounts.acting` names an organization: it sees that
organization's rows only, and of those with a home only the homes that are open. PostgreSQL checks foreign keys past
these policies, which is why they are composite with the organization besides.
"""

from django.db import migrations

HOUSE, TENANT = "amplistay_house", "amplistay_tenant"

_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
"""

ROLES = "".join(_ROLE.format(role=role) for role in (HOUSE, TENANT))
"""SQL that makes the roles where they don't exist; they belong to the server, so no copy of a database brings them."""

_GRANTS = """
DO $$ BEGIN
    EXECUTE format('GRANT {house}, {tenant} TO %I', current_user);
EXCEPTION WHEN invalid_grant_operation OR unique_violation OR internal_error THEN NULL;
END $$;
GRANT {tenant} TO {house};
GRANT USAGE ON SCHEMA public TO {house}, {tenant};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {house}, {tenant};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {house}, {tenant};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {house}, {tenant};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {house}, {tenant};
"""

_WHO = """
CREATE FUNCTION amplistay_organization() RETURNS bigint STABLE LANGUAGE sql AS
    $$ SELECT nullif(current_setting('amplistay.organization', true), '')::bigint $$;
CREATE FUNCTION amplistay_homes() RETURNS bigint[] STABLE LANGUAGE sql AS
    $$ SELECT nullif(current_setting('amplistay.homes', true), '')::bigint[] $$;
"""

_WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON {table} TO CURRENT_USER USING (true);
CREATE POLICY house ON {table} TO {house} USING (true);
CREATE POLICY tenant ON {table} TO {tenant} USING ({mine});
"""

_NO_WALL = """
DROP POLICY tenant ON {table};
DROP POLICY house ON {table};
DROP POLICY owner ON {table};
ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""


def roles() -> migrations.RunSQL:
    """The two roles, what they may do, and what policies ask: who is acting. Roles stay when it is undone."""
    return migrations.RunSQL(
        ROLES + _GRANTS.format(house=HOUSE, tenant=TENANT) + _WHO,
        "DROP FUNCTION amplistay_organization(); DROP FUNCTION amplistay_homes();",
    )


def wall(table: str, mine: str) -> migrations.RunSQL:
    """Force row-level security on a table; `mine` is the SQL condition under which a tenant sees and writes a row."""
    return migrations.RunSQL(
        _WALL.format(table=table, mine=mine, house=HOUSE, tenant=TENANT), _NO_WALL.format(table=table)
    )


def of_organization(column: str = "organization_id") -> str:
    """The row is the organization's; the sub-select is evaluated once for a statement, so that indexes serve."""
    return f"{column} = (SELECT amplistay_organization())"


def of_home(column: str = "property_id") -> str:
    """The row is the organization's, and its home is open."""
    return f"{of_organization()} AND {_open(f'{column} = ANY ((SELECT amplistay_homes())::bigint[])')}"


def of_parent(column: str, parent: str) -> str:
    """The row is the organization's, and what it hangs on is open."""
    return f"{of_organization()} AND {_open(among(column, parent))}"


def among(column: str, parent: str, key: str = "id") -> str:
    """What the row hangs on is seen, by the policy of that table."""
    return f"{column} IN (SELECT {key} FROM {parent})"  # noqa: S608 - names of tables, from migrations


def _open(condition: str) -> str:
    return f"((SELECT amplistay_homes()) IS NULL OR {condition})"
