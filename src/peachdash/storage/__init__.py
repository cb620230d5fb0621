"""The database: schema, migrations, connections and writes. Reads for pages live in `queries`."""
