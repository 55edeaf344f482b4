"""What is kept: tables, migrations, ingest, export, and the services on them, functions that take a `Session` first."""
