"""Our own rules for `character_chatbot.care`: what a list of words cannot say.

They are read against `care_rules.readings`: lower-case words with one space between, apostrophes as spaces ("don t"),
and a lone full stop where a sentence ends, so that no rule reaches into the next sentence by accident. They are
written soberly, as a filter must name what it stops.
"""

from __future__ import annotations

from typing import Final

__all__ = ["AGE", "CLOSE", "HARM", "ROMANCE", "SEXUAL", "SPELT"]

_WHOSE: Final = r"(?:your|ur|my|her|his|their|our|each other s)"
_WHOM: Final = r"(?:you|u|me|him|her|them|us|myself|yourself|herself|himself|each other)"
_WHO: Final = (
    r"(?:you|u|she|he|they|we|i|both|everyone|everybody|eleven|el|mike|dustin|lucas|will|max|nancy|jonathan|steve"
    r"|(?:the|these|all) (?:kids?|children|characters?|party))"
)
_WANTS: Final = (
    r"(?:want|wanna|wants|let me|let s|lets|can i|can we|could i|may i|going|gonna|would like|d like|d love|like|love"
    r"|need|please|wish|imagine|ready|want you|ask you|tell me|dare you|did|ever|have|has|been)"
)
_CLOTHES: Final = (
    r"(?:clothes|clothing|shirt|top|pants|trousers|dress|bra|underwear|panties|boxers|skirt|jeans|swimsuit|bikini"
    r"|pajamas|towel|nightgown|bathrobe|robe|everything)"
)
_BODY: Final = (
    r"(?:bod(?:y|ies)|chest|thighs?|butt|ass|bottom|bum|neck|lips|privates?|skin|curves|hips|waist|inner"
    r"|down there|down below|below|between|belly|naughty|most private|intimate)"
)
_TOUCH: Final = (
    r"(?:touch|rub|stroke|caress|lick|suck|squeeze|kiss|massage|feel up|explor|nibbl|grab|spank|pleasur|taste)\w*"
)
_ADULT: Final = (
    r"(?:erotic|steam(?:y|ier)|spicier|intimate|adult|mature|spicy|nsfw|18\+?|explicit|lewd|x rated|r rated|xxx"
    r"|smutty|dirty|naughty"
    r"|kinky|sensual|hot and heavy)"
)
ROMANCE: Final = (
    r"(?:kiss\w*|dat(?:e|es|ing)|lovers?|romance|romantic\w*|girlfriend|boyfriend|wife|husband|bed|bedroom|touch\w*"
    r"|hot|body|bodies|honeymoon|wedding night|love scene|passion\w*|intima\w+|relationship|flirt\w*|couple|desire\w*"
    r"|do it|be mine|all mine|yours|have you|adult things|cuddl\w*|attract\w*|make out|making out|hotel|motel|alone"
    r"|anything goes|no limits|no rules|without limits)"
)

