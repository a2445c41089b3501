"""Addresses of accounts: allauth's, the person's own page, organizations, and invitations."""

from django.urls import include, path, re_path

from accounts import claims, public, views

urlpatterns = [
    path("", views.hub, name="account"),
    path("unverified/", views.unverified, name="unverified"),
    path("organization/", views.organization, name="organization"),
    path("organization/new/", views.new_organization, name="new-organization"),
    path("organization/switch/", views.switch, name="switch"),
    path("organization/leave/", views.leave, name="leave"),
    path("organization/end/", views.end, name="end-organization"),
    path("organization/keep/", views.keep, name="keep-organization"),
    path("invitations/<slug:token>/", public.invitation, name="invitation"),
    path("email/", claims.email, name="account_email"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", claims.confirm, name="account_confirm_email"),
    path("", include("allauth.account.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
    path("factors/", include("allauth.mfa.urls")),
]
