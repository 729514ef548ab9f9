"""Where the invented people live: real towns and area codes, at addresses that nobody has."""

from __future__ import annotations

from dataclasses import dataclass

# Town, state, first ZIP code, how many ZIP codes follow it, and how often people of the demo live there.
_TOWNS = """
Columbus|OH|43201|35|14
Cincinnati|OH|45202|50|14
Dayton|OH|45402|30|8
Toledo|OH|43604|20|6
Akron|OH|44301|20|5
Indianapolis|IN|46201|40|9
Fort Wayne|IN|46802|18|4
Louisville|KY|40202|20|7
Lexington|KY|40502|16|5
Nashville|TN|37203|18|6
Knoxville|TN|37902|22|4
Atlanta|GA|30305|40|8
Savannah|GA|31401|15|3
Detroit|MI|48201|35|6
Grand Rapids|MI|49503|8|4
Houston|TX|77002|80|9
Dallas|TX|75201|50|7
El Paso|TX|79901|30|4
Richmond|VA|23219|20|4
Roanoke|VA|24011|8|2
Peoria|IL|61602|14|3
Springfield|IL|62701|8|3
Denver|CO|80202|30|5
Cañon City|CO|81212|2|1
Española|NM|87532|2|1
La Cañada Flintridge|CA|91011|2|1
"""

# Area codes in use in each state; with 555-0100 to 555-0199 each has a hundred numbers that nobody can own.
_AREA_CODES = """
OH 216 220 234 283 326 330 380 419 440 513 567 614 740 937
IN 219 260 317 463 574 765 812 930
KY 270 364 502 606 859
TN 423 615 629 731 865 901 931
GA 229 404 470 478 678 706 762 770 912 943
MI 231 248 269 313 517 586 616 734 810 906 947 989
TX 210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 915 936 940 972 979
VA 276 434 540 571 686 703 757 804 826 948
IL 217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872
CO 303 719 720 748 970 983
NM 505 575
CA 209 213 279 310 323 341 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 747 760 805 818
"""


@dataclass(frozen=True)
class Town:
    """A place with its ZIP codes (first and how many) and its share of the people."""

    name: str
    state: str
    first_zip: int
    count_zips: int
    weight: int


@dataclass(frozen=True)
class Address:
    """A postal address in the United States, written in full."""

    street: str
    city: str
    state: str
    postal_code: str


def towns() -> list[Town]:
    """All towns of the demo."""
    rows = (line.split("|") for line in _TOWNS.strip().splitlines())
    return [
        Town(name, state, int(zip_code), int(count), int(weight))
        for name, state, zip_code, count, weight in rows
    ]


def area_codes() -> dict[str, list[str]]:
    """Area codes by state."""
    rows = (line.split() for line in _AREA_CODES.strip().splitlines())
    return {state: codes for state, *codes in rows}
