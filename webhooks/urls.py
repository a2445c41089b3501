"""Addresses of webhooks."""

from django.urls import path

from webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.listing, name="list"),
    path("new/", views.create, name="new"),
    path("<slug:webhook_id>/", views.log, name="log"),
    path("<slug:webhook_id>/edit/", views.edit, name="edit"),
    path("<slug:webhook_id>/secret/", views.show_secret, name="show-secret"),
    path("<slug:webhook_id>/rotate/", views.rotate, name="rotate"),
    path("<slug:webhook_id>/test/", views.test, name="test"),
    path("<slug:webhook_id>/again/", views.again_all, name="again-all"),
    path("<slug:webhook_id>/messages/<slug:message_id>/again/", views.again, name="again"),
    path("<slug:webhook_id>/stop/", views.stop, name="stop"),
    path("<slug:webhook_id>/resume/", views.resume, name="resume"),
    path("<slug:webhook_id>/remove/", views.remove, name="remove"),
]
