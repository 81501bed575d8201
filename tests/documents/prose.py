"""Seeded prose in six languages, for the bodies of generated documents."""

from __future__ import annotations

import random

NAMES = ("Ann Lee", "José Ortega", "Miriam Weiß", "Paul Nowak", "Zoë Hart", "Lars Øberg", "Nadia Haddad", "Tom Fisher")
PLACES = ("Ballyheige", "Kiel", "Saint-Malo", "Gijón", "Norrköping", "Split", "Hoorn", "Bergen", "Gdynia")

SENTENCES = {
    "en": (
        "The harbour office in {place} closed for {n} days after the storm.",
        "“Nobody had asked us,” said {name}, who runs the fish market.",
        "By Monday evening {n} boats had come back, most of them without a catch.",
        "The council wants to rebuild the old pier and has set aside €{n},000 for it.",
        "Two bridges stayed shut, and the buses went the long way round the bay.",
        "It was the {n}th time in a century that the sea wall had given way.",
        "A spokeswoman for the port declined to say how long the repairs would last.",
        "{name} has counted the gulls here every spring since the mill closed.",
        "The museum opens at ten, but the lighthouse may be seen only on Sundays.",
        "What happens to the {n} people who work on the ferries is not yet clear.",
        "Fishermen from {place} brought bread, lamps and dry blankets.",
        "Prices rose by {n} per cent, though the harvest had been better than feared.",
    ),
    "de": (
        "Das Hafenamt in {place} blieb nach dem Sturm {n} Tage lang geschlossen.",
        "„Uns hat niemand gefragt“, sagte {name}, die den Fischmarkt leitet.",
        "Bis Montagabend kehrten {n} Boote zurück, die meisten ohne Fang.",
        "Die Stadt möchte die alte Brücke für {n} Millionen Euro erneuern lassen.",
        "Zwei Straßen blieben gesperrt, und die Züge fuhren über die Küste.",
        "Ärzte und Pfleger halfen in der Turnhalle, in der es heißen Tee gab.",
        "Wie lange die Arbeiten dauern, wollte eine Sprecherin nicht sagen.",
        "Für die Fischer ist es das schwierigste Jahr seit {n} Jahren.",
        "Das Museum öffnet um zehn, der Leuchtturm nur an Sonntagen.",
        "Über die Höhe der Schäden gibt es bisher nur Schätzungen.",
    ),
    "fr": (
        "Le bureau du port de {place} est resté fermé pendant {n} jours après la tempête.",
        "« Personne ne nous a rien demandé », dit {name}, qui dirige le marché aux poissons.",
        "Lundi soir, {n} bateaux étaient rentrés, la plupart sans prise.",
        "La mairie veut reconstruire l’ancienne jetée et a prévu {n} 000 euros.",
        "Deux ponts sont restés fermés et les cars ont dû faire un détour.",
        "C’était la {n}e fois en un siècle que la digue cédait.",
        "Les élèves de l’école ont été accueillis à l’hôtel de ville.",
        "On ne sait pas encore ce qui arrivera aux employés des ferries.",
        "À l’été, la fête du quartier aura lieu près du phare.",
    ),
    "es": (
        "La oficina del puerto de {place} estuvo cerrada {n} días después de la tormenta.",
        "«Nadie nos preguntó», dijo {name}, que dirige el mercado de pescado.",
        "El lunes por la noche habían vuelto {n} barcos, la mayoría sin pesca.",
        "El ayuntamiento quiere reconstruir el viejo muelle y ha reservado {n}.000 euros.",
        "¿Qué pasará con las personas que trabajan en los transbordadores?",
        "Los niños del colegio pasaron la mañana en la biblioteca.",
        "El año pasado llovió más que nunca en esta región.",
        "La señora de la panadería repartió café y pan caliente.",
    ),
    "ru": (
        "Портовая контора в городе была закрыта {n} дней после шторма.",
        "«Нас никто не спрашивал», — сказала хозяйка рыбного рынка.",
        "К вечеру понедельника вернулось {n} лодок, большинство без улова.",
        "Город хочет перестроить старый причал и выделил на это {n} тысяч рублей.",
        "Два моста остались закрытыми, и автобусы ездили в объезд.",
        "Что будет с людьми, которые работают на паромах, пока неясно.",
        "Музей открывается в десять, а маяк можно осмотреть только по воскресеньям.",
        "Цены выросли на {n} процентов, хотя урожай был лучше, чем боялись.",
    ),
    "ja": (
        "嵐のあと、港の事務所は{n}日間閉まったままだった。",
        "「誰も私たちに聞かなかった」と魚市場の責任者は話した。",
        "月曜日の夜までに{n}隻の船が戻ったが、ほとんどは魚を積んでいなかった。",
        "市は古い桟橋を建て直すため、{n}万円の予算を用意した。",
        "二つの橋が通行止めになり、バスは湾を回って走った。",
        "博物館は十時に開くが、灯台は日曜日にしか見学できない。",
    ),
}


def sentence(rng: random.Random, language: str = "en") -> str:
    """Return one sentence."""
    chosen = rng.choice(SENTENCES[language])
    return chosen.format(n=rng.randrange(3, 99), name=rng.choice(NAMES), place=rng.choice(PLACES))


def paragraph(rng: random.Random, language: str = "en", sentences: tuple[int, int] = (2, 5)) -> str:
    """Return a paragraph of some sentences."""
    joint = "" if language == "ja" else " "
    return joint.join(sentence(rng, language) for _ in range(rng.randint(*sentences)))


def headline(rng: random.Random, language: str = "en") -> str:
    """Return a short line without a full stop."""
    return {
        "en": "{place} reopens its pier after {n} days",
        "de": "{place} öffnet die Brücke nach {n} Tagen",
        "fr": "À {place}, la jetée rouvre après {n} jours",
        "es": "{place} reabre su muelle después de {n} días",
        "ru": "Причал снова открыт через {n} дней",
        "ja": "{n}日ぶりに桟橋が再開",
    }[language].format(place=rng.choice(PLACES), n=rng.randrange(3, 99))
