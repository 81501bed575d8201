"""The edges: the only code that touches disk, object store or database."""
