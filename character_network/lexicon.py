"""What English says about names: titles, months, numbers, verbs and roles that look like them.

Nothing here belongs to one series. A name that is also a word (Will, June, Eleven, Chief) is told apart by
`character_network.context`.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "CLOCK_AND_COUNT",
    "CROWD",
    "FUNCTION_WORDS",
    "KIN",
    "MODALS",
    "MONTHS",
    "MONTH_CUES",
    "NOT_BEFORE",
    "NUMBERED",
    "NUMBERS",
    "OBJECT_TAKERS",
    "OPENERS",
    "ORDINALS",
    "ROLES",
    "SUBJECTS",
    "THIRD_PERSON",
    "TITLES",
    "VERBS",
    "VERB_OBJECTS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODALS: Final = _words("will may can")
MONTHS: Final = _words("april may june august")
NUMBERS: Final = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand"
)
ROLES: Final = _words("chief sheriff doc doctor coach captain boss principal professor mayor colonel sergeant general")
TITLES: Final = _words(
    "mr mrs ms miss dr doctor doc sir madam aunt auntie uncle officer deputy agent chief sheriff trooper professor "
    "coach principal sergeant"
)

# After a modal at the start of a sentence, these begin the clause that it asks about or belongs to.
SUBJECTS: Final = _words(
    "i you he she it we they y'all ya someone somebody anyone anybody everyone everybody everything nothing "
    "something anything nobody there this that these those the a an my your his her its our their any all both "
    "either be do have get not ever"
)
# After these, a word is what somebody finds, calls or goes to, even when every letter is a capital.
OBJECT_TAKERS: Final = _words(
    "for to with about from of at by like and or but where's who's it's that's is was are were not find found see "
    "saw seen get got help save tell told ask asked call called love hate know knows miss need want let take took "
    "hear heard lost bring hurt kill killed leave follow meet trust believe without than poor little dear hey hi "
    "hello oh bye goodbye thanks sorry please"
)
# Names that are verbs too, and what stands after such a verb but hardly after a name.
VERBS: Final = _words(
    "hop mark bill pat rob sue jack chase drew rose frank gene josh dart ray max art bob dot trace wade skip"
)
VERB_OBJECTS: Final = _words(
    "on in into off over out up along down around across back away right the a an my your his her its our their it "
    "him them me us this that these those"
)
# Behind a number at the start of a sentence: it counts or tells the time.
CLOCK_AND_COUNT: Final = _words(
    "o'clock am pm a.m p.m times time years year months month weeks week days day hours hour minutes minute seconds "
    "second people men women kids boys girls guys miles feet inches pounds dollars bucks cents degrees percent "
    "points hundred thousand million of more letters pieces rounds shots steps"
)
# What a person does; any other word in -s behind a number that begins a sentence is what it counts.
THIRD_PERSON: Final = _words(
    "is was has does says knows wants needs likes looks thinks feels gets goes comes makes takes hears sees loves "
    "hates finds opens closes saves helps moves gives tells asks lives stays stops keeps runs always misses means "
    "walks talks touches sleeps eats stands wins cries"
)
# Before a capitalised number: it labels a thing.
NUMBERED: Final = _words(
    "chapter channel room level grade season episode page part line floor gate unit studio station apollo highway route"
)
ORDINALS: Final = _words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth twentieth thirtieth"
)
MONTH_CUES: Final = _words("in since until till last next early late mid every through during")

# Pairs that are no name: what may not follow a certain word.
NOT_BEFORE: Final[dict[str, frozenset[str]]] = {
    "el": _words("paso camino salvador niño nino dorado capitan centro cid toro diablo greco"),
    "dot": _words("com"),
    "max": _words("volume power speed capacity"),
    "ray": _words("gun ban"),
    "jack": _words("shit squat o'lantern"),
}

KIN: Final = _words(
    "friend friends brother sister son daughter boy girl kid husband wife father mother dad mom cousin uncle aunt "
    "boyfriend girlfriend partner boss buddy man woman guy lady person dog cat"
)
# What people say before they call somebody by name.
OPENERS: Final = _words(
    "hey hi hello oh ah okay ok yes yeah no please sorry thanks bye goodbye morning evening afternoon night well so "
    "now come on wait look listen stop god jesus uh um good dear right thank you welcome"
)
# Capitalised words that follow a name without being its surname.
FUNCTION_WORDS: Final = _words(
    "i i'm i'll i've i'd mr mrs ms miss dr mom mommy mama dad daddy god jesus christ monday tuesday wednesday "
    "thursday friday saturday sunday january february march april may june july august september october november "
    "december christmas easter halloween thanksgiving okay ok tv"
)
# Speakers without a name.
CROWD: Final = _words(
    "man woman boy girl kid child children men women guard guards agent agents nurse doctor officer cop policeman "
    "soldier scientist technician reporter announcer host operator teacher student students coroner volunteer "
    "repairman receptionist waitress clerk crowd all both voice radio tv pa singer dispatcher anchor newscaster "
    "narrator principal pastor director lab male female young old little teen on the over funeral singing unknown"
)
