"""Addresses of what was sold at all properties of an organization."""

from django.urls import path

from upsells import purchasepages

app_name = "sales"
urlpatterns = [
    path("", purchasepages.everything, name="list"),
    path("export.csv", purchasepages.sheet, name="csv"),
    path("revenue/", purchasepages.figures, name="revenue"),
]
