"""The tutorial's way: a handler a record, a model, a transaction; acknowledged once it is committed."""

import asyncio
import os

import asyncpg
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker

from bench.against.line import Line

broker = KafkaBroker(os.environ["BENCH_KAFKA"], allow_auto_create_topics=False, logger=None)
app = FastStream(broker, logger=None)
pools: list[asyncpg.Pool] = []


@broker.subscriber(
    os.environ["BENCH_TOPIC"],
    group_id=os.environ["BENCH_GROUP"],
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.ACK,
)
async def store(line: Line) -> None:
    """Stores one line."""
    async with pools[0].acquire() as connection, connection.transaction():
        await connection.execute(
            "insert into line values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
            line.payer_id,
            line.declaration_id,
            line.line_no,
            line.insured_number,
            line.period,
            line.base_xof,
        )


@app.on_startup
async def connect() -> None:
    """Opens the pool."""
    pools.append(await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=2, max_size=4))


if __name__ == "__main__":
    asyncio.run(app.run())
