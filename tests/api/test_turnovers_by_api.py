"""When guests come and go, for the software of whoever cleans."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organization
from api.scopes import Scope
from calendars.models import date_range
from domain.spans import Span
from properties.models import Property
from tests import cast
from tests.api.callers import Caller, a_token
from tests.api.conftest import a_purchase
from upsells.models import Offer

pytestmark = pytest.mark.django_db
GUEST = "Marta Puig"


@pytest.fixture
def cleaners(organization: Organization) -> Caller:
    """Software that may see the calendar and nothing else."""
    return Caller(a_token(organization, (Scope.CALENDAR_READ.value,)))


@pytest.fixture
def two_stays(home: Property) -> Property:
    """One guest leaves in three days, and another one comes."""
    now = timezone.now()
    feed = cast.a_feed(home, last_good_at=now)
    cast.an_import(feed, Span(*cast.stay_of(home, -1, 3)), now=now, uid="first", summary=GUEST)
    cast.an_import(feed, Span(*cast.stay_of(home, 3, 6)), now=now, uid="second", summary=GUEST)
    return home


def test_each_day_says_who_leaves_who_comes_and_whether_it_is_tight(
    cleaners: Caller, two_stays: Property
) -> None:
    (home,) = cleaners.get("/turnovers/")["data"]
    assert (home["property"], home["check_out"], home["check_in"]) == (two_stays.public_id, "11:00", "15:00")
    turn = next(each for each in home["turnovers"] if each["leaving"] and each["coming"])
    assert turn["date"] == cast.stay_of(two_stays, 3, 4)[0].isoformat()
    assert (turn["leaving"][0]["at"][10:16], turn["coming"][0]["at"][10:16]) == ("T11:00", "T15:00")
    assert (turn["rest"], turn["is_tight"]) == (240, False)
    assert [len(each["leaving"]) for each in home["turnovers"]][-1] == 1
    Property.objects.filter(pk=two_stays.pk).update(turnaround=300)
    (home,) = cleaners.get("/turnovers/")["data"]
    assert [each["is_tight"] for each in home["turnovers"]].count(True) == 1


def test_a_late_check_out_is_told_without_its_guest(cleaners: Caller, two_stays: Property) -> None:
    day = cast.stay_of(two_stays, 3, 4)[0]
    until = two_stays.house.instant(day, two_stays.house.check_out)
    a_purchase(
        two_stays, cast.a_stay_link(two_stays), 3, kind=Offer.Kind.LATE_CHECK_OUT, day=day, nights=date_range(None),
        period=(until, until + timedelta(hours=2)),
    )  # fmt: skip
    answer = cleaners("GET", "/turnovers/")
    assert GUEST not in answer.content.decode()
    (home,) = cleaners.get("/turnovers/")["data"]
    (move,) = next(each for each in home["turnovers"] if each["date"] == day.isoformat())["leaving"]
    assert (move["at"][10:16], move["is_sold"]) == ("T13:00", True)


def test_they_are_asked_for_by_home_and_day_and_come_in_pages(
    cleaners: Caller, organization: Organization, two_stays: Property
) -> None:
    other = cast.a_property(organization, "Casa Altra")
    Property.objects.filter(pk=cast.a_property(organization, "Gone").pk).update(archived_at=timezone.now())
    first = cleaners.get("/turnovers/?limit=1")
    assert [each["property"] for each in first["data"]] == [two_stays.public_id]
    second = cleaners.get(f"/turnovers/?limit=1&cursor={first['next']}")
    assert [each["property"] for each in second["data"]] == [other.public_id]
    assert second["next"] is None
    day = cast.stay_of(two_stays, 6, 7)[0]
    found = cleaners.get(
        f"/turnovers/?property={two_stays.public_id}&from={day}&to={day + timedelta(days=1)}"
    )
    assert [each["date"] for each in found["data"][0]["turnovers"]] == [day.isoformat()]
    for query, field in (
        (f"from={day}&to={day}", "to"),
        (f"from={day}&to={day + timedelta(days=63)}", "to"),
        ("from=2099-12-31", "from"),
    ):
        refusal = cleaners.send("GET", f"/turnovers/?{query}", status=422)
        assert [each["field"] for each in refusal["errors"]] == [field]
