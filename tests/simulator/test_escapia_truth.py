"""One truth of taken nights: HSAPI's ranges, ENET's letters, work orders and reservations can't disagree."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from escapia_client import Hsapi, calendar, elements, graphql, letters, nights, soap
from hypothesis import given
from hypothesis import strategies as st

from simulator.escapia_enet import letters as spelled
from simulator.escapia_rule import MANAGERS, managers
from simulator.escapia_state import Escapia as Whole
from simulator.escapia_world import GUEST_STAY, OWNER_STAY, Order
from simulator.spans import merged
from simulator.world import NightsTakenError
from tests.escapia import Escapia

NIGHT = timedelta(days=1)
FIRST = date(2027, 3, 1)
LAST = FIRST + 40 * NIGHT


def day(offset: int) -> date:
    return FIRST + offset * NIGHT


spans = st.tuples(st.integers(1, 30), st.integers(1, 8)).map(lambda one: (day(one[0]), day(one[0] + one[1])))
deeds = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["stay", "hold", "order"]), spans),
        st.tuples(st.sampled_from(["cancel", "move", "release"]), spans),
    ),
    max_size=12,
)


def read_letters(told: str) -> set[date]:
    """The nights that the letters say are taken: O and U are."""
    return {day(place) for place, letter in enumerate(told) if letter in "OU"}


def a_small_one() -> Whole:
    """An Escapia with one manager."""
    return Whole(None, lambda: datetime(2026, 11, 21, tzinfo=UTC), lambda now: managers(now, MANAGERS[:1]))


def do(whole: Whole, what: str, span: tuple[date, date]) -> None:
    """One deed of a manager's or a partner's; what isn't possible changes nothing."""
    unit = whole.unit("173004")
    stays = [one for one in unit.stays.values() if not one.cancelled]
    if what in ("stay", "hold"):
        whole.book(unit, span, type_id=GUEST_STAY if what == "stay" else OWNER_STAY)
    elif what == "order":
        wanted = Order(
            "", "", span, "", removes=True, active=True, status="", priority="", created=whole.clock()
        )
        whole.save_order(unit, wanted)
    elif what == "release" and unit.orders:
        whole.end_order(unit, next(iter(unit.orders)))
    elif what == "cancel" and stays:
        whole.cancel(unit, stays[0])
    elif what == "move" and stays:
        whole.move(unit, stays[0], span)


@given(deeds)
def test_letters_ranges_and_reservations_agree_after_anything(
    done: list[tuple[str, tuple[date, date]]],
) -> None:
    whole = a_small_one()
    unit = whole.unit("173004")
    for what, span in done:
        try:
            do(whole, what, span)
        except NightsTakenError:
            continue
    causes = [one.span for one in unit.stays.values() if not one.cancelled]
    causes += [one.span for one in unit.orders.values() if one.active and one.span]
    told = spelled(unit.taken(), FIRST, LAST)
    assert read_letters(told) == nights(unit.taken()) == nights(causes)
    assert len(nights(causes)) == sum((end - start).days for start, end in causes), "a night is taken twice"
    # Each run begins with O and ends on an I, the departure day.
    assert [day(place) for place, letter in enumerate(told) if letter == "O"] == [
        start for start, _ in merged(causes)
    ]
    assert [day(place) for place, letter in enumerate(told) if letter == "I"] == [
        end for _, end in merged(causes)
    ]


@given(deeds)
def test_the_list_of_changes_leads_to_the_same_reservations(
    done: list[tuple[str, tuple[date, date]]],
) -> None:
    whole = a_small_one()
    manager = whole.manager("1020")
    known = {stay: unit.id for unit in manager.units.values() for stay in unit.stays}
    cursor = manager.version
    for what, span in done:
        try:
            do(whole, what, span)
        except NightsTakenError:
            continue
    while True:
        changes, cursor = manager.after(cursor, 2)
        if not changes:
            break
        for change in changes:
            if change.kind == "Delete":
                known.pop(change.stay, None)
            else:
                known[change.stay] = "173004"
    now = {one.id for unit in manager.units.values() for one in unit.stays.values() if not one.cancelled}
    assert set(known) == now


