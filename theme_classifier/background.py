"""The fixed yardstick of the scores: what people say when nothing is at stake, and what a theme has to stand out from.

Written for this project. Scores are standardised against `NEUTRAL_LINES`, so that a text gets the same score whatever
it is scored with. `CONTRASTS` are other things that a line can be about: feelings named, feelings spoken, everyday
topics. A theme's evidence is its similarity less the mean similarity to these, since a line that is close to every
feeling is about none of them.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CONTRASTS", "NEUTRAL_LINES"]

_FEELINGS: Final = (
    "joy and laughter",
    "sadness and grief",
    "anger and quarrel",
    "fear and danger",
    "love and affection",
    "guilt and regret",
    "trust and loyalty",
    "loneliness",
    "hope for the future",
    "despair",
    "pride and praise",
    "gratitude",
    "surprise",
    "disgust",
    "jealousy",
    "courage and defiance",
    "curiosity",
    "worry",
    "remembering the past",
    "comfort and consolation",
)

_SPOKEN_FEELINGS: Final = (
    "I am so happy.",
    "I am so sad.",
    "I am so angry with you.",
    "I am scared.",
    "I love you.",
    "I am sorry.",
    "I believe in you.",
    "I am lonely.",
    "I hope so.",
    "I give up.",
    "I am proud of you.",
    "I am so grateful.",
    "I cannot believe it!",
    "That is disgusting.",
    "I envy you.",
    "I am not afraid of you.",
    "I wonder why.",
    "I am worried about you.",
    "I remember it well.",
    "It is all right, do not cry.",
)

_EVERYDAY_TOPICS: Final = (
    "food and cooking",
    "the weather",
    "school and homework",
    "work and business",
    "money and shopping",
    "cars and driving",
    "music and television",
    "sports and games",
    "clothes and looks",
    "house and furniture",
    "the telephone",
    "time and dates",
    "numbers and measures",
    "directions and places",
    "a greeting",
    "a plain question",
    "an answer of yes or no",
    "small talk",
    "machines and tools",
    "animals and plants",
)

CONTRASTS: Final = (*_FEELINGS, *_SPOKEN_FEELINGS, *_EVERYDAY_TOPICS)

_LINES = """\
Yeah.
No.
Okay.
What?
Hello?
Hey, guys.
Good morning.
All right, then.
Uh, sure.
Come on in.
Thank you very much.
You're welcome.
What time is it?
It's about half past four.
See you on Monday.
Have a nice day.
What did you say?
I said it's on the table.
Where did you put the keys?
They're on the hook by the door.
Is there any coffee left?
I just made a fresh pot.
Two eggs and some toast, please.
Do you want milk with that?
The soup needs a little salt.
Dinner will be ready in ten minutes.
Pass me the potatoes.
I already ate at work.
There's some leftover chicken in the fridge.
He likes his pancakes with syrup.
We're out of bread and butter.
Could you pick up some groceries on the way home?
That comes to six dollars and forty cents.
Do you take checks?
Keep the change.
Paper bag or plastic?
The store closes at nine on weekdays.
I need a pair of brown shoes, size eight.
This shirt was on sale.
It looks good with the blue one.
Where's my other sock?
Your jacket is in the hall closet.
I have to do the laundry this afternoon.
The washing machine is in the basement.
She cut her hair last week.
It's supposed to rain later.
Kind of warm for October.
The wind comes from the north today.
They said two inches of snow by the evening.
Nice weather we're having.
The leaves are starting to turn.
Did you do your math homework?
We have a spelling test on Thursday.
Open your books to page ninety-one.
The bus stops at the corner of Maple and Third.
Class is over, everybody.
What did you get for number seven?
I got eighteen.
The library has a new set of encyclopedias.
He teaches science at the middle school.
I'm in the band, I play the clarinet.
The project is due at the end of the month.
We're studying the planets right now.
Put your name at the top of the sheet.
Recess is at a quarter past ten.
She sits in the second row.
How was work?
Same as usual.
I've got a meeting at eleven.
He's on the other line at the moment.
May I take a message?
Tell him that his brother called.
The number is in the book.
I'll send you the papers tomorrow.
Sign here and here.
The office is on the third floor.
He works for the phone company.
They hired a new guy in the mail room.
I'm the assistant manager there.
We open a second store in the spring.
The report is about twenty pages long.
She started the job in June.
Turn left at the gas station.
It's about five miles down the road.
The exit is after the bridge.
You can park behind the building.
The car needs an oil change.
I filled the tank this morning.
It's got four doors and a radio.
What year is it?
A seventy-eight, I think.
The tires are pretty new.
We took the highway both ways.
The train gets in at noon.
I usually walk to work.
His bike is in the garage.
What's on TV tonight?
It's on channel four.
They're showing a western at eight.
Turn the volume down a bit.
I read that book last summer.
It's about a man who sails around the world.
Have you heard their new record?
The second side is better.
He plays guitar on Sundays.
The movie starts at a quarter to nine.
Row F, seats ten and eleven.
I'd like some popcorn.
The game went into overtime.
They won by three points.
It's your turn to roll.
I have two of those cards.
He runs the hundred meters.
The team practices on Wednesdays.
We used to play tennis on Saturdays.
Do you know how to play checkers?
The house has three bedrooms.
The kitchen was painted yellow.
Put the box on the shelf.
Can you hold the ladder?
I need a hammer and a couple of nails.
The lamp is next to the couch.
There's a chair over there.
The window faces the street.
We bought that rug in Ohio.
The bathroom is down the hall.
I'm going to mow the lawn.
The mailman comes around two.
There's a letter for you on the counter.
It's a bill from the electric company.
Which one is the light switch?
The drawer sticks a little.
You need the smaller screwdriver.
It runs on two batteries.
Press the red button and wait for the tone.
The antenna is on the roof.
You plug that end into the wall.
It's a twelve-volt system.
This dial sets the frequency.
The printer is out of paper.
I ordered the part from a catalog.
The dog needs to go for a walk.
Our cat sleeps on the radiator.
They have cows and a few chickens.
That's an oak, I think.
She grows tomatoes in the back yard.
The fish eat twice a day.
How old is your sister now?
She's going to be twelve in March.
My uncle lives in Denver.
They moved here from Kentucky.
He's the one with the glasses.
This is my neighbor, Mr. Lewis.
Nice to meet you.
How do you spell that?
With a K and two Ts.
My middle name is Robert.
We met at a conference in Chicago.
They've been here since seventy-five.
He's about six feet tall.
It's the third door on the right.
Which way did they go?
Down the stairs and across the street.
I was at the bank.
We were just talking about that.
Let me write that down.
Do you have a pen?
There's one in my bag.
What does it say?
It says to stir it for two minutes.
I think it's a kind of fruit.
How many do we need?
About a dozen, maybe fifteen.
That's half of it.
The first one is bigger than the second.
It weighs around forty pounds.
It's the same color as the other one.
I'll be back in a minute.
Wait here, please.
I'm going upstairs.
Hang on a second.
Let's see.
So, anyway.
Well, I don't know.
I guess so.
It depends.
Maybe next week.
That's what I said.
Like I was saying.
You know what I mean?
Really?
Which one?
Who's that?
That's him over there.
Oh, hi, it's you.
She's in the other room.
I think she went to the store.
He usually comes by around six.
We always go there in July.
It takes about an hour.
The meeting was moved to Friday.
I left it in the car.
Can you give me a hand with this?
Just put it anywhere.
I'll get the door.
Somebody's on the phone for you.
It's for your mother.
Did you get the mail?
Not yet.
It came yesterday.
The doctor's office opens at nine.
You take one of these after breakfast.
Breathe in, and out.
Fill out this form and bring it to the desk.
The chief is out to lunch.
He's in a meeting until three.
Copy that.
Go ahead.
Say again?
The paper comes out on Tuesdays.
I saw it in the newspaper.
He was mayor before that.
It's an old building, from the twenties.
The town has about thirty thousand people.
"""

NEUTRAL_LINES: Final = tuple(_LINES.splitlines())
