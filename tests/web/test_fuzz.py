"""The API asked whatever its own description allows, and much that it does not: the server never fails."""

from contextlib import suppress

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from sightline.search.index import Index
from sightline.web.app import make_app

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
HOST = {"host": "localhost"}


def test_nothing_that_is_asked_makes_the_server_fail(tmp_path, mosaic, listed, painted):
    with Index(tmp_path / "a.db") as index:
        index.add(listed(painted(tmp_path / "pictures")), mosaic())
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", make_app(index, mosaic()), headers=HOST)
        tried = 0
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in GenerationMode:

                @given(case=operation.as_strategy(generation_mode=mode))
                @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
                def ask(case):
                    case.call_and_validate(checks=CHECKS, headers=HOST)

                # what takes nothing cannot be asked wrongly
                with suppress(Unsatisfiable):
                    ask()
            tried += 1
        assert tried >= 8
