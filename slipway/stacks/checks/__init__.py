"""Checks of a plan: commands of anybody that get its summary, and answer with findings."""
