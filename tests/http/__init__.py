"""Flows, drivers and senders."""  # noqa: A005  # named after the package that it tests
