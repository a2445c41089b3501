"""Made-up prices for property tests."""

from datetime import date, timedelta

from hypothesis import strategies as st

from domain.prices import Discounts, HourPrice, NightPrice, Occasion, Pricing, Rates, Season, Tax
from domain.spans import NIGHT, Span

FIRST = date(2028, 2, 24)
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD"])
AMOUNTS = st.integers(0, 30_000)
PERCENTAGES = st.integers(0, 100)
WEEKDAYS = st.lists(st.tuples(st.integers(0, 6), AMOUNTS), max_size=3).map(tuple)
SPANS = st.builds(
    lambda begins, count: Span(FIRST + begins * NIGHT, FIRST + (begins + count) * NIGHT),
    st.integers(-3, 20),
    st.integers(1, 9),
)
SEASONS = st.lists(st.builds(Season, SPANS, AMOUNTS, WEEKDAYS), max_size=3).map(tuple)
RATES = st.builds(Rates, CURRENCIES, AMOUNTS, WEEKDAYS, SEASONS)
STEPS = st.lists(st.tuples(st.integers(1, 9), PERCENTAGES), max_size=3).map(tuple)
NIGHT_PRICES = st.builds(NightPrice, st.none() | AMOUNTS, st.integers(0, 150), STEPS)
SLOTS = st.lists(st.integers(1, 700), max_size=4, unique=True).flatmap(
    lambda minutes: st.lists(AMOUNTS, min_size=len(minutes), max_size=len(minutes)).map(
        lambda amounts: tuple(zip(sorted(minutes), sorted(amounts), strict=True))
    )
)
HOUR_PRICES = st.builds(HourPrice, st.none() | AMOUNTS, AMOUNTS, SLOTS)
DISCOUNTS = st.builds(
    Discounts,
    weekend=st.integers(-60, 100),
    last_minute=PERCENTAGES,
    last_minute_within=st.integers(0, 96).map(lambda hours: timedelta(hours=hours)),
    gap=PERCENTAGES,
)
TAXES = st.lists(
    st.builds(Tax, st.just("tax"), st.integers(0, 3_000), st.integers(0, 500), st.booleans()), max_size=3
).map(tuple)
PRICINGS = st.builds(
    Pricing,
    RATES,
    NIGHT_PRICES,
    HOUR_PRICES,
    DISCOUNTS,
    TAXES,
    minimum=st.integers(0, 20_000),
    step=st.sampled_from([1, 5, 50, 100, 1_000]),
    adds_lost_night=st.booleans(),
)
OCCASIONS = st.builds(
    Occasion,
    st.integers(0, 200).map(lambda hours: timedelta(hours=hours)),
    st.booleans(),
    st.integers(1, 6),
)

# One of each rule, for tests about time.
PRICING = Pricing(
    Rates("EUR", 10_000, ((4, 12_000), (5, 12_500))),
    NightPrice(percent=90, steps=((2, 5), (4, 10))),
    HourPrice(per_hour=1_500),
    Discounts(weekend=-10, last_minute=10, last_minute_within=timedelta(days=1), gap=20),
    (Tax("VAT", percent=1_000), Tax("city tax", per_night=150, per_person=True)),
    minimum=1_000,
    step=50,
)
