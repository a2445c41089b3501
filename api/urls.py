"""Addresses of the host's page of tokens."""

from django.urls import path

from api import views

app_name = "tokens"
urlpatterns = [
    path("", views.listing, name="list"),
    path("new/", views.create, name="new"),
    path("<slug:token_id>/revoke/", views.revoke, name="revoke"),
]
