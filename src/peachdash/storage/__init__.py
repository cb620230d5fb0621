"""The database: schema, migrations, connections and writes. Reads for pages live in `queries`."""

from peachdash.storage import issue_schema as issue_schema
