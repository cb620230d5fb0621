"""The database: schema, migrations, connections and writes. Reads for pages live in `queries`."""

from peachdash.storage import issue_schema as issue_schema
from peachdash.storage import schema_labelling as schema_labelling
from peachdash.storage import schema_promotion as schema_promotion
from peachdash.storage import schema_training as schema_training
