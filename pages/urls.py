"""Addresses of the pages for everybody."""

from django.urls import path

from pages import views

app_name = "pages"
urlpatterns = [
    path("how-it-works/", views.page("how"), name="how"),
    path("pricing/", views.pricing, name="pricing"),
    path("escapia-to-ical/", views.escapia, name="escapia"),
    path("example/", views.guest_page, name="example"),
    path("help/", views.channels, name="help"),
    path("help/<slug:key>/", views.channel, name="channel"),
    path("status/", views.status, name="status"),
    path("terms/", views.page("terms"), name="terms"),
    path("privacy/", views.page("privacy"), name="privacy"),
]
