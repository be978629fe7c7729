#!/usr/bin/env python3
"""Each role of the databases tries what it may and what it must not.

    roles_test.py DIRECTORY      DIRECTORY holds the programs. limit: 300 s

A PostgreSQL with the databases, roles and migrations as they are installed; nothing else runs. The
login role of each worker, the role that owns its tables, and redressctl's log in with their own
passwords: to every database, to every table, view and function by every verb, and to what belongs to
the server. What they may do stands in rights.txt: it must succeed, and all else be refused with
"insufficient privilege". A table, view or function that rights.txt does not name fails the test, and so
does one that it names and that is gone. A line per check, then "N passed, N failed".
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "integration"))

import counting  # pylint: disable=wrong-import-position
from counting import check, equal  # pylint: disable=wrong-import-position
from stack import ROOT, run  # pylint: disable=wrong-import-position

POSTGRES = ROOT / "deploy/local/postgres.sh"
WORKERS = ("intake", "policy", "routing", "settlement", "analytics")
DATABASES = {"each": WORKERS, "ruled": ("policy", "routing", "settlement"),
             **{worker: (worker,) for worker in WORKERS}}
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
SESSION_S = 120
AT_ONCE = 2

DONE, REFUSED = "RD000", "42501"
UNCHANGEABLE = ("55000", "0A000")  # what a view computes or joins, nobody can change

# Of everybody's schema: nobody may bring anything into being, and nobody reaches the server.
NEVER = (
    "CREATE TABLE public.theirs (x integer)",
    "CREATE TABLE view.theirs (x integer)",
    "CREATE VIEW view.theirs AS SELECT 1 AS x",
    "CREATE TEMPORARY TABLE theirs (x integer)",
    "CREATE SCHEMA theirs",
    "CREATE FUNCTION public.theirs() RETURNS integer LANGUAGE sql RETURN 1",
    "CREATE OR REPLACE FUNCTION public.redress_require(moved bigint, wanted bigint)"
    " RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true",
    "DROP SCHEMA view CASCADE",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, '\\x00')",
    "SELECT pg_logical_emit_message(false, 'x', 'x')",
)
NEVER_EVEN_OWNERS = (
    "CREATE ROLE theirs",
    "CREATE EXTENSION file_fdw",
    "ALTER ROLE redressctl SUPERUSER",
    "ALTER ROLE postgres PASSWORD 'x'",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/theirs'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "CHECKPOINT",
    "SET log_statement = 'none'",
    "SET session_replication_role = replica",
    "SELECT pg_terminate_backend({other})",
    "SELECT pg_cancel_backend({other})",
)
OUTSIDE_TRANSACTIONS = ("CREATE DATABASE theirs", "ALTER SYSTEM SET fsync = off", "DROP DATABASE postgres",
                        "CREATE TABLESPACE theirs LOCATION '/tmp/theirs'")


class Rights:
    """rights.txt, for each database: {table: {verb: columns, or None for all}}, {view}, {function:
    words}."""

    def __init__(self, path):
        self.tables = {worker: {} for worker in WORKERS}
        self.views = {worker: set() for worker in WORKERS}
        self.functions = {worker: {} for worker in WORKERS}
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                where, kind, name, *words = line.split(None, 3)
                for database in DATABASES[where]:
                    self.add(database, kind, name, words[0] if words else "")

    def add(self, database, kind, name, words):
        if kind == "view":
            self.views[database].add(name)
        elif kind == "function":
            self.functions[database][name] = set(words.split())
        else:
            self.tables[database][name] = {
                verb: columns.split() if columns else None
                for verb, columns in re.findall(r"([A-Z]+)(?: \(([^)]*)\))?", words)}


class Victim:
    """A session of a worker, for others to end. `with` gives its number."""

    def __init__(self, server, role):
        self.process = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-d", role], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=server.environment(role))

    def __enter__(self):
        self.process.stdin.write(b"SELECT pg_backend_pid();\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()

    def __exit__(self, *_):
        output, _ = self.process.communicate(b"SELECT 'alive';\n", SESSION_S)
        equal("a worker's session that all others tried to end lives", output.decode().strip(),
              "alive")


class Attempt:
    """One statement of one role, and how it must end."""

    def __init__(self, statement, wanted):
        self.statement, self.wanted = statement, wanted


# Whatever succeeds is rolled back.
TRY_EACH = """
DO $try$
DECLARE
    code text;
    statements text[] := ARRAY[%s];
BEGIN
    FOR n IN 1 .. cardinality(statements) LOOP
        BEGIN
            EXECUTE statements[n];
            RAISE EXCEPTION USING ERRCODE = 'RD000';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE;
        END;
        RAISE INFO 'ended %% %%', n, code;
    END LOOP;
