"""A request to join: asked by strangers, confirmed by mail, decided by operators; robots and spam get nothing."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import AuditLine, Invitation, Letter, Membership, Organization, User
from billing import subscriptions
from billing.models import Subscription
from directory import codes, joining, tasks
from directory.models import JoinRequest, SpentCode
from tests import cast
from tests.accounts.letters import the_letter, the_link
from tests.directory.strangers import A_WHILE, NOW, carried, opened, sent, token_in
from tests.post import Post, header

pytestmark = pytest.mark.django_db
JOIN, ASKED = "/join/", "/join/sent/"
ADA = "ada@example.org"
WISH = {"name": "Ada Lovelace", "email": ADA, "domain": "https://www.ada.example/homes", "terms": "on"}
LET_IN = {"act": "approve", "organization": "Ada's Homes", "plan": "mirror"}


@pytest.fixture(autouse=True)
def unlimited() -> None:
    cache.clear()


@pytest.fixture
def oscars(db: None) -> Client:
    """An operator's browser."""
    oscar = User.objects.create_user(
        "oscar@amplistay.example", cast.PASSWORD, is_staff=True, is_superuser=True
    )
    Authenticator.objects.create(user=oscar, type=Authenticator.Type.TOTP, data={"secret": "x"})
    browser = Client()
    browser.force_login(oscar)
    return browser


def asks(browser: Client, **changes: str) -> HttpResponse:
    return sent(browser, JOIN, WISH | opened(browser, JOIN) | changes)


def said(answer: HttpResponse) -> str:
    return unescape(answer.content.decode())


def confirmed(client: Client, post: Post) -> JoinRequest:
    """Ada has asked, and read her mail."""
    asks(client)
    with time_machine.travel(NOW + A_WHILE, tick=False):
        client.post(the_link(post, ADA))
    return JoinRequest.objects.get()


def test_somebody_asks_confirms_and_is_let_in_by_an_operator(
    client: Client, oscars: Client, post: Post
) -> None:
    assert asks(client)["Location"] == ASKED
    row = JoinRequest.objects.get()
    assert (row.name, row.email, row.domain, row.confirmed_at) == ("Ada Lovelace", ADA, "ada.example", None)
    with time_machine.travel(NOW + A_WHILE, tick=False):
        path = the_link(post, ADA)
        assert "ada.example" in said(client.get(path))
        row.refresh_from_db()
        assert row.confirmed_at is None, "a program that looks at mails confirms nothing"
        assert "A person looks at it" in said(client.post(path))
        client.post(path)
    assert "Ada Lovelace, ada.example" in the_letter(post, "oscar@amplistay.example")
    assert post.to("oscar@amplistay.example") == ["A request to join waits"]
    page = reverse("staff:join-decide", args=[row.pk])
    assert page in oscars.get(reverse("staff:directory_joinrequest_changelist")).content.decode()
    assert oscars.post(page, LET_IN)["Location"] == page
    organization = Organization.objects.get(name="Ada's Homes")
    line = AuditLine.objects.get(organization=organization)
    assert (line.kind, line.who, line.name) == ("service", "oscar@amplistay.example", "staff:join-decide")
    invitation = the_link(post, ADA)
    letter = the_letter(post, ADA)
    assert post.to(ADA)[-1] == "Your request to join Amplistay was accepted"
    assert "then connect Escapia" in letter
    assert "oscar" not in letter
    hers = Client()
    assert "Your request was accepted." in said(hers.get(invitation))
    first = hers.post(invitation, {"password": cast.PASSWORD})["Location"]
    assert first == reverse("systems:connect")
    assert "Connect Escapia" in said(hers.get(first))
    assert Membership.objects.get(organization=organization).role == "owner"
    with time_machine.travel(NOW + A_WHILE, tick=False):
        assert "You are in" in said(client.get(path))


