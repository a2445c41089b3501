"""A fleet: thousands of feeds that have been read before, and an account of what becomes of them.

PostgreSQL keeps the account by a trigger, so that it tells every lease and every read, whoever wrote them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.db import connection
from django.utils import timezone

from bench import rows
from calendars import leases, polling
from calendars.models import Feed, FeedRead

HOSTS = ("airbnb", "booking", "vrbo", "google", "lodgify")
EVENTS = 3
FEEDS_PER_HOME = 20

ACCOUNT = """
CREATE TABLE account (
  number bigserial, feed bigint, lease uuid, what text, at timestamptz DEFAULT clock_timestamp()
);
CREATE FUNCTION keep_account() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.last_read_at IS DISTINCT FROM OLD.last_read_at THEN
    INSERT INTO account (feed, lease, what) VALUES (NEW.id, OLD.lease_token, 'read');
  END IF;
  IF NEW.lease_token IS DISTINCT FROM OLD.lease_token THEN
    INSERT INTO account (feed, lease, what)
    VALUES (NEW.id, NEW.lease_token, CASE WHEN NEW.lease_token IS NULL THEN 'freed' ELSE 'leased' END);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER account AFTER UPDATE ON calendars_feed FOR EACH ROW EXECUTE FUNCTION keep_account();
"""
END = "DROP TRIGGER account ON calendars_feed; DROP FUNCTION keep_account(); DROP TABLE account"

READ_TWICE = "SELECT feed, lease FROM account WHERE what = 'read' GROUP BY feed, lease HAVING count(*) > 1"
READ_WITHOUT_LEASE = "SELECT feed FROM account WHERE what = 'read' AND lease IS NULL"
UNLIKE_THE_LOG = """
SELECT coalesce(a.feed, r.feed_id), a.reads, r.times
FROM (SELECT feed, count(*) AS reads FROM account WHERE what = 'read' GROUP BY feed) a
FULL JOIN (SELECT feed_id, sum(times) AS times FROM calendars_feedread GROUP BY feed_id) r ON r.feed_id = a.feed
WHERE a.reads IS DISTINCT FROM r.times
"""
NEXT_READS = """
SELECT f.id, min(a.at) FROM calendars_feed f
LEFT JOIN account a ON a.feed = f.id AND a.what = 'read' AND a.at > %s GROUP BY f.id
"""
LOCK_LOG = "LOCK TABLE calendars_feedread IN SHARE MODE"
WHO_WAITS = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
WHO_WORKS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
  AND (state <> 'idle' OR state_change > clock_timestamp() - interval '0.3 s')
"""
LONGEST_LEASE = """
SELECT max(coalesce(over, clock_timestamp()) - at) FROM (
  SELECT what, at, lead(at) OVER (PARTITION BY feed ORDER BY number) AS over
  FROM account WHERE what IN ('leased', 'freed')
) held WHERE what = 'leased'
"""


def assemble(port: int, *, steady: int, growing: int, over: timedelta) -> None:
    """Make feeds of the simulated channels that have all been read, due one after the other over that time.

    The steady ones share homes. Each growing one has a home of its own, and one stay more whenever the simulator
    is told so.
    """
    now = timezone.now()
    homes = rows.properties(rows.a_host(), -(-steady // FEEDS_PER_HOME) + growing)
    owners = [homes[number // FEEDS_PER_HOME] for number in range(steady)] + homes[-growing:]
    feeds = [
        rows.a_feed(home, _link(port, number, is_growing=number >= steady), now)
        for number, home in enumerate(owners)
    ]
    model, *others = feeds
    model.save()
    lease, ids = leases.claim_these([model.pk], now)
    polling.read(ids, lease, now)
    model.refresh_from_db()
    chance = Random(7)  # noqa: S311 - spreads, hides nothing
    for feed in others:
        rows.read_alike(feed, model)
    rows.copy_nights(model, Feed.objects.bulk_create(others), homes[1:], now)
    for feed in feeds:
        feed.next_poll_at = now + over * chance.random()
    Feed.objects.bulk_update(feeds, ["next_poll_at"])
    FeedRead.objects.all().delete()
    rows.settle()


def _link(port: int, number: int, *, is_growing: bool) -> str:
    address = f"http://{HOSTS[number % len(HOSTS)]}.localhost:{port}/bench/{number}.ics?events={EVENTS}"
    return f"{address}&growing=1" if is_growing else address


def growing() -> list[Feed]:
    """The feeds that have one stay more now and then."""
    return [feed for feed in Feed.objects.select_related("property") if "growing" in feed.url]


@contextmanager
def account() -> Iterator[None]:
    """Keep the account for as long as the context lasts."""
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNT)
        try:
            yield
        finally:
            cursor.execute(END)


def answer(question: str, *params: datetime) -> list[tuple[Any, ...]]:
    """What the account says: one of the questions above."""
    with connection.cursor() as cursor:
        cursor.execute(question, params)
        return cursor.fetchall() if cursor.description else []


def unread_since(moment: datetime) -> int:
    """How many feeds of the fleet were not read since then."""
    return sum(at is None for _, at in answer(NEXT_READS, moment))
