"""Tests of the Asana layer."""
