"""Which errors are a record's own, so that it is set aside, and which pass, so that it is tried again."""

from __future__ import annotations

from decimal import InvalidOperation

import asyncpg
import pytest

from recouvra.chassis.database import is_of_the_record
from recouvra.chassis.outcome import RuleFailed
from recouvra.chassis.watched import WatchedFileError

ITS_OWN = [
    ZeroDivisionError(),
    KeyError("x"),
    IndexError(),
    AttributeError(),
    AssertionError(),
    TypeError(),
    ValueError(),
    InvalidOperation(),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    RecursionError(),
    RuleFailed("whatever a rule raised"),
    asyncpg.CheckViolationError(),
    asyncpg.NotNullViolationError(),
    asyncpg.UniqueViolationError(),
    asyncpg.ForeignKeyViolationError(),
    asyncpg.NumericValueOutOfRangeError(),
    asyncpg.CharacterNotInRepertoireError(),
    asyncpg.DataError(),
    asyncpg.ProgramLimitExceededError(),
]
OF_THE_MOMENT = [
    ConnectionResetError(),
    BrokenPipeError(),
    TimeoutError(),
    OSError(28, "no space left on device"),
    MemoryError(),
    EOFError(),
    WatchedFileError("broken"),
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.CannotConnectNowError(),
    asyncpg.AdminShutdownError(),
    asyncpg.CrashShutdownError(),
    asyncpg.DeadlockDetectedError(),
    asyncpg.SerializationError(),
    asyncpg.LockNotAvailableError(),
    asyncpg.QueryCanceledError(),
    asyncpg.IdleInTransactionSessionTimeoutError(),
    asyncpg.DiskFullError(),
    asyncpg.OutOfMemoryError(),
    asyncpg.TooManyConnectionsError(),
    asyncpg.UndefinedTableError(),
    asyncpg.UndefinedColumnError(),
    asyncpg.InsufficientPrivilegeError(),
    asyncpg.InvalidPasswordError(),
    asyncpg.ReadOnlySQLTransactionError(),
    asyncpg.DataCorruptedError(),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError(),
]


@pytest.mark.parametrize("error", ITS_OWN, ids=lambda error: type(error).__name__)
def test_an_error_over_what_a_record_says_is_the_records_own(error: Exception) -> None:
    assert is_of_the_record(error)


@pytest.mark.parametrize("error", OF_THE_MOMENT, ids=lambda error: type(error).__name__)
def test_an_error_of_machines_and_of_operators_blames_no_record(error: Exception) -> None:
    assert not is_of_the_record(error)
