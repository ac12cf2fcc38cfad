"""Seven neighbouring ports, one scheme: where each part of a local stack listens, on loopback only."""

import random
import socket
from dataclasses import dataclass
from urllib.parse import quote

from recouvra.local.errors import LocalError

HOST = "127.0.0.1"
FIRST = 8080
ORDER = ("reporting", "registration", "contributions", "liquidation", "kafka", "kafka controller", "postgres")


@dataclass(frozen=True)
class Ports:
    """The ports of one stack, counted from its first."""

    first: int = FIRST

    def __post_init__(self) -> None:
        if not 1 <= self.first <= 65535 - len(ORDER):
            raise LocalError(
                f"Les ports ne peuvent pas commencer à {self.first} : choisissez entre 1 et {65535 - len(ORDER)}.",
                f"Ports cannot start from {self.first}: choose between 1 and {65535 - len(ORDER)}.",
                exit_code=2,
            )

    def of(self, name: str) -> int:
        """The port of a part, by its name in `ORDER`."""
        return self.first + ORDER.index(name)

    def url(self, service: str) -> str:
        """Where a service answers HTTP."""
        return f"http://{HOST}:{self.of(service)}"

    def check_free(self, names: tuple[str, ...] = ORDER) -> None:
        """Raise LocalError, naming them all, when ports of `names` are taken."""
        taken = [name for name in names if not is_free(self.of(name))]
        if taken:
            ports = ", ".join(f"{self.of(name)} ({name})" for name in taken)
            raise LocalError(
                f"Port déjà pris : {ports} ; libérez-le ou choisissez-en d'autres avec --ports-from N.",
                f"Port already taken: {ports}; free it or choose others with --ports-from N.",
            )


def database_url(role: str, password: str, port: int, database: str) -> str:
    """The address of a database for one role."""
    return f"postgresql://{role}:{quote(password, safe='')}@{HOST}:{port}/{database}"


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: connections of a stack that just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def free_ports() -> Ports:
    """A block of ports that are free now, below those that the system hands to outgoing connections."""
    for _ in range(200):
        ports = Ports(random.randrange(20_000, 32_000, 10))
        if all(is_free(ports.of(name)) for name in ORDER):
            return ports
    raise LocalError("Aucun bloc de ports libres.", "No block of free ports.")
