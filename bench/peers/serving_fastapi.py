# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "fastapi==0.163.2",
#     "lightgbm==4.7.0",
#     "pydantic==2.14.3",
#     "uvicorn==0.54.0",
#     "uvloop==0.23.0",
#     "httptools==0.9.0",
# ]
# ///
"""FastAPI with a pydantic model of the row, LightGBM's own predict."""

import sys

import lightgbm
import numpy
import uvicorn
from fastapi import FastAPI, Response
from pydantic import create_model

booster = lightgbm.Booster(model_file=f"{sys.argv[2]}/model.txt")
names = booster.feature_name()
Row = create_model("Row", **dict.fromkeys(names, (float | None, ...)))
Body = create_model("Body", instances=(list[Row], ...))
Score = create_model("Score", score=(float, ...))
Answer = create_model("Answer", predictions=(list[Score], ...))
app = FastAPI()


@app.get("/ping")
async def ping():
    return Response()


@app.post("/invocations")
async def invocations(body: Body) -> Answer:
    rows = numpy.array([[getattr(row, name) for name in names] for row in body.instances], dtype=float)
    scores = booster.predict(rows, num_threads=1).tolist()
    return Answer(predictions=[Score(score=score) for score in scores])


uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
