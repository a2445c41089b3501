"""Addresses of what an organization pays us."""

from django.urls import path

from amplistay import planpage, usagepage

app_name = "plan"
urlpatterns = [
    path("", planpage.page, name="page"),
    path("usage/", usagepage.page, name="usage"),
    path("choose/", planpage.choose, name="choose"),
    path("subscribe/", planpage.subscribe, name="subscribe"),
    path("card/", planpage.card, name="card"),
    path("pause/", planpage.pause, name="pause"),
    path("resume/", planpage.resume, name="resume"),
    path("end/", planpage.end, name="end"),
    path("keep/", planpage.keep, name="keep"),
]
