"""The photo of a home, which guests see on their page."""

import base64
import binascii
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers

from api.door import ApiRequest, OrgView, operation
from api.problems import invalid
from api.scopes import Scope
from api.v1.properties import home_of
from api.wire import Body, Out, Text
from properties import photos
from properties.models import Photo

MOST_SIGNS = photos.MOST_OCTETS // 3 * 4 + 4  # of base64


class PhotoOut(Out):
    """What guests see of a home, as we have drawn it anew: WebP files without place and time."""

    property = serializers.CharField(source="property.public_id")
    words = serializers.CharField(allow_blank=True, help_text="What it shows, for guests who can't see it.")
    small = serializers.SerializerMethodField(help_text="The address of the small one.")
    large = serializers.SerializerMethodField(help_text="The address of the large one.")
    created_at = serializers.DateTimeField()

    def get_small(self, photo: Photo) -> str:
        """Open to whoever has it."""
        return settings.SITE_URL + photo.small()

    def get_large(self, photo: Photo) -> str:
        """Open to whoever has it."""
        return settings.SITE_URL + photo.large()


class PhotoBody(Body):
    """A JPEG, PNG or WebP file of at most 12 MB and at least 640 × 400 pixels, and what it shows."""  # noqa: RUF002 - times

    file = Text(max_length=MOST_SIGNS, help_text="The file, in base64.")
    words = Text(required=False, allow_blank=True, max_length=160)


class HomePhoto(OrgView):
    """The photo of a home."""

    most_octets = MOST_SIGNS + 4_096

    @operation("getPhoto", Scope.PROPERTIES_READ, gives=PhotoOut)
    def get(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Photo:
        """What guests see of a home; 404 where it has no photo."""
        photo = home_of(request, property_id).photo
        if photo is None:
            raise Http404
        return photo

    @operation(
        "replacePhoto", Scope.PROPERTIES_WRITE, takes=PhotoBody, gives=PhotoOut,
        example={"file": "/9j/4AAQSkZJRg…", "words": "The terrace with a view of the sea"},
    )  # fmt: skip
    def put(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> Photo:
        """Show guests another photo. Nothing is kept of the file but its picture."""
        home = home_of(request, property_id)
        try:
            content = base64.b64decode(asked["file"], validate=True)
            return photos.keep(home, BytesIO(content), asked.get("words", ""), request.now)
        except (binascii.Error, ValueError) as error:
            raise invalid({"file": _("Send the file in base64.")}) from error
        except photos.Unusable as error:
            raise invalid({"file": str(error.args[0])}) from error

    @operation("deletePhoto", Scope.PROPERTIES_WRITE)
    def delete(self, request: ApiRequest, asked: dict[str, Any], property_id: str) -> None:
        """Show guests no photo any more."""
        photos.remove(home_of(request, property_id), request.now)
