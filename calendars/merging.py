"""The merged nights of a property, as they follow from its blocks. Only `ledger` writes them, under its lock."""

from calendars import exports
from calendars.models import Block, Busy, date_range
from domain.events import Kind
from domain.spans import Span, merge
from properties.models import Property


def closed(property: Property) -> set[Span]:
    """The merged nights of all blocks, as they should stand in Busy, with those that sold hours make impossible."""
    house, rows = property.house, Block.objects.filter(property=property, yields=False)
    nights = rows.filter(nights__isempty=False).values_list("nights", flat=True)
    sold = rows.ours().filter(kind=Kind.HOURS).only("kind", "origin", "nights", "period")
    beside = (span for block in sold for span in exports.taken(block, house))
    return set(merge([*(Span(run.lower, run.upper) for run in nights), *beside]))


def rebuild(property: Property) -> tuple[set[Span], set[Span]]:
    """Make Busy what the blocks say; what stood there before, and what stands there now."""
    spans = closed(property)
    rows = {row.span: row.pk for row in Busy.objects.filter(property=property)}
    if stale := [pk for span, pk in rows.items() if span not in spans]:
        Busy.objects.filter(pk__in=stale).delete()
    Busy.objects.bulk_create(
        Busy(organization_id=property.organization_id, property=property, nights=date_range(span))
        for span in sorted(spans - rows.keys())
    )
    return set(rows), spans
