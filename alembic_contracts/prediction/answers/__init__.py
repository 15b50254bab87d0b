"""Answers to queries: a small evaluator of SELECT over the in-memory catalog and the few rows that are known."""
