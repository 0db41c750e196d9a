"""The ranking: cross-validation of the finalists, paired tests, choice of a winner."""
