"""Which requests are guarded. What cannot be placed is guarded: only a plain path, spelt as routing sees it, is let off."""


class RequestFilter:
    """Judges paths by whole segments and methods by name, ignoring case."""

    def __init__(self, exclude_paths, include_only_paths, exclude_methods):
        self._excluded = tuple(map(_prefix, exclude_paths))
        self._included = tuple(map(_prefix, include_only_paths))
        self._methods = frozenset(method.upper() for method in exclude_methods)

    def guards(self, method: str, path: str, base: str = "") -> bool:
        """False when the request is let off; under a base path both spellings, with and without it, have to be."""
        if method.upper() in self._methods:
            return False
        if self._guards_path(path):
            return True
        return bool(base) and (self._guards_path(base + path) or not is_plain(base)) or not is_plain(path)

    def _guards_path(self, path):
        folded = _fold(path)
        if _starts_with_any(folded, self._excluded):
            return False
        return not self._included or _starts_with_any(folded, self._included)


def _fold(path):
    # As bytes, so that only ASCII is folded: 'ß' is not 'ss' and the Kelvin sign no 'k' to any router.
    return path.encode("utf-8", "surrogatepass").lower()


def _prefix(path):
    return _fold(path.rstrip("/"))


def _starts_with_any(path, prefixes):
    return any(path.startswith(prefix) and path[len(prefix):len(prefix) + 1] in (b"", b"/") for prefix in prefixes)


def is_plain(path: str) -> bool:
    """False for a path that another server may read differently: empty or dot segments, backslashes, parameters, escapes left
    over, marks of a query, characters that cannot be shown, white space or dots at the end of a segment."""
    if not path.isprintable() or "//" in path or any(mark in path for mark in "\\;%?#"):
        return False
    return not any(segment != segment.strip() or segment.endswith(".") for segment in path.split("/"))
