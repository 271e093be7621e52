"""Facts that no model can know, in sentences and passages, with the questions they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from assistant.answers import Passage
from assistant.prompts import answering, labelled

KINDS = tuple(
    "office bridge pump laboratory archive museum harbour station garden library "
    "mill tower engine turbine hotel school clinic factory tunnel market".split()
)
ATTRIBUTES = {
    "access code": "code",
    "serial number": "code",
    "room number": "code",
    "opening year": "year",
    "door colour": "colour",
    "project leader": "person",
    "chief engineer": "person",
    "night guard": "person",
    "annual budget": "money",
    "delivery fee": "money",
    "total weight": "weight",
    "storage limit": "weight",
    "founding day": "day",
    "inspection day": "day",
    "warranty period": "months",
    "main supplier": "firm",
}
COLOURS = tuple("amber black blue green grey ivory orange purple red silver white yellow".split())
MONTHS = tuple("January February March April May June July August September October November December".split())
FILES = tuple("memo notes report handbook ledger minutes guide register".split())
_HEADS = tuple("b c d f g h j k l m n p r s t v w z br tr st gr pl".split())
_VOWELS = tuple("a e i o u ai ea é ü".split())
_TAILS = tuple("n r l s m x th nd rk lt".split())
_WORDS = tuple(
    "the of and a in to was it for with as on be at by had not are but from or have an they which one you were all "
    "her she there would their we him been has when who will no more if out so up said what its about than into them "
    "can only other time new some could these two may first then do any like my now over such our man me even most "
    "made after also did many off before must well back through years much where your way down should because long "
    "each just state those people too little good world make very year still see own work men day get here old".split()
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about one place: "The access code of the Meridian office is 48213." """

    attribute: str
    place: str
    value: str

    @property
    def statement(self) -> str:
        return f"The {self.attribute} of the {self.place} is {self.value}."

    @property
    def question(self) -> str:
        return f"What is the {self.attribute} of the {self.place}?"


@dataclass(frozen=True, slots=True)
class Lookup:
    """Facts spread over numbered passages. `where[fact]` is the number of the passage that states it."""

    passages: tuple[Passage, ...]
    where: dict[Fact, int]

    def prompt(self, fact: Fact) -> str:
        """Kestrel's own prompt with a question about a fact."""
        return answering(fact.question, self.passages, (), ()).join()

    def bare_prompt(self, fact: Fact) -> str:
        """The same passages and question without instructions and fence."""
        shown = "\n\n".join(labelled(passage, ()) for passage in self.passages)
        return f"{shown}\n\n{question_line(fact)}"

    def answer(self, fact: Fact) -> str:
        return f"{fact.statement} [{self.where[fact]}]"


def question_line(fact: Fact) -> str:
    return f"Question: {fact.question}\nAnswer:"


def invent_name(random: Random) -> str:
    syllables = "".join(random.choice(_HEADS) + random.choice(_VOWELS) for _ in range(random.choice((1, 2, 2))))
    return (syllables + random.choice(_TAILS)).capitalize()


def invent_facts(random: Random, count: int) -> list[Fact]:
    """Facts about places of different names."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[invent_name(random)] = None
    return [_fact(random, name) for name in names]


def invent_lookup(random: Random, count: int) -> Lookup:
    """`count` facts in passages of one to three, with sentences around them that mean nothing."""
    facts = invent_facts(random, count)
    passages: list[Passage] = []
    where: dict[Fact, int] = {}
    while len(where) < count:
        told = facts[len(where) : len(where) + random.choice((1, 1, 2, 3))]
        number = len(passages) + 1
        passages.append(_passage(random, number, told))
        where |= dict.fromkeys(told, number)
    return Lookup(tuple(passages), where)


def filler(random: Random) -> str:
    words = random.choices(_WORDS, k=random.randint(4, 12))
    if random.random() < 0.3:
        words[random.randrange(len(words))] = invent_name(random)
    if random.random() < 0.2:
        words[random.randrange(len(words))] = str(random.randint(1, 3000))
    return f"{' '.join(words).capitalize()}."


def _fact(random: Random, name: str) -> Fact:
    attribute = random.choice(tuple(ATTRIBUTES))
    return Fact(attribute, f"{name} {random.choice(KINDS)}", _value(random, ATTRIBUTES[attribute]))


def _value(random: Random, kind: str) -> str:
    values = {
        "code": lambda: str(random.randint(10_000, 99_999)),
        "year": lambda: str(random.randint(1800, 2030)),
        "colour": lambda: random.choice(COLOURS),
        "person": lambda: f"{invent_name(random)} {invent_name(random)}",
        "money": lambda: f"{random.randint(11, 999)} €",
        "weight": lambda: f"{random.randint(11, 999)} kilograms",
        "day": lambda: f"{random.randint(1, 28)} {random.choice(MONTHS)}",
        "months": lambda: f"{random.randint(6, 96)} months",
        "firm": lambda: f"{invent_name(random)} and {invent_name(random)}",
    }
    return values[kind]()


def _passage(random: Random, number: int, told: Sequence[Fact]) -> Passage:
    sentences: list[str] = []
    for fact in told:
        if random.random() < 0.4:
            sentences.append(filler(random))
        sentences.append(fact.statement)
    if random.random() < 0.3:
        sentences.append(filler(random))
    text = random.choice((" ", " ", " ", "\n")).join(sentences)
    page = random.choice(("", "", str(random.randint(1, 40))))
    source = f"{random.choice(FILES)}-{invent_name(random).lower()}.{random.choice(('md', 'txt', 'pdf'))}"
    return Passage(number, source, source, 1, 0, len(text), text, 1.0, label=page)
