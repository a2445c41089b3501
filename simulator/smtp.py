"""A mail server on a real socket that keeps what it is sent, shows it to the control API, and can misbehave."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from simulator.fields import BadFieldError, Fields

MODES = ("none", "refuse", "refuse_content", "hang_up", "slow")
MOST_MAILS = 10_000
MOST_OCTETS = 1_000_000
NAME = "simulator"
TEMPORARILY = 451
REFUSALS = range(400, 600)


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that came with a mail; `content` is base64."""

    name: str
    kind: str
    content: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One accepted message: the envelope's addresses, and what its reader sees."""

    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    headers: list[tuple[str, str]]
    enclosures: list[Enclosure]
    received: datetime


@dataclass(slots=True)
class Trouble:
    """How the server misbehaves: towards whom ("" for all), and for how many more mails (None: until told)."""

    mode: str = "none"
    status: int = TEMPORARILY
    seconds: float = 0.0
    recipient: str = ""
    for_mails: int | None = None


@dataclass(slots=True)
class Mailbox:
    """Everything that was accepted, how many mails were tried, and the trouble at present; aiosmtpd calls it."""

    mails: list[Mail] = field(default_factory=list)
    attempts: int = 0
    trouble: Trouble = field(default_factory=Trouble)
    address: tuple[str, int] | None = None

    def reset(self) -> None:
        """Forget every mail and be well."""
        self.mails.clear()
        self.attempts = 0
        self.trouble = Trouble()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        self.attempts += 1
        trouble = self._trouble_with([address], ("refuse", "slow"))
        if trouble.mode == "slow":
            await asyncio.sleep(trouble.seconds)
        if trouble.mode == "refuse":
            return f"{trouble.status} The simulator was told to refuse this address"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - ditto
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the message, refuse it, or hang up without a word on what became of it."""
        trouble = self._trouble_with(envelope.rcpt_tos, ("refuse_content", "hang_up"))
        if trouble.mode == "refuse_content":
            return f"{trouble.status} The simulator was told to refuse this content"
        if trouble.mode == "hang_up":
            if isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
            return ""
        content = envelope.content
        self.mails.append(_mail(envelope, content if isinstance(content, bytes) else b""))
        del self.mails[:-MOST_MAILS]
        return "250 OK"

    def _trouble_with(self, recipients: list[str], modes: tuple[str, ...]) -> Trouble:
        """The trouble these recipients have at this point of the conversation; counts it."""
        trouble = self.trouble
        if trouble.mode not in modes or trouble.recipient not in ("", *recipients):
            return Trouble()
        if trouble.for_mails is not None:
            trouble.for_mails -= 1
            if trouble.for_mails == 0:
                self.trouble = Trouble()
        return trouble


MAILBOX = web.AppKey("mailbox", Mailbox)


def attach(app: web.Application, host: str, port: int) -> Mailbox:
    """Have the application run a mail server as well, on this port (0 chooses one)."""
    mailbox = app[MAILBOX] = Mailbox()

    async def serving(_app: web.Application) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(mailbox, hostname=NAME, ident=NAME, data_size_limit=MOST_OCTETS, loop=loop),
            host,
            port,
        )
        mailbox.address = server.sockets[0].getsockname()[:2]
        yield
        server.close()
        await server.wait_closed()

    app.cleanup_ctx.append(serving)
    return mailbox


def set_trouble(mailbox: Mailbox, fields: Fields) -> Trouble:
    """Make the server misbehave from the next mail on."""
    mode = fields.choice("mode", MODES)
    status = fields.integer("status", TEMPORARILY)
    if status is None or status not in REFUSALS:
        message = "status must be a reply that refuses, from 400 to 599."
        raise BadFieldError(message)
    mailbox.trouble = Trouble(
        mode,
        status,
        float(fields.integer("seconds", 0) or 0),
        fields.text("recipient", ""),
        fields.integer("for_mails") or None,
    )
    return mailbox.trouble


def described(mailbox: Mailbox) -> dict[str, object]:
    """Everything there is to know of the mailbox."""
    return {
        "address": mailbox.address,
        "attempts": mailbox.attempts,
        "trouble": asdict(mailbox.trouble),
        "mails": [asdict(mail) for mail in mailbox.mails],
    }


def _enclosure(part: Message) -> Enclosure:
    content = part.get_payload(decode=True)
    octets = content if isinstance(content, bytes) else b""
    return Enclosure(part.get_filename() or "", part.get_content_type(), b64encode(octets).decode())


def _mail(envelope: Envelope, content: bytes) -> Mail:
    message = message_from_bytes(content, policy=policy.default)
    parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    texts = {kind: str(part.get_content()) if part else "" for kind, part in parts.items()}
    return Mail(
        sender=envelope.mail_from or "",
        to=list(envelope.rcpt_tos),
        subject=str(message["Subject"] or ""),
        text=texts["plain"],
        html=texts["html"],
        headers=[(name, str(value)) for name, value in message.items()],
        enclosures=[_enclosure(part) for part in message.iter_attachments()],
        received=datetime.now(UTC),
    )
