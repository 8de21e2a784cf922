"""Verbs that make one encoder of others."""
