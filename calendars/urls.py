"""Addresses of a property's calendar and connections."""

from django.urls import path

from calendars import alertpages, connections, feedpage, importpages, looppage, months, peoplepage

app_name = "calendars"
urlpatterns = [
    path("alerts/<slug:alert_id>/", alertpages.go, name="alert"),
    path("import/", importpages.sheet, name="import"),
    path("import/template.csv", importpages.template, name="import-template"),
    path("import/done/", importpages.done, name="imported"),
    path("import/progress/", importpages.progress, name="import-progress"),
    path("<slug:public_id>/calendar/", months.month, name="month"),
    path("<slug:public_id>/blocks/", months.close, name="close"),
    path("<slug:public_id>/blocks/<slug:block_id>/reopen/", months.reopen, name="reopen"),
    path("<slug:public_id>/connections/", connections.connections, name="connections"),
    path("<slug:public_id>/connections/add/", connections.add_feeds, name="add-feeds"),
    path("<slug:public_id>/connections/<slug:feed_id>/", feedpage.row, name="feed"),
    path("<slug:public_id>/connections/<slug:feed_id>/log/", feedpage.page, name="log"),
    path("<slug:public_id>/connections/<slug:feed_id>/pause/", feedpage.pause, name="pause"),
    path("<slug:public_id>/connections/<slug:feed_id>/resume/", feedpage.resume, name="resume"),
    path("<slug:public_id>/connections/<slug:feed_id>/read/", feedpage.read, name="read"),
    path("<slug:public_id>/connections/<slug:feed_id>/free/", feedpage.free_held, name="free"),
    path("<slug:public_id>/connections/<slug:feed_id>/treat/", feedpage.treat, name="treat"),
    path("<slug:public_id>/connections/<slug:feed_id>/link/", feedpage.replace, name="replace"),
    path("<slug:public_id>/connections/<slug:feed_id>/remove/", feedpage.remove, name="remove"),
    path("<slug:public_id>/loop/", looppage.card, name="loop"),
    path("<slug:public_id>/loop/start/", looppage.start, name="start-loop"),
    path("<slug:public_id>/loop/end/", looppage.end, name="end-loop"),
    path("<slug:public_id>/people/", peoplepage.add, name="add-people"),
    path("<slug:public_id>/people/<slug:people_id>/", peoplepage.tick, name="tick"),
    path("<slug:public_id>/exports/", connections.add_export, name="add-export"),
    path("<slug:public_id>/exports/<slug:link_id>/rotate/", connections.rotate_export, name="rotate"),
    path("<slug:public_id>/exports/<slug:link_id>/revoke/", connections.revoke_export, name="revoke"),
]
