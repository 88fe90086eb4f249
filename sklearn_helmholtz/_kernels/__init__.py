"""Loops over numbers: arrays in, arrays out. Nothing here knows of units, layers or estimators."""