END $try$;
"""


class Server:
    """A PostgreSQL of the test's own, from `with` to its end."""

    def __init__(self, programs):
        self.programs = pathlib.Path(programs).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="redress-roles-"))
        self.secrets = self.folder / "secrets"

    def __enter__(self):
        try:
            run([POSTGRES, "start", self.folder / "postgres"])
            self.host = run([POSTGRES, "socket", self.folder / "postgres"]).strip()
            self.port = (self.folder / "postgres/port").read_text().strip()
            self.psql("postgres", "ALTER SYSTEM SET fsync = off")  # nothing here outlives the test
            self.psql("postgres", "SELECT pg_reload_conf()")
            run([ROOT / "deploy/secrets.sh", self.secrets])
            run([ROOT / "deploy/postgres/databases.sh", self.secrets], self.superuser())
            run([self.programs / "redressctl", "migrate"], {
                "PATH": os.environ["PATH"], "REDRESS_DATABASE_HOST": self.host,
                "REDRESS_DATABASE_PORT": self.port,
                "REDRESS_DATABASE_PASSWORD_FILE": str(self.secrets / "redressctl.password"),
                "REDRESS_OWNER_PASSWORD_FILE": str(self.secrets / "owner.password")})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        run([POSTGRES, "destroy", self.folder / "postgres"])
        run(["rm", "-rf", self.folder])

    def superuser(self):
        password = (self.folder / "postgres/superuser.password").read_text().strip()
        return self.environment("postgres", password)

    def psql(self, database, statement):
        """The rows, as lists of text, by the superuser."""
        output = run([POSTGRES, "psql", self.folder / "postgres", database, "-A", "-t", "-F", "\x1f",
                      "-c", statement])
        return [line.split("\x1f") for line in output.splitlines() if line]

    def password(self, role):
        name = "owner" if role.endswith("_owner") else role
        return (self.secrets / f"{name}.password").read_text().strip()

    def environment(self, role, password=None):
        return dict(os.environ, PGHOST=self.host, PGPORT=self.port, PGUSER=role,
                    PGPASSWORD=password or self.password(role))

    def session(self, role, database, script, password=None):
        """(what it printed, what it complained about)."""
        environment = self.environment(role, password)
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "VERBOSITY=terse", "-d", database],
                              input=script.encode(), env=environment, capture_output=True,
                              timeout=SESSION_S, check=False)
        return done.stdout.decode(), done.stderr.decode()


def try_all(server, role, database, attempts):
    """Makes each attempt in one session of the role, and checks how each ended."""
    statements = ",\n".join(f"$sql${attempt.statement}$sql$" for attempt in attempts)
    _, said = server.session(role, database, TRY_EACH % statements)
    ended = dict(re.findall(r"ended (\d+) (\w{5})$", said, re.M))
    wrong = []
    for number, attempt in enumerate(attempts, 1):
        got = ended.get(str(number), "not tried")
        if got not in attempt.wanted:
            wrong.append(f"{attempt.statement}: {got} instead of {' or '.join(attempt.wanted)}")
    allowed = sum(attempt.wanted == (DONE,) for attempt in attempts)
    check(f"{role} in {database}: {allowed} statements succeed, {len(attempts) - allowed} are refused",
          attempts and not wrong, wrong[:20] + ([said[-300:]] if not ended else []))


def try_outside(server, role, database, statements):
    """The same for what runs in no transaction; all must be refused."""
    script = "".join(f"{statement};\n\\echo :SQLSTATE\n" for statement in statements)
    output, _ = server.session(role, database, script)
    equal(f"{role} in {database}: is refused {len(statements)} statements about the server",
          output.split(), [REFUSED] * len(statements))


# What exists.

def columns_of(server, database):
    """{(schema, table or view): [columns]}."""
    found = {}
    for schema, relation, column in server.psql(database, """
            SELECT n.nspname, c.relname, a.attname
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
               AND c.relkind NOT IN ('i', 'I', 't') ORDER BY 1, 2, a.attnum"""):
        found.setdefault((schema, relation), []).append(column)
    return found


