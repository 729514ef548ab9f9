"""How much of a contact detail support may see: enough to recognise a caller, too little to reach them."""

from __future__ import annotations

HIDDEN = "•••"


def email(value: str | None) -> str | None:
    """`a•••@example.org`"""
    if not value or "@" not in value:
        return None
    local, _, domain = value.rpartition("@")
    return f"{local[:1]}{HIDDEN}@{domain}"


def phone(value: str | None) -> str | None:
    """`•••42`"""
    digits = [character for character in value or "" if character.isdigit()]
    return f"{HIDDEN}{''.join(digits[-2:])}" if len(digits) > 4 else None


def name(*parts: str | None) -> str | None:
    """`A. B.`"""
    return " ".join(f"{part.strip()[0]}." for part in parts if part and part.strip()) or None
