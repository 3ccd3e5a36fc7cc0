"""Drives a gateway with the Python SDK: python-client.py http URL TOKEN MODE | stdio MODE COMMAND ARGS..."""
import asyncio
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    kind, *rest = sys.argv[1:]
    if kind == "http":
        url, token, mode = rest
        target = streamable_http_client(url, http_client=httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30))
    else:
        mode, command, *args = rest
        target = StdioServerParameters(command=command, args=args)
    async with Client(target, mode=mode) as client:
        tools = await client.list_tools()
        print("tools", ",".join(tool.name for tool in tools.tools))
        answer = await client.call_tool("echo", {"text": "from python"})
        print("echo", answer.content[0].text)
        refused = await client.call_tool("create_payment", {"amount": 1})
        print("refused", refused.is_error, refused.content[0].text)
        try:
            await client.call_tool("delete_repo", {})
        except Exception as fault:  # the SDK raises its own kinds; the text is what counts
            print("hidden", fault)


asyncio.run(main())
