import importlib.util
from pathlib import Path

import pytest

from tests.launcher.processes import ROOT, Start


@pytest.mark.skipif(importlib.util.find_spec("atheris") is not None, reason="the fuzzer is installed")
def test_without_the_fuzzer_it_says_how_to_install_it(start: Start) -> None:
    process = start("-m", "launcher.fuzz")
    output, _ = process.communicate(timeout=60)
    assert "pip install atheris" in output
    assert process.returncode == 1


def test_a_body_that_was_found_can_be_checked_again_without_the_fuzzer(start: Start) -> None:
    process = start("-m", "launcher.fuzz", str(ROOT / "tests" / "domain" / "feeds" / "airbnb.ics"))
    output, _ = process.communicate(timeout=60)
    assert "No rule is broken" in output
    assert process.returncode == 0


def test_a_file_that_is_not_there_is_no_success(start: Start, tmp_path: Path) -> None:
    process = start("-m", "launcher.fuzz", str(tmp_path / "crash-none"))
    output, _ = process.communicate(timeout=60)
    assert "crash-none" in output
    assert process.returncode != 0
