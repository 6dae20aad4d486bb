"""A broker behind TLS that asks who it is: what [kafka.client] says reaches it, and what it refuses is said so that one
knows what to do. The password is never shown."""

import ctypes
import pathlib
import subprocess
import time

import confluent_kafka.admin
import pytest

import pipelines
import servers
import topic_judge
import topics

USER, PASSWORD = "bikeflow-reader", "open, sesame; #1 = 'x'"
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
        super().__init__(folder, settings={
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": certificate,
            "listener.name.secure.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            "listener.name.secure.scram-sha-512.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
            "listener.name.secure.plain.sasl.jaas.config":
                f'{module}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
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
def stranger(folder):
    """Another one, which signed nothing."""
    return Authority(folder, "stranger")


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
        client = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.username": USER,
                  "sasl.password": PASSWORD, "ssl.ca.location": authority.certificate,
                  **{name.replace("_", "."): value for name, value in other.items()}}
        client = {name: value for name, value in client.items() if value is not None}
        return pipelines.Pipeline(program, tmp_path / "pipeline", brokers, TOPIC, str(tmp_path / "lake"),
                                  client=client)
    return make


def said_of(done) -> str:
    """Everything; the password is in none of it."""
    said = done.stdout + done.stderr
    assert PASSWORD not in said and "sesame" not in said, said
    return said


def test_by_a_password_over_tls(secure, kafka, bikeflow, judge, tmp_path):
    made = secure()
    done = bikeflow.run("check", "-c", made.file)
    assert done.returncode == 0, said_of(done)
    assert f"ok          kafka         {kafka.secure_address}: cluster " in said_of(done)
    done = made.catch_up()
    said_of(done)
    judge.agrees(judge.expected(kafka, TOPIC), topic_judge.in_folder(tmp_path / "lake"), made)


def test_by_scram_over_tls(secure, kafka, bikeflow):
    """An old librdkafka cannot, and that is what one must be told then: the password is right."""
    done = bikeflow.run("check", "-c", secure(sasl_mechanism="SCRAM-SHA-512").file)
    if ctypes.CDLL("librdkafka.so.1").rd_kafka_version() >= 0x020601ff:
        assert done.returncode == 0, said_of(done)
    else:
        assert done.returncode == 1
        assert "cannot log in by SCRAM to Kafka 4.0 or newer; use sasl.mechanism = PLAIN there" in said_of(done)


PASSWORD_ADVICE = "look at sasl.username and sasl.password in [kafka.client]"
AUTHORITY_ADVICE = "ssl.ca.location in [kafka.client] must name the certificate of the authority"
PROTOCOL_ADVICE = "look at security.protocol in [kafka.client]"


@pytest.mark.parametrize("wrong, advice", [
    ({"sasl_password": "wrong"}, PASSWORD_ADVICE),
    ({"sasl_mechanism": "SCRAM-SHA-512", "sasl_password": "wrong"}, PASSWORD_ADVICE),
    ({"sasl_mechanism": "SCRAM-SHA-256"}, "take one of these as sasl.mechanism in [kafka.client]"),
    ({"ssl_ca_location": "STRANGER"}, AUTHORITY_ADVICE),
    ({"ssl_ca_location": None}, AUTHORITY_ADVICE),  # the system's authorities, if it has any
    ({"ssl_ca_location": "/nowhere.pem"}, "ssl.ca.location in [kafka.client] must name a file that can be read"),
    ({"brokers": "localhost"}, "the host as the broker's certificate names it"),
    ({"security_protocol": "SSL"}, PROTOCOL_ADVICE),
    ({"security_protocol": "SASL_PLAINTEXT"}, PROTOCOL_ADVICE),
    ({"security_protocol": "PLAINTEXT"}, PROTOCOL_ADVICE),
], ids=str)
def test_what_is_wrong_is_named_soon(wrong, advice, secure, kafka, stranger, bikeflow):
    if "brokers" in wrong:
        wrong = {"brokers": f"localhost:{kafka.secure_port}"}
    if wrong.get("ssl_ca_location") == "STRANGER":
        wrong = {"ssl_ca_location": stranger.certificate}
    made = secure(**wrong)
    for command in (["check"], ["run", "--until-caught-up"]):
        begin = time.monotonic()
        done = bikeflow.run(*command, "-c", made.file, timeout=30)
        took = time.monotonic() - begin
        assert done.returncode == 1, said_of(done)
        assert advice in said_of(done)
        assert took < 9, f"{took:.1f} s"  # 4 where nothing else is at work
