"""What nodes say to each other about agents: each message is a tuple that begins with one of these numbers.

`to`, `serial` and `of` are serials of agents; `sender` and `kind` are the serial and the class of who sends, 0 and 0
for code outside of agents. A class is a number that an earlier CLASS of the same link has explained. Arguments stand
last, as the message's own items, because nothing travels cheaper.
"""

CAST = 0  # to, sender, kind, word, *arguments
CAST_WITH = 1  # to, sender, kind, word, keywords, *arguments
CALL = 2  # to, sender, kind, id, word, *arguments
CALL_WITH = 3  # to, sender, kind, id, word, keywords, *arguments
SEND = 4  # to, sender, kind, message
TELL = 5  # to, sender, kind, message: what no limit drops
ANSWER = 6  # id, value
FAIL = 7  # id, error
EXIT = 8  # to, sender, kind, reason: an exit signal
STOP = 9  # to, sender, kind, reason: a request to stop
LINK = 10  # to, of, kind: who sends this tells of the end of `of`
UNLINK = 11  # to, of
NO_LINK = 28  # of a LINK: to, of: it is about to end, and is not linked
WATCH = 12  # serial: its end is to be told, once
DEATH = 13  # serial, reason
CLASS = 14  # number, path
START = 15  # id, parent, kind, path, arguments, keywords, name, shutdown, history
STARTED = 16  # id, serial
NOT_STARTED = 17  # id, error
GIVE_UP = 18  # id, serial: whoever wanted it started does not any more; 0: it is not known to have started
GIVEN_UP = 29  # id: nothing is left of it
MEMBERS = 21  # the nodes that are linked with who sends this: those that are new
LINKED = 30  # the same, told again from time to time
CASTS = 27  # [to, sender, kind, word, *arguments], ...
PART = 31  # data: of the sender's part of the directory
COMPARE = 32  # number, digest or nothing: how far the sender's part is
AGREED = 33  # number: that far the receiver's part is the same here
LACKING = 34  # numbers: all that is known here of the receiver's part
ASK = 24  # id, what, *arguments: of the node itself
REPLY = 25  # id, whether it went well, value or sentence
