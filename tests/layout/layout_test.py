#!/usr/bin/env python3
"""The layout rules of the source tree, checked (README.md beside this file lists them).

    layout_test.py [DIRECTORY]

DIRECTORY holds the release programs; without it only the sources are looked at. One line per broken
rule, then "N passed, N failed".
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
WORKERS = ("intake", "policy", "routing", "settlement", "analytics")
HELP_S = 20

# What a header of a library may be included by: the only files that know the library.
LIBRARIES = {
    "librdkafka/": r"common/broker\w*\.[ch]",
    "libpq-fe.h": r"common/database\w*\.[ch]",
    "microhttpd.h": r"common/metrics\w*\.[ch]|tests/sandbox/server\.c",
    "expat.h": r"common/dmn/dmn_xml\.c",
    "pcre2.h": r"common/dmn/feel_regex\.c",
    "bid_": r"common/dmn/feel_number\.c",
    "lzma.h": r"services/redressctl/input_file\.c",
    "csv.h": r"services/redressctl/csv_reader\.c",
}

# A decide file may not see, however indirectly, anything that does I/O or that knows the wire.
IMPURE = re.compile(r"librdkafka/|libpq-fe\.h|protobuf-c|\.pb-c\.h|_store\.h|_codec\.h"
                    r"|(^|/)(broker|database|worker|message|curl)\.h")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def files(*patterns):
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())


def name(path):
    return path.relative_to(ROOT).as_posix()


def code(path):
    """The text of a C file without comments and texts; its lines stay where they are."""
    return COMMENT_OR_TEXT.sub(lambda found: "\n" * found.group().count("\n"),
                               path.read_text(encoding="utf-8"))


def includes(path):
    """(file, is ours) of each #include; ours are paths in this tree, others stay texts."""
    for quoted, angled in INCLUDE.findall(path.read_text(encoding="utf-8")):
        found = None
        for folder in (path.parent, ROOT / "common", ROOT):
            if quoted and (folder / quoted).is_file():
                found = (folder / quoted).resolve()
                break
        yield (found, True) if found else (quoted or angled, False)


def sources(*folders):
    return files(*(f"{folder}/**/*.[ch]" for folder in folders))


def seen_from(path, seen=None):
    """Everything that a file includes, indirectly too, each with the file that includes it."""
    seen = {} if seen is None else seen
    for found, ours in includes(path):
        if str(found) not in seen:
            seen[str(found)] = path
            if ours:
                seen_from(found, seen)
    return seen


def no_service_includes_another():
    for path in sources("services"):
        own = path.relative_to(ROOT).parts[1]
        for found, ours in includes(path):
            if ours and name(found).startswith("services/") and name(found).split("/")[1] != own:
                yield f"{name(path)} includes {name(found)}"


def services_use_no_tests():
    for path in sources("services", "common"):
        for found, ours in includes(path):
            if ours and name(found).startswith("tests/"):
                yield f"{name(path)} includes {name(found)}"


def common_knows_no_service():
    for path in sources("common"):
        for found, ours in includes(path):
            if ours and name(found).startswith("services/"):
                yield f"{name(path)} includes {name(found)}"


def the_decision_engine_stands_alone():
    allowed = re.compile(r"common/dmn/|common/(arena|status)\.h$")
    for path in sources("common/dmn"):
        for found, ours in includes(path):
            if ours and not allowed.match(name(found)):
                yield f"{name(path)} includes {name(found)}"


def one_file_knows_a_library():
    for path in sources("services", "common", "tests/sandbox"):
        for found, ours in includes(path):
            for header, owners in LIBRARIES.items():
                if not ours and found.startswith(header) and not re.fullmatch(owners, name(path)):
                    yield f"{name(path)} includes {found}, which is for {owners}"


def decides_are_pure():
    for worker in WORKERS:
        for path in files(f"services/{worker}/{worker}.[ch]"):
            for found, includer in seen_from(path).items():
                if IMPURE.search(found):
                    yield f"{name(path)} sees {found} through {name(includer)}"


def every_worker_has_its_parts():
    for worker in WORKERS:
        for part in ("main.c", f"{worker}.h", f"{worker}.c", "migrations", "README.md"):
            if not (ROOT / "services" / worker / part).exists():
                yield f"services/{worker}/{part} is missing"


def no_floating_point_near_money():
    for path in sources("services") + files("common/money*.[ch]"):
        for number, line in enumerate(code(path).splitlines(), 1):
            if re.search(r"\b(float|double)\b", line):
                yield f"{name(path)}:{number}: {line.strip()}"


def tests_do_not_sleep():
    for path in sources("tests"):
        for number, line in enumerate(code(path).splitlines(), 1):
            if re.search(r"\b(u|nano|clock_nano)?sleep\s*\(", line):
                yield f"{name(path)}:{number}: {line.strip()}"


def only_main_ends_the_process():
    for path in sources("services", "common"):
        for number, line in enumerate(code(path).splitlines(), 1):
            if path.name not in ("main.c", "worker_main.c") and re.search(r"\b(_?exit|abort)\s*\(", line):
                yield f"{name(path)}:{number}: {line.strip()}"