def check_complete(server, rights, database, columns):
    named = {("public", table) for table in rights.tables[database]}
    named |= {("view", view) for view in rights.views[database]}
    equal(f"{database}: rights.txt names every table and view, and none that is gone",
          sorted(set(columns) ^ named), [])
    functions = {name: words for name, *words in server.psql(database, """
        SELECT p.oid::regprocedure, p.prosecdef, p.provolatile FROM pg_proc p
         WHERE p.pronamespace NOT IN ('pg_catalog'::regnamespace,
                                      'information_schema'::regnamespace)""")}
    equal(f"{database}: rights.txt names every function, and none that is gone",
          sorted(set(functions) ^ set(rights.functions[database])), [])
    definers = {name for name, (definer, _) in functions.items() if definer == "t"}
    equal(f"{database}: only these functions run with the owner's rights", definers,
          {name for name, words in rights.functions[database].items() if "definer" in words})
    for name, words in rights.functions[database].items():
        if "everyone" in words and name in functions:
            equal(f"{database}: {name} looks at nothing but its arguments", functions[name][1], "i")
    others = server.psql(database, """
        SELECT 'sequence', oid::regclass::text FROM pg_class WHERE relkind = 'S'
        UNION ALL SELECT 'schema', nspname FROM pg_namespace
         WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public', 'view')
        UNION ALL SELECT 'extension', extname FROM pg_extension WHERE extname <> 'plpgsql'
        UNION ALL SELECT 'foreign server', srvname FROM pg_foreign_server
        UNION ALL SELECT 'default rights', oid::text FROM pg_default_acl
        UNION ALL SELECT 'large object', oid::text FROM pg_largeobject_metadata""")
    equal(f"{database}: nothing else is there to have rights on", others, [])


def granted(server, database, sql):
    return {tuple(row) for row in server.psql(database, sql)}


def check_grants(server, rights, database):
    """What the catalog holds, whole: verbs that cannot be tried one by one, and PUBLIC, are in it."""
    tables = granted(server, database, f"""
        SELECT c.relname, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
               g.privilege_type, g.is_grantable
          FROM pg_class c, aclexplode(c.relacl) g
         WHERE c.relnamespace IN ('public'::regnamespace, 'view'::regnamespace)
           AND g.grantee <> '{database}_owner'::regrole""")
    wanted = {(view, "redressctl", "SELECT", "f") for view in rights.views[database]}
    wanted |= {(table, database, verb, "f") for table, verbs in rights.tables[database].items()
               for verb, columns in verbs.items() if columns is None}
    equal(f"{database}: no rights on tables and views but those", sorted(tables ^ wanted), [])
    columns = granted(server, database, """
        SELECT a.attrelid::regclass, g.grantee::regrole::text, g.privilege_type, a.attname,
               g.is_grantable FROM pg_attribute a, aclexplode(a.attacl) g
         WHERE a.attrelid >= 16384""")
    wanted = {(table, database, verb, column, "f")
              for table, verbs in rights.tables[database].items()
              for verb, some in verbs.items() for column in some or ()}
    equal(f"{database}: no rights on columns but those", sorted(columns ^ wanted), [])


# What a role tries.

def changes(relation, columns):
    """{(verb, column or None): statement} that touch no row."""
    some = columns[0]
    found = {
        ("SELECT", None): f"SELECT * FROM {relation} LIMIT 0",
        ("INSERT", None): f"INSERT INTO {relation} SELECT NULL WHERE false",
        ("DELETE", None): f"DELETE FROM {relation} WHERE false",
        ("TRUNCATE", None): f"TRUNCATE {relation}",
        ("TRIGGER", None): f"CREATE TRIGGER theirs BEFORE UPDATE ON {relation} FOR EACH ROW"
                           " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        ("OWN", "alter"): f"ALTER TABLE {relation} ADD COLUMN theirs integer",
        ("OWN", "rename"): f"ALTER TABLE {relation} RENAME TO theirs",
        ("OWN", "unguard"): f"ALTER TABLE {relation} DISABLE TRIGGER ALL",
        ("OWN", "drop"): f"DROP TABLE {relation}",
        ("OWN", "index"): f"CREATE INDEX theirs ON {relation} ({some})",
        ("OWN", "comment"): f"COMMENT ON TABLE {relation} IS 'theirs'",
    }
    for column in columns:
        found["UPDATE", column] = f"UPDATE {relation} SET {column} = NULL WHERE false"
    return found


def table_attempts(relation, columns, verbs):
    """`verbs` as in Rights: what succeeds."""
    for (verb, part), statement in changes(relation, columns).items():
        some = verbs.get(verb, ())
        allowed = verb in verbs and (some is None or part in some)
        yield Attempt(statement, (DONE,) if allowed else (REFUSED,))


def view_attempts(view, columns, may_select):
    cannot = (REFUSED, *UNCHANGEABLE)
    yield Attempt(f"SELECT * FROM {view} LIMIT 0", (DONE,) if may_select else (REFUSED,))
    yield Attempt(f"INSERT INTO {view} SELECT NULL WHERE false", cannot)
    yield Attempt(f"DELETE FROM {view} WHERE false", cannot)
    for column in columns:
        yield Attempt(f"UPDATE {view} SET {column} = NULL WHERE false", cannot)
    yield Attempt(f"DROP VIEW {view}", (REFUSED,))
    yield Attempt(f"CREATE OR REPLACE VIEW {view} AS SELECT 1", (REFUSED,))


