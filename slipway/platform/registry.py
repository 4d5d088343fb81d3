"""How long images are kept, as a stack file describes it."""

from typing import Annotated

from pydantic import Field

from slipway.platform.model import Model


class RegistrySettings(Model):
    """How long ECR keeps images. Released and deployed ones are never expired."""

    max_images: Annotated[int, Field(ge=1, le=10_000)] = 200
    """The newest images of a repository that are kept."""
    untagged_days: Annotated[int, Field(ge=1, le=3_650)] = 7
    """How many days an image without any tag is kept."""
    preview_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """How many days an image of a pull request is kept."""
