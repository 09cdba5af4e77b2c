"""A log as tables for SQL: DuckDB over the JSON lines, and the views that docs/sql.md promises."""
