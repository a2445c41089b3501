"""Addresses of the host's account for card payments, and of the rules for cancelling."""

from django.urls import path

from upsells import paypages

app_name = "payments"
urlpatterns = [
    path("", paypages.account, name="account"),
    path("connect/", paypages.connect, name="connect"),
    path("everywhere/", paypages.everywhere, name="everywhere"),
]
