import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from config.errors import LineError
from local.images import Image
from runtime import artefact, endpoint, scaling
from runtime.endpoint import Hosting, State
from runtime.rollout import Rollout, deployment_config
from runtime.scaling import Scaling
from tests.lambdas.processes import ROOT
from tests.runtime.released import IMAGE, Embedded, embedded, hosting

SERVER = """
import http.server, os, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
time.sleep(float(os.environ.get("SLOW", 0)))
http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    """Endpoints whose containers start at once and have an empty model."""
    with embedded() as found:
        found.aws.images.publish(IMAGE, Image(directory=ROOT, entrypoint=["python", "-c", SERVER]))
        found.aws.images.publish("broken", Image(directory=ROOT, entrypoint=["python", "-c", "raise SystemExit(1)"]))
        found.client("s3").create_bucket(Bucket="models")
        found.client("s3").put_object(Bucket="models", Key="model.tar.gz", Body=artefact.archive({}))
        yield found


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """An endpoint's name, this test's own."""
    return "local-" + str(request.node.name).removeprefix("test_").replace("_", "-")[:40].rstrip("-")


def deploy(aws: Embedded, name: str, version: int = 1, slow: float = 0.0, **changes: Any) -> str:
    return endpoint.deploy(
        aws.client("sagemaker"),
        endpoint=name,
        hosting=hosting(aws, **changes),
        model_data="s3://models/model.tar.gz",
        environment={"MODEL_VERSION": str(version), "SLOW": str(slow)},
    )


def settled(aws: Embedded, name: str) -> State:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = endpoint.state(aws.client("sagemaker"), name)
        assert state is not None
        if not state.in_progress:
            return state
        time.sleep(0.03)
    raise AssertionError(f"endpoint {name} did not settle")


def calls(aws: Embedded, name: str, **changes: Any) -> list[str]:
    """Deploy again; return what was asked of SageMaker that was not merely a look."""
    client, asked = aws.client("sagemaker"), []

    def note(model: Any, **_: Any) -> None:
        if not model.name.startswith("Describe"):
            asked.append(model.name)

    client.meta.events.register("before-call.sagemaker", note)
    try:
        deploy(aws, name, **changes)
    finally:
        client.meta.events.unregister("before-call.sagemaker", note)
    return asked


def test_an_endpoint_is_created_and_then_updated(aws: Embedded, name: str) -> None:
    first = deploy(aws, name)
    assert settled(aws, name) == State("InService", first)

    second = deploy(aws, name, version=2)

    assert second != first
    assert settled(aws, name) == State("InService", second)


def test_asking_again_changes_nothing(aws: Embedded, name: str) -> None:
    deploy(aws, name)
    settled(aws, name)

    assert calls(aws, name) == ["CreateModel", "CreateEndpointConfig"]


def test_asking_again_while_it_is_on_its_way_changes_nothing(aws: Embedded, name: str) -> None:
    deploy(aws, name)
    settled(aws, name)
    second = deploy(aws, name, version=2, slow=0.5)

    assert calls(aws, name, version=2, slow=0.5) == ["CreateModel", "CreateEndpointConfig"]
    assert settled(aws, name) == State("InService", second)


def test_an_endpoint_that_another_run_is_updating_is_left_alone(aws: Embedded, name: str) -> None:
    deploy(aws, name)
    settled(aws, name)
    deploy(aws, name, version=2, slow=0.5)

    with pytest.raises(LineError) as error:
        deploy(aws, name, version=3)

    assert str(error.value) == (
        f"release: endpoint {name!r} is Updating by another run, expected InService: "
        "wait until it is and start the run again"
    )


def test_an_endpoint_that_never_worked_is_made_anew(aws: Embedded, name: str) -> None:
    deploy(aws, name, image="broken")
    assert settled(aws, name).status == "Failed"

    config = deploy(aws, name)

    assert settled(aws, name) == State("InService", config)


def test_a_serverless_endpoint_has_memory_and_a_key(aws: Embedded, name: str) -> None:
    config = aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=deploy(aws, name))

    (variant,) = config["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    assert "InstanceType" not in variant
    assert config["KmsKeyId"].startswith("arn:aws:kms:")


def test_an_endpoint_on_instances_has_no_network(aws: Embedded, name: str) -> None:
    config = deploy(aws, name, kind="instance", instance_type="ml.m5.large", instance_count=2)

    described = aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    (variant,) = described["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.large", 2)
    assert endpoint._model(config, hosting(aws, kind="instance"), "s3://m/x.tar.gz", {})["EnableNetworkIsolation"]
    assert "EnableNetworkIsolation" not in endpoint._model(config, hosting(aws), "s3://m/x.tar.gz", {})


def test_everything_that_runs_made_is_deleted_and_nothing_else(aws: Embedded) -> None:
    sagemaker = aws.client("sagemaker")
    for name in ("gone", "gone-too"):
        deploy(aws, name)
        settled(aws, name)
    deploy(aws, "gone", version=2, slow=0.3)
    waits: list[None] = []

    def wait() -> None:
        waits.append(None)
        time.sleep(0.05)

    endpoint.delete(sagemaker, "gone", wait=wait)
    endpoint.delete(sagemaker, "gone", wait=wait)

    assert waits  # it was busy
    assert endpoint.state(sagemaker, "gone") is None
    models = [model["ModelName"] for model in sagemaker.list_models()["Models"]]
    configs = [config["EndpointConfigName"] for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    for left in (models, configs):
        assert [endpoint.names_prefix("gone-too") in name for name in left if name.startswith("gone")] == [True]
    assert settled(aws, "gone-too").status == "InService"


def test_names_fit_sagemaker_however_long_the_endpoints_is() -> None:
    assert len(endpoint.names_prefix("e" * 63)) + 10 <= endpoint.LONGEST_NAME
    assert endpoint.names_prefix("e" * 46) != endpoint.names_prefix("e" * 47)


CANARY = Rollout("canary", share=50, step_seconds=0, bake_seconds=0, seconds=0)


def on_instances(aws: Embedded, name: str, version: int, **options: Any) -> str:
    return endpoint.deploy(
        aws.client("sagemaker"),
        endpoint=name,
        hosting=hosting(aws, kind="instance", instance_count=2),
        model_data="s3://models/model.tar.gz",
        environment={"MODEL_VERSION": str(version), "SLOW": str(options.pop("slow", 0.0))},
        **options,
    )


def test_an_update_on_instances_moves_its_traffic_as_the_rollout_says(aws: Embedded, name: str) -> None:
    on_instances(aws, name, 1, rollout=CANARY)
    settled(aws, name)
    config = on_instances(aws, name, 2, rollout=CANARY, slow=0.4)

    busy = endpoint.state(aws.client("sagemaker"), name)

    assert busy is not None
    assert (busy.status, busy.pending, busy.progress) == ("Updating", config, "Creating (0% of the traffic)")
    assert settled(aws, name) == State("InService", config)
    told = aws.client("sagemaker").describe_endpoint(EndpointName=name)["LastDeploymentConfig"]
    assert told == deployment_config(CANARY)


def test_an_endpoint_that_does_not_scale_gets_the_instances_that_it_is_given(aws: Embedded, name: str) -> None:
    for count in (2, 3):
        endpoint.deploy(
            aws.client("sagemaker"),
            endpoint=name,
            hosting=hosting(aws, kind="instance", instance_count=count),
            model_data="s3://models/model.tar.gz",
            environment={},
            autoscaling=aws.client("application-autoscaling"),
        )
        settled(aws, name)
        (variant,) = aws.client("sagemaker").describe_endpoint(EndpointName=name)["ProductionVariants"]
        assert variant["CurrentInstanceCount"] == count


def test_a_serverless_endpoint_moves_all_at_once_whatever_the_rollout_says(aws: Embedded, name: str) -> None:
    for version in (1, 2):
        config = endpoint.deploy(
            aws.client("sagemaker"),
            endpoint=name,
            hosting=hosting(aws),
            model_data="s3://models/model.tar.gz",
            environment={"MODEL_VERSION": str(version)},
            rollout=CANARY,
        )
        assert settled(aws, name) == State("InService", config)
    assert "LastDeploymentConfig" not in aws.client("sagemaker").describe_endpoint(EndpointName=name)


def test_a_serverless_endpoint_becomes_one_on_instances(aws: Embedded, name: str) -> None:
    deploy(aws, name)
    settled(aws, name)
    config = on_instances(aws, name, 1, rollout=CANARY)
    assert settled(aws, name) == State("InService", config)


def test_where_nothing_is_served_nothing_is_deployed_and_nothing_is_left(aws: Embedded, name: str) -> None:
    assert (deploy(aws, name, kind="none"), endpoint.state(aws.client("sagemaker"), name)) == ("", None)
    deploy(aws, name)
    settled(aws, name)
    assert (deploy(aws, name, kind="none"), endpoint.state(aws.client("sagemaker"), name)) == ("", None)


def test_a_former_configuration_is_put_back_but_not_into_a_change(aws: Embedded, name: str) -> None:
    first = deploy(aws, name)
    settled(aws, name)
    deploy(aws, name, version=2, slow=0.4)
    with pytest.raises(LineError, match="is Updating by another run, expected InService"):
        endpoint.restore(aws.client("sagemaker"), name, first)
    settled(aws, name)

    for _ in range(2):
        endpoint.restore(aws.client("sagemaker"), name, first)

    assert settled(aws, name) == State("InService", first)


def test_instances_scale_in_service_and_not_during_an_update(aws: Embedded, name: str) -> None:
    autoscaling = aws.client("application-autoscaling")
    wanted = Scaling(least=2, most=4, invocations_per_instance=100)

    def known() -> tuple[list[tuple[int, int]], list[float]]:
        targets = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        policies = autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        values = [policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for policy in policies]
        return [(target["MinCapacity"], target["MaxCapacity"]) for target in targets], values

    with pytest.raises(autoscaling.exceptions.ClientError, match="Could not find variant champion"):
        scaling.register(autoscaling, name, endpoint.VARIANT, wanted)
    on_instances(aws, name, 1, autoscaling=autoscaling)
    settled(aws, name)
    for _ in range(2):
        scaling.register(autoscaling, name, endpoint.VARIANT, wanted)
        assert known() == ([(2, 4)], [100.0])

    more = [{"VariantName": endpoint.VARIANT, "DesiredInstanceCount": 4, "DesiredWeight": 1.0}]
    aws.client("sagemaker").update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=more)
    changed = hosting(aws, kind="instance", instance_type="ml.m5.large")
    options: dict[str, Any] = {"hosting": changed, "model_data": "s3://models/model.tar.gz", "environment": {}}
    with pytest.raises(ClientError, match="cannot change while it is registered"):
        endpoint.deploy(aws.client("sagemaker"), endpoint=name, **options)
    config = endpoint.deploy(aws.client("sagemaker"), endpoint=name, autoscaling=autoscaling, **options)
    assert known() == ([], [])
    assert settled(aws, name) == State("InService", config)
    (variant,) = aws.client("sagemaker").describe_endpoint(EndpointName=name)["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 4

    scaling.register(autoscaling, name, endpoint.VARIANT, wanted)
    endpoint.delete(aws.client("sagemaker"), name, wait=lambda: None, autoscaling=autoscaling)
    assert known() == ([], [])
    endpoint.delete(aws.client("sagemaker"), name, wait=lambda: None, autoscaling=autoscaling)


def test_what_is_made_carries_the_lines_tags_and_the_model_its_network() -> None:
    asked: dict[str, Any] = {}

    class Told:
        """SageMaker without an endpoint, which keeps what it is asked to make."""

        def describe_endpoint(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "Could not find it"}}, "D")

        def __getattr__(self, name: str) -> Any:
            return lambda **given: asked.update({name: given})

    network = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    plain = Hosting("role", IMAGE, "instance", 2048, 5, "ml.m6i.large", 2, "key")
    given = replace(plain, vpc=network, tags={"line": "flights", "station": "release"})
    endpoint.deploy(Told(), endpoint="e", hosting=given, model_data="s3://m/model.tar.gz", environment={})
    pairs = [{"Key": "line", "Value": "flights"}, {"Key": "station", "Value": "release"}]
    for name in ("create_model", "create_endpoint_config", "create_endpoint"):
        assert asked[name]["Tags"] == pairs, name
    assert asked["create_model"]["VpcConfig"] == network
    assert endpoint.config_name("e", plain, "m", {}) == endpoint.config_name(
        "e", replace(plain, tags={"a": "b"}), "m", {}
    )
    assert endpoint.config_name("e", plain, "m", {}) != endpoint.config_name("e", given, "m", {})
