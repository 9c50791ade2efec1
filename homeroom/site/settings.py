"""Settings, read from the environment and `.env`; every one has a default that needs nothing.

A value that cannot be used stops the start with a message naming the variable.
"""

from __future__ import annotations

import secrets
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

from homeroom.site import logs

env = Env()
env.read_env(Path.cwd() / ".env", recurse=False)

PACKAGE = Path(__file__).resolve().parent.parent
DATA = Path(env.str("HOMEROOM_DATA", "var")).resolve()  # database, files, keys: what `homeroom backup` saves
TESTING = "pytest" in sys.modules
DEBUG = env.bool("DEBUG", False)

# --- keys: made at the first start, kept apart from the backup of the data


def _key_file(name: str) -> list[str]:
    """The keys in DATA/keys/NAME, newest first; a file with one new key is made when there is none."""
    path = DATA / "keys" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with path.open("x", encoding="ascii") as file:
                path.chmod(0o600)
                file.write(secrets.token_urlsafe(48) + "\n")
        except FileExistsError:  # another process of the same first start was quicker
            pass
    keys = [line.strip() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    if not keys:
        raise ImproperlyConfigured(
            f"{path} is empty: restore it from your key backup, or delete it on a new installation"
        )
    return keys


_secret_keys = [env.str("SECRET_KEY")] if env.str("SECRET_KEY", "") else _key_file("secret.key")
SECRET_KEY, SECRET_KEY_FALLBACKS = _secret_keys[0], _secret_keys[1:]
FIELD_KEYS = env.list("FIELD_KEYS", []) or _key_file("fields.key")

# --- where it is reached
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise ImproperlyConfigured("PUBLIC_URL must be like https://school.example.cn")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", _public.hostname])
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", ["127.0.0.1", "::1"])  # whose X-Forwarded-For and -Proto are believed
_tls = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _tls
SECURE_HSTS_SECONDS = 31_536_000 if _tls else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # set by our own bridge, from trusted proxies only
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "homeroom.site.pages.csrf_failure"
METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # lets a monitor that is not on a trusted address read /metrics
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF, f"{'wss' if _tls else 'ws'}://{_public.netloc}"],  # older Safari: 'self' is no socket
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "upgrade-insecure-requests": _tls,
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20  # what an address accepts unless its view says more (kit.bodies.accepts)
WEB_THREADS = env.int("WEB_THREADS", 4)
FILE_UPLOAD_TEMP_DIR = str(DATA / "tmp")
(DATA / "tmp").mkdir(parents=True, exist_ok=True)
LOGGING = logs.configuration(env.str("LOG_FORMAT", "auto"), env.str("LOG_LEVEL", "INFO"))

# --- database


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        name = unquote(parts.path[1:] if parts.path.startswith("//") or not parts.path.startswith("/") else parts.path)
        path = Path(name)
        if not path.is_absolute():
            path = Path.cwd() / path
        path.parent.mkdir(parents=True, exist_ok=True)
        return {
            "ENGINE": "homeroom.kit.sqlite",
            "NAME": str(path),
            "CONN_MAX_AGE": None,
            "ATOMIC_REQUESTS": False,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
                    "PRAGMA cache_size=-32000;PRAGMA mmap_size=268435456;PRAGMA temp_store=MEMORY;"
                ),
            },
            "TEST": {"NAME": str(DATA / f"test-{env.str('PYTEST_XDIST_WORKER', 'main')}.db")},
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
            "ATOMIC_REQUESTS": False,
            "OPTIONS": dict(parse_qsl(parts.query)),
        }
    raise ImproperlyConfigured(
        f"DATABASE_URL: {parts.scheme!r} is not known; use sqlite:///var/homeroom.db or postgresql://…"
    )


DATABASES = {"default": _database(env.str("DATABASE_URL", f"sqlite:///{DATA / 'homeroom.db'}"))}
SQLITE = DATABASES["default"]["ENGINE"] == "homeroom.kit.sqlite"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SOCKET_FRAMES_IN_TEN_SECONDS = env.int("SOCKET_FRAMES_IN_TEN_SECONDS", 100)  # of one client; more cuts it off
CHAT_MESSAGES_A_MINUTE = env.int("CHAT_MESSAGES_A_MINUTE", 30)  # of one person in one conversation, over the socket
REDIS_URL = env.str("REDIS_URL", "")  # wakes other processes; without it they find commits by tailing the log
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kit_cache"},
}


