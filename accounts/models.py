"""Users, organizations, memberships, and the query set every tenant's row is reached through."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.fields import SecretField, public_id
from accounts.statements import Given
from domain.roles import Power, Role, may


class UserManager(BaseUserManager["User"]):
    """Makes users who log in by e-mail."""

    def create_user(self, email: str, password: str | None = None, **extra: object) -> User:
        """A user with a usable password, or none when it is None."""
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: object) -> User:
        """An operator of the service."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in; the e-mail address is the name. E-mails to them are in `language`: see that module."""

    email = models.EmailField(_("e-mail"), unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    language = models.CharField(
        _("language"), max_length=8, choices=settings.LANGUAGES, default="en", db_default="en"
    )
    letter_to = models.EmailField(blank=True, default="", db_default="")  # the last one to confirm went there

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email


class Organization(models.Model):
    """The tenant: everything a host has belongs to exactly one."""

    GRACE = timedelta(days=14)  # between an owner's wish to delete it and the end

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    cleanings_a_day = models.PositiveSmallIntegerField(_("changed cleanings a day"), null=True, blank=True)
    ends_at = models.DateTimeField(null=True)  # an owner deletes it: until then it can be undone
    # Months after the stay that a guest's name is kept
    guests_kept = models.PositiveSmallIntegerField(default=24)
    members = models.ManyToManyField(User, through="Membership", related_name="organizations")

    def __str__(self) -> str:
        return self.name


class TenantQuerySet[Row: models.Model](models.QuerySet[Row]):
    """Rows of one tenant; `.of(org)` is the only door that views and the API use."""

    def of(self, organization: Organization | int | Given) -> Self:
        """Only this organization's rows."""
        return self.filter(organization=organization)


class Topic(models.TextChoices):
    """What members are told about, each as far as they wish."""

    CONFLICT = "conflict", _("Double bookings")
    REQUEST = "request", _("Questions of guests")
    SALE = "sale", _("Sales")
    CANCELLED = "cancelled", _("Cancellations and changes")
    MONEY = "money", _("Payments that need you")
    CALENDAR = "calendar", _("Calendars in trouble")
    LINKS = "links", _("Links that aren't read")
    SOFTWARE = "software", _("Webhooks that stopped")
    DIGEST = "digest", _("Daily summary")


class Level(models.TextChoices):
    """How far a member is told: each level includes those above it."""

    OFF = "off", _("Not at all")
    APP = "app", _("In the app")
    DIGEST = "digest", _("In the daily summary")
    MAIL = "mail", _("By e-mail at once")


NEEDED = (Topic.CONFLICT, Topic.REQUEST)  # somebody must hear of them
ONLY_BY_MAIL = (Topic.SOFTWARE, Topic.DIGEST)  # the app has no line for these


class Membership(models.Model):
    """A user's place in an organization, what they wish to be told there, and what they have seen of it.

    `levels` holds what differs from "by e-mail at once". Notices up to `seen_until` are read; of later ones, those in
    `opened` are: {"alert": {"<row>": "<the day it was opened>"}, …}. The daily summary is due at `digest_at` (None:
    not planned yet) and has told everything up to `digested_at`.
    """

    UNREAD_FOR = timedelta(days=30)  # what is older counts as read

    class Role(models.TextChoices):
        """The member's part; `domain.roles` says what each may do."""

        OWNER = Role.OWNER, _("Owner")
        MANAGER = Role.MANAGER, _("Manager")
        FRONT_DESK = Role.FRONT_DESK, _("Front desk")
        CLEANER = Role.CLEANER, _("Cleaner")
        VIEWER = Role.VIEWER, _("Viewer")

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.OWNER)
    homes = ArrayField(models.BigIntegerField(), null=True)  # the homes that are open to them; None: all
    levels = models.JSONField(default=dict)
    seen_until = models.DateTimeField(null=True)
    opened = models.JSONField(default=dict)
    digest_at = models.DateTimeField(null=True)
    digested_at = models.DateTimeField(null=True)

    has_verified_address: bool  # the tenant door asks for it

    objects: ClassVar[TenantQuerySet[Membership]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager
    is_support = False  # whether it stands for an operator's visit

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="one_membership_per_organization"),
            models.CheckConstraint(condition=~Q(role="owner") | Q(homes=None), name="owners_have_every_home"),
            models.UniqueConstraint(fields=["organization", "id"], name="membership_in_organization"),
        ]
        indexes = [models.Index(fields=["digest_at"], name="digest_due")]

    def may(self, power: Power) -> bool:
        """Whether this member's role has the power."""
        return may(Role(self.role), power)

    def opens(self, home_id: int) -> bool:
        """Whether the home with that primary key is open to this member."""
        return self.homes is None or home_id in self.homes

    @property
    def open_homes(self) -> frozenset[int] | None:
        """The primary keys of the homes that are open to this member; None for all."""
        return None if self.homes is None else frozenset(self.homes)

    def level(self, topic: Topic) -> Level:
        """How far this member wishes to be told about it."""
        return Level(self.levels.get(topic.value, Level.MAIL))

    def unread_since(self, now: datetime) -> datetime:
        """Notices up to then are read."""
        oldest = now - self.UNREAD_FOR
        return max(self.seen_until or oldest, oldest)

    def opened_rows(self, source: str) -> list[int]:
        """The rows of a source that were opened one by one."""
        return [int(row) for row in self.opened.get(source, {})]


