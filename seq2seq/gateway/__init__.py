"""What a server answers and checks by itself, beside the page: all of it over HTTP, without gradio.

paths.py           the paths of routes that several modules know
running.py         how many requests run, and whether new ones are let in
authentication.py  user names and passwords
status.py          `/healthz` and `/metrics`
endpoint.py        name, arguments and result of the endpoint for programs
arguments.py       its arguments: defaults, and what is said of wrong ones
mcp.py             the same as a tool for assistants
"""
