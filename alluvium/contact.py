"""Canonical forms of contact details, so that the same person is written the same way.

Pure functions of text, each cached by value: sources repeat the same addresses thousands of times. Every
normaliser is idempotent, answers None for what names nobody (empty, a placeholder, not readable as its kind),
and never raises on any text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

DEFAULT_REGION = "US"
CACHED_VALUES = 200_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EMPTY_WORDS = _words("- -- . ? 0 x xx xxx na n/a nan nil no none null") | {""}
PLACEHOLDER_WORDS = EMPTY_WORDS | _words("anonymous default dummy missing noname test tbd unknown")
PLACEHOLDER_MAILBOXES = _words("a aa abc asdf dummy fake foo mail na no noemail noreply none test unknown")
PLACEHOLDER_DOMAINS = _words("test.com test.test none.com na.com noemail.com email.com fake.com")
RESERVED_DOMAINS = frozenset({"example", "invalid", "localhost", "test"})  # RFC 2606

_SPACES = re.compile(r"\s+")
_NOT_NAME = re.compile(r"[^\w' -]|[\d_]")
_PUNCTUATION = re.compile(r"[^\w]+")
_REPEATED_DIGIT = re.compile(r"(\d)\1{5,}")
# What nearly every mailbox looks like, and the library leaves as it is; its own limits are beyond these.
_PLAIN_MAILBOX = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_LONGEST_MAILBOX, _LONGEST_PLAIN_ADDRESS = 64, 180
_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]")


def _clean(value: str | None) -> str:
    """Compatibility form without invisible characters, spaces collapsed."""
    if not value:
        return ""
    if value.isascii() and value.isprintable():  # Of such a text all that follows is this.
        return " ".join(value.split())
    text = unicodedata.normalize("NFKC", value)
    visible = "".join(c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return _SPACES.sub(" ", visible).strip()


def is_empty(value: str | None) -> bool:
    """Whether the value stands for no value: nothing, `n/a`, `null`, `-` and their like."""
    return _clean(value).casefold() in EMPTY_WORDS


@lru_cache(CACHED_VALUES)
def is_placeholder(kind: str, value: str | None) -> bool:
    """Whether a value fills a field without naming anybody: `test@test.com`, `000 000 0000`, `unknown`.

    `kind` is email, phone, name, birth_date, or any identifier kind.
    """
    text = _clean(value).casefold()
    if text in PLACEHOLDER_WORDS:
        return True
    if kind == "email":
        return _is_placeholder_email(text)
    if kind == "phone":
        return _is_placeholder_phone(text)
    if kind == "birth_date":
        return text[:10] in {"1900-01-01", "1970-01-01", "1111-11-11", "0001-01-01", "9999-12-31"}
    return not text.strip("0")


def _is_placeholder_email(text: str) -> bool:
    mailbox, _, domain = text.rpartition("@")
    is_reserved = domain in PLACEHOLDER_DOMAINS or domain.rpartition(".")[2] in RESERVED_DOMAINS
    return mailbox in PLACEHOLDER_MAILBOXES and (is_reserved or mailbox == domain.partition(".")[0])


def _is_placeholder_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    national = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    is_counting = national in {"1234567890", "0123456789", "123456789", "9876543210"}
    return len(national) < 5 or is_counting or bool(_REPEATED_DIGIT.search(national))


@lru_cache(CACHED_VALUES)
def normalise_email(value: str | None) -> str | None:
    """Lower case, trimmed, checked for syntax (RFC 5322 and 6531) without asking the network."""
    text = _clean(value).lower()
    if "@" not in text or len(text) > 320:
        return None
    canonical = _canonical_email(text)
    if canonical is None:
        return None
    mailbox = canonical.rpartition("@")[0]
    if canonical.isascii() and mailbox not in PLACEHOLDER_MAILBOXES:
        return canonical  # Of nearly every address nothing more needs to be asked.
    return None if is_placeholder("email", canonical) else canonical


def _canonical_email(text: str) -> str | None:
    """Nearly every mailbox is plain: then only its domain needs the library, once for all who share it."""
    mailbox, _, domain = text.rpartition("@")
    is_short = len(mailbox) <= _LONGEST_MAILBOX and len(text) <= _LONGEST_PLAIN_ADDRESS
    if is_short and _PLAIN_MAILBOX.fullmatch(mailbox):
        written = _accepted_email(f"a@{domain}")
        return None if written is None else f"{mailbox}{written[1:]}"
    return _accepted_email.__wrapped__(text)


@lru_cache(CACHED_VALUES)
def _accepted_email(text: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized.lower()


@lru_cache(CACHED_VALUES)
def normalise_phone(value: str | None, region: str = DEFAULT_REGION) -> str | None:
    """E.164, such as +12125550123. `region` (ISO 3166-1 alpha-2) reads numbers without a country code."""
    text = _clean(value)
    if not text or len(text) > 40 or is_placeholder("phone", text):
        return None
    import phonenumbers

    from alluvium.e164 import is_normal

    if is_normal(text):
        return text
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    canonical = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None if is_placeholder("phone", canonical) else canonical


def _without_accents(text: str) -> str:
    split = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in split if not unicodedata.combining(c)))


@lru_cache(CACHED_VALUES)
def normalise_name(value: str | None) -> str | None:
    """Lower case without accents, digits and punctuation other than `'` and `-`, single spaces."""
    if is_placeholder("name", value):
        return None
    text = _without_accents(_without_accents(_clean(value)).lower())
    text = _SPACES.sub(" ", _NOT_NAME.sub(" ", text)).strip(" '-")
    return None if is_placeholder("name", text) else text


@lru_cache(CACHED_VALUES)
def normalise_text(value: str | None) -> str | None:
    """A street or town: lower case without accents, punctuation as single spaces."""
    if is_placeholder("address", value):
        return None
    text = _without_accents(_without_accents(_clean(value)).lower())
    text = _PUNCTUATION.sub(" ", text).strip()
    return None if is_placeholder("address", text) else text


@lru_cache(CACHED_VALUES)
def normalise_postal_code(value: str | None, country: str = DEFAULT_REGION) -> str | None:
    """Upper case letters and digits; in the US the five digits, with the zeros that spreadsheets drop."""
    text = _NOT_ALPHANUMERIC.sub("", _without_accents(_clean(value)).upper())
    if country.upper() in {"US", "USA"} and text.isdigit():
        text = text.zfill(5)[:5] if len(text) <= 5 else text.zfill(9)[:5]
    return text if text.strip("0") else None


def normalise_identifier(kind: str, value: str | None, region: str = DEFAULT_REGION) -> str | None:
    """The form of an identifier that is hashed: e-mail and phone by their rules, others trimmed."""
    if kind == "email":
        return normalise_email(value)
    if kind == "phone":
        return normalise_phone(value, region)
    text = _clean(value)
    return None if is_placeholder(kind, text) else text
