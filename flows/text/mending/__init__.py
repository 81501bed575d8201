"""What went wrong with the characters of a text, and how it is undone: mojibake, misread legacy text, controls."""