def test_an_operator_declines_with_a_word_in_the_letter(client: Client, oscars: Client, post: Post) -> None:
    row = confirmed(client, post)
    page = reverse("staff:join-decide", args=[row.pk])
    assert oscars.post(page, {"act": "decline", "word": ""}).status_code == 422
    oscars.post(page, {"act": "decline", "word": "We only know Escapia so far."})
    assert "We only know Escapia so far." in the_letter(post, ADA)
    row.refresh_from_db()
    assert (row.approved, row.organization) == (False, None)
    oscars.post(page, LET_IN | {"organization": "Late"})
    assert not Organization.objects.filter(name="Late").exists()


@pytest.mark.parametrize(("plan", "price"), [("mirror", 1_900), ("host", 0)])
def test_who_is_let_in_pays_what_the_operator_chose_and_the_page_promised(
    client: Client, oscars: Client, post: Post, settings: Settings, plan: str, price: int
) -> None:
    settings.BILLING = True
    page = reverse("staff:join-decide", args=[confirmed(client, post).pk])
    shown = said(oscars.get(page))
    assert "Mirror: US$1.00 a month for each home, US$19.00 at least; nothing is sold" in shown
    assert re.findall(r'value="(\w+)"[^>]* checked', shown) == ["mirror"]
    for wrong in ("", "gold"):
        assert oscars.post(page, LET_IN | {"plan": wrong}).status_code == 422
    assert not Organization.objects.exists()
    oscars.post(page, LET_IN | {"plan": plan})
    organization = Organization.objects.get()
    assert AuditLine.objects.get().details == {"plan": plan}
    row = Subscription.objects.get(organization=organization)
    assert (row.plan, row.trial_until) == (plan, None), "the trial begins when there is something to pay"
    cast.a_property(organization, "Casa Ada")
    row = subscriptions.of(organization, 1, NOW)
    assert (row.sum.total.amount, row.trial_until) == (price, NOW + timedelta(days=30) if price else None)


def test_an_invitation_is_sent_again_and_the_old_link_is_void(
    client: Client, oscars: Client, post: Post
) -> None:
    row = confirmed(client, post)
    page = reverse("staff:join-decide", args=[row.pk])
    oscars.post(page, LET_IN)
    first = the_link(post, ADA)
    oscars.post(page, {"act": "again"})
    assert client.get(first).status_code == 404
    assert client.get(the_link(post, ADA)).status_code == 200
    assert Invitation.objects.count() == 1
    assert "then connect Escapia" in the_letter(post, ADA)


def test_somebody_with_an_account_connects_escapia_first_too(
    client: Client, oscars: Client, post: Post
) -> None:
    page = reverse("staff:join-decide", args=[confirmed(client, post).pk])
    oscars.post(page, LET_IN)
    client.force_login(User.objects.create_user(ADA, cast.PASSWORD))
    assert client.post(the_link(post, ADA))["Location"] == reverse("systems:connect")


def test_letters_are_in_the_language_of_the_page_even_those_that_an_operator_causes(
    client: Client, oscars: Client, post: Post
) -> None:
    client.cookies["django_language"] = "de"
    with time_machine.travel(NOW, tick=False):
        token = token_in(client.get(JOIN).content.decode())
    code = codes.read(token)
    assert code
    sent(client, JOIN, WISH | {"token": token, "code": code.figures})
    row = JoinRequest.objects.get()
    assert row.language == "de"
    JoinRequest.objects.update(confirmed_at=NOW)
    oscars.post(reverse("staff:join-decide", args=[row.pk]), LET_IN | {"organization": "Adas Häuser"})
    letter = the_letter(post, ADA)
    assert "Adas Häuser" in letter
    assert "Der Link funktioniert einmal" in letter


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter your name."),
        ({"name": "Ada\r\nBcc: all@example.org"}, "can't be printed"),
        ({"name": "Win at www.spam.example"}, "without links"),
        ({"email": "ada@example.org\nBcc: all@example.org"}, "whole e-mail address"),
        ({"email": "nobody"}, "whole e-mail address"),
        ({"domain": "no domain"}, "such as example.com"),
        ({"domain": "localhost"}, "such as example.com"),
        ({"domain": "127.0.0.1"}, "such as example.com"),
        ({"domain": "javascript://x.example"}, "such as example.com"),
        ({"terms": ""}, "Tick this"),
        ({"code": ""}, "in figures"),
    ],
)
def test_what_is_wrong_comes_back_with_a_sentence_and_the_same_code(
    client: Client, changes: dict[str, str], sentence: str
) -> None:
    form = WISH | opened(client, JOIN)
    answer = sent(client, JOIN, form | changes)
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert not JoinRequest.objects.exists()
    assert carried(said(answer))["token"] == form["token"], "whoever mistypes needn't read another code"
    assert sent(client, JOIN, form)["Location"] == ASKED


