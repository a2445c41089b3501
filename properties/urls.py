"""Addresses of properties; their list, which tells of what is built on them, is put before them."""

from django.urls import path

from properties import views

app_name = "properties"
urlpatterns = [
    path("new/", views.create, name="new"),
    path("<slug:public_id>/settings/", views.settings, name="settings"),
    path("<slug:public_id>/settings/rates/", views.rates, name="rates"),
    path("<slug:public_id>/settings/taxes/", views.taxes, name="taxes"),
    path("<slug:public_id>/settings/photo/", views.photo, name="photo"),
    path("<slug:public_id>/settings/photo/remove/", views.remove_photo, name="remove-photo"),
    path("<slug:public_id>/archive/", views.archive, name="archive"),
    path("<slug:public_id>/restore/", views.restore, name="restore"),
]
