"""Languages and scripts: the n-gram models, detection with calibrated confidence, and the choice of prose.

Character encodings are `encodings/`, which uses these models.
"""
