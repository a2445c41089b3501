"""Who reads a calendar, as far as its User-Agent tells; the address that was read tells for whom it was made."""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from domain.channels import CHANNELS, OTHER, Channel

NAMELESS = "?"
LONGEST = 40
# Booking sites don't document what they call themselves: any mention of their name has to do.
_SITES: Mapping[str, str] = MappingProxyType(
    {host: channel.name for channel in CHANNELS.values() for host in channel.hosts}
    | {"google-calendar-importer": "Google Calendar"}
)
_PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "dataaccessd": "Apple Calendar",
        "calendaragent": "Apple Calendar",
        "microsoft exchange": "Outlook",
        "outlook": "Outlook",
        "thunderbird": "Thunderbird",
        "nextcloud": "Nextcloud",
        "icsx5": "ICSx5",
        "fastmail": "Fastmail",
    }
)
# What opens an address that somebody sends, watches or tries: never the site it is for. Each calls itself by the name
# that it has here, in any case; several add the address of their house (Googlebot: google.com).
_ROBOTS = (
    # previews of an address in a chat or a post; iMessage and LINE call themselves facebookexternalhit, Signal WhatsApp
    "WhatsApp", "facebookexternalhit", "Facebot", "meta-externalagent", "meta-externalfetcher", "TelegramBot",
    "Slackbot", "Slack-ImgProxy", "Twitterbot", "LinkedInBot", "Discordbot", "SkypeUriPreview", "Viber", "redditbot",
    "Pinterestbot", "Snap URL Preview Service", "kakaotalk-scrap", "Cardyb", "Synapse", "Mattermost", "Embedly",
    "Iframely", "bitlybot",
    # monitors
    "UptimeRobot", "Pingdom", "StatusCake", "Better Uptime Bot", "Better Stack", "Site24x7", "Uptime-Kuma",
    "HetrixTools", "Checkly", "updown.io", "Freshping", "NewRelicPinger", "Datadog", "nagios-plugins", "Zabbix",
    "GoogleStackdriverMonitoring-UptimeChecks", "Amazon-Route53-Health-Check-Service", "ELB-HealthChecker",
    "GoogleHC", "kube-probe", "Blackbox Exporter",
    # search robots, archives, scanners of the whole net
    "Googlebot", "Googlebot-Image", "GoogleOther", "Google-InspectionTool", "FeedFetcher-Google", "AdsBot-Google",
    "bingbot", "BingPreview", "Applebot", "DuckDuckBot", "YandexBot", "Baiduspider", "Slurp", "SeznamBot",
    "PetalBot", "AhrefsBot", "SemrushBot", "MJ12bot", "DotBot", "Amazonbot", "Bytespider", "GPTBot", "ChatGPT-User",
    "OAI-SearchBot", "ClaudeBot", "Claude-User", "Claude-SearchBot", "PerplexityBot", "CCBot", "ia_archiver",
    "archive.org_bot", "heritrix", "CensysInspect", "zgrab", "Expanse", "InternetMeasurement", "Nmap", "masscan",
    "Nuclei",
)  # fmt: skip
# A site may be built with one of these and say so, but then it says its own name too.
_TOOLS = (
    "curl", "Wget", "HTTPie", "xh", "PostmanRuntime", "Insomnia", "Bruno", "Thunder Client", "PowerShell",
    "WindowsPowerShell", "aria2", "Lynx", "w3m", "ELinks", "ApacheBench", "wrk", "k6", "hey",
)  # fmt: skip
VISITORS = frozenset({*_ROBOTS, *_TOOLS})
KNOWN = frozenset({*_SITES.values(), *_PROGRAMS.values()})
_KIN = (frozenset({"vrbo", "expedia"}),)  # sites of one house, that may read for each other
_PRODUCT = re.compile(r"[A-Za-z][^\s/(;]*")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]+")


def reader(agent: str) -> str:
    """A name for the program behind a User-Agent: a site's or a program's, else its own first word."""
    lower = agent.lower()
    for word, pattern, name in _PATTERNS:
        if word in lower and pattern.search(lower):
            return name
    found = _PRODUCT.search(_UNPRINTABLE.sub(" ", agent))
    return found[0][:LONGEST] if found else NAMELESS


def own(channel: Channel) -> frozenset[str]:
    """The names that the channel itself may read under, of those we know; a nameless program may be anybody's."""
    if channel.key == OTHER.key:
        return KNOWN
    kin = next((kin for kin in _KIN if channel.key in kin), frozenset({channel.key}))
    return frozenset(CHANNELS[key].name for key in kin)


def is_stranger(name: str, channel: Channel) -> bool:
    """Whether who reads the channel's link under this name is surely not the channel."""
    return name in VISITORS or (name in KNOWN and name not in own(channel))


def counted(names: Iterable[str], channel: Channel) -> frozenset[str]:
    """Of all who have ever read the channel's link, those whose reads are taken for the channel's.

    Most sites don't say how they call themselves, so a library (python-requests, Java) or an unheard name may be the
    channel; not any more once the channel has read the link under its own name.
    """
    found = frozenset(names)
    named = found & own(channel) if channel.key != OTHER.key else frozenset()
    return named or frozenset(name for name in found if not is_stranger(name, channel))


def _patterns() -> Iterator[tuple[str, re.Pattern[str], str]]:
    """What each name is known by, in lower case, in the order in which it is looked for."""
    for names in (
        _PROGRAMS,
        {name.lower(): name for name in _ROBOTS},
        _SITES,
        {name.lower(): name for name in _TOOLS},
    ):
        for word, name in sorted(names.items(), key=_longest_first):
            yield word, re.compile(rf"(?<![a-z]){re.escape(word)}(?![a-z])"), name


def _longest_first(item: tuple[str, str]) -> tuple[int, str]:
    return -len(item[0]), item[0]


_PATTERNS = tuple(_patterns())
