"""A broker behind TLS that asks who it is: what [kafka.client] says reaches it, and what it refuses is said so that one
knows what to do. The password is never shown."""

import pathlib
import subprocess
import time

import confluent_kafka.admin
import pytest

import pipelines
import servers
import topic_judge
import topics

USER, PASSWORD = "bikeflow-reader", "open, \"sesame\" 한"
TOPIC = "bikes"


def openssl(*arguments) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """One that signs certificates."""

    def __init__(self, folder: pathlib.Path, name: str) -> None:
        self.certificate, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", self._key, "-out", self.certificate)

    def sign(self, base: pathlib.Path, names: str) -> pathlib.Path:
        """A file with a new key, its certificate and ours."""
        key, request, signed, extensions = (base.with_suffix(end) for end in (".key", ".csr", ".crt", ".ext"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", key, "-out", request)
        extensions.write_text(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                "-days", "2", "-extfile", extensions, "-out", signed)
        both = base.with_suffix(".pem")
        both.write_text(key.read_text() + signed.read_text() + self.certificate.read_text())
        return both


class SecureKafka(servers.Kafka):
    """With a second listener, SASL_SSL; the first is for the test's own clients."""

    def __init__(self, folder: pathlib.Path, certificate: pathlib.Path) -> None:
        self.secure_port = servers.free_port()
        module = "org.apache.kafka.common.security"
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        super().__init__(folder, settings={
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": certificate,
            "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            "listener.name.secure.scram-sha-512.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
            "listener.name.secure.plain.sasl.jaas.config":
                f"{module}.plain.PlainLoginModule required user_{USER}=\"{quoted}\";".replace("\\", "\\\\"),
        })
        self.settings["listeners"] = (f"PLAINTEXT://{self.address},SECURE://{self.secure_address},"
                                      f"CONTROLLER://{servers.HOST}:{self.controller_port}")

    @property
    def secure_address(self) -> str:
        return f"{servers.HOST}:{self.secure_port}"

    def add_user(self) -> None:
        kind = confluent_kafka.admin.ScramCredentialInfo(confluent_kafka.admin.ScramMechanism.SCRAM_SHA_512, 4096)
        change = confluent_kafka.admin.UserScramCredentialUpsertion(USER, kind, PASSWORD.encode())
        self.admin.alter_user_scram_credentials([change])[USER].result(30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("secure")


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder, "authority")


@pytest.fixture(scope="module")
def kafka(folder, authority):
    with SecureKafka(folder / "kafka", authority.sign(folder / "broker", f"IP:{servers.HOST}")) as server:
        server.add_user()
        server.create_topic(TOPIC, 2)
        topics.fill(server, TOPIC, topics.City(seed=3, stations=20).records(hours=3))
        yield server


@pytest.fixture
def secure(program, kafka, authority, tmp_path):
    """A function: lines of [kafka.client] other than the right ones -> the pipeline with them."""
    def make(brokers: str = kafka.secure_address, **other) -> pipelines.Pipeline:
        client = {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": USER,
                  "sasl.password": PASSWORD, "ssl.ca.location": authority.certificate,
                  **{name.replace("_", "."): value for name, value in other.items()}}
        client = {name: str(value).replace("\\", "\\\\").replace('"', '\\"') for name, value in client.items()
                  if value is not None}
        return pipelines.Pipeline(program, tmp_path / "pipeline", brokers, TOPIC, str(tmp_path / "lake"),
                                  client=client)
    return make


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_what_the_client_is_told_reaches_the_broker(mechanism, secure, kafka, bikeflow, tmp_path):
    made = secure(sasl_mechanism=mechanism)
    done = bikeflow.run("check", "-c", made.file)
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("wrong", [
    {"sasl_password": "wrong"}, {"sasl_password": "wrong", "sasl_mechanism":"PLAIN"}, {"sasl_mechanism":"SCRAM-SHA-256"},
    {"security_protocol":"SSL"}, {"security_protocol":"SASL_PLAINTEXT"}, {"security_protocol":"PLAINTEXT"},
    {"ssl_ca_location": None}, {"ssl_ca_location": "/nowhere.pem"}, {"brokers": "localhost"},{"brokers":"PLAIN"}])
def test_wrong(wrong, secure, kafka, bikeflow, tmp_path):
    if "brokers" in wrong:
        wrong = {"brokers": kafka.address if wrong["brokers"]=="PLAIN" else f"localhost:{kafka.secure_port}"}
    made = secure(**wrong)
    for command in (["check"], ["run", "--until-caught-up"]):
        begin = time.monotonic()
        done = bikeflow.run(*command, "-c", made.file)
        print(wrong, f"{time.monotonic() - begin:.1f}", done.returncode, done.stdout, done.stderr)
