"""The rules of the house: what is so of every module, and would be lost one small change at a time."""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
AGENT: Final = sorted((ROOT / "agent").rglob("*.py"))
TESTS: Final = sorted((ROOT / "tests").rglob("*.py"))

MOST_LINES_OF_A_MODULE: Final = 300
MOST_LINES_OF_A_FUNCTION: Final = 40
MOST_MODULES_AT_THE_TOP: Final = 9
MOST_PROTOCOLS: Final = 17

EMPTY_WORDS: Final = frozenset("util utils helper helpers common core base manager handler processor data info".split())
WORDS_OF_OTHERS: Final = {
    "_Handler": "http.server's word for what answers a request",
    "info": "the name of a log's level, and so of its method, everywhere",
    "_retry_info": "google.rpc.RetryInfo",
    "proxy_manager_for": "a method of requests that is overridden",
}
CLASSES_OF_TWO_SIDES: Final = {
    "UserIdentity": "CloudTrail's element: the demo writes it, the agent reads it",
    "SessionContext": "the same",
    "SessionIssuer": "the same",
    "SessionAttributes": "the same",
    "OnBehalfOf": "the same",
}
PREDICATE: Final = re.compile(r"_*(is|has|are|can|may|holds|selects|keeps|names|blames|knows)(_|$)")
ACTS: Final = frozenset(
    "acquire add append beat clear discard extend popitem pop put release remove send setdefault update wait".split()
)
SLOW_IMPORTS: Final = frozenset({"jsonschema", "check_jsonschema", "kubernetes_validate"})
OF_SEVERAL_MODULES: Final = {
    "flow/test_flow.py": "the whole flow in one thread",
    "records/test_guide_members.py": "the user guide's members against all that maps them",
    "settings/test_config_files.py": "the shipped files in config/",
    "settings/test_settings.py": "the whole way from file and environment to Settings",
    "sink/otlp/test_hostile_sink.py": "a hostile peer against all that reads an answer",
    "sink/otlp/test_tls.py": "both protocols alike",
    "telemetry/test_named_events.py": "the named events of all its modules",
    "trail/test_reshaped.py": "notifications that something on their way wrote anew, and what becomes of them",
}
TESTED_ELSEWHERE: Final = {
    "contract/test_daemon.py": "assembly choices connections crew daemon",
    "golden/test_records_golden.py": "codeconnections identity pipelines trail_guard generic",
    "integration/test_check_history.py": "history_place history_regions",
    "integration/test_check_online.py": "accounts bucket bucket_owner credentials encryption key_admission "
    "letter_queue lineup main_queue notifier otlp_sink permissions queue_facts queue_key queue_region sample sink_kind "
    "skew tls_probe trail_settings unheard wanted_regions ways",
    "integration/test_compose.py": "serving",
    "integration/test_replay.py": "replaying wishes",
    "integration/test_demo.py": "child demo emulator leash receiver runner script shown_daemon sinks world",
    "property/test_encode.py": "record_bytes",
    "property/test_signature.py": "signature",
    "unit/aws/test_gets.py": "learnt transfers",
    "unit/cli/test_config.py": "check report",
    "unit/cli/test_deadletters.py": "letter_outlook letter_table letter_words letter_work",
    "unit/letters/test_told.py": "letter_reasons",
    "unit/cli/test_healthcheck.py": "agent_http",
    "unit/cli/test_top.py": "keyboard top_view watched",
    "unit/cli/test_inspect.py": "compared_text inspect_report inspected inspection local_files table_row flat",
    "unit/cli/test_local_forms.py": "json_parts no_events",
    "unit/cli/test_options.py": "app",
    "unit/demo/test_generator.py": "cast parameters players scenes shapes call codeconnections_calls "
    "identity_calls pipeline_calls trail_guard_calls",
    "unit/demo/test_show.py": "lines",
    "unit/demo/test_trail_objects.py": "bystanders",
    "unit/flow/test_pipeline.py": "objects",
    "unit/history/test_history_source.py": "concluded following fresh_log patient_waits",
    "unit/trail/test_reader.py": "entry glance kept selecting",
    "unit/replay/test_checkpoint.py": "notes",
    "unit/replay/test_listed_source.py": "plan",
    "integration/test_history_polled.py": "followed",
    "integration/test_event_history.py": "history_log replay_logs",
    "unit/settings/test_config_files.py": "keys views",
    "unit/settings/test_settings.py": "layer loading root",
    "unit/sink/otlp/test_http.py": "http_line http_session response",
    "unit/sink/otlp/test_encode.py": "decode",
    "unit/sink/test_opening.py": "discreet endpoint",
    "unit/telemetry/test_metrics.py": "exposition history_metrics snapshot",
    "unit/telemetry/test_named_events.py": "events flow_events history_events life_events "
    "queue_events replay_events voice",
    "unit/telemetry/test_server.py": "connection pages",
    "unit/telemetry/status/test_front.py": "fates fragments frame last_hour now services steps",
    "unit/telemetry/status/test_runbook.py": "anchors",
}
"""The modules that are tested only as a part of something larger, by the file that does it."""
UNTESTED: Final = {
    "rows of a table, errors and nouns: no decision": "dead_letters errors ignored model retries",
    "what classes of other modules have: no code": "outside wire",
    "for the demo and the tests: makes an emulated account": "emulated",
}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, ast.FunctionDef))


