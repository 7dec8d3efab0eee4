"""Runs each job on the same feed in turn, and tells CPU time as a ratio: `compare.py HOME`.

All that answer must answer the same; one that does not is an error, not a row.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 5
HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
HOME = pathlib.Path(sys.argv[1]).resolve()
FEED = str(HOME / "feed.jsonl")
SCHEMA = str(ROOT / "schemas/callRecord.schema.json")
PYTHON = str(HOME / "python/bin/python")


def rules():
    """A folder with the one rule and its limits."""
    folder = HOME / "rules"
    folder.mkdir(exist_ok=True)
    for name in ("audio.rhai", "thresholds.toml"):
        (folder / name).write_text((ROOT / "rules" / name).read_text())
    return str(folder)


def of_alerts(text):
    """Calls and streams of qualwatch's alerts."""
    lines = []
    for line in text.splitlines():
        alert = json.loads(line)
        for finding in alert.get("findings", ()):
            lines.append(f"{alert['call']['id']} {finding['what']['stream']}")
    return lines


def own(*more):
    program = str(ROOT / "target/release/qualwatch")
    return [program, "--workers", "1", "--format", "json", *more, FEED]


def node(*more):
    return ["node", str(HERE / "audio.js"), FEED, *more]


JOBS = [
    # name, command, how its answer is read
    ("qualwatch: checked, one rule", own("--rules", rules()), of_alerts),
    ("qualwatch: checked, all shipped rules", own(), None),
    ("Python, orjson and jsonschema-rs: checked, one rule", [PYTHON, str(HERE / "audio.py"), FEED, SCHEMA], str.splitlines),
    ("Node.js, ajv: checked, one rule", node(SCHEMA), str.splitlines),
    ("sourcemeta jsonschema --fast: checked, no rule", [str(HOME / "node_modules/.bin/jsonschema"), "validate", "--fast", SCHEMA, FEED], None),
    ("Python, orjson: not checked, one rule", [PYTHON, str(HERE / "audio.py"), FEED], str.splitlines),
    ("Node.js: not checked, one rule", node(), str.splitlines),
    ("DuckDB: not checked, one rule", [PYTHON, str(HERE / "duck.py"), FEED], str.splitlines),
    ("jaq: not checked, one rule", [str(HOME / "bin/jaq"), "-r", "-f", str(HERE / "audio.jq"), FEED], str.splitlines),
    ("jq: not checked, one rule", ["jq", "-r", "-f", str(HERE / "audio.jq"), FEED], str.splitlines),
]


def on_one_core():
    """All on the same core, so that no cache is shared out between several."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def run(command, kept):
    """CPU seconds of a command, and its output, if that is kept."""
    environment = dict(os.environ, NODE_PATH=str(HOME / "node_modules"))
    with tempfile.TemporaryFile() if kept else open(os.devnull, "w+b") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.PIPE, env=environment, preexec_fn=on_one_core
        )
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        # qualwatch ends with 1 where something alerted.
        if process.returncode not in (0, 1):
            raise SystemExit(f"{command}: {errors.decode()[-2000:]}")
        out.seek(0)
        return usage.ru_utime + usage.ru_stime, out.read().decode()


def main():
    size = os.path.getsize(FEED) / 1e6
    times = {name: [] for name, *_ in JOBS}
    answers = {}
    for name, command, read in JOBS:
        _, text = run(command, True)
        if read is not None:
            answers[name] = sorted(read(text))
    for _ in range(ROUNDS):
        for name, command, _ in JOBS:
            times[name].append(run(command, False)[0])
    first = answers[JOBS[0][0]]
    if not first:
        raise SystemExit("nothing alerted: no comparison")
    for name, answer in answers.items():
        if answer != first:
            raise SystemExit(f"{name} answers otherwise: {len(answer)} lines, {len(first)} wanted")
    print(f"{size:.0f} MB, {len(first)} streams found by each")
    base = statistics.median(times[JOBS[0][0]])
    print("| job | MB per CPU second | times the CPU of the first |\n|---|---|---|")
    for name, spent in times.items():
        middle = statistics.median(spent)
        print(f"| {name} | {size / middle:.0f} | {middle / base:.1f} |")


main()
