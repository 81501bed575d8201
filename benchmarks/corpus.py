"""Make a folder of news-sized texts: 12 languages, 6 kinds of encoding, seeded, so that everyone measures the same.

python benchmarks/corpus.py FOLDER [--files 2000] [--bytes 3800] [--seed 7]
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

# language: (encodings that can hold it, sentences)
LANGUAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("utf-8", "windows-1252"),
        (
            "The ferry left the harbour an hour late because the fog would not lift.",
            "Nobody at the town hall could say when the bridge would open again.",
            "She had kept the letters in a biscuit tin under the stairs for forty years.",
            "Prices for fresh fish rose by a third – the steepest rise since the storm of last winter.",
            "“We were promised a new school,” said one of the parents, “and we are still waiting.”",
            "The council will vote on the plan next Thursday, after two further hearings.",
            "A small crowd had gathered at the gate before the first lorry arrived.",
            "Engineers will test the dam for three weeks before the reservoir is filled.",
        ),
    ),
    "de": (
        ("utf-8", "windows-1252"),
        (
            "Die Fähre verließ den Hafen mit einer Stunde Verspätung, weil der Nebel nicht weichen wollte.",
            "Im Rathaus konnte niemand sagen, wann die Brücke wieder geöffnet wird.",
            "Vierzig Jahre lang hatte sie die Briefe in einer Keksdose unter der Treppe aufbewahrt.",
            "Die Preise für frischen Fisch stiegen um ein Drittel, so stark wie seit dem Sturm nicht mehr.",
            "„Man hat uns eine neue Schule versprochen“, sagte eine Mutter, „und wir warten noch immer.“",
            "Über den Plan wird am nächsten Donnerstag nach zwei weiteren Anhörungen abgestimmt.",
        ),
    ),
    "fr": (
        ("utf-8", "windows-1252"),
        (
            "Le bac a quitté le port avec une heure de retard parce que le brouillard ne se levait pas.",
            "À la mairie, personne ne pouvait dire quand le pont serait rouvert à la circulation.",
            "Pendant quarante ans, elle avait gardé les lettres dans une boîte à biscuits sous l'escalier.",
            "Le prix du poisson frais a augmenté d'un tiers, du jamais vu depuis la tempête de l'hiver dernier.",
            "« On nous avait promis une nouvelle école, et nous attendons toujours », a déclaré un père.",
            "Le conseil se prononcera jeudi prochain, après deux nouvelles réunions publiques.",
        ),
    ),
    "es": (
        ("utf-8", "windows-1252"),
        (
            "El transbordador salió del puerto con una hora de retraso porque la niebla no se levantaba.",
            "En el ayuntamiento nadie supo decir cuándo volverá a abrirse el puente.",
            "Durante cuarenta años había guardado las cartas en una caja de galletas bajo la escalera.",
            "El precio del pescado fresco subió un tercio, la mayor subida desde el temporal del año pasado.",
            "«Nos prometieron una escuela nueva y todavía la estamos esperando», dijo una de las madres.",
            "El pleno votará el plan el próximo jueves, después de dos audiencias más.",
        ),
    ),
    "it": (
        ("utf-8", "windows-1252"),
        (
            "Il traghetto ha lasciato il porto con un'ora di ritardo perché la nebbia non si alzava.",
            "In municipio nessuno sapeva dire quando il ponte sarà riaperto al traffico.",
            "Per quarant'anni aveva tenuto le lettere in una scatola di biscotti sotto le scale.",
            "Il prezzo del pesce fresco è cresciuto di un terzo, come non accadeva dalla tempesta d'inverno.",
            "«Ci avevano promesso una scuola nuova e la stiamo ancora aspettando», ha detto una madre.",
            "Il consiglio voterà il piano giovedì prossimo, dopo altre due riunioni.",
        ),
    ),
    "pt": (
        ("utf-8", "windows-1252"),
        (
            "A barca deixou o porto com uma hora de atraso porque o nevoeiro não levantava.",
            "Na câmara municipal ninguém soube dizer quando a ponte voltará a abrir.",
            "Durante quarenta anos guardou as cartas numa lata de bolachas debaixo das escadas.",
            "O preço do peixe fresco subiu um terço, a maior subida desde a tempestade do inverno passado.",
            "«Prometeram-nos uma escola nova e continuamos à espera», disse um dos pais.",
            "O plano será votado na próxima quinta-feira, depois de mais duas audições.",
        ),
    ),
    "nl": (
        ("utf-8", "windows-1252"),
        (
            "De veerboot verliet de haven een uur te laat omdat de mist niet wilde optrekken.",
            "Op het stadhuis kon niemand zeggen wanneer de brug weer opengaat.",
            "Veertig jaar lang had ze de brieven in een koekblik onder de trap bewaard.",
            "De prijs van verse vis steeg met een derde, de grootste stijging sinds de storm van vorige winter.",
            "‘Ze hebben ons een nieuwe school beloofd en we wachten nog steeds’, zei een van de ouders.",
            "De gemeenteraad stemt volgende week donderdag over het plan, na nog twee hoorzittingen.",
        ),
    ),
    "pl": (
        ("utf-8", "windows-1250"),
        (
            "Prom wypłynął z portu z godzinnym opóźnieniem, ponieważ mgła nie chciała ustąpić.",
            "W ratuszu nikt nie potrafił powiedzieć, kiedy most zostanie ponownie otwarty.",
            "Przez czterdzieści lat trzymała listy w puszce po ciastkach pod schodami.",
            "Ceny świeżych ryb wzrosły o jedną trzecią, najbardziej od czasu zeszłorocznej burzy.",
            "„Obiecano nam nową szkołę i wciąż na nią czekamy” – powiedziała jedna z matek.",
            "Rada zagłosuje nad planem w przyszły czwartek, po dwóch kolejnych spotkaniach.",
        ),
    ),
    "cs": (
        ("utf-8", "windows-1250"),
        (
            "Přívoz opustil přístav s hodinovým zpožděním, protože mlha se nechtěla zvednout.",
            "Na radnici nikdo nedokázal říct, kdy bude most znovu otevřen.",
            "Čtyřicet let uchovávala dopisy v plechovce od sušenek pod schody.",
            "Ceny čerstvých ryb vzrostly o třetinu, nejvíce od bouře minulou zimu.",
            "„Slíbili nám novou školu a pořád na ni čekáme,“ řekla jedna z matek.",
            "Zastupitelstvo bude o plánu hlasovat příští čtvrtek po dalších dvou jednáních.",
        ),
    ),
    "ru": (
        ("utf-8", "windows-1251", "koi8-r"),
        (
            "Паром вышел из порта с опозданием на час, потому что туман никак не рассеивался.",
            "В мэрии никто не мог сказать, когда снова откроют мост.",
            "Сорок лет она хранила письма в жестяной коробке из-под печенья под лестницей.",
            "Цены на свежую рыбу выросли на треть, сильнее всего после прошлогоднего шторма.",
            "«Нам обещали новую школу, и мы всё ещё ждём», – сказала одна из матерей.",
            "Совет проголосует за план в следующий четверг после ещё двух слушаний.",
        ),
    ),
    "el": (
        ("utf-8", "windows-1253"),
        (
            "Το πλοίο έφυγε από το λιμάνι με μία ώρα καθυστέρηση επειδή η ομίχλη δεν έλεγε να διαλυθεί.",
            "Στο δημαρχείο κανείς δεν μπορούσε να πει πότε θα ανοίξει ξανά η γέφυρα.",
            "Σαράντα χρόνια φύλαγε τα γράμματα σε ένα κουτί μπισκότων κάτω από τη σκάλα.",
            "Οι τιμές των φρέσκων ψαριών αυξήθηκαν κατά ένα τρίτο μετά την περσινή καταιγίδα.",
            "Το συμβούλιο θα ψηφίσει το σχέδιο την επόμενη Πέμπτη.",
        ),
    ),
    "ja": (
        ("utf-8", "shift_jis", "euc-jp"),
        (
            "霧がなかなか晴れなかったため、フェリーは一時間遅れて港を出た。",
            "市役所では、橋がいつ再び開通するのか誰も答えられなかった。",
            "彼女は四十年間、手紙を階段の下の菓子箱にしまっていた。",
            "新鮮な魚の値段は三割上がり、昨年の冬の嵐以来の値上がりとなった。",
            "議会は来週の木曜日にこの計画について採決する予定だ。",
        ),
    ),
}


def make_corpus(folder: Path, files: int, size: int, seed: int) -> int:
    """Write `files` texts of about `size` bytes into sub-folders of 1,000; give the bytes written."""
    chance = random.Random(seed)
    names = sorted(LANGUAGES)
    total = 0
    for number in range(files):
        encodings, sentences = LANGUAGES[names[number % len(names)]]
        # Three in four are UTF-8, as in the wild; the others are in an encoding of their language.
        encoding = encodings[0] if chance.random() < 0.75 else chance.choice(encodings[1:])
        raw = _article(chance, sentences, size, encoding, number).encode(encoding, "replace")
        place = folder / f"{number // 1000:04d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:07d}.txt").write_bytes(raw)
        total += len(raw)
    return total


def _article(chance: random.Random, sentences: tuple[str, ...], size: int, encoding: str, number: int) -> str:
    day = f"{chance.randint(2001, 2025)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    head = f" date {day} \n\n\n" if number % 2 else ""
    lines, length = [], 0
    while length < size:
        said = [chance.choice(sentences) for _ in range(chance.randint(2, 5))]
        # A number inside, so that no two texts are the same; at its end a paragraph of news has a full stop.
        paragraph = f"{said[0]} ({chance.randint(1, 10**9)}) {' '.join(said[1:])}"
        lines.append(paragraph)
        length += len(paragraph.encode(encoding, "replace")) + 2
    return head + "\n\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=3800)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    written = make_corpus(options.folder, options.files, options.bytes, options.seed)
    print(f"{options.files} files, {written:,} bytes in {options.folder}")
