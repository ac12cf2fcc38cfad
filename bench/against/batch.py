"""Most projects' way: batches of a thousand, executemany in one transaction, offsets committed by themselves."""

import asyncio
import os

import asyncpg
from faststream import FastStream
from faststream.kafka import KafkaBroker

from bench.against.line import Line

broker = KafkaBroker(os.environ["BENCH_KAFKA"], allow_auto_create_topics=False, logger=None)
app = FastStream(broker, logger=None)
pools: list[asyncpg.Pool] = []


@broker.subscriber(
    os.environ["BENCH_TOPIC"],
    group_id=os.environ["BENCH_GROUP"],
    auto_offset_reset="earliest",
    batch=True,
    max_records=1_000,
    batch_timeout_ms=200,
)
async def store(lines: list[Line]) -> None:
    """Stores a batch of lines."""
    async with pools[0].acquire() as connection, connection.transaction():
        await connection.executemany(
            "insert into line values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
            [
                (
                    line.payer_id,
                    line.declaration_id,
                    line.line_no,
                    line.insured_number,
                    line.period,
                    line.base_xof,
                )
                for line in lines
            ],
        )


@app.on_startup
async def connect() -> None:
    """Opens the pool."""
    pools.append(await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=2, max_size=4))


if __name__ == "__main__":
    asyncio.run(app.run())
