"""What is done to a warehouse after its runs: verify and mend, compact, reprocess, forget, follow changes."""
