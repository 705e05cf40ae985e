# SPDX-License-Identifier: MIT
"""aiohttp, a coroutine for each task.   aiohttp_client.py URL TASKS CONNECTIONS"""
import asyncio
import sys

import aiohttp

URL, TASKS, CONNECTIONS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
BODY = {"base64Array": [], "prompt": "black cat, cinematic lighting"}
polls = 0


async def ask(request):
    async with request as reply:
        reply.raise_for_status()
        return await reply.json()


async def task(session):
    global polls
    made = await ask(session.post(URL + "/mj/submit/imagine", json=BODY))
    status = None
    while status != "SUCCESS":
        status = (await ask(session.get(f"{URL}/mj/task/{made['result']}/fetch")))["status"]
        polls += 1


async def main():
    async with aiohttp.ClientSession(
        headers={"Authorization": "Bearer sk-bench", "Accept": "application/json"},
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:
        await asyncio.gather(*(task(session) for _ in range(TASKS)))


asyncio.run(main())
print(f"polls={polls}")
