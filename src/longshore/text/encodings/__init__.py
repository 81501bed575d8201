"""Character encodings: decide which one some bytes are in, and tell text from binary content.

Repairing text that was decoded wrongly before it arrived is `mojibake/`.
"""
