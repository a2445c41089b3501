"""The style sheets and scripts that come as one."""

import gc
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import get_finder
from django.test import Client
from django.urls import reverse

from amplistay.bundles import BUNDLES, BundleFinder
from properties.models import Property
from tests import cast

MOST_FILES = 4  # beside the page itself, its icon and a photo


@pytest.mark.parametrize("bundle", BUNDLES)
def test_a_bundle_holds_its_parts_in_their_order(bundle: str) -> None:
    found = finders.find(bundle)
    assert found
    words = Path(found).read_text()
    places = [words.find((settings.BASE_DIR / "static" / part).read_text()) for part in BUNDLES[bundle]]
    assert -1 not in places
    assert places == sorted(places)


def test_bundles_are_collected_and_nothing_else_by_that_finder() -> None:
    finder = get_finder("amplistay.bundles.BundleFinder")
    assert {path for path, storage in finder.list(None) if storage.exists(path)} == set(BUNDLES)
    assert finders.find("css/no-such-bundle.css") is None


def test_a_finder_that_goes_leaves_the_bundles_where_they_are() -> None:
    found = BundleFinder().find("js/guest-page.js")
    gc.collect()
    assert Path(found).exists()


@pytest.mark.django_db
def test_a_guest_s_page_asks_for_few_files(client: Client, home: Property) -> None:
    cast.an_offer(home)
    link = cast.a_stay_link(home)
    page = client.get(reverse("guest:stay", args=[link.token])).content.decode()
    head = page.split("</head>")[0]
    files = re.findall(r'<link rel="(?:stylesheet|preload)" href="([^"]+)"|<script[^>]* src="([^"]+)"', head)
    assert len(files) <= MOST_FILES, files
