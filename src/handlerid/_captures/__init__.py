"""What functions captured: which values count, and which may change."""

from handlerid._captures.carried import CachedFunction as CachedFunction
from handlerid._captures.carried import Unset as Unset
from handlerid._captures.carried import arguments_of as arguments_of
from handlerid._captures.carried import captures_of as captures_of
from handlerid._captures.carried import content as content
from handlerid._captures.carried import counted as counted
from handlerid._captures.carried import is_looked_into as is_looked_into
from handlerid._captures.carried import is_method as is_method
from handlerid._captures.carried import is_plain as is_plain
from handlerid._captures.carried import late as late
from handlerid._captures.carried import native as native
from handlerid._captures.rendering import Equals as Equals
from handlerid._captures.rendering import Held as Held
from handlerid._captures.rendering import has_changed as has_changed
from handlerid._captures.variables import FreeVariables as FreeVariables
from handlerid._captures.variables import functions_in as functions_in
