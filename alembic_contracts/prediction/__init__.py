"""Where version scripts lead, without a database: see ``run.predict``."""
