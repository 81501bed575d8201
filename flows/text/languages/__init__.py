"""How likely a text is in each language: langdetect's profiles, the alphabets beyond them, other engines."""
