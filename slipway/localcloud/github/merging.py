"""GitHub's three ways to merge: what each puts on top of the base.

https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges
"""

from typing import Literal

from slipway.localcloud.github.git import Git, Person

Method = Literal["merge", "squash", "rebase"]
METHODS: tuple[Method, ...] = ("merge", "squash", "rebase")


def merge(git: Git, base: str, head: str, message: str, who: Person) -> str | None:
    """A commit with both as parents; None where they conflict. It is on no branch yet."""
    tree = git.merged_tree(base, head)
    return None if tree is None else git.write_commit(tree, (base, head), message, who, who)


def squash(git: Git, base: str, head: str, message: str, who: Person) -> str | None:
    """One commit on the base with all changes of the head."""
    tree = git.merged_tree(base, head)
    return None if tree is None else git.write_commit(tree, (base,), message, who, who)


def rebase(git: Git, base: str, head: str, who: Person) -> str | None:
    """The head's commits, one by one, on the base; merges among them are left out, as `git rebase` does."""
    tip = base
    for commit in reversed(git.commits("--no-merges", "--topo-order", head, f"^{base}")):
        # A commit of the tip's tree on the picked commit's parent makes that parent the merge base.
        onto = git.commit(tip).tree
        stand = git.write_commit(onto, commit.parents, "", who, who)
        tree = git.merged_tree(stand, commit.sha)
        if tree is None:
            return None
        tip = git.write_commit(tree, (tip,), commit.message, commit.author, who)
    return tip
