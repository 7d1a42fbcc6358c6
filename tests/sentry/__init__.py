"""Tests of the Sentry layer."""
