"""Amounts and accounts as people write them."""

from fractions import Fraction

from eth_utils.address import is_address, to_checksum_address

from plimsoll.spec.words import account_id, owner_of

WAD_DECIMALS = 18
SIZE_DECIMALS = 8


def parse_amount(text: str, decimals: int) -> int:
    """A decimal number in the smallest units, exactly; ValueError if it is none."""
    try:
        units = Fraction(text.replace(",", "")) * 10**decimals
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text!r} is not a number") from None
    if units.denominator != 1:
        raise ValueError(f"{text} has more than {decimals} decimals")
    return int(units)


def show_amount(units: int, decimals: int, digits: int = 2) -> str:
    """Rounded toward zero to some digits, with thousands apart."""
    whole, rest = divmod(abs(units) * 10**digits // 10**decimals, 10**digits)
    shown = f"{whole:,}.{rest:0{digits}}" if digits else f"{whole:,}"
    return f"-{shown}" if units < 0 and (whole or rest) else shown


def show_exact(units: int, decimals: int, comma: str = ",") -> str:
    """With as many digits as it takes; for what is not negative."""
    whole, rest = divmod(units, 10**decimals)
    return f"{whole:{comma}}" + f".{rest:0{decimals}}".rstrip("0").rstrip(".")


def show_quote(wad: int, digits: int = 2) -> str:
    return show_amount(wad, WAD_DECIMALS, digits)


def show_ratio(bps: int) -> str:
    """Basis points in per cent."""
    return f"{bps / 100:g} %"


def parse_account(text: str, owner: str | None = None) -> int:
    """OWNER/NUMBER, or a NUMBER of the given owner; ValueError if it is neither."""
    address, slash, number = text.rpartition("/")
    address = address if slash else owner or ""
    if not is_address(address) or not number.isdecimal() or int(number) >= 2**96:
        raise ValueError(f"{text!r} is neither a sub-account's number nor OWNER/NUMBER")
    return account_id(int(address, 16), int(number))


def parse_address(text: str) -> str:
    """With its checksum; ValueError if it is none, or if the checksum that it has is wrong."""
    if not is_address(text):
        raise ValueError(f"{text!r} is no address")
    return to_checksum_address(text)


def owner(account: int) -> str:
    return to_checksum_address(owner_of(account).to_bytes(20))


def show_account(account: int, short: bool = True) -> str:
    address = owner(account)
    number = account & (2**96 - 1)
    return f"{address[:6]}…{address[-4:]}/{number}" if short else f"{address}/{number}"
