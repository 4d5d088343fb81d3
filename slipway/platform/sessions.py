"""How long credentials last, and so how long what works with them may take.

Whoever is cut off while resources change leaves a lock and unfinished operations behind, so that work ends
before its credentials do, with time left to save its state. tests/program/test_sessions.py holds
roles, jobs and resources to these numbers.
"""

from typing import Final

SESSION_SECONDS: Final = 3600
"""The shortest maximum that IAM takes (IAM API Reference, CreateRole); only an apply needs longer."""

APPLY_SESSION_SECONDS: Final = 4 * 3600
"""An upgrade of a cluster and then of its nodes may take three hours by the provider's own time-outs: an hour
each, and one for old nodes (Terraform Registry, aws_eks_cluster and aws_eks_node_group, "Timeouts")."""

LONGEST_WAIT_MINUTES: Final = 180
"""For one resource of an apply: then it ends in an error with its state saved, and the next one goes on."""
