"""A fleet on moto with a table like the real one, a KMS that imports keys, and a GitHub of a few routes."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import boto3
from boto3.dynamodb.types import TypeSerializer
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from slipway.localcloud.cloud import Cloud
from slipway.runners.fleet import Fleet

Json = dict[str, Any]
ORGANIZATION, REGION, ACCOUNT = "acme", "eu-west-1", "123456789012"
SERVICES = ("dynamodb", "autoscaling", "ec2", "secretsmanager")
CLASS: Json = {
    "group": "slipway-local-standard",
    "labels": ["self-hosted", "linux"],
    "repositories": ["acme/skill-pool"],
    "maximum": 4,
    "image": {"id": "ami-1", "runner_version": "2.330.0"},
}


def fleet(github: str = "http://127.0.0.1:9") -> Fleet:
    """The fleet `local` on moto, which the caller has switched on, with its table."""
    clients = {name: client(name) for name in SERVICES}
    clients["kms"] = ImportingKms(client("kms"))
    cloud = Cloud(
        id="1", pid=1, aws="http://127.0.0.1:9", github=github, kubernetes="", console="", started_at=""
    )
    made = Fleet(
        stack="local",
        name="local",
        region=REGION,
        account=ACCOUNT,
        organization=ORGANIZATION,
        cloud=cloud,
        clients=clients,
    )
    table(made)
    return made


@functools.cache
def client(service: str) -> Any:
    """A client for moto; every moto that is switched on serves the same one, and making one takes long."""
    made: Any = boto3.client
    return made(service, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test")


def put(on: Fleet, item: Json) -> None:
    """Write one item."""
    written = {key: TypeSerializer().serialize(value) for key, value in item.items()}
    on.client("dynamodb").put_item(TableName=on.names.table, Item=written)


def configure(on: Fleet, classes: Json | None = None, **rest: object) -> None:
    """Write the item `config`."""
    body = {"classes": {"standard": CLASS} if classes is None else classes, **rest}
    put(on, {"pk": "config", "body": json.dumps(body)})


def group(on: Fleet, desired: int, maximum: int = 4, name: str = str(CLASS["group"])) -> list[str]:
    """Make an Auto Scaling group; the ids of its instances."""
    zones = [one["SubnetId"] for one in on.client("ec2").describe_subnets()["Subnets"]]
    image = on.client("ec2").describe_images()["Images"][0]["ImageId"]
    on.client("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    on.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name},
        MinSize=0,
        MaxSize=maximum,
        DesiredCapacity=desired,
        VPCZoneIdentifier=zones[0],
    )
    found = on.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return [one["InstanceId"] for one in found["AutoScalingGroups"][0]["Instances"]]


def job(number: int, state: str, **more: object) -> Json:
    """A job's item as the functions write it."""
    item: Json = {
        "pk": f"job#{number}#1",
        "job_id": number,
        "attempt": 1,
        "run_id": 7,
        "repository": "acme/skill-pool",
        "labels": ["self-hosted", "linux"],
        "class": "standard",
        "state": state,
        "rank": 1,
        "queued_at": 1_000,
        "timeline": [],
    }
    if state != "completed":
        item["open"] = "standard"
    if state == "queued":
        item["waiting"] = "standard"
    return {**item, **more}


def instance(name: str, state: str, called_at: int = 1) -> Json:
    """An instance's item as the functions write it; `called_at` 0: AWS shows it, and it never called."""
    return {
        "called_at": called_at,
        "pk": f"instance#{name}",
        "class": "standard",
        "state": state,
        "live": "standard",
    }


def table(on: Fleet) -> None:
    """The fleet's table with its indexes."""
    keys = {"waiting": [("waiting", "HASH"), ("queued_at", "RANGE")]}
    keys |= {"open": [("open", "HASH")], "live": [("live", "HASH")]}
    on.client("dynamodb").create_table(
        TableName=on.names.table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "N" if name == "queued_at" else "S"}
            for name in ("pk", "waiting", "queued_at", "open", "live")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in schema],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, schema in keys.items()
        ],
    )


class ImportingKms:
    """moto's KMS with what it lacks: unwraps what is imported as KMS does, and signs with it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._wrapping = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.imported: dict[str, rsa.RSAPrivateKey] = {}
        self.asked: Json = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def get_parameters_for_import(self, **asked: object) -> Json:
        self.asked = asked
        public = self._wrapping.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {"PublicKey": public, "ImportToken": b"token"}

    def import_key_material(
        self, *, KeyId: str, ImportToken: bytes, EncryptedKeyMaterial: bytes, ExpirationModel: str
    ) -> None:
        assert (ImportToken, ExpirationModel) == (b"token", "KEY_MATERIAL_DOES_NOT_EXPIRE")
        sealed, material = EncryptedKeyMaterial[:256], EncryptedKeyMaterial[256:]
        sha = hashes.SHA256()
        once = self._wrapping.decrypt(sealed, padding.OAEP(mgf=padding.MGF1(sha), algorithm=sha, label=None))
        der = keywrap.aes_key_unwrap_with_padding(once, material)
        key = serialization.load_der_private_key(der, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.imported[KeyId] = key

    def sign(self, *, KeyId: str, Message: bytes, **how: object) -> Json:
        assert how == {"MessageType": "RAW", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
        key = self.imported[self._inner.describe_key(KeyId=KeyId)["KeyMetadata"]["KeyId"]]
        return {"Signature": key.sign(Message, padding.PKCS1v15(), hashes.SHA256())}


Answer = tuple[int, object]


class FakeGitHub:
    """Answers from `routes` ("METHOD /path" to an answer or a function of the query), and remembers calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.forms: list[dict[str, list[str]]] = []
        self.bodies: list[str] = []
        self.routes: dict[str, Answer | Callable[[dict[str, list[str]]], Answer]] = {}
        self.link = ""
        self.url = ""

    def answer(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        split = urlsplit(path)
        self.calls.append((method, path, headers))
        found = self.routes.get(f"{method} {split.path}", (404, {"message": "Not Found"}))
        return found if isinstance(found, tuple) else found(parse_qs(split.query))


@contextmanager
def github() -> Iterator[FakeGitHub]:
    """A running fake."""
    fake = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            fake.bodies.append(body)
            if "urlencoded" in (self.headers.get("Content-Type") or ""):
                fake.forms.append(parse_qs(body))
            status, answer = fake.answer(self.command, self.path, dict(self.headers))
            raw = b"" if answer is None or status == 302 else json.dumps(answer).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", cast(str, answer))
            if fake.link:
                self.send_header("Link", fake.link)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PATCH = _serve

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
