"""`python deploy/locked.py service`: the part of requirements.lock that an extra needs, hashes and all.

An image then takes nothing that only tests or the stack without Docker use, and the lock stays one file. The lock says
of each package what asks for it (`# via`). `pip check` looks at no extra: the image imports its programs once instead.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_ASKED_BY = re.compile(r"^ +# +(?:via )?([A-Za-z0-9._-]+)", re.MULTILINE)


def asked(project: str, extra: str) -> list[str]:
    """What `project` (a pyproject.toml) needs with this extra; to be built, where the extra is `build-system`.

    Raises KeyError where there is no such extra.
    """
    told = tomllib.loads(project)
    if extra == "build-system":
        return list(told[extra]["requires"])
    return [*told["project"]["dependencies"], *told["project"]["optional-dependencies"][extra]]


def part_of(lock: str, requirements: Iterable[str]) -> str:
    """The blocks of `lock` for these requirements and all that they need in turn, in the lock's order.

    A package has several where its version depends on Python's. Raises KeyError where the lock lacks one of them.
    """
    blocks = [(_name(block), block) for block in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE) if block.strip()]
    asked_by: dict[str, set[str]] = {name: set() for name, _ in blocks}
    for name, block in blocks:
        asked_by[name].update(map(_normal, _ASKED_BY.findall(block)))
    needed: set[str] = set()
    arriving = set(map(_name, requirements))
    while arriving:
        needed |= arriving
        arriving = {name for name, parents in asked_by.items() if parents & arriving} - needed
    if lacking := needed - asked_by.keys():
        raise KeyError(f"requirements.lock: {', '.join(sorted(lacking))}")
    return "".join(block for name, block in blocks if name in needed)


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    return _normal(found[0]) if found else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    lock, project = (Path(name).read_text("utf-8") for name in ("requirements.lock", "pyproject.toml"))
    print(part_of(lock, asked(project, sys.argv[1])), end="")
