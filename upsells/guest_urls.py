"""Addresses that guests open."""

from django.urls import path

from upsells import public

app_name = "guest"
urlpatterns = [
    path("<slug:token>/", public.stay, name="stay"),
    path("<slug:token>/<slug:purchase_id>/", public.purchase, name="purchase"),
    path("<slug:token>/<slug:purchase_id>/receipt.pdf", public.receipt, name="receipt"),
]