class There[Row: models.Model](models.Manager[Row]):
    """Knows only the rows that aren't removed.

    A row whose removal can be taken back stays for a while with its key and its history; until it is swept, it is
    hidden from everybody who doesn't ask for `everything`.
    """

    def get_queryset(self) -> models.QuerySet[Row]:
        """Without what is removed."""
        return super().get_queryset().filter(removed_at=None)


class TenantModel(models.Model):
    """A row that belongs to an organization; foreign keys between such rows are composite in PostgreSQL."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")

    class Meta:
        abstract = True


class AuditLineQuerySet(TenantQuerySet["AuditLine"]):
    """Choices of deeds."""

    def older_than(self, day: datetime) -> Self:
        """Those that were done before then."""
        return self.filter(at__lt=day)

    def about(self, home: str) -> Self:
        """What was done to the home with this public id, by page or by API."""
        return self.filter(Q(rows__public_id=home) | Q(rows__property_id=home))


class AuditLine(TenantModel):
    """Who did what, from where. A trigger lets nobody change or delete one.

    What somebody is called then stays, though they and the row may go. `name` is the view's, or the API operation's;
    `amplistay.auditwords` has the sentence for it. `rows` are the ids in the address, `details` what the story noted.
    """

    class Kind(models.TextChoices):
        """Who somebody may be."""

        MEMBER = "member", _("Member")
        TOKEN = "token", _("API token")
        SUPPORT = "support", _("Support")
        SERVICE = "service", _("Amplistay itself")

    KEPT_FOR = timedelta(days=730)

    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    who = models.CharField(max_length=254)
    user_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True, default="")
    name = models.CharField(max_length=80)
    rows = models.JSONField(default=dict)
    details = models.JSONField(default=dict)

    objects: ClassVar[AuditLineQuerySet] = AuditLineQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [models.Index(fields=["organization", "-at", "-id"], name="audit_of_organization")]


class InvitationQuerySet(TenantQuerySet["Invitation"]):
    """Choices of invitations."""

    def waiting(self) -> Self:
        """Those that nobody has accepted or withdrawn, expired ones among them."""
        return self.filter(accepted_at=None, withdrawn_at=None)


class Invitation(TenantModel):
    """A place in an organization, kept for whoever reads the mail to this address. Its token opens it once.

    Only the token's SHA-256 is kept. `homes` are primary keys, as of a membership.
    """

    LASTS = timedelta(days=7)

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    email = models.EmailField(_("e-mail"))
    role = models.CharField(max_length=16, choices=Membership.Role.choices)
    homes = ArrayField(models.BigIntegerField(), null=True)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    answers = models.BooleanField(default=False, db_default=False)  # a request to join

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="an_address_is_invited_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(role="owner") | Q(homes=None), name="invited_owners_have_every_home"
            ),
        ]

    def standing(self, now: datetime) -> str:
        """open, used, withdrawn or expired."""
        if self.accepted_at:
            return "used"
        if self.withdrawn_at:
            return "withdrawn"
        return "open" if now < self.expires_at else "expired"


class Letter(models.Model):
    """A mail about somebody's account that waits for the mail server. What it says is a secret; once sent, it is gone.

    It belongs to no organization: a tenant sees none.
    """

    GIVEN_UP_AFTER = timedelta(days=3)  # by then the links in it are dead or replaced

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    address = models.EmailField()
    reply_to = models.EmailField(blank=True, default="")
    subject = models.CharField(max_length=200)
    text = SecretField()
    html = SecretField()
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], name="letters_due")]


class SupportVisitQuerySet(TenantQuerySet["SupportVisit"]):
    """Choices of visits."""

    def open(self, now: datetime) -> Self:
        """Those that the operator is in, or may still come to."""
        return self.filter(ended_at=None, expires_at__gt=now)


class SupportVisit(TenantModel):
    """An owner's word that one operator may look, and only look, for a while. Only the code's SHA-256 is kept."""

    LASTS = timedelta(hours=24)

    digest = models.CharField(max_length=64, unique=True)
    given_by = models.EmailField()
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    operator = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[SupportVisitQuerySet] = SupportVisitQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [models.Index(fields=["organization", "-given_at"], name="support_visits")]


class Deed(TenantModel):
    """Something that a member did with a click, which can be taken back until `until`.

    `way` says how it is taken back, `name` what it was done to, and `place` the page to go to then. `what` is needed
    for it (JSON, see `accounts.deeds`); secrets may be in it, so it is encrypted.
    """

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    way = models.CharField(max_length=12)
    name = models.CharField(max_length=200)
    place = models.CharField(max_length=300)
    what = SecretField()
    until = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    objects: ClassVar[TenantQuerySet[Deed]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        indexes = [models.Index(fields=["until"], name="deed_age")]


class SavedView(TenantModel):
    """A filter of a list that a member keeps under a name.

    `query` holds parameters that the list knows (`accounts.savedviews`), and nothing else. The one that `is_default`
    opens when the list is visited without any.
    """

    class Listing(models.TextChoices):
        """The lists that can be narrowed down."""

        PLANNER = "planner", _("Calendar of all homes")
        SALES = "sales", _("Sales")
        HOME_SALES = "home-sales", _("Sales of one property")
        REVENUE = "revenue", _("Revenue")

    MOST = 20  # of one list

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="saved_views")
    listing = models.CharField(max_length=16, choices=Listing.choices)
    name = models.CharField(_("name"), max_length=40)
    query = models.TextField()
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects: ClassVar[TenantQuerySet[SavedView]] = TenantQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(F("membership"), F("listing"), Lower("name"), name="one_view_of_a_name"),
            models.UniqueConstraint(
                fields=["membership", "listing"], condition=Q(is_default=True), name="one_default_view"
            ),
        ]
