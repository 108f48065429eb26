# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm==4.7.0", "mlflow", "pandas<3"]
# ///
"""``mlflow models serve`` of the same LightGBM model, with the signature that checks its columns."""

import os
import sys
import tempfile

port, folder = sys.argv[1:3]
if len(sys.argv) == 3:
    import lightgbm
    import mlflow.lightgbm
    import pandas
    from mlflow.models import infer_signature

    booster = lightgbm.Booster(model_file=f"{folder}/model.txt")
    rows = pandas.DataFrame([dict.fromkeys(booster.feature_name(), 0.5)])
    made = tempfile.mkdtemp() + "/model"
    mlflow.lightgbm.save_model(booster, made, signature=infer_signature(rows, booster.predict(rows)))
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", made, "-p", port, "--env-manager", "local"]
    os.execv(sys.executable, [*command, "--workers", "1"])
