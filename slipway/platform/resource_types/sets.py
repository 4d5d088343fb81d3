"""Which lists are sets, in which order says nothing: those of the rows, and those of policy documents."""

from slipway.platform.property_paths import INSIDE, PropertyPath
from slipway.platform.resource_types.row import ResourceType

_POLICY = frozenset(
    {"Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"}
)
"""Elements of a statement whose values, or theirs, are one text or a set of some.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""


def is_set(row: ResourceType | None, path: PropertyPath) -> bool:
    """Whether the list at a path of a type's properties is a set; without a row those of policies are."""
    if INSIDE in path:
        return is_policy_set(path)
    return row is not None and ".".join(word for word in path if isinstance(word, str)) in row.unordered


def is_policy_set(path: PropertyPath) -> bool:
    """Whether a path leads into a policy document, to its statements or to a set in one of them."""
    if INSIDE not in path:
        return False
    names = [word for word in path[path.index(INSIDE) + 1 :] if isinstance(word, str)]
    return names[:1] == ["Statement"] and (len(names) == 1 or names[1] in _POLICY)
