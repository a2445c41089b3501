"""Every address, by who uses it."""

from django.conf import settings
from django.urls import include, path

from accounts import savedpage
from accounts.views import set_language
from amplistay import (
    auditpage,
    dashboard,
    datapage,
    homeslist,
    overview,
    searchpage,
    supportpage,
    turnovers,
    undoing,
    views,
)
from amplistay.staff import staff
from api.docs import docs
from calendars.public import export
from directory import views as vendorpage
from properties import urls as properties
from properties.public import photo
from upsells import planner
from upsells.public import stripe_events

of_properties = [path("", homeslist.page, name="list"), *properties.urlpatterns]
handler403 = "pages.refusals.forbidden"
urlpatterns = [
    path("", views.home, name="home"),
    path("home/steps/", dashboard.show_steps, name="show-steps"),
    path("", include("pages.urls")),
    path("", include("pages.robot_urls")),
    path("", include("directory.urls")),
    path("vendor-page/", vendorpage.own, name="vendor-page"),
    path("vendor-page/homes/", vendorpage.homes, name="vendor-homes"),
    path("vendor-page/withdraw/", vendorpage.withdraw, name="vendor-withdraw"),
    path("accounts/", include("accounts.urls")),
    path("properties/", include((of_properties, "properties"))),
    path("properties/", include("calendars.urls")),
    path("properties/", include("upsells.urls")),
    path("audit/", auditpage.page, name="audit"),
    path("audit/log.csv", auditpage.sheet, name="audit-csv"),
    path("support/", supportpage.page, name="support"),
    path("support/give/", supportpage.give, name="support-give"),
    path("support/end/", supportpage.end, name="support-end"),
    path("staff/", staff.urls),
    path("data/", datapage.page, name="data"),
    path("data/guest.json", datapage.of_guest, name="data-guest"),
    path("data/erase/", datapage.erase, name="data-erase"),
    path("data/everything.zip", datapage.take_out, name="data-take-out"),
    path("team/", include("amplistay.team_urls")),
    path("plan/", include("amplistay.plan_urls")),
    path("turnovers/", turnovers.page, name="turnovers"),
    path("properties/<slug:public_id>/", overview.page, name="overview"),
    path("calendar/", planner.page, name="planner"),
    path("search/", searchpage.page, name="search"),
    path("views/", savedpage.saved_views, name="saved-views"),
    path("views/save/", savedpage.save_view, name="save-view"),
    path("views/<slug:view_id>/", savedpage.change_view, name="change-view"),
    path("views/<slug:view_id>/remove/", savedpage.remove_view, name="remove-view"),
    path("sales/", include("upsells.sales_urls")),
    path("payments/", include("upsells.payment_urls")),
    path("notifications/", include("notices.urls")),
    path("webhooks/", include("webhooks.urls")),
    path("systems/", include("calendars.system_urls")),
    path("tokens/", include("api.urls")),
    path("api/docs/", docs, name="api-docs"),
    path("api/v1/", include("api.v1.urls")),
    path("undo/<slug:deed_id>/", undoing.undo, name="undo"),
    path("stripe/events/", stripe_events, name="stripe-events"),
    path("stripe/billing/", include("billing.urls")),
    path("g/", include("upsells.guest_urls")),
    path("ical/<slug:public_id>/<slug:signed>.ics", export, name="export"),
    path("photos/<slug:token>/<int:width>.webp", photo, name="photo"),
    path("i18n/setlang/", set_language, name="set_language"),
    path("healthz", views.health, name="health"),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide/", views.styleguide, name="styleguide"))