def _classes(path: Path) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, ast.ClassDef))


def _place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _words(name: str) -> set[str]:
    """The words of a name in either case: `RetryInfo` and `_retry_info` are retry and info."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def _names(path: Path) -> Iterator[str]:
    yield path.stem
    yield from (node.name for node in _functions(path))
    yield from (node.name for node in _classes(path))


def test_no_two_modules_have_one_name() -> None:
    """One word for one thing: whoever asks for a module by its name means one file."""
    names = Counter(path.stem for path in AGENT if path.stem not in {"__init__", "__main__"})
    assert {name for name, count in names.items() if count > 1} == set()


def test_modules_are_short() -> None:
    """A module holds one thought, and can be read in one go."""
    lines = {_place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in AGENT}
    assert {place: count for place, count in lines.items() if count > MOST_LINES_OF_A_MODULE} == {}


def test_functions_are_short() -> None:
    """A function fits on a screen."""
    lines = {
        f"{_place(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in AGENT
        for node in _functions(path)
    }
    assert {place: count for place, count in lines.items() if count > MOST_LINES_OF_A_FUNCTION} == {}


def test_few_modules_stand_at_the_top() -> None:
    """A thought lives in a room; at the top stand only the nouns that all rooms share, and what starts the process."""
    top = [path.name for path in AGENT if path.parent == ROOT / "agent" and path.stem != "__init__"]
    assert len(top) <= MOST_MODULES_AT_THE_TOP, top


def test_no_name_is_an_empty_word() -> None:
    """Modules, classes and functions say what they hold; another library's own words are named with their reason."""
    found = {
        f"{_place(path)}: {name}"
        for path in AGENT
        for name in _names(path)
        if name not in WORDS_OF_OTHERS and _words(name) & EMPTY_WORDS
    }
    assert found == set()


def test_no_module_of_the_tests_has_an_empty_word_for_a_name() -> None:
    """The same for the files of the tests."""
    assert [
        _place(path) for path in TESTS if not path.stem.startswith("test_") and _words(path.stem) & EMPTY_WORDS
    ] == []


def test_protocols_do_not_multiply() -> None:
    """An interface is declared where two classes have it, or where a layer must not be imported; else the class is."""
    protocols = [
        f"{_place(path)}: {node.name}"
        for path in AGENT
        for node in _classes(path)
        if any(ast.unparse(parent).partition("[")[0] == "Protocol" for parent in node.bases)
    ]
    assert len(protocols) <= MOST_PROTOCOLS, protocols


def test_only_telemetry_reads_what_an_operator_is_told() -> None:
    """The texts stand beside each fault, and whoever raises it names it; log lines and hints are made in telemetry/."""
    rooms = (ROOT / "agent" / "telemetry", ROOT / "agent" / "faults")
    readers = {
        f"{_place(path)}: {ast.unparse(node)}"
        for path in AGENT
        if not any(path.is_relative_to(room) for room in rooms)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"advice", "hint", "happened", "did", "do"}
    }
    assert readers == set()


