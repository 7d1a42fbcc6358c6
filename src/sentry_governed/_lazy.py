"""Names of a package that are loaded when they are first used (PEP 562)."""

TYPE_CHECKING = False  # as in the package's face, which imports this
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def later(package: str, homes: "Mapping[str, str]") -> "Callable[[str], object]":
    """The `__getattr__` of a package that loads names late.

    Args:
        package: Its `__name__`.
        homes: By module of the package, the names that live there, with blanks between.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def load(name: str) -> object:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import sys
        from importlib import import_module

        value: object = getattr(import_module(f"{package}.{home}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return load
