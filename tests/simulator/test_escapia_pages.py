"""The simulated Escapia's pages: what a manager does there by hand, without script."""

from datetime import UTC, date, datetime, timedelta

import requests
from channel_client import Client
from escapia_client import Hsapi

from tests.escapia import Escapia

DAY = timedelta(days=1)


def test_the_front_page_leads_to_the_managers_and_their_units(channels: Client, escapia: Escapia) -> None:
    assert 'href="/escapia/"' in requests.get(f"{channels.address}/", timeout=5).text
    home = requests.get(f"{escapia.address}/escapia/", timeout=5).text
    assert "Tidewater Retreats" in home
    assert 'href="/escapia/managers/1020"' in home
    manager = requests.get(f"{escapia.address}/escapia/managers/1020", timeout=5).text
    assert "not the real site" in manager
    assert manager.index("Undistributed units") < manager.index("Distributed units")
    for nobody in ("managers/none", "units/none"):
        assert requests.get(f"{escapia.address}/escapia/{nobody}", timeout=5).status_code == 404
        assert requests.post(f"{escapia.address}/escapia/{nobody}/x", timeout=5).status_code == 404


def test_units_are_distributed_and_taken_back_by_hand(escapia: Escapia) -> None:
    form = f"{escapia.address}/escapia/managers/3311/distribution"
    before = {unit.id: unit.is_distributed for unit in escapia.units("3311")}
    wanted = next(unit for unit, distributed in before.items() if not distributed)
    assert requests.post(form, {"to": "on", f"unit-{wanted}": "on"}, timeout=5).status_code == 200
    assert {unit.id: unit.is_distributed for unit in escapia.units("3311")} == before | {wanted: True}
    requests.post(form, {"to": "all-off"}, timeout=5)
    assert not any(unit.is_distributed for unit in escapia.units("3311"))
    assert requests.post(form, {"to": "sideways"}, timeout=5).status_code == 422


def test_stays_are_booked_moved_and_cancelled_by_hand(escapia: Escapia) -> None:
    unit, today = escapia.unit(), datetime.now(UTC).date()
    page = f"{escapia.address}/escapia/units/{unit.id}"
    arrival, departure = today + 3 * DAY, today + 6 * DAY
    booked = requests.post(
        f"{page}/stays",
        {"arrival": arrival, "departure": departure, "guest": "Ana <i>", "hold": "None"},
        timeout=5,
    )
    assert "Stay of Ana &lt;i&gt;" in booked.text
    assert f'data-night="{arrival}"' in booked.text
    taken = requests.post(
        f"{page}/stays", {"arrival": arrival, "departure": departure, "hold": "Owner"}, timeout=5
    )
    assert taken.status_code == 409
    assert "is taken by reservation" in taken.text
    (stay,) = escapia.state(unit)["stays"]
    moved = {"arrival": arrival + DAY, "departure": departure + DAY}
    requests.post(f"{page}/stays/{stay['id']}/move", moved, timeout=5)
    assert escapia.nights(unit) == [(arrival + DAY, departure + DAY)]
    requests.post(f"{page}/stays/{stay['id']}/cancel", timeout=5)
    assert escapia.nights(unit) == []
    assert requests.post(f"{page}/stays/none/cancel", timeout=5).status_code == 404


def test_a_work_order_of_ours_is_shown_and_its_nights_can_be_given_back(escapia: Escapia) -> None:
    unit = escapia.unit()
    made = Hsapi(escapia).order(unit, (date(2027, 3, 1), date(2027, 3, 4))).json()["nativePMSID"]
    page = f"{escapia.address}/escapia/units/{unit.id}"
    assert "ref 7f3c" in requests.get(page, timeout=5).text
    requests.post(f"{page}/orders/{made}/end", timeout=5)
    assert escapia.nights(unit) == []