def test_no_two_classes_have_one_name() -> None:
    """The same for classes: whoever reads a name in a log, a test or a talk knows what is meant."""
    places: dict[str, set[str]] = {}
    for path in AGENT:
        for node in _classes(path):
            if not node.name.startswith("_"):
                places.setdefault(node.name, set()).add(_place(path))
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {
        name: sorted(places.get(name, ())) for name in CLASSES_OF_TWO_SIDES
    }


PLURAL: Final = re.compile(r" (?:(?:more|other|dead|new) )*([a-z]+(?:-[a-z]+)?s)\b")
PLURAL_PLACE: Final = re.compile(
    r"\{\w+\} (?:(?:more|other|dead|log) )*(bytes|days|events|files|hours|letters|messages|minutes|objects|receives"
    r"|records|requests|times|wait)\b"
)
VERBS: Final = frozenset("answers begins changes does goes has is looks matches names needs takes was".split())
NO_PLURALS: Final = VERBS | frozenset({"its", "ms", "series"})
OF_A_RECORD: Final = {"agent/trail/edit.py": "the same bytes in every version; what is cut is long"}


def _counts(path: Path) -> Iterator[str]:
    """Texts in which a number stands before a plural, and no other form is there for 1; a constant is never 1."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.JoinedStr):
            for value, text in itertools.pairwise(node.values):
                if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                    number, plural = ast.unparse(value.value), PLURAL.match(str(text.value))
                    if plural and plural[1] not in NO_PLURALS and number.upper() != number:
                        yield f"{_place(path)}: {{{number}}}{plural[0]}"
        elif isinstance(node, ast.Constant) and (place := PLURAL_PLACE.search(str(node.value))):
            yield f"{_place(path)}: {place[0]}"


def test_what_is_counted_has_a_form_for_one() -> None:
    """Nobody reads "1 messages": `agent.errors.number_of` writes a number with what it counts."""
    assert [each for path in AGENT if _place(path) not in OF_A_RECORD for each in _counts(path)] == []


PURE: Final = ("trail", "records", "faults", "model.py", "errors.py")


def test_the_core_asks_neither_the_clock_nor_the_disk_nor_the_network() -> None:
    """What import-linter cannot see: it knows whole packages, and the core needs `urllib.parse` and `datetime`."""
    core = [path for path in AGENT if path.relative_to(ROOT / "agent").parts[0] in PURE]
    imported = {
        f"{_place(path)}: {node.module}"
        for path in core
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in {"urllib", "importlib"}
    }
    called = {
        f"{_place(path)}: {ast.unparse(node.func)}"
        for path in core
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"open", "print", "now", "today"}
    }
    assert len(core) > len(PURE)
    assert {place for place in imported if not place.endswith(": urllib.parse")} == set()
    assert called == set()


def _acts(function: ast.FunctionDef) -> Iterator[str]:
    """What a function changes: an attribute or an entry of something, or what it calls to do so."""
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=targets):
                changed = targets
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                changed = [target]
            case ast.Delete(targets=targets):
                changed = targets
            case ast.Call(func=ast.Attribute(attr=name)) if name in ACTS:
                yield f"{name}()"
                continue
            case _:
                continue
        yield from (ast.unparse(each) for each in changed if isinstance(each, ast.Attribute | ast.Subscript))


def _calls(function: ast.FunctionDef) -> set[str]:
    """The methods that a function calls, by name; not those that a text has, too."""
    nodes = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} - set(dir(str))


def _acting(trees: Iterable[ast.Module]) -> dict[str, set[str]]:
    """The predicates that act, or that call a method of ours which does, each with how."""
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    acts: dict[str, list[set[str]]] = {}
    for function in functions:
        acts.setdefault(function.name, []).append(set(_acts(function)))
    always = {name for name, ways in acts.items() if all(ways)}
    found: dict[str, set[str]] = {}
    for function in functions:
        how = set(_acts(function)) | (_calls(function) & always)
        if how and PREDICATE.match(function.name):
            found.setdefault(function.name, set()).update(how)
    return found


def test_a_predicate_asks_and_does_not_act() -> None:
    """Whoever reads `if x.is_so()` expects that nothing is different afterwards."""
    assert _acting(map(_tree, AGENT)) == {}


@pytest.mark.parametrize(
    "body",
    [
        "self._seen = 1",
        "self._seen += 1",
        "self._seen[1] = 2",
        "del self._seen[1]",
        "self._seen.add(1)",
        "return self._transport.send(b'')",
        "return self.try_empty()",
    ],
)
def test_a_predicate_that_acts_is_found(body: str) -> None:
    """By what it does, and by what it calls."""
    text = f"class A:\n  def is_so(self):\n    {body}\n  def try_empty(self):\n    return self._way.send(b'')"
    assert set(_acting([ast.parse(text)])) == {"is_so"}
    assert _acting([ast.parse(text.replace("is_so", "ask"))]) == {}


def test_unit_tests_stand_where_their_module_stands() -> None:
    """`tests/unit/flow/test_budget.py` tests `agent/flow/budget.py`; what tests several at once is listed."""
    unit = ROOT / "tests" / "unit"
    places = [path.relative_to(unit) for path in TESTS if path.is_relative_to(unit) and path.parent != unit]
    homeless = {
        str(place)
        for place in places
        if not (ROOT / "agent" / place.parent / f"{place.stem.removeprefix('test_')}.py").exists()
    }
    assert homeless <= set(OF_SEVERAL_MODULES)


def test_every_module_has_a_test_of_its_name_or_says_who_tests_it() -> None:
    """Whoever looks for the tests of a module finds them; a module that gets its own leaves the list."""
    tests = ROOT / "tests"
    excused = [name for names in (*TESTED_ELSEWHERE.values(), *UNTESTED.values()) for name in names.split()]
    modules = [path.relative_to(ROOT / "agent") for path in AGENT if not path.stem.startswith("__")]
    alone = {path.stem for path in modules if not (tests / "unit" / path.parent / f"test_{path.name}").exists()}
    assert sorted(excused) == sorted(alone)
    assert [place for place in TESTED_ELSEWHERE if not (tests / place).exists()] == []


def test_the_map_for_contributors_names_every_support_module() -> None:
    """There is one of each, and whoever needs one finds it before making another."""
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    support = [path.name for path in TESTS if path.parent == ROOT / "tests" / "support"]
    assert [name for name in support if name not in text] == []


def _test_functions() -> Sequence[tuple[str, ast.FunctionDef]]:
    return [
        (f"{_place(path)}: {node.name}", node)
        for path in TESTS
        if path.name.startswith("test_")
        for node in _functions(path)
        if node.name.startswith("test_")
    ]


def test_every_test_says_what_it_proves() -> None:
    """Each has a docstring: one sentence of behaviour."""
    assert [place for place, node in _test_functions() if not ast.get_docstring(node)] == []


def test_no_test_sleeps() -> None:
    """A wait that is long enough on one machine is too short on another: tests wait for what they wait for."""
    this = Path(__file__)
    assert [_place(path) for path in TESTS if path != this and "sleep(" in path.read_text(encoding="utf-8")] == []


def test_gzip_made_by_tests_is_the_same_each_time() -> None:
    """Gzip holds the time of day: in the name of a test, it differs between processes, and none of them runs."""
    calls = [
        (path, node)
        for path in TESTS
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "gzip.compress"
    ]
    assert calls
    assert [
        f"{_place(path)}:{node.lineno}"
        for path, node in calls
        if "mtime" not in {keyword.arg for keyword in node.keywords}
    ] == []


def test_what_takes_seconds_to_import_is_imported_by_those_who_need_it() -> None:
    """Each worker imports all tests, whichever it runs: what stands at the top of a module is paid for by all."""
    found = [
        f"{_place(path)}: {name}"
        for path in TESTS
        for node in _tree(path).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
        if name.partition(".")[0] in SLOW_IMPORTS
    ]
    assert found == []


@pytest.mark.parametrize(("name", "words"), [("RetryInfo", {"retry", "info"}), ("_web_id_data", {"web", "id", "data"})])
def test_a_name_is_read_word_by_word(name: str, words: set[str]) -> None:
    """In either case; `database` and `informed` are words of their own."""
    assert _words(name) == words
    assert not _words("DatabaseInformed") & EMPTY_WORDS