@pytest.mark.parametrize(("end", "days_less"), [("departure", 0), ("last_night", 1)])
def test_the_three_apis_tell_the_same_nights(escapia: Escapia, end: str, days_less: int) -> None:
    escapia.options(non_availability_end=end, work_order_end=end)
    unit, hsapi = escapia.unit(), Hsapi(escapia)
    escapia.book(unit, day(3), day(6))
    escapia.book(unit, day(6), day(8), hold="Owner")
    assert hsapi.create(unit, (day(10), day(12))).json()["holdType"] == "Owner"
    assert hsapi.order(unit, (day(20), day(25) - days_less * NIGHT)).status_code == 200
    truth = {day(offset) for offset in (3, 4, 5, 6, 7, 10, 11, 20, 21, 22, 23, 24)}
    ranges = [(start, last + days_less * NIGHT) for start, last in hsapi.ranges(unit, FIRST, LAST)]
    assert nights(ranges) == truth == nights(escapia.nights(unit))
    told = letters(calendar(escapia, unit, FIRST, LAST))
    assert told[:13] == "AAAOUUUUIAOUI"
    assert read_letters(told) == truth
    assert [one["nativePMSID"] for one in hsapi.stays(unit)] == [
        one["id"] for one in escapia.state(unit)["stays"]
    ]


def test_every_unit_of_a_batch_has_the_letters_that_it_has_alone(escapia: Escapia) -> None:
    pmc = escapia.pmc()
    wanted = (
        f'<CalenadAvails><CalendarAvail PropertyManagerCode="{pmc.property_manager_code}"/></CalenadAvails>'
    )
    answer = soap(
        escapia,
        "UnitCalendarAvailBatch",
        wanted,
        attributes='ShowHold="true"',
        service="EVRNContentService.svc",
    )
    units = {unit.enet_code: unit for unit in escapia.units() if unit.is_distributed}
    told = elements(answer, "UnitCalendarAvail")
    assert {one.get("UnitCode") for one in told} == set(units)
    for one in told[:5]:
        segments = list(one)
        first, last = (
            date.fromisoformat(segments[place].get(name, ""))
            for place, name in ((0, "StartDate"), (-1, "EndDate"))
        )
        inside = "".join(segment[0].text or "" for segment in segments)
        assert len(inside) == (last - first).days + 1
        assert inside == letters(calendar(escapia, units[one.get("UnitCode", "")], first, last))


def test_a_unit_that_is_taken_back_is_gone_from_enet_and_gateway_and_stays_in_hsapi(escapia: Escapia) -> None:
    unit, hsapi = escapia.unit(), Hsapi(escapia)
    field = "myPropertyManagersDistributedUnitIds(propertyManagerId:$pm, first:500)"
    query = f"query($pm:Int!){{ {field} {{ nodes {{ unitId }} }} }}"

    def seen() -> tuple[bool, bool, bool]:
        told = graphql(escapia, query, pm=escapia.pmc().property_manager_id).json()["data"]
        (ids,) = told.values()
        listed = elements(soap(escapia, "UnitSearch", ""), "Unit")
        return (
            hsapi.ask("GetUnitById", method="GET", id=unit.id).status_code == 200,
            unit.enet_code in [one.get("UnitCode") for one in listed],
            {"unitId": int(unit.id)} in ids["nodes"],
        )

    assert seen() == (True, True, True)
    escapia.distribute(unit, distributed=False)
    assert seen() == (True, False, False)
    escapia.options(hsapi_units="distributed")
    assert seen() == (False, False, False)
    escapia.distribute(unit)
    assert seen() == (True, True, True)


def test_the_world_is_the_same_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "escapia.json"
    whole = Whole(path, lambda: datetime.now(UTC))
    for what, span in (("stay", (day(1), day(3))), ("order", (day(5), day(6))), ("hold", (day(8), day(9)))):
        do(whole, what, span)
    whole.cancel(whole.unit("173001"), next(iter(whole.unit("173001").stays.values())))
    whole.hand_over(whole.unit("173002"), distributed=False, active=True)
    whole.manager("2047").granted = False
    whole.save()
    again = Whole(path, lambda: datetime.now(UTC))
    assert again.managers == whole.managers
    assert again.manager("1020").after(0, 1000) == whole.manager("1020").after(0, 1000)
    do(again, "stay", (day(12), day(13)))
    assert len(again.unit("173004").stays) == len(whole.unit("173004").stays) + 1
