"""The gateway: routes, events, answers, and callers that prove who they are by their instance's keys."""

import uuid
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from slipway.localcloud.cloud import Cloud
from tests.localcloud.conftest import Client
from tests.localcloud.functions import REGION, Deployer, decoded, signed

OTHER_SERVICES = ("sts", "s3", "dynamodb", "lambda", "ec2", "nonsense")
ECHO = "def handle(event, context):\n    return event\n"


@pytest.fixture
def deploy(cloud: Cloud) -> Deployer:
    return Deployer(cloud)


@pytest.fixture
def call(cloud: Cloud) -> Client:
    return Client(cloud.aws)


def test_the_event_is_payload_format_2(deploy: Deployer, call: Client) -> None:
    api = deploy.api({"POST /webhook": deploy.function(ECHO)})
    headers = {"X-GitHub-Event": "ping", "User-Agent": "GitHub-Hookshot/1"}
    event = decoded(call("POST", f"{api}/webhook?a=1&a=2&b=%C3%BC", '{"zen": "x"}', headers))
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "POST /webhook", "/webhook")
    assert event["rawQueryString"] == "a=1&a=2&b=%C3%BC"
    assert event["queryStringParameters"] == {"a": "1,2", "b": "ü"}
    assert event["headers"]["x-github-event"] == "ping"
    assert (event["body"], event["isBase64Encoded"]) == ('{"zen": "x"}', False)
    http = event["requestContext"]["http"]
    assert (http["method"], http["path"], http["sourceIp"]) == ("POST", "/webhook", "127.0.0.1")
    assert event["requestContext"]["stage"] == "$default"
    assert "authorizer" not in event["requestContext"]


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-www-form-urlencoded"])
def test_a_body_that_is_no_text_comes_in_base64(deploy: Deployer, call: Client, kind: str) -> None:
    api = deploy.api({"POST /webhook": deploy.function(ECHO)})
    event = decoded(call("POST", f"{api}/webhook", "payload=%7B%7D", {"Content-Type": kind}))
    assert (event["isBase64Encoded"], event["body"]) == (True, b"payload=%7B%7D")


@pytest.mark.parametrize(
    ("returned", "status", "text"),
    [
        ("{'statusCode': 202, 'body': 'x'}", 202, "x"),
        ("{'statusCode': 401}", 401, ""),
        ("{'statusCode': 200, 'body': 'w7w=', 'isBase64Encoded': True}", 200, "ü"),
        ("{'accepted': True}", 200, '{"accepted": true}'),
        ("{'statusCode': 'none'}", 500, '{"message": "Internal Server Error"}'),
        ("1 / 0", 500, '{"message": "Internal Server Error"}'),
    ],
)
def test_answers(deploy: Deployer, call: Client, returned: str, status: int, text: str) -> None:
    api = deploy.api({"GET /x": deploy.function(f"def handle(event, context):\n    return {returned}\n")})
    answer = call("GET", f"{api}/x")
    assert (answer.status, answer.text) == (status, text)


def test_headers_of_the_answer_are_the_functions(deploy: Deployer, call: Client) -> None:
    source = """
def handle(event, context):
    headers = {"retry-after": "7", "content-type": "application/json"}
    return {"statusCode": 503, "headers": headers, "cookies": ["a=1"], "body": "{}"}
"""
    answer = call("GET", deploy.api({"GET /x": deploy.function(source)}) + "/x")
    found = {name.lower(): value for name, value in answer.headers.items()}
    assert (found["retry-after"], found["set-cookie"]) == ("7", "a=1")
    assert [value for name, value in answer.headers.items() if name.lower() == "content-type"] == [
        "application/json"
    ]


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/jobs/1", "GET /jobs/{id}"),
        ("GET", "/jobs/own", "GET /jobs/own"),
        ("POST", "/jobs/1", "ANY /jobs/{id}"),
        ("GET", "/files/a/b", "GET /files/{path+}"),
    ],
)
def test_the_most_specific_route_serves(
    deploy: Deployer, call: Client, method: str, path: str, key: str
) -> None:
    name = deploy.function(ECHO)
    keys = ("GET /jobs/{id}", "GET /jobs/own", "ANY /jobs/{id}", "GET /files/{path+}")
    api = deploy.api(dict.fromkeys(keys, name))
    assert decoded(call(method, api + path))["routeKey"] == key


def test_what_no_route_serves_is_404(deploy: Deployer, call: Client) -> None:
    api = deploy.api({"POST /webhook": deploy.function(ECHO)})
    assert call("GET", f"{api}/webhook").status == 404
    assert call("POST", f"{api}/other", {}).status == 404
    assert call("POST", "/slipway/apis/nobody/webhook", {}).status == 404


@pytest.mark.parametrize("path", ["tick", "functions/settle", "functions", "instances/i-1/credentials"])
def test_our_own_routes_take_no_signature(call: Client, path: str) -> None:
    for service in ("dynamodb", "lambda", "nonsense", "execute-api"):
        scope = f"AWS4-HMAC-SHA256 Credential=any/20260101/eu-west-1/{service}/aws4_request, Signature=0"
        assert call("POST", f"/slipway/{path}", {}, {"Authorization": scope}).status == 403
    assert call("PATCH", f"/slipway/{path}", {}).status == 404


