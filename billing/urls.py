"""The address of the provider's messages; the owners' pages stand above, in `amplistay.plan_urls`."""

from django.urls import path

from billing.public import stripe_billing_events

urlpatterns = [path("", stripe_billing_events, name="stripe-billing-events")]
