"""The simulator's mail server: what it keeps, and each way in which it misbehaves."""

import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import requests
from channel_client import Client

from simulator import smtp
from simulator.server import application, in_thread

PATIENCE_S = 1.0
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def office() -> Iterator[Client]:
    app = application()
    smtp.attach(app, "127.0.0.1", 0)
    with in_thread(app) as address:
        yield Client(address)


@pytest.fixture
def mails(office: Client) -> Client:
    assert office.api("DELETE", "/mails").status_code == 204
    return office


def state(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.api("GET", "/mails").json()
    return found


def send(client: Client, to: str = "alice@example.org", subject: str = "Grüße") -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "me@example.org", to
    message.set_content("Schönen Tag")
    message.add_alternative("<p>Schönen Tag</p>", subtype="html")
    host, port = state(client)["address"]
    with smtplib.SMTP(host, port, timeout=PATIENCE_S) as line:
        line.send_message(message)


def test_it_keeps_envelope_subject_and_both_parts(mails: Client) -> None:
    send(mails)
    (mail,) = state(mails)["mails"]
    assert (mail["sender"], mail["to"], mail["subject"]) == ("me@example.org", ["alice@example.org"], "Grüße")
    assert (mail["text"].strip(), mail["html"].strip()) == ("Schönen Tag", "<p>Schönen Tag</p>")
    assert ["To", "alice@example.org"] in mail["headers"]


@pytest.mark.parametrize("status", [421, 451, 550])
@pytest.mark.parametrize("mode", ["refuse", "refuse_content"])
def test_it_refuses_with_the_status_it_was_told(mails: Client, mode: str, status: int) -> None:
    mails.api("POST", "/mails/fault", mode=mode, status=status)
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)) as refusal:
        send(mails)
    assert str(status) in str(refusal.value)
    assert state(mails)["mails"] == []


def test_it_refuses_one_recipient_and_takes_the_others(mails: Client) -> None:
    mails.api("POST", "/mails/fault", mode="refuse", recipient="bob@example.org")
    send(mails)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(mails, to="bob@example.org")
    assert [mail["to"] for mail in state(mails)["mails"]] == [["alice@example.org"]]
    assert state(mails)["attempts"] == 2


def test_it_hangs_up_and_keeps_nothing(mails: Client) -> None:
    mails.api("POST", "/mails/fault", mode="hang_up", for_mails=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(mails)
    assert state(mails)["mails"] == []
    send(mails)
    assert len(state(mails)["mails"]) == 1


def test_it_keeps_its_callers_waiting_and_nothing_of_those_who_left(mails: Client) -> None:
    mails.api("POST", "/mails/fault", mode="slow", seconds=3 * int(PATIENCE_S), for_mails=1)
    with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
        send(mails)
    send(mails, subject="Next")
    assert [mail["subject"] for mail in state(mails)["mails"]] == ["Next"]


@pytest.mark.parametrize("wrong", [{"mode": "lazy"}, {"mode": "refuse", "status": 250}, {}])
def test_a_fault_that_makes_no_sense_is_refused_with_a_sentence(mails: Client, wrong: dict[str, Any]) -> None:
    answer = mails.api("POST", "/mails/fault", **wrong)
    assert (answer.status_code, answer.json()["error"][-1]) == (422, ".")


def test_a_reset_empties_it_and_makes_it_well(mails: Client) -> None:
    send(mails)
    mails.api("POST", "/mails/fault", mode="refuse")
    assert mails.api("POST", "/reset").status_code == 204
    assert state(mails)["mails"] == []
    send(mails)


def test_a_simulator_without_one_says_how_to_get_one(channels: Client) -> None:
    answer = channels.api("GET", "/mails")
    assert answer.status_code == 404
    assert "--smtp-port" in answer.json()["error"]


def test_the_command_runs_one_on_the_port_it_is_given() -> None:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--smtp-port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        client = Client(address)
        send(client)
        assert len(state(client)["mails"]) == 1
        process.terminate()
        until = time.monotonic() + 10
        while process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.05)
    with pytest.raises(requests.ConnectionError):
        client.api("GET", "/mails")