SEXUAL: Final = (
    # clothes
    rf"(?:tak(?:e|es|ing)|took|pull|pulls|pulling|pulled|strip|strips|slip|slips|remov(?:e|es|ing)"
    rf"|lift|lifts|lose|unbutton|unzip|drop|peel|get(?:s|ting)?(?= (?:\w+ )?(?:off|out of)))(?: it| them)?(?: off"
    rf"| out of| up| down)?(?: all)?(?: of)? {_WHOSE}"
    rf"(?! wet)(?: \w+)? {_CLOTHES}\b(?! (?:off the|and put|that s wet))",
    rf"(?:tak(?:e|es|ing)|get|pull|strip|slip) {_WHOSE}(?! wet)(?: \w+)? {_CLOTHES} (?:off|down)\b",
    r"(?:take|taking|took) (?:it|everything|them) all off\b",
    rf"(?:without|wearing no|with no|with nothing on|no) (?:any |{_WHOSE} )?(?:clothes|clothing|underwear)(?: on)?\b",
    r"(?:wearing|have|having|got|with) (?:absolutely )?nothing (?:on\b|underneath)"
    r"(?! (?:tv|telly|the|today s))",
    r"what (?:are|r) (?:you|u) wearing (?:under|right now|in bed|to bed|tonight$|beneath)",
    rf"(?:color|colour|kind|size|what) (?:is |are |of )*(?:{_WHOSE} )?(?:underwear|bra|panties|boxers)\b",
    rf"(?:see|show me|look at|describe|photos? of|pics? of|pictures? of) {_WHOSE} (?:\w+ )?"
    r"(?:bod(?:y|ies)|chest|butt|ass|underwear|bra|panties|privates?|bare \w+)\b(?! (?:in the morgue|at the morgue))",
    r"(?:send|show|give|trade|swap)(?: me| us)?(?: some| a| your)? (?:private|spicy|sexy|naughty|dirty|bikini"
    r"|underwear"
    r"|shower|bathroom|bedroom|bath)? ?(?:pic|pics|photo|photos|pictures?|video|selfie)s? (?:of (?:you|u|yourself) )?"
    r"(?:in (?:your|the) (?:underwear|bath|shower|bed|bikini)|without|undress\w*|bare)",
    r"(?:private|spicy|naughty|dirty|underwear) (?:pics?|photos?|pictures?)\b",
    # touch
    rf"{_TOUCH} (?:on |at |up )?(?:{_WHOSE}|{_WHOM}) (?:\w+ ){{0,2}}?{_BODY}\b"
    r"(?! (?:good ?night|luck|pain|hurts|injury|wound))",
    rf"{_WANTS} (?:to |you to |me to |we )?(?:touch|taste|caress|fondle) (?:you|u|her|him|me)\b(?! (?:base|up|too))",
    r"touch(?:ed|es|ing)? (?:me|you|yourself|myself|herself|himself)(?: \w+)? (?:there|inappropriately|all over"
    r"|everywhere|under|while|in (?:bed|the shower|that way|a bad way|places))\b",
    r"(?:touch|touching|touches|touched) (?:yourself|myself|herself|himself)\b(?! (?:on the (?:nose|forehead|ear)))",
    r"hands? (?:\w+ ){0,3}(?:under|up|inside|down) (?:your|her|his|my) (?:shirt|skirt|dress|pants|top|leg|thigh)",
    rf"(?:nice|hot|cute|tight|great|perfect|firm|touch|grab|spank|see|show me|smack) (?:{_WHOSE} )?(?:little )?"
    r"(?:ass|butt|boobs?|rack|tits?)\b",
    r"(?<!him )(?<!her )(?<!t )kiss me\b(?! (?:good ?night|goodbye|good ?bye|on the (?:cheek|forehead|head"
    r"|nose)|hello|in the (?:gym|show|movie)))",
    r"(?<!princess )(?:can i|may i|could i|let me|want to|wanna|would like to|d like to|going to|gonna|love to"
    r"|dying to)"
    r" kiss (?:you|u)\b(?! (?:good ?night|goodbye|good ?bye|on the (?:cheek|forehead|head)|hello))",
    r"kiss\w*(?: \w+){0,3} (?:passionately|with tongue|hungrily|deeply)\b",
    r"(?:want|wanna|let s|lets|can we|could we|like|going|gonna|love|please|come|ready|should|just|and) (?:to )?"
    r"(?:you to )?mak(?:e|ing) out(?: with (?:me|you|us)|$| [.]| on| in| right| tonight)",
    # bed
    r"(?:sleep|sleeps|slept|sleeping) with (?:me|you|u|him|her|each other|someone|somebody|anyone|a (?:boy|girl"
    r"|man|guy"
    r"|woman|grown ?up)|eleven|el|mike|dustin|lucas|will|max|nancy|jonathan|steve|hopper|joyce)\b(?! (?:in the room"
    r"|on the floor|reading|bear|dog))",
    r"(?:would you|wanna|want to|did you|have you|you ever) (?:ever )?(?:sleep|slept) with (?!(?:the|a|an|your|my|his"
    r"|one|both|open|lights?|it|that|this|no|nothing|socks|and|all)\b)\w+",
    r"(?:come|go|went|get|climb|crawl|join|hop|jump|lie|lay|lying|be) (?:\w+ ){0,2}?(?:in|into|to) (?:my |your )?bed"
    r" with (?:me|you|u|him|her)\b",
    r"(?:in|into) (?:my|your|our|his|her|the) bed (?:together|with (?:me|you|u|him|her))\b",
    r"(?:join|come|be|need|want) (?:\w+ )?(?:me|you|u) in (?:my|your|the) bed\b(?! (?:asleep|by))",
    r"shar(?:e|ing) (?:a|one|my|your|the) bed\b",
    r"(?:spend|stay) the (?:whole )?night (?:alone )?with me\b",
    r"(?:shower|bath|bathe) (?:\w+ )?(?:with (?:me|you|u)\b|together)",
    r"(?:go|going|went|gone) all the way (?:with|together|tonight|yet|already)\b",
    r"(?:second|third|2nd|3rd) base (?:with|together|yet)\b|how far have you gone with\b|(?:first"
    r"|second) base ?(?:\. )?"
    r"(?:second|third)\b|(?:bra|cup) size\b|what size bra\b",
    r"(?:how (?:is|was|good (?:is|was)) \w+|\w+ (?:is|was) (?:good|great|bad)) in bed\b(?! with)",
    r"(?:between|beneath) the sheets\b|(?:every|in) (?:\w+ )?intimate detail\w*",
    r"(?:wanna|want to|gonna|going to|let me|d) do (?:you|u|her|him)\b(?! (?:a favou?r|good|justice|harm|wrong"
    r"|proud|any"
    r"|no|one|credit|the|this|and|like|in (?:monopoly|chess)|homework))(?= (?:so|right|tonight|now|all|hard|here|bad)"
    r"|$| [.])",
    r"(?:want to|wanna|ready to|gonna|going to) lose it (?:to|with) (?:me|you|him|her)\b",
    r"(?:do|let s|lets|some|want|into|wanna) erp\b|(?:write|want|read|give me|make)(?: \w+){0,3} (?:lemon|lime|smut)"
    r" (?:fic\w*|fan ?fic\w*|story|scene|about|with)\b|(?:do|does|did|you|get|gets) (?:you )?get hard when\b",
    r"(?:ever|have you|did (?:you|they|she|he)|has (?:she|he)|wanna|want to|let s) (?:ever )?(?:do|done|did|doing) it"
    r" with (?:him|her|a (?:boy|girl|man|guy)|each other|eleven|mike|nancy|steve|jonathan|max|lucas)\b",
    r"(?:are|r) (?:you|u)(?: still)? (?:a |an )?virgin\b",
    r"(?:lose|lost|losing|take|took) (?:your|my|her|his|their) (?:virginity|v card|innocence)\b",
    # wanting
    rf"(?:to|wanna|let me|let s|can i|can we|gonna|did you|have you|ever|them|you) fuck(?:ed|ing)? {_WHOM}\b"
    r"(?! (?:up|off|over|guys))",
    r"(?:your|my|her|his|suck|hard|big|touch) (?:dick|cock|pussy)\b",
    r"(?:mak(?:e|es|ing)|get|gets|getting|got|so) (?:me |you |him |her )?(?:so )?(?:hard|horny|turned on"
    r"|wet) (?:for (?:me|you)|right now"
    r"|when (?:i|you)|thinking|just|already)\b",
    r"turn(?:s|ed|ing)? (?:me|you|him|her) on\b(?! to)",
    r"(?:talk|speak|whisper)(?: to me)? (?:dirty|naughty|filthy)\b",
    r"call me (?:daddy|master|sir)\b(?! of)",
    r"(?:my|your) (?:little )?(?:sex|love) (?:slave|toy|doll)\b",
    r"(?:cyber|get intimate|be intimate|being intimate|got intimate|become intimate|get physical|hook up|hooked up"
    r"|hooking up|have relations|sexy time|sexytime|make babies|mate) (?:with (?:me|you|u|him|her|each other|mike|el|"
    r"eleven|nancy|steve|jonathan)|together|tonight)\b",
    r"(?:teach|show|educate) (?:you|u|me|her|him) (?:\w+ ){0,3}(?:birds and (?:the )?bees|pleasure|how to (?:please|"
    r"satisfy)|how babies are made with)",
    r"what (?:grown ?ups|adults|married (?:people|couples)) do (?:in bed|at night|alone|behind|together in)",
    r"(?:make|keep|get|turn)(?: \w+){0,3} (?:chat|conversation|talk|scene|story|role ?play|rp|this|things?)"
    r" (?:\w+ ){0,3}?(?:steam(?:y|ier)|spicy|spicier|nsfw|sexy|sexier|naughty|naughtier|erotic)\b",
    rf"{_ADULT} (?:role ?play\w*|rp|scene|scenes|story|stories|fan ?fic\w*|fic|content|chat|talk|things|stuff|fun"
    r"|roleplay|encounter|moment)\b(?<!adult stuff)(?<!adult things)(?<!dirty things)(?<!dirty stuff)",
    r"(?:write|describe|act out|play out|continue|give me)(?: \w+){0,5} (?:love scene|bed scene|sex scene"
    r"|love making|"
    r"honeymoon|wedding night)\b",
    r"(?:how|what) (?:big|far|does it feel)(?: \w+){0,3} (?:chest|down there|between (?:your|my) legs)\b",
    r"between (?:your|my|her|his) (?:legs|thighs)\b(?! (?:hurts|ached|the))",
    r"fool(?:ing)? around (?:with (?:me|you)|while (?:your|my)|in (?:bed|the back))|get (?:you |me )?laid\b"
    r"|netflix and chill",
    r"(?:sit|come|hop|bounce|climb)(?: \w+){0,3} (?:on|onto|in) my (?:lap|face)\b",
    r"show (?:you|me) (?:mine|yours) if|strip poker|flash (?:me|us)\b(?! (?:a|the|your) (?:smile|light|badge))"
    r"|wedding night",
    r"(?:play|be|you are|you re|pretend to be|act like|as) (?:a |my )?(?:stripper|lap dancer|porn ?star|call girl)\b"
    r"|watch (?:\w+ ){0,2}?(?:while |when )?(?:you|her|him|them) (?:undress|(?:get|are getting"
    r"|re getting) (?:changed|undressed))",
    rf"{_WHOSE} (?:young|little|hot|sweet|bare|tight|mature|perfect) body\b|(?:excited|wet|hard|hair"
    rf"|tingl\w+) down there",
    r"(?:open|spread|part) (?:your|her|his) legs\b|bend over for|(?:make|try for|try making) a baby (?:with"
    r"|together|tonight)",
    r"i (?:really )?(?:like|love|want|prefer) little (?:girls|boys)\b|(?:girls?|boys?|kids?|them"
    r"|one) (?:so )?young like you|young (?:girls?|boys?) like you|like (?:my )?(?:girls|boys|them)"
    r" (?:that )?young\b|girls (?:of )?your age are (?:ready|mature)",
    r"(?:unbutton|unzip|unhook)\w* (?:your|my|her|his)\b|(?:tear|rip)\w* (?:off )?(?:your|my|her|his) clothes\b",
    # elsewhere
    r"(?:zieh|ziehe) dich (?:aus|nackt)|(?:schlaf|schlafen|schlafe) mit (?:mir|dir)|mit (?:mir|dir) (?:schlafen"
    r"|ins bett)",
    r"quitate (?:la ropa|la camisa|todo)|acuestate conmigo|acostarte conmigo|hacer el amor",
    r"(?:deshabille|desape|enleve tes (?:vetements|habits))|faire l amour|coucher avec",
    r"(?:spogliati|togliti (?:i vestiti|la maglia))|fare l amore|(?:vieni|venire) a letto con",
    r"tir[ae] (?:a|sua) roupa|fazer amor|dormir comigo",
)

