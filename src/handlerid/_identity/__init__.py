"""From a callable to its id.

``callables``  the kinds of callables, and their parts
``ids``        the text of an id
``identity``   what is hashed into which part
"""

from handlerid._identity.callables import CACHED as CACHED
from handlerid._identity.callables import Codes as Codes
from handlerid._identity.callables import is_current as is_current
from handlerid._identity.callables import name_of as name_of
from handlerid._identity.callables import take_apart as take_apart
from handlerid._identity.identity import DEFAULT as DEFAULT
from handlerid._identity.identity import CodeRecord as CodeRecord
from handlerid._identity.identity import Identity as Identity
from handlerid._identity.identity import handler_id as handler_id
from handlerid._identity.ids import GRAMMAR as GRAMMAR
from handlerid._identity.ids import HandlerId as HandlerId
from handlerid._identity.ids import location_name as location_name
