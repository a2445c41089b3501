"""Addresses of a property's calendar and connections."""

from django.urls import path

from calendars import connections, months

app_name = "calendars"
urlpatterns = [
    path("<slug:public_id>/", months.month, name="month"),
    path("<slug:public_id>/blocks/", months.close, name="close"),
    path("<slug:public_id>/blocks/<slug:block_id>/reopen/", months.reopen, name="reopen"),
    path("<slug:public_id>/connections/", connections.connections, name="connections"),
    path("<slug:public_id>/connections/add/", connections.add_feeds, name="add-feeds"),
    path("<slug:public_id>/connections/<slug:feed_id>/", connections.feed_row, name="feed"),
    path("<slug:public_id>/connections/<slug:feed_id>/log/", connections.feed_log, name="log"),
    path("<slug:public_id>/connections/<slug:feed_id>/pause/", connections.pause, name="pause"),
    path("<slug:public_id>/connections/<slug:feed_id>/resume/", connections.resume, name="resume"),
    path("<slug:public_id>/connections/<slug:feed_id>/read/", connections.read, name="read"),
    path("<slug:public_id>/connections/<slug:feed_id>/free/", connections.free_held, name="free"),
    path("<slug:public_id>/connections/<slug:feed_id>/remove/", connections.remove, name="remove"),
    path("<slug:public_id>/exports/", connections.add_export, name="add-export"),
    path("<slug:public_id>/exports/<slug:link_id>/rotate/", connections.rotate_export, name="rotate"),
    path("<slug:public_id>/exports/<slug:link_id>/revoke/", connections.revoke_export, name="revoke"),
]
