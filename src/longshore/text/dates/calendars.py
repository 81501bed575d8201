"""Dates of other calendars as Gregorian dates.

Promised: the Solar Hijri calendar of Iran and Afghanistan for the years 1206-1498 (the 33-year rule is exact there),
the Umm al-Qura calendar for the years 1365-1500, the Ethiopian calendar, the Buddhist years of Thailand since its year
began on 1 January (1941), and the years of Japanese emperors since Meiji and of the Republic of China.
Not promised: a Hijri date outside Saudi Arabia, where a month begins when the moon is seen, may be a day off.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

PERSIAN_MONTHS: Final = (
    "فروردین,حمل,وری,farvardin|اردیبهشت,ثور,غويی,ordibehesht|خرداد,جوزا,غبرګولی,khordad|تیر,سرطان,چنګاښ,tir"
    "|مرداد,امرداد,اسد,زمری,mordad|شهریور,سنبله,وږی,shahrivar|مهر,میزان,تله,mehr|آبان,عقرب,لړم,aban"
    "|آذر,قوس,لیندۍ,azar|دی,جدی,مرغومی,dey|بهمن,دلو,سلواغه,bahman|اسفند,حوت,کب,esfand"
)
HIJRI_MONTHS: Final = (
    "محرم,محرم الحرام,muharram,muharrem|صفر,صفر المظفر,safar,safer"
    "|ربيع الأول,ربيع الاول,ربیع الاول,ربیع‌الاول,rabi al awwal,rabi ul awwal,rebiülevvel,rabiul awal"
    "|ربيع الآخر,ربيع الثاني,ربیع الثانی,rabi al thani,rabi ul thani,rebiülahir,rabiul akhir"
    "|جمادى الأولى,جمادی الاول,جمادى الاول,جمادي الأول,جمادی الاولی,jumada al awwal,jumada al ula,cemaziyelevvel"
    "|جمادى الآخرة,جمادى الثانية,جمادی الثانی,جمادي الآخر,jumada al thani,jumada al akhirah,cemaziyelahir"
    "|رجب,رجب المرجب,rajab,recep|شعبان,شعبان المعظم,sha ban,shaban,şaban,syaban"
    "|رمضان,رمضان المبارك,رمضان المبارک,ramadan,ramazan,ramadhan|شوال,شوال المکرم,shawwal,şevval,syawal"
    "|ذو القعدة,ذي القعدة,ذوالقعدة,ذی القعده,ذی قعدہ,ذوالقعدہ,dhu al qadah,dhul qadah,zilkade"
    "|ذو الحجة,ذي الحجة,ذوالحجة,ذی الحجه,ذی الحج,ذوالحجہ,dhu al hijjah,dhul hijjah,zilhicce"
)
# Those that Tigrinya, which has them for months of ours, spells otherwise.
ETHIOPIAN_MONTHS: Final = "|ጥቅምት|ኅዳር,ህዳር,ኀዳር|ታኅሣሥ,ታህሳስ,ታሕሣሥ,ታኅሳስ|ጥር|የካቲት||ሚያዚያ||ሰኔ|ሐምሌ,ሀምሌ|ነሐሴ,ነሃሴ,ነሀሴ|ጳጉሜን,ጳጉሜ,ጳጉሚን"

# A bit a month, a hexadecimal digit a season, first month first: 1 is a month of 30 days, 0 one of 29. From the table
# of King Abdulaziz City for Science and Technology, as hijridate 2.6 (MIT) gives it. Before 1365 the table has months
# of 28 and 31 days, which cannot be trusted.
_UMM_AL_QURA: Final = (
    "aabaaaaaaaabab6aaaa5754b555ab3aa64ea95baaa555aaab4ab655aaaaab2ecab2ab6aaaabab4aab2aba2baa6b4aba5"
    "5aaab5556d2b54aea57526e936aaad555aa5b52ba95b49ba4db25d52daa5ad4aea56d4bd23d91da95b4ab5a56d2b693b"
    "49b6556a9754b6a56caad555b29b92ba95d4ada55aaab595749764baa5b52b6a56d2ae9572a75535a95d49ba4dd26d53"
    "5aaaad4b6a57527a95b4ab5536c9ae4b6a96b4ada55d25d92dc96d4ad6556d2b693749b64d72ab54b6a5752b6956b2ad"
    "94dc95d4aea56caad5556c97"
)
_UMM_AL_QURA_BEGINS: Final = dt.date(1945, 12, 5)
_UMM_AL_QURA_FIRST_YEAR: Final = 1365

# The year before the first of each era. Taiwan writes its years like those of an emperor.
_ERAS: Final = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018, "民國": 1911, "民国": 1911}

# 29 August of the year 8 of the Julian calendar.
_ETHIOPIAN_EPOCH: Final = 2796
# A day before the true epoch: `leap_days_before` below counts one too many from the start.
_PERSIAN_EPOCH: Final = dt.date(622, 3, 21)


def from_persian(year: int, month: int, day: int) -> dt.date | None:
    """Convert a Solar Hijri date, or None where there is no such date.

    >>> from_persian(1402, 12, 27)
    datetime.date(2024, 3, 17)
    """
    if not (1206 <= year <= 1498 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    leap = (25 * year + 11) % 33 < 8
    if day > (31 if month <= 6 else 30 if month < 12 or leap else 29):
        return None
    leap_days_before = (8 * year + 21) // 33
    days_before_month = 31 * (month - 1) if month <= 7 else 30 * (month - 1) + 6
    return _PERSIAN_EPOCH + dt.timedelta(365 * (year - 1) + leap_days_before + days_before_month + day - 1)


def from_ethiopian(year: int, month: int, day: int) -> dt.date | None:
    """Convert a date of the Ethiopian calendar, or None where there is no such date.

    >>> from_ethiopian(2016, 7, 8)
    datetime.date(2024, 3, 17)
    """
    days = 30 if month <= 12 else 5 + (year % 4 == 3)
    if not (1800 <= year <= 2100 and 1 <= month <= 13 and 1 <= day <= days):
        return None
    return dt.date.fromordinal(_ETHIOPIAN_EPOCH + 365 * (year - 1) + year // 4 + 30 * (month - 1) + day - 1)


def from_hijri(year: int, month: int, day: int) -> dt.date | None:
    """Convert a date of the Umm al-Qura calendar, or None where there is no such date or no table.

    >>> from_hijri(1445, 9, 7)
    datetime.date(2024, 3, 17)
    """
    months = (year - _UMM_AL_QURA_FIRST_YEAR) * 12 + month - 1
    long_months = f"{int(_UMM_AL_QURA, 16):0{4 * len(_UMM_AL_QURA)}b}"
    if not (1 <= month <= 12 and 0 <= months < len(long_months)):
        return None
    if not 1 <= day <= 29 + int(long_months[months]):
        return None
    return _UMM_AL_QURA_BEGINS + dt.timedelta(29 * months + long_months.count("1", 0, months) + day - 1)


def from_era(era: str, year: int) -> int | None:
    """Return the Gregorian year of a year of an era of Japan or Taiwan, or None where the era is not known.

    >>> from_era("令和", 6)
    2024
    """
    before = _ERAS.get(era.removeprefix("中華").removeprefix("中华"))
    return None if before is None or year < 1 else before + year


def from_buddhist(year: int) -> int | None:
    """Return the Gregorian year of a Thai one, or None where it cannot be one since its year begins in January.

    >>> from_buddhist(2567)
    2024
    """
    return year - 543 if 2484 <= year <= 2643 else None
