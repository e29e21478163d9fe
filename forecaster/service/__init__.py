"""The same functions for programs that do not run commands: over HTTP, and as tools of agents.

Each file may import only from files above it in this list and from the rooms on lower floors; on the right stand the
heavy packages that it may import when it is itself imported.

    clients        what clients may set, and messages as they read them
    answers        a request → the result of a job, as JSON-safe data or CSV                  numpy
    counters       what Prometheus reads
    page           the page at /, and the policy that lets it load nothing from elsewhere
    tools          the same as tools of an agent                                              mcp pydantic
    web            the service over HTTP                                                      fastapi
"""