def test_a_wrong_code_is_spent_and_another_one_is_asked_for(client: Client) -> None:
    form = WISH | opened(client, JOIN)
    refused = sent(client, JOIN, form | {"code": "0000"})
    assert refused.status_code == 422
    assert "Here is another one" in said(refused)
    assert sent(client, JOIN, form).status_code == 422, "the first one counts no more, not even when right"
    assert not JoinRequest.objects.exists()
    assert sent(client, JOIN, WISH | carried(said(refused)), NOW + 2 * A_WHILE)["Location"] == ASKED


def test_the_same_form_sent_twice_or_replayed_later_causes_one_letter(client: Client) -> None:
    form = WISH | opened(client, JOIN)
    for _ in range(3):
        assert sent(client, JOIN, form)["Location"] == ASKED
    assert (JoinRequest.objects.count(), Letter.objects.count()) == (1, 1)
    other = sent(client, JOIN, form | {"email": "victim@example.org"})
    assert other["Location"] == ASKED
    assert not Letter.objects.filter(address="victim@example.org").exists()


@pytest.mark.parametrize("after", [timedelta(seconds=1), timedelta(hours=3)], ids=["too soon", "too late"])
def test_a_code_counts_only_within_the_time_that_a_person_needs(client: Client, after: timedelta) -> None:
    form = WISH | opened(client, JOIN)
    assert sent(client, JOIN, form, NOW + after).status_code == 422
    assert not JoinRequest.objects.exists()


def test_a_code_of_another_form_or_a_forged_one_is_none(client: Client, organization: Organization) -> None:
    vendor = cast.a_vendor(organization).get_absolute_url()
    assert sent(client, JOIN, WISH | opened(client, vendor)).status_code == 422
    form = WISH | opened(client, JOIN)
    assert sent(client, JOIN, form | {"token": form["token"][:-1] + "x"}).status_code == 422
    assert not JoinRequest.objects.exists()


def test_a_robot_that_fills_in_every_field_is_thanked_and_ignored(client: Client) -> None:
    assert asks(client, fax="555 1234")["Location"] == ASKED
    assert not JoinRequest.objects.exists()
    assert not Letter.objects.exists()


def test_one_network_sends_so_many_forms_an_hour(client: Client) -> None:
    statuses = [sent(client, JOIN, {}).status_code for _ in range(21)]
    assert set(statuses[:20]) == {422}
    answer = sent(client, JOIN, {})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_one_address_gets_so_few_letters_a_day_and_the_newest_wish_counts(client: Client) -> None:
    for number in range(5):
        asks(client, domain=f"ada{number}.example")
    assert Letter.objects.filter(address=ADA).count() == 3
    assert JoinRequest.objects.get().domain == "ada2.example"


def test_asked_again_while_it_waits_a_letter_says_so_and_nothing_changes(client: Client, post: Post) -> None:
    confirmed(client, post)
    assert asks(client, domain="other.example")["Location"] == ASKED
    assert "We have your request for ada.example." in the_letter(post, ADA)
    assert JoinRequest.objects.get().domain == "ada.example"


def test_a_link_that_is_forged_or_too_old_confirms_nothing(client: Client, post: Post) -> None:
    asks(client)
    with time_machine.travel(NOW + A_WHILE, tick=False):
        path = the_link(post, ADA)
    assert client.post(path[:-2] + "x/").status_code == 404
    with time_machine.travel(NOW + timedelta(days=4), tick=False):
        late = client.post(path)
    assert (late.status_code, "has expired" in said(late)) == (410, True)
    assert JoinRequest.objects.get().confirmed_at is None


