"""The tokens of other software, and the answers that are kept so that a repeated request does nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.fields import SealedField, public_id
from accounts.models import TenantModel, TenantQuerySet
from api.scopes import Scope


class ApiTokenQuerySet(TenantQuerySet["ApiToken"]):
    """Choices of tokens."""

    def live(self, now: datetime) -> Self:
        """Those that open the API at the instant."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class ApiToken(TenantModel):
    """What other software shows to act for an organization. The token itself isn't kept, only its SHA-256.

    `start` are its first signs, by which people tell it apart; `homes` the primary keys of the homes that are open to
    it, None for all; `made_by` is the e-mail of the member who made it. `last_used_at` is true to a minute.
    """

    public_id = models.CharField(max_length=14, unique=True, default=public_id, editable=False)
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    start = models.CharField(max_length=12)
    scopes = ArrayField(models.CharField(max_length=24, choices=Scope.choices))
    homes = ArrayField(models.BigIntegerField(), null=True)
    made_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[ApiTokenQuerySet] = ApiTokenQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="a_token_may_do_something")
        ]

    @property
    def open_homes(self) -> frozenset[int] | None:
        """The primary keys of the homes that are open to it; None for all."""
        return None if self.homes is None else frozenset(self.homes)

    @property
    def may(self) -> list[str]:
        """What it may do, in words, in the order of the catalogue."""
        return [str(scope.label) for scope in Scope if scope in self.scopes]

    def state(self, now: datetime) -> str:
        """live, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "live"


class KeptAnswerQuerySet(TenantQuerySet["KeptAnswer"]):
    """Choices of kept answers."""

    def older_than(self, at: datetime) -> Self:
        """Those of requests that came before then."""
        return self.filter(created_at__lt=at)


class KeptAnswer(TenantModel):
    """A request that named a key, by which it is recognised when it comes again, and what it was answered.

    `digest` is of the request: token, method, address and body. `status` is null while it is being worked on.
    """

    KEPT_FOR = timedelta(hours=24)
    WORKED_ON = timedelta(seconds=90)  # no request takes longer; one that does was lost on the way

    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = SealedField(null=True)  # it may hold secrets

    objects: ClassVar[KeptAnswerQuerySet] = KeptAnswerQuerySet.as_manager()  # type: ignore[assignment]  # django-stubs types the manager

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="one_answer_of_a_key"),
        ]
        indexes = [models.Index(fields=["created_at"], name="keptanswer_age")]
