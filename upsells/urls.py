"""Addresses of offers and sales, for hosts."""

from django.urls import path

from upsells import (
    conflictpages,
    lengthening,
    offerpages,
    papers,
    paypages,
    purchasepages,
    settingspage,
    staypages,
    views,
    whatif,
)

app_name = "upsells"
_LINK = "<slug:public_id>/sales/<slug:purchase_id>/links/<slug:link_id>/"
urlpatterns = [
    path("conflicts/<slug:conflict_id>/", conflictpages.conflict, name="conflict"),
    path("conflicts/<slug:conflict_id>/cancel/", conflictpages.cancel, name="conflict-cancel"),
    path("conflicts/<slug:conflict_id>/shorten/", conflictpages.shorten, name="conflict-shorten"),
    path("conflicts/<slug:conflict_id>/move/", conflictpages.move, name="conflict-move"),
    path("conflicts/<slug:conflict_id>/settle/", conflictpages.settle, name="conflict-settle"),
    path("<slug:public_id>/settings/facts/", settingspage.facts, name="facts"),
    path("<slug:public_id>/offers/", offerpages.offers, name="offers"),
    path("<slug:public_id>/offers/start/", offerpages.start, name="start"),
    path("<slug:public_id>/offers/copy/", offerpages.copy, name="copy"),
    path("<slug:public_id>/offers/cleaners/", offerpages.cleaners, name="cleaners"),
    path("<slug:public_id>/offers/cancelling/", paypages.cancelling, name="cancelling"),
    path("<slug:public_id>/offers/what-if/", whatif.page, name="what-if"),
    path("<slug:public_id>/offers/<slug:kind>/", offerpages.offer, name="terms"),
    path("<slug:public_id>/offers/<slug:kind>/switch/", offerpages.switch, name="switch"),
    path("<slug:public_id>/guest-page/", views.guest_page, name="guest-page"),
    path("<slug:public_id>/guest-page/qr.svg", views.qr, name="qr"),
    path("<slug:public_id>/guest-page/renew/", views.renew_link, name="renew-link"),
    path("<slug:public_id>/guest-page/sheet.pdf", staypages.sheet, name="sheet"),
    path("<slug:public_id>/guest-page/stays/new/", staypages.new_stay, name="new-stay"),
    path("<slug:public_id>/guest-page/stays/<slug:token>/", staypages.stay, name="stay"),
    path("<slug:public_id>/guest-page/stays/<slug:token>/qr.svg", staypages.stay_qr, name="stay-qr"),
    path("<slug:public_id>/guest-page/stays/<slug:token>/stop/", staypages.stop_stay, name="stop-stay"),
    path("<slug:public_id>/guest-page/stays/<slug:token>/renew/", staypages.renew_stay, name="renew-stay"),
    path("<slug:public_id>/sales/", purchasepages.sales, name="sales"),
    path("<slug:public_id>/sales/<slug:purchase_id>/", purchasepages.purchase, name="purchase"),
    path("<slug:public_id>/sales/<slug:purchase_id>/receipt.pdf", papers.receipt, name="receipt"),
    path(
        "<slug:public_id>/sales/<slug:purchase_id>/certificate.json", papers.certificate, name="certificate"
    ),
    path("<slug:public_id>/sales/<slug:purchase_id>/cancel/", purchasepages.cancel, name="cancel"),
    path("<slug:public_id>/sales/<slug:purchase_id>/resend/", purchasepages.resend, name="resend"),
    path("<slug:public_id>/sales/<slug:purchase_id>/address/", purchasepages.address, name="address"),
    path("<slug:public_id>/sales/<slug:purchase_id>/grant/", views.grant, name="grant"),
    path(f"{_LINK}lengthen/", lengthening.begin, name="lengthen"),
    path(f"{_LINK}lengthened/", lengthening.done, name="lengthened"),
    path(f"{_LINK}stop/", lengthening.stop, name="stop-lengthening"),
    path("<slug:public_id>/sales/<slug:purchase_id>/keep/", views.keep, name="keep"),
    path("<slug:public_id>/sales/<slug:purchase_id>/agree/", views.agree, name="agree"),
    path("<slug:public_id>/sales/<slug:purchase_id>/refuse/", views.refuse, name="refuse"),
]