def _files(url: str) -> Path:
    """The folder of uploaded files."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not path.is_absolute():
        raise ImproperlyConfigured(
            f"FILES_URL: {url!r} cannot be used; it names a folder of this machine, like file:///srv/homeroom/files."
            " To keep files on another machine, mount its disk and name the folder it is mounted at."
        )
    if parts.query or parts.fragment:
        raise ImproperlyConfigured(f"FILES_URL: write ? as %3F and # as %23 in {url!r}")
    path = path.resolve()
    if (
        path == DATA
        or path in DATA.parents
        or any(path.is_relative_to(DATA / own) for own in ("keys", "static", "tmp"))
    ):
        raise ImproperlyConfigured(f"FILES_URL: {path} holds other things of Homeroom; name a folder only for files")
    return path


FILES_URL = env.str("FILES_URL", (DATA / "files").as_uri())
FILES = _files(FILES_URL)
EMAIL_URL = env.str("EMAIL_URL", "")  # smtp://user:password@host:587/?tls=starttls ; empty: the email channel is off
DELIVERY_CHANNELS = ["homeroom.delivery.channels.inapp", "homeroom.delivery.channels.email"]  # in the order tried
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", f"homeroom@{_public.hostname}")

# --- what it is made of
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "homeroom.kit",
    "homeroom.audit",
    "homeroom.semantics",
    "homeroom.eventlog",
    "homeroom.ui",
    "homeroom.school",
    "homeroom.people",
    "homeroom.realtime",
    "homeroom.files",
    "homeroom.groups",
    "homeroom.wording",
    "homeroom.search",
    "homeroom.redlines",
    "homeroom.delivery",
    "homeroom.notices",
    "homeroom.questions",
    "homeroom.conversations",
    "homeroom.roster",
    "homeroom.home",
    "homeroom.demo",
    "homeroom.site",
]
MODULES = [app for app in INSTALLED_APPS if app.startswith("homeroom.")]
MIDDLEWARE = [
    "homeroom.site.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "homeroom.ui.middleware.CompressionMiddleware",
    "homeroom.site.middleware.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "homeroom.ui.middleware.PreferencesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "homeroom.people.middleware.SignedInMiddleware",
    "homeroom.site.middleware.TroubleMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "homeroom.site.urls"
WSGI_APPLICATION = "homeroom.site.wsgi.application"
AUTH_USER_MODEL = "people.Account"
SESSION_ENGINE = "homeroom.people.sessions"
SESSION_COOKIE_NAME = "homeroom_session"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "homeroom.people.sign_in.Backend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
if TESTING:
    PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")  # a thousand sign-ins in a second
AUTH_PASSWORD_VALIDATORS = [{"NAME": "homeroom.people.passwords.PlainRules"}]
# Wrong passwords are counted for account and address together, where every process sees them: a school behind one
# address never locks out others, and nobody is locked out for longer than a quarter of an hour.
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "homeroom.people.sign_in.counted_name"
AXES_CLIENT_IP_CALLABLE = "homeroom.people.sign_in.client_address"
AXES_LOCKOUT_CALLABLE = "homeroom.people.sign_in.locked_out"
AXES_VERBOSE = AXES_ENABLE_ADMIN = False
ACCOUNT_ADAPTER = "homeroom.people.sign_in.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "homeroom.people.forms.SignInForm",
    "reauthenticate": "homeroom.people.forms.ReauthenticateForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "5/5m/key"}  # the second factor; passwords are counted by axes
MFA_ADAPTER = "homeroom.people.sign_in.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "homeroom.people.forms.CodeForm",
    "reauthenticate": "homeroom.people.forms.CodeReauthenticateForm",
    "activate_totp": "homeroom.people.forms.ActivateCodeForm",
}
MFA_TOTP_TOLERANCE = 1

TEMPLATES = [
    {
        "BACKEND": "homeroom.ui.jinja.ModuleTemplates",  # templates/ of every homeroom module, Jinja2
        "OPTIONS": {
            "environment": "homeroom.ui.jinja.environment",
            "context_processors": ["homeroom.ui.context.page", "django.contrib.messages.context_processors.messages"],
        },
    },
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
]

# --- language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / app.removeprefix("homeroom.") / "locale" for app in MODULES]
LANGUAGE_COOKIE_NAME = "homeroom_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- static files: hashed and precompressed by `homeroom build`
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(FILES)}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "homeroom.ui.static.HashedStaticFiles",
    },
}

SITE_NAME = _("Homeroom")
