"""Queries that a library can answer and queries that none can, for relevance.py; all made here, the same every time.

Answerable: words for what a picture shows that its own name does not hold, with the pictures that are right. Nonsense:
pronounceable words of no language (a chain over the letters of the English words below), mashed keys, ordinary words of
languages whose like no library here has, leaving out those an English reader would know. Off topic: phrases of offices
and courts, in good English; harder, and for icons of finance not quite wrong.

Folds keep apart what is chosen on and what is reported: other languages, other keys, other phrases.
"""

import random
from collections import defaultdict
from itertools import product

OTHER_WORDS = {
    "face of a person": "human portrait smile people",
    "leopard": "jaguar panther predator",
    "motorbike": "motorcycle scooter harley",
    "accordion": "squeezebox concertina",
    "airplane": "jet aircraft plane flight airliner",
    "anchor": "mooring nautical",
    "ant": "insect bug",
    "barrel": "cask keg",
    "bass": "fish perch",
    "beaver": "rodent dam",
    "binocular": "spyglass birdwatching",
    "bonsai": "miniature-tree potted",
    "brain": "mind cerebrum cortex",
    "brontosaurus": "dinosaur sauropod",
    "buddha": "meditation statue",
    "butterfly": "moth insect monarch",
    "camera": "photography kodak",
    "cannon": "artillery howitzer gun",
    "car seen from the side": "automobile vehicle sedan",
    "ceiling fan": "ventilator cooling",
    "cellphone": "telephone mobile handset",
    "chair": "seat furniture stool",
    "chandelier": "candelabra lighting",
    "cougar": "puma mountain-lion",
    "crab": "crustacean shellfish seafood",
    "crayfish": "crawdad crustacean",
    "crocodile": "alligator reptile",
    "cup": "mug goblet coffee tea",
    "dalmatian": "dog spotted puppy",
    "dollar bill": "money cash banknote currency",
    "dolphin": "porpoise cetacean",
    "dragonfly": "damselfly insect",
    "electric guitar": "fender rock-music",
    "elephant": "pachyderm trunk mammoth",
    "emu": "ostrich flightless bird",
    "euphonium": "tuba brass horn",
    "ewer": "pitcher jug vase",
    "ferry": "ship cruise boat",
    "flamingo": "pink-bird wading",
    "garfield cartoon cat": "comic orange-tabby",
    "gerenuk": "antelope gazelle",
    "gramophone": "phonograph turntable record-player",
    "grand piano": "keyboard steinway",
    "hawksbill": "turtle tortoise",
    "headphone": "earphones headset",
    "hedgehog": "porcupine spiny",
    "helicopter": "chopper rotorcraft",
    "ibis": "stork bird",
    "inline skate": "rollerblade roller",
    "joshua tree": "yucca desert-plant",
    "kangaroo": "wallaby marsupial",
    "ketch sailing boat": "yacht sailboat",
    "lamp": "light lantern bulb",
    "laptop": "computer notebook macbook",
    "llama": "alpaca vicuna",
    "lobster": "crustacean seafood",
    "lotus": "blossom flower",
    "mandolin": "lute strings ukulele",
    "mayfly": "insect ephemera",
    "menorah": "hanukkah candles jewish",
    "metronome": "tempo rhythm",
    "minaret": "mosque tower islam",
    "nautilus": "mollusc shell spiral",
    "octopus": "squid tentacles",
    "okapi": "giraffe ungulate",
    "pagoda": "temple shrine",
    "panda": "bear bamboo",
    "pigeon": "dove bird",
    "pizza": "pepperoni italian-food",
    "platypus": "duck-billed monotreme",
    "pyramid": "egypt giza pharaoh",
    "revolver": "pistol handgun firearm",
    "rhino": "horned-animal hippopotamus",
    "rooster": "cockerel chicken poultry",
    "saxophone": "jazz woodwind clarinet",
    "schooner": "sailboat ship",
    "scissors": "shears cutting",
    "scorpion": "arachnid stinger",
    "sea horse": "hippocampus pipefish",
    "snoopy cartoon dog": "peanuts beagle comic",
    "soccer ball": "football sport",
    "stapler": "stationery office-supply",
    "starfish": "echinoderm tide-pool",
    "stegosaurus": "dinosaur jurassic",
    "stop sign": "traffic halt",
    "strawberry": "fruit dessert berry",
    "sunflower": "helianthus yellow-petals",
    "tick": "mite parasite",
    "trilobite": "fossil paleozoic",
    "umbrella": "parasol rain",
    "watch": "clock wristwatch rolex",
    "water lily": "pond aquatic-plant",
    "wheelchair": "disabled handicapped",
    "wild cat": "lynx feline",
    "windsor chair": "furniture seat",
    "wrench": "spanner tool",
    "yin yang symbol": "taoism chinese-philosophy",
}
"""other words for what the classes of Caltech-101 show; a hyphen stands for a space"""

