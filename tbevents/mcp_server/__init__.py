"""An agent's way to runs: a read-only server of one logdir for the Model Context Protocol, on stdin and stdout.

``tbevents mcp LOGDIR`` is the command; docs/agents.md describes the tools. `server.py` needs the extra ``mcp``.
"""
