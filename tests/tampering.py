"""Trees of plain values with one part missing or another."""

from copy import deepcopy

ABSENT = object()


def places(tree, path=()):
    """The path of everything inside nested dicts and lists."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def tampered(tree, path, value):
    made = deepcopy(tree)
    node = made
    for key in path[:-1]:
        node[key] = list(node[key]) if isinstance(node[key], tuple) else node[key]
        node = node[key]
    if value is ABSENT:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return made
