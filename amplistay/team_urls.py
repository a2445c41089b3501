"""Addresses of an organization's members."""

from django.urls import path

from amplistay import teampages

app_name = "team"
urlpatterns = [
    path("", teampages.listing, name="list"),
    path("invite/", teampages.invite, name="invite"),
    path("invitations/<slug:invitation_id>/again/", teampages.invite_again, name="invite-again"),
    path("invitations/<slug:invitation_id>/withdraw/", teampages.withdraw, name="withdraw"),
    path("<int:member_id>/", teampages.member, name="member"),
    path("<int:member_id>/remove/", teampages.remove, name="remove"),
    path("<int:member_id>/hand-over/", teampages.hand_over, name="hand-over"),
]
