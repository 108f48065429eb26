"""The few names that are not left to CloudFormation, as constructs use them."""

from __future__ import annotations

from config.naming import identifier, pascal, slug

__all__ = ["identifier", "pascal", "slug"]
