"""GitHub Apps: made by GitHub's manifest flow as declared, and compared with that afterwards."""
