"""Where trainings are told besides the ledger: what ``tracking`` of an environment may say."""

from __future__ import annotations

from pydantic import Field

from config.strict import Strict


class Tracking(Strict):
    """An MLflow tracking server."""

    mlflow: str = Field(
        pattern=r"^(https?://|sqlite:///|arn:aws[a-z-]*:sagemaker:)",
        description="its URI: https://..., sqlite:///..., or the ARN of a SageMaker managed one",
    )
