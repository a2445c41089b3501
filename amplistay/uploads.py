"""How much of a file anybody may upload: what is more is let go as it comes in, and never stored."""

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from properties.photos import MOST_OCTETS


class CappedUpload(FileUploadHandler):
    """Drops a file that grows beyond the cap; its form then finds none, and `request.upload_was_too_big` says why."""

    def new_file(self, *args: object, **kwargs: object) -> None:
        """Begin to count."""
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]  # Django's own arguments, passed on
        self.octets = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:  # noqa: ARG002 - Django's contract
        """Pass it on to the handlers that store it, up to the cap. Raises SkipFile beyond."""
        self.octets += len(raw_data)
        if self.octets > MOST_OCTETS:
            if self.request is not None:
                self.request.upload_was_too_big = True  # type: ignore[attr-defined]  # this is where it is defined
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Those that store it make the file."""