FOREIGN = (
    {
        "German": "schmetterling eichhörnchen fenster kühlschrank löffel bürgersteig vorhang gürtel quelle "
        "zwiebel kirsche schaufel gewitter flughafen teppich",
        "Italian": "cucchiaio finestra scoiattolo coniglio forchetta sciarpa ginocchio pioggia bottiglia zaino "
        "ciliegia lenzuolo spiaggia uccello",
        "Polish": "wiewiórka łyżka okno zegarek chmura drzewo krzesło żółw rękawiczka świeca poduszka ślimak",
        "Turkish": "kelebek pencere kaşık bulut ağaç kaplumbağa eldiven yastık merdiven köprü yağmur sincap",
        "Indonesian": "jendela sendok awan pohon kupu jembatan tangga hujan bantal burung gunung",
        "Hungarian": "ablak kanál felhő kesztyű párna létra esernyő pillangó gomba szőlő híd kulcs",
        "Russian": "окно ложка облако дерево бабочка подушка лестница дождь гриб ключ мост перчатка",
        "Japanese": "まど スプーン 雲 木 蝶 枕 はしご 雨 きのこ 鍵 橋 手袋",
    },
    {
        "Finnish": "ikkuna lusikka pilvi kirjahylly perhonen tyyny tikkaat sateenkaari sieni avain silta hanska "
        "orava jääkaappi",
        "Swahili": "dirisha kijiko wingu mti kipepeo mto ngazi mvua uyoga ufunguo daraja",
        "Dutch": "vlinder eekhoorn lepel wolk kussen regenboog paddestoel sleutel handschoen schildpad vleermuis",
        "Czech": "okno lžíce mrak motýl polštář žebřík déšť houba klíč rukavice veverka želva",
        "Basque": "leiho koilara hodei zuhaitz tximeleta burko eskailera euri perretxiko giltza zubi eskularru",
        "Vietnamese": "cửa sổ thìa đám mây cây bướm gối thang mưa nấm chìa khóa cầu găng tay",
        "Greek": "παράθυρο κουτάλι σύννεφο δέντρο πεταλούδα μαξιλάρι σκάλα βροχή μανιτάρι κλειδί γέφυρα γάντι",
        "Korean": "창문 숟가락 구름 나무 나비 베개 사다리 비 버섯 열쇠 다리 장갑",
    },
)
"""ordinary words of languages, a fold each"""

OF_WHAT = (
    (
        "postponement revocation apportionment ratification forfeiture disclosure remittance",
        "quarterly statutory provisional contractual residual",
        "liability covenant surplus jurisdiction tariff",
    ),
    (
        "deferral annulment amortisation endorsement concession indemnity abatement",
        "fiscal procedural nominal supplementary implicit",
        "entitlement accrual mandate levy precedent",
    ),
)
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
PRONOUNCED, MASHED, OFF_TOPIC = 80, 40, 60


def other_words() -> dict[str, frozenset[str]]:
    """From a query to the classes of Caltech-101 that it is right for."""
    right = defaultdict(set)
    for name, words in OTHER_WORDS.items():
        for word in words.split():
            right[word.replace("-", " ")].add(name)
    return {word: frozenset(names) for word, names in right.items()}


def nonsense(fold: int) -> dict[str, list[str]]:
    """Queries that mean nothing here, by kind: pronounced, mashed, foreign."""
    draw = random.Random(f"nonsense {fold}")
    foreign = [word for words in FOREIGN[fold].values() for word in words.split()]
    return {"pronounced": _pronounced(draw, PRONOUNCED), "mashed": _mashed(draw, MASHED), "foreign": foreign}


def off_topic(fold: int) -> list[str]:
    """Phrases such as "postponement of the quarterly liability"."""
    phrases = [" ".join((a, "of the", b, c)) for a, b, c in product(*(part.split() for part in OF_WHAT[fold]))]
    return random.Random(f"off topic {fold}").sample(phrases, OFF_TOPIC)


def _pronounced(draw: random.Random, count: int) -> list[str]:
    """One or two words of six to ten letters, each letter drawn by the two before it."""
    english = {word for text in (*OTHER_WORDS, *OTHER_WORDS.values()) for word in text.replace("-", " ").split()}
    latin = {word for fold in FOREIGN for words in fold.values() for word in words.split() if word.isascii()}
    known = english | latin
    follows = defaultdict(list)
    for word in sorted(known):
        for one, two, three in zip(f"^^{word}", f"^{word}", f"{word}$", strict=False):
            follows[one + two].append(three)
    made: list[str] = []
    while len(made) < count:
        made.append(" ".join(_chained(draw, follows, known) for _ in range(draw.choice((1, 1, 2)))))
    return made


def _chained(draw: random.Random, follows: dict[str, list[str]], known: set[str]) -> str:
    runs = {word[i : i + 5] for word in known for i in range(len(word) - 4)}
    while True:
        word = "^^"
        while word[-1] != "$" and len(word) < 13:
            word += draw.choice(follows[word[-2:]])
        word = word.strip("^$")
        # five letters of a word in a row are a misspelling of it, not nonsense
        if 6 <= len(word) <= 10 and not any(word[i : i + 5] in runs for i in range(len(word) - 4)):
            return word


def _mashed(draw: random.Random, count: int) -> list[str]:
    """One or two runs of four to ten keys, mostly of one row: "asdkjf", "xqzv blorp" is the kinder sort."""
    runs = [[draw.choice(draw.choice((*KEYS, KEYS[1]))) for _ in range(draw.randint(4, 10))] for _ in range(2 * count)]
    return [" ".join("".join(run) for run in runs[2 * i : 2 * i + draw.choice((1, 2))]) for i in range(count)]