def test_a_request_that_is_not_confirmed_is_not_decided(client: Client, oscars: Client) -> None:
    asks(client)
    row = JoinRequest.objects.get()
    assert oscars.get(reverse("staff:join-decide", args=[row.pk])).status_code == 404
    with pytest.raises(joining.Decided):
        joining.approve(row, User.objects.get(), "Ada's Homes", "mirror", NOW)
    assert not Organization.objects.exists()


def test_what_nobody_confirmed_was_declined_long_ago_or_is_spent_is_forgotten(client: Client) -> None:
    now = timezone.now()
    times = {"language": "en", "name": "x", "domain": "x.example"}
    old, young = now - timedelta(days=100), now - timedelta(days=1)
    decided = {"confirmed_at": old, "decided_at": old}
    JoinRequest.objects.create(email="unconfirmed@x.example", asked_at=old, **times)
    JoinRequest.objects.create(email="declined@x.example", asked_at=old, approved=False, **decided, **times)
    JoinRequest.objects.create(email="approved@x.example", asked_at=old, approved=True, **decided, **times)
    JoinRequest.objects.create(email="waiting@x.example", asked_at=old, confirmed_at=old, **times)
    JoinRequest.objects.create(email="young@x.example", asked_at=young, **times)
    SpentCode.objects.create(name="old", until=young, accepted=True)
    SpentCode.objects.create(name="young", until=now + timedelta(hours=1), accepted=True)
    tasks.forget()
    kept = {row.email.partition("@")[0] for row in JoinRequest.objects.all()}
    assert kept == {"approved", "waiting", "young"}
    assert SpentCode.objects.get().name == "young"


def test_operators_see_at_once_how_many_wait(client: Client, oscars: Client, post: Post) -> None:
    front = reverse("staff:index")
    asks(client)
    assert "<b>" not in said(oscars.get(front)).partition("Requests to join</a>")[2].partition("</p>")[0]
    JoinRequest.objects.update(confirmed_at=NOW)
    assert "Requests to join</a>: <b>1 waits</b>" in said(oscars.get(front))
    values = {"name": "Bob", "domain": "bob.example", "language": "en", "asked_at": NOW, "confirmed_at": NOW}
    bob = JoinRequest.objects.create(email="bob@example.org", **values)
    assert "<b>2 wait</b>" in said(oscars.get(front))
    oscars.post(reverse("staff:join-decide", args=[bob.pk]), {"act": "decline", "word": "No."})
    assert "<b>1 waits</b>" in said(oscars.get(front))


def test_a_domain_is_read_in_its_own_letters(client: Client, oscars: Client, post: Post) -> None:
    asks(client, domain="https://bücher.example/homes")
    row = JoinRequest.objects.get()
    assert row.domain == "xn--bcher-kva.example"
    assert "the domain bücher.example" in the_letter(post, ADA)
    with time_machine.travel(NOW + A_WHILE, tick=False):
        path = the_link(post, ADA)
        assert "bücher.example" in said(client.get(path))
        client.post(path)
    assert "Ada Lovelace, bücher.example" in the_letter(post, "oscar@amplistay.example")
    queue = said(oscars.get(reverse("staff:directory_joinrequest_changelist")))
    assert ("bücher.example" in queue, "xn--" in queue) == (True, False)
    page = said(oscars.get(reverse("staff:join-decide", args=[row.pk])))
    assert 'value="bücher.example"' in page
    assert "bücher.example (xn--bcher-kva.example)" in page, "letters that look alike are told apart"


def test_a_mail_of_ours_names_no_stranger_in_its_headers(client: Client, post: Post) -> None:
    asks(client)
    the_letter(post, ADA)
    (mail,) = post.mails
    assert header(mail, "Subject") == "Confirm your request to join Amplistay"
    assert mail["to"] == [ADA]
