"""What members did with a click and may take back for ten minutes: remembered, shown, and put back as it was.

A deed holds the columns that it changed, as they were and as they became, and the rows that it took away. What was
changed by somebody else meanwhile is left alone: then nothing is taken back, and a sentence says so.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.apps import apps
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import Deed
from accounts.tenancy import HostRequest

LASTS = timedelta(minutes=10)
NEW = timedelta(seconds=10)  # as long is it the answer to what was just pressed
KEPT = timedelta(days=1)  # what was removed; nobody can take it back for most of that
COLUMNS = "columns"  # the way of deeds that only changed columns
SHOWN = "deeds"  # in the session: what can be taken back in this browser
MOST = 5

CHANGED = gettext_lazy(
    "%(name)s has been changed meanwhile, so nothing was undone. This is how it stands now."
)


class TooLate(Exception):
    """It can't be taken back any more; the first argument is the sentence for the host. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """Columns of some rows, as they were `before` and as they became `after`: still so, nobody has changed them since.

    `before` None: the rows weren't there at all.
    """

    model: str  # its label
    rows: Sequence[int]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]

    @classmethod
    def of(cls, row: models.Model, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Self:
        """The change of one row."""
        return cls(_label(row), [row.pk], before, after)


@dataclass(frozen=True, slots=True)
class What:
    """All that is needed to take a deed back; `facts` are for its own way alone."""

    changes: Sequence[Change] = ()
    rows: Sequence[models.Model] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def packed(self) -> str:
        """As JSON."""
        return json.dumps(
            {
                "changes": [asdict(change) for change in self.changes],
                "rows": [[_label(row), _columns(row)] for row in self.rows],
                "facts": self.facts,
            },
            default=_plain,
        )

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """Read back; the rows are unsaved, with the keys that they had."""
        packed = json.loads(text)
        return cls(
            changes=[Change(**change) for change in packed["changes"]],
            rows=[_row(label, columns) for label, columns in packed["rows"]],
            facts=packed["facts"],
        )


def _plain(value: object) -> object:
    """What JSON has no word for."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)  # a lazy text


def _label(row: models.Model) -> str:
    return row._meta.label_lower


def _fields(model: type[models.Model]) -> "Sequence[models.Field[Any, Any]]":
    return model._meta.concrete_fields


def _all(model: type[models.Model]) -> models.Manager[Any]:
    """Its rows with those that are hidden."""
    return model._base_manager  # noqa: SLF001 - Django's public name for it


def _columns(row: models.Model) -> dict[str, str | None]:
    """Every column as text, whole: Django's own serializers cut instants to milliseconds."""
    return {
        column.attname: None if getattr(row, column.attname) is None else column.value_to_string(row)
        for column in _fields(type(row))
    }


def _row(label: str, columns: Mapping[str, str | None]) -> models.Model:
    model: type[models.Model] = apps.get_model(label)
    known = {column.attname: column for column in _fields(model)}
    return model(
        **{name: None if text is None else known[name].to_python(text) for name, text in columns.items()}
    )


# Doing


@dataclass(frozen=True, slots=True)
class Shown:
    """What the host sees of a deed: what was done at which home, and for how many minutes more it can be undone."""

    public_id: str
    words: str
    minutes: int
    is_here: bool
    home: str = ""
    is_new: bool = False


def done(
    request: HostRequest,
    words: str,
    what: What,
    *,
    name: str,
    place: str,
    way: str = COLUMNS,
    here: str = "",
    home: str = "",
) -> None:
    """Remember what was done, and let the next page say it in these words, with a button that undoes it.

    `here` is the page that is shown next, and `place` the one to go to after it was undone, where that is another.
    `home` is the name of the one it was done at, where the words don't say it: deeds of several stand in one list.
    """
    now = timezone.now()
    for change in what.changes:
        audit.note_change(request, apps.get_model(change.model), change.before, change.after)
    deed = Deed.objects.create(
        organization=request.org, way=way, name=name, place=place, what=what.packed(), until=now + LASTS
    )
    there = (here or place).partition("?")[0].partition("#")[0]
    known = {
        "deed": deed.public_id,
        "words": words,
        "until": deed.until.isoformat(),
        "place": there,
        "home": home,
    }
    request.session[SHOWN] = [known, *request.session.get(SHOWN, [])][:MOST]
    request.deed = Shown(deed.public_id, words, int(LASTS / timedelta(minutes=1)), is_here=True, home=home)


def shown(request: HttpRequest) -> list[Shown]:
    """What can still be undone in this browser, the latest first, which `is_here` on the page that it was done on."""
    found: list[Shown] = []
    now = timezone.now()
    for known in request.session.get(SHOWN, []) if hasattr(request, "session") else []:
        left = datetime.fromisoformat(known["until"]) - now
        if left > timedelta(0):
            is_here = not found and known["place"] == request.path
            minutes = -(-left // timedelta(minutes=1))
            is_new = left > LASTS - NEW
            home = known.get("home", "")
            found.append(Shown(known["deed"], known["words"], minutes, is_here, home, is_new))
    return found


def hide(session: SessionBase, deed: Deed) -> None:
    """Show it no more: it was taken back, or can't be."""
    if known := session.get(SHOWN):
        session[SHOWN] = [each for each in known if each["deed"] != deed.public_id]


# Taking back


def refuse_when_late(deed: Deed, now: datetime) -> None:
    """Raise TooLate once its time is over."""
    if now >= deed.until:
        words = _("%(name)s: this can't be undone any more, as it was done more than 10 minutes ago.")
        raise TooLate(words % {"name": deed.name})


def note_undone(deed: Deed, now: datetime) -> None:
    """It was taken back; pressed again, nothing is done any more."""
    Deed.objects.filter(pk=deed.pk).update(undone_at=now)


def put_back(deed: Deed) -> None:
    """Give the columns back what they held before, and the rows their place, all or none.

    Raises TooLate when any column was changed since, or something else has taken a row's place.
    """
    what = What.unpacked(deed.what)
    try:
        with transaction.atomic():
            for change in what.changes:
                _put_back(deed, change)
            for row in what.rows:
                if not _all(type(row)).filter(pk=row.pk).exists():  # else another press was first
                    row.save(force_insert=True)
    except IntegrityError as error:  # something else has taken its place
        raise TooLate(CHANGED % {"name": deed.name}) from error


def _put_back(deed: Deed, change: Change) -> None:
    every = _all(apps.get_model(change.model))
    rows = every.filter(pk__in=change.rows, organization=deed.organization_id)
    as_left = rows.filter(**change.after)
    if change.before is None:
        as_left.delete()
        is_back = not rows.exists()
    else:
        as_was = rows.filter(**{name: change.before[name] for name in change.after})
        is_back = as_left.update(**change.before) == len(change.rows) or as_was.count() == len(change.rows)
    if not is_back:
        raise TooLate(CHANGED % {"name": deed.name})