AGE: Final = (
    r"(?:pretend|imagin\w*|act|suppose|assume|say|make believe|role ?play|story|world|universe|au|version|game"
    r"|now|grown"
    r"|where|since|future)(?: \S+){0,8}? (?:18|19|2\d|3\d|eighteen|nineteen|twenty\w*|thirty\w*|adults?"
    r"|grown ?ups?|of age"
    r"|legal|consenting|old enough|all grown(?: up)?|college age|older)\b",
    rf"{_WHO} (?:are|re|is|s|were|was|turn|turns|turned|be) (?:\w+ )?(?:18|19|2\d|eighteen|nineteen|twenty\w*|adults?"
    rf"|grown ?ups?"
    r"|of age|legal|aged up|old enough)\b",
    r"aged? up\b|aging up\b|grown ?up version\b|adult version\b",
)

HARM: Final = (
    r"(?:kill|hang|drown|shoot|poison|murder|cut|cutting|harm|harming|hurt|hurting|burn|starve|off|unalive"
    r"|end) my ?self\b"
    r"(?! (?:trying|laughing|to get|with work|by accident|accidentally|on (?:the|a|my)|shaving|climbing"
    r"|with the|falling"
    r"|cooking|in (?:gym|the kitchen|practice)|playing|a (?:slice|piece)|some|off from|out of|loose|free|short"
    r"|slack))",
    r"(?:i|me|my|im) (?:\w+ ){0,5}(?:self ?harm\w*|suicidal|suicide)\b",
    r"(?:sewer ?slide|ctb|unalive my ?self)\b",
    r"(?:how many|what) (?:\w+ )?(?:pills?|tablets?|painkillers?)(?: \w+){0,4} (?:to )?(?:die|not wake up|never wake up"
    r"|kill|be fatal|overdose|be lethal|fall asleep forever)\b",
    r"(?:took|take|taken|swallow(?:ed)?|had) (?:way |far )?(?:too many|a lot of) (?:\w+ )?(?:pills|tablets"
    r"|painkillers)\b",
    r"(?:whole|full) bottle of (?:\w+ ){0,3}(?:pills|tablets)\b",
    r"(?:walk|walking|step|stepping|jump|jumping|throw\w* my ?self|run|running) (?:out )?(?:in front of|under|before)"
    r" (?:a|the|that) (?:train|bus|truck|car)\b",
    r"(?:she|he|they|mum|mom|dad|friend|sister|brother|girl|boy|somebody|someone|classmate)(?: \w+){0,3}"
    r" (?:say|says|said|told me|wrote|writes|texted)(?: \w+){0,3} (?:doesn t|does not|don t|didn t) want to (?:live"
    r"|be alive|exist|be here any ?more)\b",
    r"(?:says?|said|told me|wrote)(?: \w+){0,3} (?:wants?|wanted) to (?:die|be dead|end it(?! with))\b",
    r"(?:no|not a|don t see (?:a|any|the)) (?:point|reason)(?: \w+)? (?:in|to) (?:wak(?:e|ing) up|get(?:ting)? up)"
    r" (?:tomorrow|any ?more|ever)\b",
    r"(?:razor|blade|knife|cutting) (?:is|s) the only thing (?:that |which )?(?:\w+ )?(?:calms?|helps?|makes?"
    r"|works?)\b",
    r"(?:fresh|new|more) (?:marks|cuts|scars) on my\b|hide (?:them|it|my (?:arms|cuts|scars)) (?:with|under)"
    r" (?:my )?(?:long )?sleeves\b",
    r"(?:commit|committing|attempt|attempting|contemplat\w+|consider\w*|thinking about|thinking of|think about"
    r"|thoughts"
    r" of|thoughts about|thought about) suicide\b",
    r"suicidal (?:thoughts|ideation|feelings|urges|tendenc\w+)",
    r"(?<!you )(?<!they )(?<!don t )(?:want|wanna|wanted|wish|ready|plan|planning|need|deserve|have decided|"
    r"would rather|d rather|hope) (?:to |i was |i were |i could just |i could |i would )?(?:die|dead|be dead"
    r"|stop living"
    r"|stop existing|disappear forever|not exist|not be alive|never wake up|not wake up)\b(?! (?:for"
    r"|of (?:embarrass\w*"
    r"|shame|laugh\w*|bore\w*|hunger|laughter)|laughing|trying|on that hill|in (?:the|this) game|in dungeons"
    r"|before|if"
    r"|when i see|than (?:eat|wear|miss|lose|do my|do the|go to gym"
    r"|watch|listen)|(?:so that|so) (?:the others?|my friends|they|we)|alone in the upside|a hero|as a hero|on me"
    r"|with my boots))",
    r"(?:end|ending|take|taking|took|finish) (?:my|my own) (?:own )?life\b|(?:end|ending) it all\b",
    r"(?<!you )(?:don t|dont|do not|didn t|no longer|can t|cannot|not sure i) (?:really )?(?:want|wanna|care|bear|go on"
    r"|see)? ?(?:to"
    r" |if i )?(?:live|living|be alive|be here|exist|stay alive|wake up|go on living)(?: any ?more| tomorrow"
    r"| longer|$)",
    r"(?:don t|dont|do not) (?:really )?(?:want|wanna) (?:to )?(?:live|exist|be alive)(?:$| [.])",
    r"(?:no|any|a single) (?:reason|point)(?: for me)? (?:to|in) (?:live|liv|living|go on|going on|be alive"
    r"|being alive|keep"
    r" going|staying alive)\b(?! here| in (?:hawkins|this town))",
    r"(?:everyone|everybody|they|world|family|you|people)(?: \w+){0,4} better off (?:without me|if i (?:was"
    r"|were) (?:dead"
    r"|gone))",
    r"wish i (?:had never been|was never|were never|hadn t been|wasn t) born\b|wish i (?:was|were) dead\b"
    r"|wish i could"
    r" (?:just )?(?:die|disappear forever|not wake up|(?:fall a|go to )?sleep and (?:never|not) wake up)\b",
    r"(?:cut|cutting|slit|slitting|sliced) my (?:wrists?|arms?|thighs?|legs?|veins)\b(?! (?:on|by accident"
    r"|climbing|off))",
    r"(?:take|took|swallow|swallowed|taking|overdos\w+)(?: \w+){0,4} (?:all (?:of )?(?:the|my) pills"
    r"|whole bottle of pills"
    r"|on (?:my )?(?:pills|purpose))\b|(?:i|me) (?:\w+ )?overdos\w+\b(?! on (?:\w+ )?(?:candy|sugar|waffles?|eggos?"
    r"|nougat|chocolate|pizza"
    r"|cookies?|ice cream|coffee|soda|coke|homework|tv|sweets|pudding|popcorn))",
    r"(?:jump|jumping) (?:off|from|in front of)(?: \w+){0,4} (?:and|to) (?:die|end)\b|(?:want|going|gonna"
    r"|thinking)(?: \w+)"
    r"{0,2} jump(?:ing)? (?:off|in front of) (?:a|the) (?:bridge|roof|building|train|cliff)\b",
    r"my (?:\w+ )?(?:friend|brother|sister|mom|mother|dad|father|son|daughter|boyfriend|girlfriend|cousin"
    r"|roommate|classmate"
    r"|husband|wife|kid|uncle|aunt)(?: \w+){0,4} (?:(?:kill|killed|hurt|hurts|hurting|cut|cuts|cutting|harm"
    r"|harms|hang|hanged)"
    r" (?:him|her|them) ?sel(?:f|ves)|suicid\w+|end (?:his|her|their) life|wants to die)\b",
    r"(?:should i|could i|how (?:do|can|could|would) i|best way to|easiest way to|painless way to"
    r"|way for me to)(?: just)? (?:die"
    r"|kill myself|end it)\b(?! (?:my|a|in))",
    r"(?:go|please|should|just|why don t you|can|to)? ?(?<!will )(?<!would )(?<!could )(?<!gonna )(?:kill|hang"
    r"|off) (?:your|ur)"
    r" ?sel(?:f|ves)\b(?! (?:trying|laughing|over|on|like that|out there|doing))|\bkys\b|\bkms\b",
    r"(?:you|u) should (?:just )?(?:die|kill yourself|be dead|end it|end your life)\b",
    r"(?:nobody|no one|who|anybody|anyone|you)(?: \w+){0,2} (?:miss me|care|notice|cry"
    r"|be sad)(?: \w+)? if i (?:died|die|was dead"
    r"|were dead|was gone for good|wasn t alive|killed my ?self|ended it)\b",
    r"tired of (?:living|being alive|existing|my life|life)\b|(?:goodbye|suicide) (?:letter|note)\b|(?:tie|make"
    r"|made|tied) a noose",
    r"(?:hurts?|cuts?|harms?|hurting|cutting) (?:herself|himself|themselves) on purpose|cut my (?:skin|flesh)\b",
    r"go and die\b|hope you die\b|(?:life|living) is(?: n t|n t| not) worth|not worth living",
    # elsewhere
    r"(?:ich (?:will|mochte|wurde gern) (?:nicht mehr leben|sterben|tot sein)|(?:bringe|bring) mich um"
    r"|mich umbringen|"
    r"selbstmord|suizid\w*)",
    r"(?:quiero (?:morir|morirme|matarme)|me quiero (?:morir|matar)|suicidarme|no quiero vivir|me voy a matar)",
    r"(?:je (?:veux|voudrais) (?:mourir|me tuer)|me suicider|plus envie de vivre|veux plus vivre)",
    r"(?:voglio (?:morire|uccidermi)|suicidarmi|non voglio piu vivere|quero (?:morrer|me matar)"
    r"|nao quero (?:mais )?viver)",
)

SPELT: Final = (r"suicid\w*",)
"""What in plain words has harmless uses ("a suicide mission"), and which nobody spells apart for fun."""

# What no character says of itself and the person it talks with. Said to one ("Sleep in your bed!") it is nothing.
CLOSE: Final = (
    r"i(?: \w+){0,3} (?:in|into|on) your bed\b",
    r"in bed with you\b",
    r"(?:share|sharing) (?:a|your|my) bed\b",
)
