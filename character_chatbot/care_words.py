"""Words for `character_chatbot.care_rules`: which of the maintained list are not sexual, and which it lacks.

The list is English in glin-profanity (MIT, no dependencies of weight). It is a list of swear words first; a friend of
thirteen may swear, so mere swearing, slurs, insults and words with an everyday meaning are taken out. What a newer
release adds counts as sexual until it is named here.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ALSO_SEXUAL", "INNOCENT", "NOT_SEXUAL"]


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


NOT_SEXUAL: Final = frozenset(
    _phrases(
        # swearing and insults
        "a$$|@ss|4ss|apeshit|arsehole|ass|asshat|asshole|assmunch|asswipe|b!tch|bastard|bastardized|bastardo|bimbos|bitch"
        "|bitches|bollocks|bs|bullshit|butt|clusterfuck|dick|dipshit|dumbass|f*ck|f@ck|f4ck|fvck|phuck|fuk|fuck|fucker"
        "|fuckface|fuckin|fucking|fucktards|fuq|god damn|hoe|jackass|lmfao|mf|motherfucker|omfg|piece of shit|pissed"
        "|pissing|poof|prick|pussy|retard|retarded|sh!t|shit|shite|sh1t|$hit|$h!t|shitblimp|shithead|shitshow|shitty"
        "|simp|slut|spunk|stfu|suck|sucks|tosser|twat|wanker|wtf|xx|🖕|bunghole|bung hole|butthole|cornhole|tushy"
        "|cock|cocks"
        # slurs: ugly, but another matter
        "|beaner|beaners|coon|coons|darkie|faggot|honkey|jigaboo|jiggaboo|jiggerboo|kike|negro|neonazi|nig nog|nigga"
        "|nigger|paki|raghead|slanteye|spic|swastika|towelhead|tranny|wetback|white power"
        # with an everyday meaning in this world: snacks, sports, tools, tied knots, soft drinks, medicine
        "|alaskan pipeline|ball kicking|bastinado|big black|birdlock|bondage|bullet vibe|busty|clover clamps"
        "|dingleberries"
        "|dingleberry|domination|donkey punch|escort|eunuch|fecal|figging|fingering|girl on|golden shower|hard core"
        "|hardcore|hooker|how to kill|how to murder|huge fat|jelly donut|knobbing|leather restraint"
        "|leather straight jacket|lemon party|mr hands|octopussy|one cup two girls|pegging|playboy|pleasure chest"
        "|prince albert piercing|queer|rectum|rimming|sadism|santorum|scat|scissoring|shrimping|skeet|snatch"
        "|snowballing|strap on|strappado|suicide girls|swinger|tainted love|taste my|testbad01|throating"
        "|tied up|tight white|tit"
        "|tongue in a|topless|tub girl|twink|twinkie|violet wand|wrapping men"
    )
)

ALSO_SEXUAL: Final = _phrases(
    # English
    "naked|nudes|undress|undresses|undressed|strip naked|striptease|horny|aroused|arousal|foreplay|sext|sexting"
    "|sexual|sexually|sexualize|virginity|lingerie|seduce|seducing|seduction|seductive|lewd|nsfw|smutty|erotica"
    "|eroticism|fetish|kink|loli|lolicon|shotacon|pedo|molest|molested|molesting|grooming a child|child porn"
    "|private parts|breasts|cleavage|genital|crotch|hickey|friends with benefits|one night stand|french kiss"
    "|french kissing|condom|condoms|underage|jail bait|make love|making love|made love|deflower|foreskin|climaxing"
    "|fornicate|fornication|masturbating|masturbation|consenting adults|legal age|fondle|fondling|fondled|groping"
    "|pr0n|pron|seggs|s3ggs|secks|smexy|boobies|boobie|titty|skinny dipping"
    # elsewhere, the words that one asks with
    "|desnuda|desnudo|desnudate|sexo|tetas|follar|follame|verga"
    "|nackt|ausziehen und nackt|ficken|titten|muschi|sexuell|geschlechtsverkehr"
    "|toute nue|tout nu|coucher avec moi|baise moi|sexe|sexuel|seins|bite dans"
    "|nuda|nudo|scopare|scopami|sesso|tette"
    "|pelada|pelado|transar|foder|buceta|boceta"
)

INNOCENT: Final = (
    r"(?:opposite|same|single|fair(?:er)?|which|what|either|both|baby s|baby's|its) sex\b",
    r"sex (?:chromosomes?|cells?|hormones?|of (?:the|a|my|your|an|our))\b",
    r"sex ed(?:ucation)? (?:class|homework|test|teacher|lesson|film|movie)\b",
    r"naked (?:eyes?|truth|mole|trees?|branches|lady|bulb|flame|singularit\w+)\b",
    r"(?:chicken|turkey) breasts?\b",
    r"naked (?:of|and (?:slimy|wet|cold|faceless|pink|bald|dead)|monster|slug|rat|skin of)\b",
    r"(?:demogorgon|demodog|monster|dart|mind flayer|vecna|tree)(?: \w+){0,6} naked\b",
)
"""What is cut out before words are looked for: biology and turns of phrase."""
