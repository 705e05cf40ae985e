# SPDX-License-Identifier: MIT
"""httpx, a coroutine for each task.   httpx_client.py URL TASKS CONNECTIONS"""
import asyncio
import sys

import httpx

URL, TASKS, CONNECTIONS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
BODY = {"base64Array": [], "prompt": "black cat, cinematic lighting"}
polls = 0


async def task(client):
    global polls
    made = (await client.post("/mj/submit/imagine", json=BODY)).raise_for_status().json()
    status = None
    while status != "SUCCESS":
        reply = await client.get(f"/mj/task/{made['result']}/fetch")
        status = reply.raise_for_status().json()["status"]
        polls += 1


async def main():
    async with httpx.AsyncClient(
        base_url=URL,
        headers={"Authorization": "Bearer sk-bench", "Accept": "application/json"},
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        timeout=None,
    ) as client:
        await asyncio.gather(*(task(client) for _ in range(TASKS)))


asyncio.run(main())
print(f"polls={polls}")
