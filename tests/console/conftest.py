from tests.moto_server import aws

__all__ = ["aws"]