def described_above(folder):
    above = folder.parent / "README.md"
    return above.is_file() and f"`{folder.name}/`" in above.read_text(encoding="utf-8")


def folders_are_described():
    folders = [path for path in ROOT.iterdir()
               if path.is_dir() and not path.name.startswith((".", "build"))]
    folders += [path.parent for top in ("services", "common", "tests")
                for path in files(f"{top}/*/*")]
    for folder in sorted(set(folders) | {ROOT}):
        if folder.name in ("__pycache__", "migrations"):
            continue
        if folder.parent == ROOT / "tests" and described_above(folder):
            continue
        if not (folder / "README.md").is_file():
            yield f"{name(folder)}/README.md is missing"


def migrations_are_in_order():
    for path in files("**/migrations/*.sql"):
        if name(path).startswith("build"):
            continue
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        if first != "-- migrate:up":
            yield f"{name(path)} begins with {first!r}, not with -- migrate:up"
        if not re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", path.name):
            yield f"{name(path)} is not called NNNN_what.sql"
        if name(path).startswith("services/") and path.name < "0101":
            yield f"{name(path)}: a service's versions begin at 0101"
        if len(list(path.parent.glob(path.name[:4] + "_*.sql"))) > 1:
            yield f"{name(path)}: another file has the same version"


def the_image_finds_what_it_copies():
    """Everything that deploy/Dockerfile copies stands in the tree and passes .dockerignore, which
    leaves out all but what it names."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    let_in = [pathlib.PurePath(line[1:]) for line in lines if line.startswith("!")]
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    for sources_ in re.findall(r"^COPY +(?!--from)(.*) +\S+$", dockerfile, re.M):
        for source in map(pathlib.PurePath, sources_.split()):
            if not (ROOT / source).exists():
                yield f"deploy/Dockerfile copies {source}, which is not there"
            if source != pathlib.PurePath(".") and not any(
                    source == folder or folder in source.parents for folder in let_in):
                yield f".dockerignore leaves out {source}, which deploy/Dockerfile copies"


def programs():
    names = [path.parent.name for path in files("services/*/main.c")] + ["sandbox"]
    return [PROGRAMS / program for program in names]


def programs_have_help():
    for program in programs():
        try:
            result = subprocess.run([program, "--help"], capture_output=True, text=True,
                                    timeout=HELP_S, stdin=subprocess.DEVNULL, check=False,
                                    env={"PATH": os.environ["PATH"]})
        except (OSError, subprocess.TimeoutExpired) as problem:
            yield f"{program} --help: {problem}"
            continue
        if result.returncode != 0 or len(result.stdout) < 40:
            yield f"{program.name} --help: code {result.returncode}, {result.stdout!r:.80}"


def elf(program, option):
    return subprocess.run(["readelf", "-W", option, program], capture_output=True, text=True,
                          check=True, env=dict(os.environ, LC_ALL="C")).stdout


def programs_are_hardened():
    for program in programs():
        if not program.exists():
            yield f"{program} is missing"
            continue
        segments, dynamic = elf(program, "-l"), elf(program, "-d")
        symbols = elf(program, "--dyn-syms")
        stack = re.search(r"GNU_STACK.*", segments)
        wanted = {
            "position-independent (PIE)": "Type:                              DYN" in
                                          elf(program, "-h"),
            "RELRO": "GNU_RELRO" in segments,
            "BIND_NOW": re.search(r"\bBIND_NOW\b|FLAGS_1.*\bNOW\b", dynamic),
            "stack protector": "__stack_chk_fail" in symbols,
            "fortified": re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")),
            "stack not executable": stack and "RWE" not in stack.group(),
        }
        for what, good in wanted.items():
            if not good:
                yield f"{program.name} is not: {what}"


def programs_have_no_failpoints():
    """They stand in the flavour `failpoints` alone (common/failpoint.h)."""
    for program in programs():
        data = program.read_bytes() if program.exists() else b""
        for word in (b"TEST_FAILPOINTS", b"TEST_CLOCK_FILE", b"failpoint_pass"):
            if word in data:
                yield f"{program.name} knows {word.decode()}"


SOURCE_RULES = (
    no_service_includes_another, services_use_no_tests, common_knows_no_service,
    the_decision_engine_stands_alone, one_file_knows_a_library, decides_are_pure,
    every_worker_has_its_parts, no_floating_point_near_money, tests_do_not_sleep,
    only_main_ends_the_process, folders_are_described, migrations_are_in_order,
    the_image_finds_what_it_copies,
)
PROGRAM_RULES = (programs_have_help, programs_are_hardened, programs_have_no_failpoints)


def main():
    rules = SOURCE_RULES + (PROGRAM_RULES if PROGRAMS else ())
    failed = 0
    for rule in rules:
        broken = sorted(set(rule()))
        failed += bool(broken)
        print(f"{'FAILED' if broken else 'ok    '} {rule.__name__.replace('_', ' ')}")
        for line in broken:
            print(f"       {line}")
    print(f"{len(rules) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
