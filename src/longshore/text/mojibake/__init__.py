"""Repair of text that was decoded wrongly before it arrived, as a plan that can be replayed.

Decoding bytes is `encodings/`; the policy that chooses repairs is `text/repair.py`.
"""
