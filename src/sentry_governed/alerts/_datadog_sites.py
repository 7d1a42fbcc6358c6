"""The sites of Datadog. Source: its documentation, "Getting started with Datadog sites"."""

from __future__ import annotations

from typing import Final

SITES: Final = (
    "datadoghq.com",
    "datadoghq.eu",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
)
"""Each one's API is at `https://api.` and the site."""
