"""What people write above the columns of a list of homes, in the six languages; the first word is ours."""

from collections.abc import Mapping
from enum import StrEnum


class Column(StrEnum):
    """What a column holds."""

    NAME = "name"
    LINKS = "links"
    TIME_ZONE = "time_zone"
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    RATE = "rate"
    CURRENCY = "currency"


Words = Mapping[Column, tuple[str, ...]]

ENGLISH: Words = {
    Column.NAME: (
        "Name",
        "Home",
        "Home name",
        "Property",
        "Property name",
        "Listing",
        "Listing name",
        "Unit",
        "Unit name",
        "Apartment",
        "Room",
        "Title",
    ),
    Column.LINKS: ("Link", "Calendar", "Calendars"),
    Column.TIME_ZONE: ("Time zone", "Timezone", "TZ", "Zone"),
    Column.CHECK_IN: ("Check-in", "Checkin", "Check-in from", "Check-in time", "Arrival", "Arrival time"),
    Column.CHECK_OUT: (
        "Check-out",
        "Checkout",
        "Check-out until",
        "Check-out time",
        "Departure",
        "Departure time",
    ),
    Column.RATE: (
        "Price per night",
        "Price",
        "Price a night",
        "Usual price per night",
        "Nightly price",
        "Nightly rate",
        "Rate",
        "Base price",
        "Base rate",
    ),
    Column.CURRENCY: ("Currency",),
}
SPANISH: Words = {
    Column.NAME: (
        "Nombre",
        "Alojamiento",
        "Propiedad",
        "Vivienda",
        "Piso",
        "Apartamento",
        "Anuncio",
        "Unidad",
    ),
    Column.LINKS: ("Enlace", "Calendario", "Calendarios"),
    Column.TIME_ZONE: ("Zona horaria", "Huso horario"),
    Column.CHECK_IN: ("Entrada", "Hora de entrada", "Llegada", "Hora de llegada", "Check-in desde"),
    Column.CHECK_OUT: ("Salida", "Hora de salida", "Check-out hasta"),
    Column.RATE: (
        "Precio por noche",
        "Precio",
        "Tarifa",
        "Tarifa por noche",
        "Precio base",
        "Precio habitual",
    ),
    Column.CURRENCY: ("Moneda", "Divisa"),
}
FRENCH: Words = {
    Column.NAME: ("Nom", "Logement", "Hébergement", "Propriété", "Bien", "Annonce", "Appartement", "Unité"),
    Column.LINKS: ("Lien", "Calendrier", "Calendriers"),
    Column.TIME_ZONE: ("Fuseau horaire", "Fuseau"),
    Column.CHECK_IN: ("Arrivée", "Heure d'arrivée", "Arrivée à partir de", "Entrée"),
    Column.CHECK_OUT: ("Départ", "Heure de départ", "Départ avant", "Sortie"),
    Column.RATE: ("Prix par nuit", "Prix", "Prix de la nuit", "Prix la nuit", "Tarif", "Tarif par nuit"),
    Column.CURRENCY: ("Devise", "Monnaie"),
}
GERMAN: Words = {
    Column.NAME: (
        "Name",
        "Unterkunft",
        "Wohnung",
        "Ferienwohnung",
        "Objekt",
        "Inserat",
        "Bezeichnung",
        "Titel",
        "Einheit",
    ),
    Column.LINKS: ("Link", "Kalender", "Kalenderlink"),
    Column.TIME_ZONE: ("Zeitzone",),
    Column.CHECK_IN: ("Anreise", "Check-in ab", "Ankunft", "Einchecken", "Anreisezeit"),
    Column.CHECK_OUT: ("Abreise", "Check-out bis", "Auschecken", "Abreisezeit"),
    Column.RATE: ("Preis pro Nacht", "Preis", "Nachtpreis", "Übernachtungspreis", "Grundpreis"),
    Column.CURRENCY: ("Währung",),
}
ITALIAN: Words = {
    Column.NAME: (
        "Nome",
        "Alloggio",
        "Struttura",
        "Proprietà",
        "Appartamento",
        "Annuncio",
        "Immobile",
        "Unità",
    ),
    Column.LINKS: ("Collegamento", "Calendario", "Calendari"),
    Column.TIME_ZONE: ("Fuso orario",),
    Column.CHECK_IN: ("Arrivo", "Ora di arrivo", "Check-in dalle", "Ingresso"),
    Column.CHECK_OUT: ("Partenza", "Ora di partenza", "Check-out entro", "Uscita"),
    Column.RATE: ("Prezzo per notte", "Prezzo", "Prezzo a notte", "Tariffa", "Tariffa per notte"),
    Column.CURRENCY: ("Valuta", "Moneta"),
}
PORTUGUESE: Words = {
    Column.NAME: ("Nome", "Alojamento", "Propriedade", "Imóvel", "Apartamento", "Anúncio", "Unidade"),
    Column.LINKS: ("Ligação", "Calendário", "Calendários"),
    Column.TIME_ZONE: ("Fuso horário",),
    Column.CHECK_IN: ("Chegada", "Hora de chegada", "Entrada", "Check-in a partir de"),
    Column.CHECK_OUT: ("Saída", "Hora de saída", "Partida", "Check-out até"),
    Column.RATE: ("Preço por noite", "Preço", "Diária", "Tarifa", "Tarifa por noite"),
    Column.CURRENCY: ("Moeda",),
}
HEADINGS: Mapping[str, Words] = {
    "en": ENGLISH,
    "es": SPANISH,
    "fr": FRENCH,
    "de": GERMAN,
    "it": ITALIAN,
    "pt": PORTUGUESE,
}
LINK_WORDS = frozenset(
    {
        *("link", "links", "ical", "icals", "ics", "url", "urls", "feed", "feeds", "export"),
        *("enlace", "enlaces", "lien", "liens", "collegamento", "collegamenti", "ligacao", "ligacoes"),
        *("hiperligacao", "kalenderlink", "kalenderlinks"),
    }
)  # as they are without accents, in whatever words: "iCal Airbnb", "Link 2"
