"""Addresses of joining and of vendors, for everybody."""

from django.urls import path

from directory import public

app_name = "directory"
urlpatterns = [
    path("join/", public.join, name="join"),
    path("join/sent/", public.asked, name="asked"),
    path("join/confirm/<str:confirmation>/", public.confirm, name="confirm"),
    path("vendors/", public.listing, name="vendors"),
    path("vendors/sitemap.xml", public.sitemap, name="sitemap"),
    path("vendors/<slug:slug>/", public.vendor, name="vendor"),
    path("vendors/<slug:slug>/sent/", public.written, name="written"),
]
