"""Simulated booking channels for demos, drills and tests; run with ``python -m simulator [--port 8900]``.
With ``--smtp-port`` there is a mail server, too, that keeps what it is sent.

Each listing lives on one channel (airbnb, booking, booking_legacy, vrbo, google, manager), exports its
closed nights in that channel's own calendar format, imports other calendars as often as its channel does in
life, ``--speed`` times faster (60) and never on a fixed beat, and refuses double bookings. Days aren't sped up.

Feeds carry the channel in their host name:
``http://airbnb.localhost:8900/calendar/ical/<id>.ics?t=<hex>``. Any Host header is accepted; an unknown
address is answered with 404. A feed's address depends on the listing's channel and id alone, so it
survives a reset followed by the same seed.

``GET /bench/<n>.ics?events=20`` answers an Airbnb-shaped calendar with a fresh DTSTAMP from a cached
template; with ``&changing=1`` every read differs from the last, with ``&growing=1`` it has one stay more
for every ``POST /api/grow``. ``GET /healthz`` answers ``ok``. ``GET
/`` and ``GET /listings/<id>`` are pages for people.

JSON control API. Dates are ISO (``2026-12-24``), spans half-open ``[arrival, departure)``; a failure is
answered as ``{"error": "<sentence>"}`` with 404 (unknown), 409 (nights taken) or 422 (a value that
makes no sense).

``POST /api/listings``
    ``channel``, ``name``, ``timezone`` (UTC), ``id``, ``import_interval`` seconds (0 = only when told to;
    "habit" = as its channel does, the default), ``reexports_imports`` (closed nights it imported go out again, the
    one that ended today included; true only for Booking.com), ``exports_blocks`` ("reserved and closed", true; else
    nothing imported goes out either), ``validators`` (ETag and 304; true only for google). 201, or 200 with the
    listing that has this ``id`` already.
``GET /api/listings``
    ``{"listings": [...]}``.
``GET /api/listings/<id>``
    One listing: ``export_url``, ``page_url``, options, ``reads_every`` and ``reads_every_in_life`` (its channel's
    habit: seconds between two reads, at least and at most), ``bookings``, ``imports`` (with ``next_read``),
    ``imported_nights`` and ``closed_nights`` as pairs of dates, ``feed_reads``, ``fault``.
``PATCH /api/listings/<id>``
    Any of the options.
``POST /api/listings/<id>/bookings``
    ``arrival``, ``departure``, ``guest``, ``kind`` (booking or block), ``source`` (shown by a manager),
    ``id``. 201, 409, or 200 with the booking that has this ``id`` already.
``PATCH /api/listings/<id>/bookings/<booking>``
    ``arrival``, ``departure``, ``guest``: alters it, with the same UID and reservation code and the next
    ``sequence``. 200, or 409 where a booking, or on more nights than it had an import, stands in the way.
``DELETE /api/listings/<id>/bookings/<booking>``
    Cancels it. 204.
``POST /api/listings/<id>/imports``
    ``url``, ``label``: adds the link and reads it at once. 201, or 200 when it was there already;
    whether the read succeeded is in ``last_status``.
``POST /api/listings/<id>/imports/read``
    Reads every link now, but for those that were given up, and answers the listing.
``PATCH /api/listings/<id>/imports/<import>``
    ``stopped``: true lets the channel give up reading the link, silently and with its nights kept, false take it
    up again.
``DELETE /api/listings/<id>/imports/<import>``
    Forgets the link and opens its nights. 204.
``POST /api/listings/<id>/fault``
    ``mode`` (a key of ``simulator.faults.PLAYS``), ``for_reads``, ``retry_after`` seconds,
    ``location``, ``seconds`` (for slow).
``GET /api/mails``
    What the mail server got, with ``--smtp-port`` (404 without): ``address``, ``attempts`` and ``mails``, each
    with ``sender``, ``to``, ``subject``, ``text``, ``html``, ``headers``, ``received``.
``DELETE /api/mails``
    Forgets every mail, and the fault. 204.
``POST /api/mails/fault``
    ``mode`` (``none``, ``refuse`` the recipient, ``refuse_content``, ``hang_up``, ``slow``), ``status`` of the
    refusal (451), ``seconds`` (for slow), ``recipient`` (default: every one), ``for_mails``.
``POST /api/grow``
    One stay more in every growing load-test calendar: ``{"grown": <how many so far>}``.
``POST /api/reset``
    Forgets everything. 204.

A Stripe is simulated as well: the API of Checkout with manual capture, refunds and Connect under ``/stripe``
(give ``<address>/stripe`` as API base, and the keys of ``simulator.stripe_keys``), with its pages for guests and
hosts and its signed messages. Its clock is the real one, put forward.

``GET /api/stripe``
    ``api_base``, ``key``, ``webhook_secret``, ``now``, ``ahead``, ``options``, ``faults``, ``accounts``.
``GET /api/stripe/payments``
    ``{"payments": [...]}``: each with ``reference``, ``account``, ``session_id``, ``intent_id``, the states ``session``
    and ``intent``, ``amount``, and the totals ``captured``, ``refunded`` (or on its way), ``voided``; ``refunds``.
``GET /api/stripe/events``
    ``{"events": [...]}``: the last messages with ``kind``, ``account``, ``about``, ``state``, ``tries``.
``POST /api/stripe/accounts``
    ``id`` (acct_…), ``email``, ``country``: an account that has been onboarded. 201, or 200 for one that was known.
``POST /api/stripe/fault``
    ``kind`` (a key of ``simulator.stripe_bank.FAULTS``, or ``none`` to end all), ``count`` (without: until ended),
    ``on`` (an operation of ``simulator.stripe_http.ROUTES``, or a message's kind), ``seconds`` (late, slow,
    expires_early). Faults add up.
``POST /api/stripe/clock``
    ``ahead``: seconds that its clock is ahead of the real one; pages and reservations age by that.
``POST /api/stripe/options``
    ``webhook_url`` (also ``--stripe-webhook``; ``none`` for nowhere), ``card_seconds`` of the slow card (20),
    ``refund_seconds`` until a refund has arrived (2). Kept over a reset.

An Escapia is simulated, too: HSAPI, ENET and Gateway under ``/escapia``, for several managers with hundreds of units
made by rule, and pages for a manager at ``/escapia/``. A reset makes that world anew.

``GET /api/escapia``
    ``base_urls`` and ``keys`` (each with ``hsapi``, ``enet``, ``gateway``; these keys every manager has admitted),
    ``options``, ``faults``, and ``managers``, each with keys of its own.
``GET /api/escapia/managers/<id>``, ``GET /api/escapia/units/<id>``
    A manager with its units; a unit with ``nights``, half-open, and what takes them: ``stays`` and ``orders`` (work
    orders).
``PATCH /api/escapia/managers/<id>``, ``PATCH /api/escapia/units/<id>``
    ``granted``: whether the manager admits any key; ``distributed``, ``active``.
``POST /api/escapia/units/<id>/stays``, ``PATCH`` and ``DELETE /api/escapia/units/<id>/stays/<stay>``
    ``arrival``, ``departure``, ``guest``, ``hold`` (of `simulator.escapia_world.HOLDS`), ``confirmed``. 201, 200, 204;
    409 where the nights are taken.
``DELETE /api/escapia/units/<id>/orders/<order>``
    The manager gives back a work order's nights. 204.
``GET /api/escapia/requests``
    ``count`` and ``requests``, each with ``at``, ``api``, ``operation``, ``key``, ``manager``, ``unit``, ``status``
    (0: not answered), narrowed by all but the first and the last of these, and by ``since``. ``DELETE`` forgets them,
    and quotas used up.
``POST /api/escapia/fault``
    ``kind`` (a key of `simulator.escapia_traffic.FAULTS`, or ``none`` to end all), ``count`` (without: until ended),
    ``on`` (an operation, ``token``, ``auth/token`` or ``graphql``), ``key``, ``unit``, ``seconds``, ``retry_after``.
``POST /api/escapia/tokens/expire``
    Every token is over. 204.
``POST /api/escapia/options``
    Any of `simulator.escapia_state.Options`: what the real system's documents leave open, and quotas.
"""