def function_attempts(rights, database, role):
    for name, words in rights.functions[database].items():
        values = {"bigint": "1", "integer": "1", "text": "'x'"}
        arguments = ", ".join(values[kind] for kind in re.search(r"\((.*)\)", name)[1].split(","))
        allowed = role in words or ("everyone" in words and
                                    (role == "redressctl" or not name.startswith("view.")))
        yield Attempt(f"SELECT {name.split('(')[0]}({arguments})", (DONE,) if allowed else (REFUSED,))


def refused(statements, other):
    return [Attempt(statement.format(other=other), (REFUSED,)) for statement in statements]


def worker_attempts(rights, database, columns, other):
    found = []
    for (schema, relation), some in columns.items():
        name = f"{schema}.{relation}"
        found += view_attempts(name, some, False) if schema == "view" else table_attempts(
            name, some, rights.tables[database].get(relation, {}))
    found += function_attempts(rights, database, database)
    found += refused(NEVER + NEVER_EVEN_OWNERS, other)
    found.append(Attempt("SELECT pg_try_advisory_xact_lock(1)", (DONE,)))
    return found + refused((f"SET ROLE {database}_owner",), other)


def redressctl_attempts(rights, database, columns, other):
    found = []
    for (schema, relation), some in columns.items():
        name = f"{schema}.{relation}"
        found += (view_attempts(name, some, True) if schema == "view"
                  else table_attempts(name, some, {}))
    found += function_attempts(rights, database, "redressctl")
    found += refused(NEVER + NEVER_EVEN_OWNERS, other)
    found += refused(("SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock(1)",
                      "SELECT pg_advisory_xact_lock_shared(1, 2)"), other)
    return found + refused((f"SET ROLE {database}_owner", f"SET ROLE {database}"), other)


def owner_attempts(columns, other):
    found = [Attempt(f"SELECT * FROM {schema}.{relation} LIMIT 0", (DONE,))
             for schema, relation in columns]
    found += [Attempt("CREATE TABLE public.ours (x integer)", (DONE,)),
              Attempt("SELECT pg_try_advisory_xact_lock(1)", (DONE,))]
    return found + refused(NEVER_EVEN_OWNERS, other)


def try_database(server, rights, database, victims):
    counting.section("roles")
    columns = columns_of(server, database)
    check_complete(server, rights, database, columns)
    check_grants(server, rights, database)
    other = victims["routing" if database == "intake" else "intake"]
    try_all(server, database, database, worker_attempts(rights, database, columns, other))
    try_all(server, "redressctl", database, redressctl_attempts(rights, database, columns, other))
    try_all(server, f"{database}_owner", database, owner_attempts(columns, other))
    for role in (database, "redressctl", f"{database}_owner"):
        try_outside(server, role, database, OUTSIDE_TRANSACTIONS)


def try_log_in(server, role, database):
    counting.section("roles")
    allowed = role == "redressctl" and database in WORKERS or role in (database, f"{database}_owner")
    output, complaints = server.session(role, database, "SELECT 'here'")
    if allowed:
        equal(f"{role} logs in to {database}", output.strip(), "here")
    else:
        check(f"{role} does not log in to {database}",
              output == "" and f'permission denied for database "{database}"' in complaints,
              output + complaints)


def check_roles(server):
    roles = [name for worker in WORKERS for name in (worker, f"{worker}_owner")] + ["redressctl"]
    powers = server.psql("postgres", """
        SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
          FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' ORDER BY 1""")
    equal("no role has powers over the server, and there is no other", powers,
          [[role, "f", "f", "f", "f", "f"] for role in sorted(roles)])
    equal("no role is a member of another", server.psql("postgres", """
        SELECT member::regrole, roleid::regrole FROM pg_auth_members
         WHERE member::regrole::text !~ '^pg_'"""), [])
    for role, password in (("intake", "policy"), ("settlement", "redressctl"), ("redressctl", "owner"),
                           ("routing_owner", "routing"), ("postgres", "owner")):
        _, complaints = server.session(role, "intake", "SELECT 1",
                                       (server.secrets / f"{password}.password").read_text().strip())
        check(f"{role} does not log in with the password of {password}",
              "password authentication failed" in complaints, complaints)
    return roles


def main():
    counting.section("roles")
    rights = Rights(HERE / "rights.txt")
    with Server(sys.argv[1]) as server:
        roles = check_roles(server)
        with Victim(server, "intake") as intake, Victim(server, "routing") as routing, \
                concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            victims = {"intake": intake, "routing": routing}
            todo = [pool.submit(try_database, server, rights, database, victims) for database in WORKERS]
            todo += [pool.submit(try_log_in, server, role, database) for role in roles
                     for database in (*WORKERS, "postgres", "template1")]
            for done in todo:
                done.result()
    return counting.end()


if __name__ == "__main__":
    sys.exit(main())
