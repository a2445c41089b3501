"""Addresses of notices."""

from django.urls import path

from notices import public, views

app_name = "notices"
urlpatterns = [
    path("", views.listing, name="list"),
    path("read/", views.read_all, name="read-all"),
    path("settings/", views.choose, name="wishes"),
    path("sales/<slug:purchase_id>/", views.sale, name="sale"),
    path("off/<str:signed>/", public.mails_off, name="mails-off"),
]
