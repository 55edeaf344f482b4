"""The description is complete, and the answers are what it says."""

from __future__ import annotations

import re

from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from tests.api.test_access import OPEN, addresses, all_routes

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = {"application/zip", "text/csv", "text/html", SHEET}  # archives, tables and pages, which no model describes


def references(node):
    """All $ref values below a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def operations(schema):
    """Path, method and operation of each."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_every_reference_leads_somewhere_and_every_name_is_used_once(app):
    schema = app.openapi()
    assert schema["openapi"].startswith("3.1")
    for reference in references(schema):
        node = schema
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    names = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(names) == len(set(names))


def test_every_operation_says_what_it_needs_and_what_it_answers(app):
    schema = app.openapi()
    assert set(schema["components"]["securitySchemes"]) == {"session", "key"}
    for path, method, operation in operations(schema):
        where = f"{method} {path}"
        assert operation["description"], where
        declared = set(re.findall(r"{(\w+)}", path))
        assert declared == {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}, where
        if (method, path) not in OPEN:
            assert operation["security"] == [{"session": []}, {"key": []}], where
            assert {"401", "403"} <= set(operation["responses"]) | ({"403"} if path == "/api/session" else set()), where
        for status, answer in operation["responses"].items():
            kinds = set(answer.get("content", {}))
            if status.startswith(("4", "5")):
                assert kinds == {"application/problem+json"}, (where, status)
            elif status in {"204", "304"}:
                assert not kinds, (where, status)
            elif kinds <= FILES:
                assert all(content["schema"]["type"] == "string" for content in answer["content"].values()), where
            else:
                assert kinds <= {"application/json", "application/geo+json"}, (where, status)
                assert all(content["schema"].get("$ref") for content in answer["content"].values()), (where, status)


def test_answers_are_what_the_description_says(app, sign_in):
    root = sign_in("root")
    routes = [route for route in all_routes(app.routes) if isinstance(route, APIRoute)]
    checked = set()
    for address in addresses(root):
        answer = root.get(address)
        if answer.status_code != 200:
            continue
        path = address.split("?")[0]
        route = next(route for route in routes if "GET" in route.methods and route.path_regex.match(path))
        declared = app.openapi()["paths"][route.path_format]["get"]["responses"]["200"]["content"]
        assert answer.headers["content-type"].split(";")[0] in declared, address
        if not FILES & set(declared):
            TypeAdapter(route.response_model).validate_json(answer.content, strict=False)
        checked.add(route.path_format)
    described = {path for path, method, _ in operations(app.openapi()) if method == "GET"}
    assert described - checked == set()
