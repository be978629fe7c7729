#!/usr/bin/env python3
"""Workers and redressctl against a Kafka that demands TLS and SASL, and a PostgreSQL that demands TLS.

    encrypted_test.py DIRECTORY      DIRECTORY holds the programs. limit: 400 s

An authority of the test's own signs both servers' certificates. With the right settings everything
works; with a wrong password, another authority, or no encryption nothing does, and no password stands
in what the programs say. A line per check, then "N passed, N failed".
"""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "integration"))

import counting  # pylint: disable=wrong-import-position
from counting import check, equal  # pylint: disable=wrong-import-position
from stack import ROOT, Stack, run  # pylint: disable=wrong-import-position

KAFKA = ROOT / "deploy/local/kafka.sh"
POSTGRES = ROOT / "deploy/local/postgres.sh"
USER, PASSWORD = "redress", "kafka-password-of-the-test"
COMMAND_S = 60

SECURE_LISTENER = """
listeners=SECURE://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SECURE://127.0.0.1:{port}
listener.security.protocol.map=SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SECURE
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
required username="{user}" password="{password}" user_{user}="{password}";
ssl.keystore.type=PEM
ssl.keystore.location={folder}/kafka.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
"""
REPLACED = ("listeners=", "advertised.listeners=", "inter.broker.listener.name=")


class Components(Stack):
    start = "components"


def openssl(*arguments):
    run(["openssl", *arguments])


def authority(folder, name):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")


def certificate(folder, name):
    """Signed by the authority `ca`, for 127.0.0.1."""
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
            folder / f"{name}.key", "-out", folder / f"{name}.csr")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-days", "2", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem",
            "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", folder / "san", "-out",
            folder / f"{name}.crt")
    both = (folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text()
    (folder / f"{name}.pem").write_text(both)


def secure_kafka(stack, folder):
    kafka = stack.folder / "kafka"
    run([KAFKA, "stop", kafka])
    properties = kafka / "server.properties"
    kept = [line for line in properties.read_text().splitlines() if not line.startswith(REPLACED)]
    added = SECURE_LISTENER.format(port=(kafka / "port").read_text().strip(),
                                   controller=(kafka / "controller.port").read_text().strip(),
                                   user=USER, password=PASSWORD, folder=folder)
    properties.write_text("\n".join(kept) + added)
    run([KAFKA, "start", kafka])


def secure_postgres(stack, folder):
    postgres = stack.folder / "postgres"
    data = pathlib.Path(run([POSTGRES, "data", postgres]).strip())
    owner = data.stat()
    for name, mode in (("postgres.crt", 0o644), ("postgres.key", 0o600)):
        (data / name).write_text((folder / name).read_text())
        os.chmod(data / name, mode)
        os.chown(data / name, owner.st_uid, owner.st_gid)
    with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write("ssl = on\nssl_cert_file = 'postgres.crt'\nssl_key_file = 'postgres.key'\n")
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    run([POSTGRES, "restart", postgres])


def environment_of(stack, program, folder, **other):
    lines = (stack.folder / "env" / program).read_text().splitlines()
    found = {"PATH": os.environ["PATH"], **dict(line.split("=", 1) for line in lines)}
    found.update({"REDRESS_KAFKA_SECURITY": "sasl_ssl", "REDRESS_KAFKA_SASL_MECHANISM": "PLAIN",
                  "REDRESS_KAFKA_USERNAME": USER,
                  "REDRESS_KAFKA_PASSWORD_FILE": str(folder / "kafka.password"),
                  "REDRESS_KAFKA_CA_FILE": str(folder / "ca.pem"),
                  "REDRESS_DATABASE_HOST": "127.0.0.1", "REDRESS_DATABASE_TLS": "verify-full",
                  "REDRESS_DATABASE_CA_FILE": str(folder / "ca.pem")})
    found.update(other)
    return {name: value for name, value in found.items() if value is not None}


def attempt(stack, environment, program, *arguments):
    """(exit code, all that it said); -1: it did not end."""
    try:
        done = subprocess.run([stack.programs / program, *arguments], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=COMMAND_S, check=False)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as expired:
        return -1, (expired.stdout or b"").decode(errors="replace")


def main():
    counting.section("encrypted")
    with Components(sys.argv[1]) as stack:
        folder = stack.folder / "tls"
        folder.mkdir()
        authority(folder, "ca")
        authority(folder, "stranger")
        for name in ("kafka", "postgres"):
            certificate(folder, name)
        (folder / "kafka.password").write_text(PASSWORD + "\n")
        (folder / "wrong.password").write_text("another-password-of-the-test\n")
        secure_kafka(stack, folder)
        secure_postgres(stack, folder)
        try_all(stack, folder)
        stack.keep = bool(os.environ.get("KEEP_STACK"))
    return counting.end()


def try_all(stack, folder):
    said = []

    def code(program, *arguments, **settings):
        result, output = attempt(stack, environment_of(stack, program, folder, **settings), program,
                                 *arguments)
        said.append(output)
        return result, output

    equal("redressctl lists the topics over SASL and TLS", code("redressctl", "topics", "list")[0], 0)
    for worker in ("intake", "settlement"):
        result, output = code(worker, "--check")
        check(f"{worker} finds Kafka and PostgreSQL in order", result == 0, output[-600:])
    strangers = str(folder / "stranger.pem")
    refused = {
        "Kafka with a wrong password": {"REDRESS_KAFKA_PASSWORD_FILE": str(folder / "wrong.password")},
        "Kafka without TLS": {"REDRESS_KAFKA_SECURITY": "sasl_plaintext"},
        "Kafka without a password": {"REDRESS_KAFKA_SECURITY": "ssl"},
        "Kafka of another authority": {"REDRESS_KAFKA_CA_FILE": strangers},
        "PostgreSQL without TLS": {"REDRESS_DATABASE_TLS": "disable"},
        "PostgreSQL of another authority": {"REDRESS_DATABASE_CA_FILE": strangers},
    }
    for what, settings in refused.items():
        result, output = code("intake", "--check", **settings)
        check(f"{what}: intake does not go on", result not in (0, -1), output[-600:])
    secrets = [PASSWORD, (folder / "wrong.password").read_text().strip()]
    secrets += [path.read_text().strip() for path in (stack.folder / "secrets").glob("*.password")]
    check("no password was said", not any(secret in output for secret in secrets if secret
                                          for output in said))


if __name__ == "__main__":
    sys.exit(main())
