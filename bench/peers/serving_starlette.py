# /// script
# requires-python = ">=3.11"
# dependencies = ["lightgbm==4.7.0", "starlette==1.10.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0"]
# ///
"""Starlette on uvicorn with uvloop and httptools, LightGBM's own predict, columns by name and nothing checked."""

import sys

import lightgbm
import numpy
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

booster = lightgbm.Booster(model_file=f"{sys.argv[2]}/model.txt")
names = booster.feature_name()


async def invocations(request):
    rows = numpy.array([[row[name] for name in names] for row in (await request.json())["instances"]], dtype=float)
    scores = booster.predict(rows, num_threads=1)
    return JSONResponse({"predictions": [{"score": score} for score in scores.tolist()]})


async def ping(_request):
    return Response()


routes = [Route("/ping", ping), Route("/invocations", invocations, methods=["POST"])]
uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), log_level="warning", access_log=False)
