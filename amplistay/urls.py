"""Every address, by who uses it."""

from django.conf import settings
from django.urls import include, path

from accounts import views as member
from amplistay import dashboard, overview, searchpage, undoing, views
from calendars.public import export
from properties.public import photo
from upsells import planner
from upsells.public import stripe_events

urlpatterns = [
    path("", views.home, name="home"),
    path("home/steps/", dashboard.show_steps, name="show-steps"),
    path("", include("pages.urls")),
    path("", include("pages.robot_urls")),
    path("accounts/", include("accounts.urls")),
    path("properties/", include("properties.urls")),
    path("properties/", include("calendars.urls")),
    path("properties/", include("upsells.urls")),
    path("properties/<slug:public_id>/", overview.page, name="overview"),
    path("calendar/", planner.page, name="planner"),
    path("search/", searchpage.page, name="search"),
    path("views/", member.saved_views, name="saved-views"),
    path("views/save/", member.save_view, name="save-view"),
    path("views/<slug:view_id>/", member.change_view, name="change-view"),
    path("views/<slug:view_id>/remove/", member.remove_view, name="remove-view"),
    path("sales/", include("upsells.sales_urls")),
    path("payments/", include("upsells.payment_urls")),
    path("notifications/", include("notices.urls")),
    path("webhooks/", include("webhooks.urls")),
    path("undo/<slug:deed_id>/", undoing.undo, name="undo"),
    path("stripe/events/", stripe_events, name="stripe-events"),
    path("g/", include("upsells.guest_urls")),
    path("ical/<slug:public_id>/<slug:signed>.ics", export, name="export"),
    path("photos/<slug:token>/<int:width>.webp", photo, name="photo"),
    path("i18n/setlang/", member.set_language, name="set_language"),
    path("healthz", views.health, name="health"),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide/", views.styleguide, name="styleguide"))