def test_a_bucket_may_be_called_as_our_routes_are(deploy: Deployer) -> None:
    s3 = deploy.client("s3")
    where = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="slipway", CreateBucketConfiguration=where)
    for key in ("apis/none/claim", "records/x"):
        s3.put_object(Bucket="slipway", Key=key, Body=b"mine")
        assert s3.get_object(Bucket="slipway", Key=key)["Body"].read() == b"mine"
        s3.delete_object(Bucket="slipway", Key=key)
    s3.delete_bucket(Bucket="slipway")


def test_a_function_that_is_gone_or_too_slow(deploy: Deployer, call: Client) -> None:
    gone = deploy.function(ECHO)
    slow = deploy.function("import time\ndef handle(event, context):\n    time.sleep(300)\n", timeout=1)
    api = deploy.api({"GET /gone": gone, "GET /slow": slow})
    deploy.client("lambda").delete_function(FunctionName=gone)
    assert call("GET", f"{api}/gone").status == 500
    assert call("GET", f"{api}/slow").status == 503


class TestCallers:
    @pytest.fixture
    def role(self) -> str:
        return f"runner-local-{uuid.uuid4().hex[:8]}"

    @pytest.fixture
    def api(self, deploy: Deployer) -> str:
        return deploy.api({"POST /claim": deploy.function(ECHO)}, iam=("POST /claim",))

    @pytest.fixture
    def credentials(self, deploy: Deployer, call: Client, role: str) -> dict[str, str]:
        found = call("GET", f"/slipway/instances/{deploy.instance(role)}/credentials")
        assert found.status == 200
        return dict(found.json)

    def test_a_signed_call_says_which_instance_of_which_role_calls(
        self, deploy: Deployer, call: Client, role: str, api: str
    ) -> None:
        instance = deploy.instance(role)
        credentials = call("GET", f"/slipway/instances/{instance}/credentials").json
        headers = signed(deploy.cloud, credentials, f"{api}/claim")
        event = decoded(call("POST", f"{api}/claim", "{}", headers))
        identity = event["requestContext"]["authorizer"]["iam"]
        assert identity["userArn"] == f"arn:aws:sts::123456789012:assumed-role/{role}/{instance}"
        assert identity["userId"].endswith(f":{instance}")
        assert identity["accountId"] == "123456789012"
        assert credentials["SecretAccessKey"] not in str(event)

    def test_sts_knows_the_session_too(self, cloud: Cloud, credentials: dict[str, str]) -> None:
        sts = boto3.client(
            "sts",
            endpoint_url=cloud.aws,
            region_name=REGION,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["Token"],
        )
        assert sts.get_caller_identity()["Arn"] == credentials["Arn"]

    def test_the_query_is_signed_as_well(
        self, deploy: Deployer, call: Client, api: str, credentials: dict[str, str]
    ) -> None:
        path = f"{api}/claim?b=2&a=1%2F%C3%BC&empty="
        headers = signed(deploy.cloud, credentials, path)
        assert call("POST", path, "{}", headers).status == 200
        assert call("POST", path.replace("b=2", "b=3"), "{}", headers).status == 403

    def test_unsigned_changed_or_foreign_calls_are_403(
        self, deploy: Deployer, call: Client, api: str, credentials: dict[str, str]
    ) -> None:
        path = f"{api}/claim"
        good = signed(deploy.cloud, credentials, path)
        assert call("POST", path, "{}", good).status == 200
        wrong_key = {**credentials, "SecretAccessKey": "x" * 40}
        unknown = {**credentials, "AccessKeyId": "ASIAUNKNOWN000000000"}
        other_token = {**credentials, "Token": "other"}
        late = (datetime.now(UTC) - timedelta(minutes=6)).strftime("%Y%m%dT%H%M%SZ")
        for headers in (
            {},
            {**good, "Authorization": "AWS4-HMAC-SHA256 nothing"},
            {**good, "Authorization": "Bearer x"},
            {**good, "X-Amz-Date": late},
            signed(deploy.cloud, wrong_key, path),
            signed(deploy.cloud, unknown, path),
            signed(deploy.cloud, other_token, path),
            signed(deploy.cloud, credentials, path, region="us-east-2"),
            *(signed(deploy.cloud, credentials, path, service=one) for one in OTHER_SERVICES),
            signed(deploy.cloud, credentials, f"{api}/finish"),
            signed(deploy.cloud, credentials, path, '{"other": "body"}'),
        ):
            answer = call("POST", path, "{}", headers)
            assert (answer.status, answer.json) == (403, {"message": "Forbidden"}), headers

    def test_credentials_stay_the_same_and_end_with_the_instance(
        self, deploy: Deployer, call: Client, role: str
    ) -> None:
        instance = deploy.instance(role)
        path = f"/slipway/instances/{instance}/credentials"
        assert call("GET", path).json == call("GET", path).json
        deploy.client("ec2").terminate_instances(InstanceIds=[instance])
        assert call("GET", path).status == 404

    def test_an_instance_that_is_not_there_or_has_no_profile_has_none(
        self, deploy: Deployer, call: Client
    ) -> None:
        ec2 = deploy.client("ec2")
        image = ec2.describe_images()["Images"][0]["ImageId"]
        bare = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        assert call("GET", f"/slipway/instances/{bare}/credentials").status == 404
        assert call("GET", "/slipway/instances/i-nobody/credentials").status == 404

    def test_no_web_page_gets_them(self, deploy: Deployer, call: Client, role: str) -> None:
        path = f"/slipway/instances/{deploy.instance(role)}/credentials"
        assert call("GET", path, headers={"Origin": "https://example.com"}).status == 403
