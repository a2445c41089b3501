"""Addresses of offers and sales, for hosts."""

from django.urls import path

from upsells import views

app_name = "upsells"
urlpatterns = [
    path("<slug:public_id>/offer/", views.offer, name="offer"),
    path("<slug:public_id>/guest-page/", views.guest_page, name="guest-page"),
    path("<slug:public_id>/guest-page/qr.svg", views.qr, name="qr"),
    path("<slug:public_id>/guest-page/renew/", views.renew_link, name="renew-link"),
    path("<slug:public_id>/sales/", views.sales, name="sales"),
    path("<slug:public_id>/sales/<slug:purchase_id>/cancel/", views.cancel, name="cancel"),
]
