"""The section "For people" of the Connections tab: links made, ticked, renewed and revoked, and who reads them."""

from django.test import Client

from calendars.models import ExportLink, Readership
from properties.models import Property
from tests import cast
from tests.calendars.test_connections_page import at, text_of


def test_a_link_for_people_is_made_with_what_it_may_tell_and_stands_apart_from_the_sites(
    alices: Client, home: Property
) -> None:
    cast.an_export(home)
    answer = alices.post(at(home, "add-people"), {"label": "Cleaners", "shows_guests": "on"})
    assert (answer.status_code, answer["Location"]) == (302, at(home) + "#people")
    link = ExportLink.objects.of_people().get()
    assert (link.label, link.shows_titles, link.shows_guests) == ("Cleaners", False, True)
    assert (link.organization, link.channel) == (home.organization, "")
    path = cast.path_of(link)
    assert alices.get(path).content.startswith(b"BEGIN:VCALENDAR")
    page = alices.get(at(home)).content.decode()
    sites, people = page.split('id="people"')
    assert path not in sites
    assert f"https:/{path}" not in people  # the whole address, and the one that opens a calendar program
    assert people.count(path) == 2
    assert f'href="webcal://{link.public_id}' not in people
    assert 'href="webcal://' in people
    assert "Never paste such a link into a booking site" in people
    assert "Tells the hours and guests. Not what is booked where." in people
    assert not ExportLink.objects.of_channels().filter(label="Cleaners").exists()


def test_a_link_without_a_name_is_refused_at_its_field_and_keeps_its_ticks(
    alices: Client, home: Property
) -> None:
    answer = alices.post(at(home, "add-people"), {"label": "", "shows_titles": "on"})
    page = answer.content.decode()
    assert (answer.status_code, 'id="id_people_new_label_error"' in page) == (422, True)
    assert not ExportLink.objects.of_people().exists()
    link = cast.a_people_link(home)
    answer = alices.post(at(home, "tick", link.public_id), {"label": "", "shows_titles": "on"})
    page = answer.content.decode()
    assert (answer.status_code, f'id="id_people_{link.public_id}_label_error"' in page) == (422, True)
    assert 'id="id_people_new_label_error"' not in page
    assert alices.get(at(home, "add-people")).status_code == 302


def test_ticks_are_changed_later_and_only_those_of_a_link_for_people(alices: Client, home: Property) -> None:
    feed = cast.a_feed(home)
    cast.an_import(feed, cast.nights(3, 2))
    link, channel = cast.a_people_link(home), cast.an_export(home)
    assert b"Airbnb" not in alices.get(cast.path_of(link)).content
    sent = {"label": "Owner", "shows_titles": "on"}
    assert "Saved." in text_of(alices.post(at(home, "tick", link.public_id), sent, follow=True))
    assert b"Airbnb: booking" in alices.get(cast.path_of(link)).content
    assert alices.post(at(home, "tick", channel.public_id), sent).status_code == 404
    assert "Airbnb" not in alices.get(cast.path_of(channel)).content.decode()


def test_it_is_renewed_and_revoked_as_every_link(alices: Client, home: Property) -> None:
    link = cast.a_people_link(home)
    old = cast.path_of(link)
    alices.post(at(home, "rotate", link.public_id))
    link.refresh_from_db()
    assert [alices.get(path).status_code for path in (old, cast.path_of(link))] == [200, 200]
    answer = alices.post(at(home, "revoke", link.public_id), follow=True)
    assert "The link for Family no longer answers." in text_of(answer)
    assert link.public_id not in answer.content.decode()
    assert alices.get(cast.path_of(link)).status_code == 404
    assert alices.post(at(home, "tick", link.public_id), {"label": "x"}).status_code == 404


def test_a_booking_site_that_reads_it_is_told_of_in_red(alices: Client, home: Property) -> None:
    link = cast.a_people_link(home)
    readers = {"link": link, "organization": home.organization, "first_at": cast.NOW, "last_at": cast.NOW}
    Readership.objects.create(reader="Google Calendar", **readers)
    Readership.objects.create(reader="Apple Calendar", **readers)
    assert "A booking site reads" not in text_of(alices.get(at(home)))
    Readership.objects.create(reader="Airbnb", **readers)
    page = alices.get(at(home)).content.decode()
    assert "A booking site reads this link: Airbnb" in page
    assert 'class="banner bad"' in page
