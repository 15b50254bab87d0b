"""PL/pgSQL, the language of DO blocks and most functions."""
