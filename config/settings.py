"""Settings of a Jishi installation. Everything that differs between installations comes from the environment.

Every variable is described in docs/settings.md; a project test compares the two.
"""

import hashlib
import os
from pathlib import Path

from config import database

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("JISHI_DATA") or BASE_DIR / ".jishi")

DEMO = os.environ.get("JISHI_DEMO", "") == "1"
DEBUG = False
SECRET_KEY = database.secret("django", STATE_DIR)
ALLOWED_HOSTS = [h for h in os.environ.get("JISHI_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if h]
CSRF_TRUSTED_ORIGINS = [f"https://{h}" for h in ALLOWED_HOSTS if "*" not in h]
INSTITUTIONS_DIR = BASE_DIR / "institutions"
# Signs of open screens: in memory where the machine offers it, never in the database (docs/decisions/0009).
_MEMORY = Path("/dev/shm")
PRESENCE_DIR = (_MEMORY if os.access(_MEMORY, os.W_OK) else STATE_DIR) / (
    "jishi-screens-" + hashlib.sha256(f"screens:{SECRET_KEY}".encode()).hexdigest()[:16]
)
KEYS_DIR = Path(os.environ.get("JISHI_KEYS", STATE_DIR / "keys"))
KEYS_BROKER = os.environ.get("JISHI_KEYS_BROKER", "")  # unix:/path or host:port of the key broker (level K1)
FILES_FREE = float(os.environ.get("JISHI_FILES_FREE", "0.1"))  # of the disk: below, no file is taken in (spec 90 §12)
FILES_DIR = STATE_DIR / "files"  # what people sent, sealed (foundation/files.py); part of every backup
SCANNER = os.environ.get("JISHI_SCANNER", "")  # unix:/path or host:port of a virus scanner (foundation/scanner.py)
# What leaves the house: carriers of notices, receivers inside a network (foundation/carriers.py, outgoing.py).
MAIL = os.environ.get("JISHI_MAIL", "")
SMS = os.environ.get("JISHI_SMS", "")
INSIDE = os.environ.get("JISHI_INSIDE", "")
# Unified sign-in: who issues, as whom we ask, which assurance levels mean two factors (accounts/web/unified.py).
OIDC_ISSUER = os.environ.get("JISHI_OIDC_ISSUER", "").rstrip("/")
OIDC_CLIENT = os.environ.get("JISHI_OIDC_CLIENT", "")
OIDC_SECRET = os.environ.get("JISHI_OIDC_SECRET", "")
OIDC_RSA_BITS = max(2048, int(os.environ.get("JISHI_OIDC_RSA_BITS", "3072")))  # 3072: 128 bits of strength
OIDC_TWO_FACTORS = tuple(filter(None, os.environ.get("JISHI_OIDC_TWO_FACTORS", "").split(",")))
OIDC_ISSUER_ORIGIN = "/".join(OIDC_ISSUER.split("/")[:3])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "procrastinate.contrib.django",
    "jishi.foundation",
    "jishi.accounts",
    "jishi.places",
    "jishi.bodies",
    "jishi.duties",
    "jishi.cases",
    "jishi.portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.refused.Written",
    "jishi.portal.middleware.PageSafety",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "jishi.portal.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "jishi.accounts.web.middleware.Scoped",
    "config.crossing.OwnSite",
    "config.costs.Costs",
    "config.unanswered.InWords",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jishi.portal.web.context.shell",
            ],
        },
    }
]

DATABASES = {"default": database.settings_for(os.environ.get("JISHI_ROLE", "web"), STATE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["jishi.accounts.web.backend.ScopedBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
BREACHED = os.environ.get("JISHI_BREACHED", "")  # a sorted file of SHA-1 of breached passwords; nothing is sent
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/home"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_ADAPTER = "jishi.accounts.web.adapters.AccountAdapter"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds a step-up stays fresh (spec 90 §3)
SOCIALACCOUNT_ADAPTER = "jishi.accounts.web.unified.Outside"
MFA_ADAPTER = "jishi.accounts.web.adapters.FactorAdapter"
ACCOUNT_RATE_LIMITS = False  # our own, slow and never locked (spec 90 §3): accounts.actions.signing_in
MFA_RATE_LIMITS = False  # an office behind one address signs in together: nobody guesses a passkey (config/costs.py)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True

SECURE = os.environ.get("JISHI_INSECURE_COOKIES", "") != "1" and not DEMO
SESSION_COOKIE_NAME = "__Host-jishi" if SECURE else "jishi"
CSRF_COOKIE_NAME = "__Host-jishi-csrf" if SECURE else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("JISHI_BEHIND_PROXY") == "1" else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["jishi.foundation.uploads.InMemory"]  # bounded; no temporary file holds what a person sent

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / ".jishi/locale"]  # made from jishi/*/words by compile-messages
MESSAGE_STORAGE = "jishi.portal.middleware.Told"
LANGUAGE_COOKIE_NAME = "__Host-jishi_language" if SECURE else "jishi_language"
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
WHITENOISE_USE_FINDERS = os.environ.get("JISHI_STATIC_FROM_SOURCE", "1") == "1"
WHITENOISE_AUTOREFRESH = False

# Logs hold no person: level, code, route pattern, status (spec 90 §11); config/logs.py takes the rest out.
LOG_TO = os.environ.get("JISHI_LOG_TO", "")  # tls://host:6514 or unix:/dev/log (config/log_carrier.py)
_AWAY = {"away": {"()": "config.log_carrier.Carrier", "to": LOG_TO, "formatter": "bare", "filters": ["no_person"]}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_person": {"()": "config.logs.NoPerson"}},
    "formatters": {
        "line": {"()": "config.logs.Line", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "bare": {"()": "config.logs.Line", "format": "%(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "out": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_person"]},
        **(_AWAY if LOG_TO else {}),
    },
    "root": {"handlers": ["out", *(_AWAY if LOG_TO else ())], "level": "WARNING"},
    "loggers": {
        "django": {"level": "WARNING"},  # its own handlers, which mail whole requests, are gone
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "ERROR"},
    },
}
