"""The one settings file; everything that differs between places is read from the environment."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.utils.csp import CSP

from amplistay import allauthforms, env

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")
COLLECTING = "collectstatic" in sys.argv  # the image is built before any secret exists
LAX = DEBUG or COLLECTING

# Secrets. With DEBUG each has a fixed development value; without it a missing one stops the start.
SECRET_KEY, *SECRET_KEY_FALLBACKS = env.secrets(
    "SECRET_KEY",
    development="development-only-secret-key-that-is-long-enough-for-django-checks" if LAX else None,
)
FIELD_KEYS = env.secrets(
    "FIELD_KEYS", development="ZGV2ZWxvcG1lbnQta2V5LW9ubHktMzItYnl0ZXMhISE=" if LAX else None
)
EXPORT_KEYS = env.secrets("EXPORT_KEYS", development="development-export-key" if LAX else None)
# Certificates of sales: the first key signs; without any, one is derived from SECRET_KEY (check --deploy refuses that).
CERTIFICATE_KEYS = [key for key in env.secrets("CERTIFICATE_KEYS", development="") if key]
CERTIFICATE_RETIRED = env.words("CERTIFICATE_RETIRED")  # public keys that sign no more and still verify

SITE_URL = env.words("SITE_URL", "http://127.0.0.1:8000")[0].rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", urlsplit(SITE_URL).hostname or "")
if DEBUG:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "amplistay.apps.AmplistayConfig",
    "directory",
    "pages",
    "notices",
    "api",
    "upsells",
    "calendars",
    "properties",
    "billing",
    "webhooks",
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.language.MembersLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "amplistay.crowded.SorryPage",
    "pages.refusals.WrongMethodPage",
    "pages.refusals.RefusedForm",
]

ROOT_URLCONF = "amplistay.urls"
WSGI_APPLICATION = "amplistay.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "amplistay.context.place",
            ],
            "libraries": {"lucide": "amplistay.icons"},
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Storage: PostgreSQL is the truth, Redis carries hints.
DATABASES = {
    "default": env.database(
        env.words("DATABASE_URL", "postgresql:///amplistay")[0], env.text("DATABASE_ROLE")
    )
}
DATABASES["default"] |= {"CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True}
REDIS_URL = env.words("REDIS_URL", "redis://127.0.0.1:6379/0")[0]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_PATIENCE = {"socket_connect_timeout": 1, "socket_timeout": 1}  # seconds; it is only a hint
CACHES = {
    "default": {"BACKEND": "amplistay.cache.HintCache", "LOCATION": REDIS_URL, "OPTIONS": REDIS_PATIENCE},
    # HTML of some kilobytes each, in each process: what another version of the code drew is never shown
    "drawn": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 4000}},
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 1,  # a hint that can't be sent is dropped at once: the sweep finds the work
    "interval_start": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_DB_REUSE_MAX = 1_000_000  # Celery would otherwise open a database connection for every task
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 75
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # keeps nothing: what is due stands in PostgreSQL
CELERY_BEAT_SCHEDULE = {
    "read what is due": {"task": "calendars.tasks.read_due_feeds", "schedule": 5.0},
    "read units of other systems": {"task": "calendars.tasks.read_mirrors", "schedule": 5.0},
    "ask what changed there": {"task": "calendars.tasks.ask_what_changed", "schedule": 15.0},
    "close there what is taken here": {"task": "calendars.tasks.close_elsewhere", "schedule": 5.0},
    "see which keys still work": {"task": "calendars.tasks.watch_connections", "schedule": 60.0},
    "see what hosts must know": {"task": "calendars.tasks.watch", "schedule": 20.0},
    "see which links are read": {"task": "calendars.tasks.watch_links", "schedule": 120.0},
    "make links for stays": {"task": "upsells.tasks.register_stays", "schedule": 30.0},
    "count what is billed": {"task": "amplistay.tasks.count_properties", "schedule": 300.0},
    "settle what hosts pay": {"task": "billing.tasks.sweep", "schedule": 30.0},
    "settle what waits": {"task": "upsells.tasks.sweep", "schedule": 10.0},
    "send letters about accounts": {"task": "accounts.tasks.deliver", "schedule": 5.0},
    "end what its owners deleted": {"task": "accounts.tasks.end_organizations", "schedule": 3600.0},
    "send what the outbox holds": {"task": "upsells.tasks.deliver", "schedule": 10.0},
    "tell other software": {"task": "webhooks.tasks.send", "schedule": 5.0},
    "sum up the day": {"task": "notices.tasks.sum_up", "schedule": 60.0},
    "ask about every open payment": {"task": "upsells.tasks.reconcile", "schedule": 300.0},
    "thin out the sync log": {"task": "calendars.tasks.prune", "schedule": 3600.0},
    "forget guests": {"task": "upsells.tasks.forget", "schedule": 6 * 3600.0},
    "forget what was removed": {"task": "amplistay.tasks.sweep_removed", "schedule": 3600.0},
    "forget old messages": {"task": "webhooks.tasks.prune", "schedule": 3600.0},
    "forget kept answers": {"task": "api.tasks.prune", "schedule": 3600.0},
    "forget requests to join": {"task": "directory.tasks.forget", "schedule": 3600.0},
}

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.OrganizationForm"
ACCOUNT_FORMS, MFA_FORMS = allauthforms.ACCOUNT, allauthforms.MFA
# On a real site, a new host comes in by the link in a letter: so nobody learns by signing up who has an account.
# Else they are let in at once, and what others could be harmed by (payouts, members, API tokens) waits.
LETTER_FIRST = env.flag("LETTER_FIRST", default=SITE_URL.startswith("https://"))
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if LETTER_FIRST else "optional"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds; `accounts.tenancy.fresh` goes by it, too
ACCOUNT_RATE_LIMITS = {  # counted in Redis, open while Redis is away
    "signup": "20/10m/ip",
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/h/ip,3/10m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "confirm_email": "1/1m/key",
}
MFA_ADAPTER = "accounts.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # periods of 30 s that a phone's clock may be off
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG  # browsers take http://localhost for secure, fido2 doesn't
ACCOUNT_SIGNUP_REDIRECT_URL = "properties:new"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
EMAIL_SERVER = env.words("EMAIL_HOST")
MAILERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": EMAIL_SERVER[0],
            "port": env.number("EMAIL_PORT", 587),
            "username": env.text("EMAIL_HOST_USER"),
            "password": env.text("EMAIL_HOST_PASSWORD"),
            "use_tls": env.flag("EMAIL_USE_TLS", default=True),
            "timeout": 10,
        },
    }
    if EMAIL_SERVER
    else {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
}
DEFAULT_FROM_EMAIL = env.words("DEFAULT_FROM_EMAIL", "Amplistay <hello@amplistay.example>")[0]

# Feeds.
LOOPBACK_FEED_PORTS = frozenset(int(port) for port in env.words("LOOPBACK_FEED_PORTS"))
SIMULATOR_URL = env.words("SIMULATOR_URL", "http://127.0.0.1:8900")[0].rstrip("/")
USER_AGENT = f"Amplistay-Calendar/1.0 (+{SITE_URL}/)"
USER_AGENT_WEBHOOKS = f"Amplistay-Webhooks/1.0 (+{SITE_URL}/)"
POLL_INTERVAL = timedelta(seconds=env.number("POLL_INTERVAL_SECONDS", 900))
RECEIPTS_EVERY = env.number("RECEIPTS_SECONDS", 2)  # how often a web process writes who read its export links
POLL_INTERVAL_QUICK = timedelta(seconds=env.number("POLL_INTERVAL_QUICK_SECONDS", 300))
READS_PER_SECOND_AND_SERVER = env.number("READS_PER_SECOND_AND_SERVER", 50)
ALERT_AFTER = timedelta(seconds=env.number("ALERT_AFTER_SECONDS", 3600))
REMOVAL_WAIT = timedelta(seconds=env.number("REMOVAL_WAIT_SECONDS", 1800))
REMOVAL_WAIT_LONG = timedelta(seconds=env.number("REMOVAL_WAIT_LONG_SECONDS", 14_400))

# Units of property-management systems.
MIRROR_FLOOR = timedelta(
    seconds=env.number("MIRROR_FLOOR_SECONDS", 300)
)  # the least time between reads of one
MIRROR_INTERVAL = timedelta(
    seconds=env.number("MIRROR_INTERVAL_SECONDS", 900)
)  # of those that nobody asks for
MIRROR_REMOVAL_WAIT = timedelta(seconds=env.number("MIRROR_REMOVAL_WAIT_SECONDS", 1800))
MIRROR_PATIENCE = timedelta(milliseconds=env.number("MIRROR_PATIENCE_MS", 2000))  # of a link for a fresh copy
MIRROR_WAITERS = env.number("MIRROR_WAITERS", 4)  # requests of one web process that may wait at a time
MIRROR_CHANGES_INTERVAL = timedelta(seconds=env.number("MIRROR_CHANGES_SECONDS", 120))
MIRROR_SWITCHES = env.words("MIRROR_SWITCHES")  # settled for every account: "escapia.unit_numbers=shared"
MIRROR_BASE_URLS: dict[str, dict[str, str]] = {}  # a simulator's addresses, by system and name
if DEMO:
    _paths = {
        "hsapi": "/escapia/dragomanadapter/hsapi",
        "enet": "/escapia/enet",
        "gateway": "/escapia/gateway",
    }
    MIRROR_BASE_URLS["escapia"] = {name: SIMULATOR_URL + path for name, path in _paths.items()}

# Payments: without a key, cards aren't offered. The simulator's Stripe stands in for the real one in demos and tests.
STRIPE_SECRET_KEY = env.secrets("STRIPE_SECRET_KEY", development="")[0]
STRIPE_API_BASE = env.words("STRIPE_API_BASE", "https://api.stripe.com")[0].rstrip("/")
STRIPE_WEBHOOK_SECRETS = [key for key in env.secrets("STRIPE_WEBHOOK_SECRETS", development="") if key]
STRIPE_FEE_BASIS_POINTS = env.number("STRIPE_FEE_BASIS_POINTS", 0)
STRIPE_SIMULATED = urlsplit(STRIPE_API_BASE).hostname != "api.stripe.com"
STRIPE_PAGES = ["https://checkout.stripe.com", "https://billing.stripe.com"]
if STRIPE_SIMULATED:
    STRIPE_PAGES = ["{0.scheme}://{0.netloc}".format(urlsplit(STRIPE_API_BASE))]
# Where a form of ours may lead to; browsers check redirects, too.
PAYMENT_PAGES = STRIPE_PAGES if STRIPE_SECRET_KEY else []

# What hosts pay us, by the plans of `billing.plans`: off unless it is switched on, and then with Stripe's key.
BILLING = env.flag("BILLING") and bool(STRIPE_SECRET_KEY)
STRIPE_BILLING_WEBHOOK_SECRETS = [
    key for key in env.secrets("STRIPE_BILLING_WEBHOOK_SECRETS", development="") if key
]

# The API.
API_REQUESTS_A_MINUTE = env.number("API_REQUESTS_A_MINUTE", 600)  # of one token
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "api.describing.Description",
    "UNAUTHENTICATED_USER": None,
    "UNICODE_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Amplistay",
    "VERSION": "1",
    "DESCRIPTION": "What a host can do in the dashboard, for other software.",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["api.describing.strict"],
    "DISABLE_ERRORS_AND_WARNINGS": True,  # what it can't guess, a test sees in the description itself
}

FORM_LEAST_SECONDS = env.number(
    "FORM_LEAST_SECONDS", 3
)  # a stranger's form that comes back sooner is a robot's

# Pages.
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("es", "Español"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("it", "Italiano"),
    ("pt", "Português"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "amplistay.bundles.BundleFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_HANDLERS = [
    "amplistay.uploads.CappedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Safety.
HTTPS = SITE_URL.startswith("https://")
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.SELF],
    "form-action": [CSP.SELF, *PAYMENT_PAGES],
    "frame-ancestors": [CSP.NONE],
}
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY") else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^ical/"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
X_FRAME_OPTIONS = "DENY"

# Logs: one line per unit of work, JSON in production.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "amplistay.logs.Scrub"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "filters": ["scrub"]}},
    "root": {"handlers": ["out"], "level": "INFO"},
    "loggers": {
        "celery": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
    },
}
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=False)
        if env.flag("READABLE_LOGS", default=DEBUG)
        else structlog.processors.JSONRenderer(),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),  # to stderr, through the same filters as every other line
    cache_logger_on_first_use=True,
)

SILENCED_SYSTEM_CHECKS: list[str] = []
