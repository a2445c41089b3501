"""Addresses of accounts at property-management systems."""

from django.urls import path

from calendars import systempages

app_name = "systems"
urlpatterns = [
    path("", systempages.listing, name="list"),
    path("escapia/", systempages.connect, name="connect"),
    path("<slug:connection_id>/", systempages.account, name="account"),
    path("<slug:connection_id>/links.csv", systempages.links, name="links"),
    path("<slug:connection_id>/progress/", systempages.progress, name="progress"),
    path("<slug:connection_id>/look/", systempages.look, name="look"),
    path("<slug:connection_id>/units/", systempages.adopt, name="adopt"),
    path("<slug:connection_id>/two-way/", systempages.two_way, name="two-way"),
    path("<slug:connection_id>/keys/", systempages.rekey, name="rekey"),
    path("<slug:connection_id>/disconnect/", systempages.disconnect, name="disconnect"),
]
