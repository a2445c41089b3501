"""What pages of the storeys below say of selling."""

from django import template

from billing.limits import sells
from properties.models import Property
from upsells.models import Offer

register = template.Library()


@register.filter
def can_go_live(home: Property) -> bool:
    """Whether nothing is on sale at the home, and the plan lets something be."""
    on_sale = Offer.objects.filter(property=home).on()
    return not home.archived_at and not on_sale.exists() and sells(home.organization_id)
