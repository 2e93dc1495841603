"""Mail: a transactional outbox, and its delivery by the worker."""
