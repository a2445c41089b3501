"""What a board of many homes is drawn from: rows chosen alike for who draws them and who asks what has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from django.db.models import Q, QuerySet

from accounts.models import Organization
from calendars.models import Alert, Block, Feed, Suspension, date_range
from calendars.models.blocks import BlockQuerySet
from domain.board import Board
from domain.spans import NIGHT, Span
from properties.models import Property


@dataclass(frozen=True)
class Sources:
    """The rows of the database that a board of one organization's homes is drawn from."""

    organization: Organization
    homes: Sequence[Property]
    board: Board

    @cached_property
    def numbers(self) -> list[int]:
        """The homes' primary keys."""
        return [home.pk for home in self.homes]

    def feeds(self) -> QuerySet[Feed]:
        """The homes' calendars."""
        return Feed.objects.of(self.organization).filter(property__in=self.numbers)

    def blocks(self, margin: timedelta = NIGHT) -> BlockQuerySet:
        """What takes the homes' time on the board, or within a margin around it."""
        window = self.board.window
        reach = Span(window.start - margin, window.end + margin)
        near = Q(nights__overlap=date_range(reach)) | Q(period__overlap=_instants(reach))
        return Block.objects.of(self.organization).filter(near, property__in=self.numbers)

    def lengthened(self) -> QuerySet[Suspension]:
        """Whose sales a site's own calendar shows as a longer stay of the same guest by now."""
        return Suspension.objects.of(self.organization).filter(
            property__in=self.numbers, shown_at__isnull=False
        )

    def disputes(self) -> QuerySet[Alert]:
        """The double bookings that nobody has settled."""
        rows = Alert.objects.of(self.organization).open()
        return rows.filter(property__in=self.numbers, kind=Alert.Kind.CONFLICT)


def _instants(window: Span) -> tuple[datetime, datetime]:
    """A period that holds the days wherever on earth they are."""
    first, last = (datetime.combine(day, time(), UTC) for day in (window.start, window.end))
    return first - NIGHT, last + NIGHT
