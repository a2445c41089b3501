"""The links that sites read us by, as the Connections tab makes, renews and revokes them."""

from django.test import Client
from django.utils import timezone

from calendars.models import ExportLink
from properties.models import Property
from tests import cast
from tests.calendars.test_connections_page import at, text_of


def test_a_link_for_one_more_site_is_made(alices: Client, home: Property) -> None:
    answer = alices.post(at(home, "add-export"), {"channel": "vrbo", "label": "Vrbo, left door"})
    assert (answer.status_code, answer["Location"]) == (302, at(home))
    link = ExportLink.objects.get()
    assert (link.channel, link.label, link.organization) == ("vrbo", "Vrbo, left door", home.organization)
    assert alices.get(cast.path_of(link)).content.startswith(b"BEGIN:VCALENDAR")


def test_a_link_for_an_unknown_site_is_refused_at_the_field(alices: Client, home: Property) -> None:
    answer = alices.post(at(home, "add-export"), {"channel": "nobody", "label": "Left door"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'id="id_export_channel_error"' in page
    assert 'value="Left door"' in page
    assert not ExportLink.objects.exists()


def test_a_renewed_link_has_a_new_address_and_the_old_one_answers_for_48_hours(
    alices: Client, home: Property
) -> None:
    link = cast.an_export(home)
    old = cast.path_of(link)
    answer = alices.post(at(home, "rotate", link.public_id), follow=True)
    link.refresh_from_db()
    new = cast.path_of(link)
    assert new != old
    assert new in answer.content.decode()
    assert old not in answer.content.decode()
    assert "answers until" in text_of(answer)
    assert [alices.get(path).status_code for path in (old, new)] == [200, 200]
    ExportLink.objects.update(previous_until=timezone.now())
    assert [alices.get(path).status_code for path in (old, new)] == [404, 200]


def test_a_revoked_link_stops_at_once_and_leaves_the_page(alices: Client, home: Property) -> None:
    link = cast.an_export(home)
    path = cast.path_of(link)
    assert alices.get(path).status_code == 200
    answer = alices.post(at(home, "revoke", link.public_id), follow=True)
    assert "no longer answers" in text_of(answer)
    assert link.public_id not in answer.content.decode()
    assert alices.get(path).status_code == 404


def test_whoever_revokes_the_only_link_is_offered_to_make_one(alices: Client, home: Property) -> None:
    assert "its site gets a link of its own here" in text_of(alices.get(at(home)))
    cast.a_feed(home)
    link = cast.an_export(home)
    assert "No link any more" not in text_of(alices.get(at(home)))
    answer = alices.post(at(home, "revoke", link.public_id), follow=True)
    assert "No link any more" in text_of(answer)
    assert "its site gets a link of its own here" not in text_of(answer)
    assert 'href="#id_export_channel"' in answer.content.decode()


def test_a_revoked_link_stays_revoked_when_it_is_renewed(alices: Client, home: Property) -> None:
    link = cast.an_export(home)
    alices.post(at(home, "revoke", link.public_id))
    alices.post(at(home, "rotate", link.public_id))
    link.refresh_from_db()
    assert (link.version, link.revoked_at is None) == (1, False)
    assert alices.get(cast.path_of(link)).status_code == 404


def test_export_buttons_take_a_post(alices: Client, home: Property) -> None:
    link = cast.an_export(home)
    for name in ("rotate", "revoke"):
        assert alices.get(at(home, name, link.public_id)).status_code == 405


def test_a_stale_renewal_promises_nothing(alices: Client, home: Property) -> None:
    link = cast.an_export(home)
    alices.post(at(home, "revoke", link.public_id))
    page = text_of(alices.post(at(home, "rotate", link.public_id), follow=True))
    assert "was renewed or revoked meanwhile" in page
    assert "Paste it there within 48 hours" not in page
