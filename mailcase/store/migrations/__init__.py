"""The schema's history, one file a step. Each is written once and never changed."""
