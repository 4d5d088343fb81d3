"""Sealed plans: what they were made from, how they are put into a store, and who may begin with one."""
