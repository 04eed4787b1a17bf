"""What schemathesis does not bring itself: bodies in NDJSON."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    """One value a line. The document describes a line, so a body is one case's value twice."""
    line = json.dumps(value)
    return {"data": f"{line}\n{line}\n".encode()}
