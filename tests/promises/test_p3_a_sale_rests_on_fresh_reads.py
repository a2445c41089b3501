"""Promise P3 is told by the purchase's own story; these names make it findable."""

from tests.stories.test_a_purchase import (  # noqa: F401 - collected here under the promise's name
    test_a_booking_that_a_channel_took_meanwhile_declines_the_sale,
    test_a_feed_that_cannot_be_read_never_becomes_a_guess,
    test_a_sale_rests_on_reads_made_after_the_guest_pressed_book,
)
