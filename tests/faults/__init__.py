"""Proof by faults: whatever dies, hangs, fills up or lies, every figure is exact afterwards, and soon there again.

A `Fault` (fault.py) is a function that does one thing to a `Trial` and returns at its end; `@fault(...)` registers it.
A `Trial` (trial.py) is a stack under load: it publishes a made country in waves (load.py) while faults are done to it,
measures after each how long it takes until a new fact stands in the reports (recovery.py), and compares everything
with the independent recomputation: facts, held money, dead letters, the faces' lists, the reports of now and of then.
The stack is an `Own` (own.py): the local stack itself, started in this process, so that its parts can be kept away,
frozen or doubled, its database stands behind a proxy (proxy.py), on a small disk if wanted. What needs no more than
`kill_one` and `frozen` takes any stack of tests/standing, containers too.

To add a fault: write it in a module of its subject, seeded by `trial.dice` alone, and name the module in
`MODULES` of fault.py; `python -m tests.faults --only NAME` then does it three times under load, and judges.

    @fault("worker killed")
    async def worker_killed(trial: Trial) -> None:
        await trial.stack.kill_one(trial.some_writer(), "worker")

What is done beside the topics (acts over HTTP) goes to `trial.acts`, so that the recomputation knows of it. A fault
that must ask for something else than the order's stack gives (`Own(program=...)`: services that kill themselves)
makes a trial of its own: `async with trial_on(own, seed) as trial: await trial.suffer(FAULTS[name])`.

CI does the quick share (`test_*.py`); `python -m tests.faults` all of it, and with `--minutes` random SIGKILLs of
every role. Times are told, never asserted: a loaded machine is slow, not wrong.
"""
