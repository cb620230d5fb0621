"""Long work outside the pages: run folders, the resident worker, the supervisor, the inbox."""
