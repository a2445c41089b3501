"""The house of the design: storeys, sizes, names, and what no module may do, read from the source itself."""

import ast
from pathlib import Path

from celery import current_app
from django.apps import apps
from django.conf import settings

from calendars.models import Block
from tests.sources import BESIDE, OURS, ROOT, STOREYS, WITHOUT_DJANGO, functions, imported, sources

LONGEST_FILE, LONGEST_FUNCTION = 400, 40
FORBIDDEN_NAMES = {
    "utils",
    "util",
    "helpers",
    "services",
    "exceptions",
    "managers",
    "signals",
    "common",
    "misc",
    "base",
}

TASKS = {
    "api.tasks.prune",
    "accounts.tasks.deliver",
    "accounts.tasks.end_organizations",
    "amplistay.tasks.count_properties",
    "amplistay.tasks.sweep_removed",
    "directory.tasks.forget",
    "billing.tasks.pursue",
    "billing.tasks.sweep",
    "calendars.tasks.read_due_feeds",
    "calendars.tasks.read_some",
    "calendars.tasks.read_suspects",
    "calendars.tasks.read_now",
    "calendars.tasks.read_mirrors",
    "calendars.tasks.look_at_connection",
    "calendars.tasks.ask_what_changed",
    "calendars.tasks.close_elsewhere",
    "calendars.tasks.watch_connections",
    "calendars.tasks.watch",
    "calendars.tasks.watch_links",
    "calendars.tasks.prune",
    "upsells.tasks.expect_a_sale",
    "upsells.tasks.deliver",
    "upsells.tasks.forget",
    "upsells.tasks.register_stays",
    "upsells.tasks.settle",
    "upsells.tasks.sweep",
    "upsells.tasks.pursue",
    "upsells.tasks.prepare_account",
    "upsells.tasks.reconcile",
    "upsells.tasks.search_account",
    "notices.tasks.sum_up",
    "webhooks.tasks.send",
    "webhooks.tasks.prune",
}


def test_there_is_something_to_check() -> None:
    assert {source.name for source in OURS} >= {
        "domain/spans.py",
        "calendars/ledger.py",
        "upsells/checkout.py",
    }


def test_no_file_is_longer_than_a_few_screens() -> None:
    assert [s.name for s in OURS if len(s.text.splitlines()) > LONGEST_FILE] == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{source.name}: {function.name}"
        for source in OURS
        for function in functions(source)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_file_is_named_for_nothing() -> None:
    parts = {source.name: set(Path(source.name).with_suffix("").parts) for source in OURS}
    named_by_django = {"amplistay/postgres/base.py"}  # where it looks for a database back end
    assert {name for name, words in parts.items() if words & FORBIDDEN_NAMES} == named_by_django


def test_every_package_has_a_place_in_the_house() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= STOREYS | BESIDE
    assert {package for package in STOREYS if (ROOT / package / "__init__.py").exists()} == STOREYS


def test_the_apps_are_the_storeys_that_know_django() -> None:
    apps = {app.partition(".")[0] for app in settings.INSTALLED_APPS}
    assert apps & {path.name for path in ROOT.iterdir()} == STOREYS - WITHOUT_DJANGO


def test_nothing_imports_what_stands_beside_the_house() -> None:
    found = [
        (source.name, name)
        for source in sources(STOREYS)
        for name in imported(source)
        if name.partition(".")[0] in BESIDE | {"tests"}
    ]
    assert found == []


def test_no_import_hides_in_a_function() -> None:
    hidden = [
        f"{source.name}: {function.name}"
        for source in OURS
        for function in functions(source)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert hidden == []


def test_no_signal_is_sent_or_received() -> None:
    """But for Celery's before a task, which has no other place to renew a worker's connection."""
    found = [
        (source.name, name)
        for source in sources(STOREYS)
        for name in imported(source)
        if "signals" in name.split(".") or name.startswith("django.dispatch")
    ]
    assert found == [("amplistay/celery.py", "celery.signals.task_prerun")]


def test_saving_and_deleting_a_row_is_djangos_own() -> None:
    ours = {
        base
        for model in apps.get_models()
        for base in model.__mro__
        if base.__module__.split(".")[0] in STOREYS
    }
    assert Block in ours
    overriding = {
        base.__name__ for base in ours if vars(base).keys() & {"save", "save_base", "delete", "full_clean"}
    }
    assert overriding == set()


def test_workers_do_what_is_listed_and_nothing_else() -> None:
    current_app.loader.import_default_modules()
    tasks = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert tasks == TASKS
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= TASKS


def test_no_text_for_translators_hides_in_an_f_string() -> None:
    """The program that gathers them doesn't look there."""
    hidden = [
        f"{source.name}: {ast.unparse(call)}"
        for source in sources(STOREYS)
        for text in ast.walk(source.tree)
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"_", "gettext", "ngettext", "pgettext"}
    ]
    assert hidden == []
