"""The description of the API, and that the API is what it describes."""

import json
from pathlib import Path

from django.test import Client

from api.docs import described

COPY = Path(__file__).resolve().parent.parent.parent / "docs" / "openapi.json"


def test_the_committed_description_is_the_one_that_is_served(client: Client) -> None:
    answer = client.get("/api/v1/schema/")
    assert answer["Content-Type"] == "application/json"
    assert json.loads(answer.content) == json.loads(COPY.read_text()), "run: bin/manage openapi"


def test_every_operation_has_a_name_a_summary_and_all_of_its_refusals() -> None:
    paths = json.loads(described())["paths"]
    operations = [each for path in paths.values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names)) > 70
    assert [each for each in operations if not each.get("summary")] == []
    assert all(
        {"400", "401", "403", "404", "422", "429", "500", "503"} <= each["responses"].keys()
        for each in operations
    )
