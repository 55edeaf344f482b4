"""How Open311 GeoReport v2 answers: JSON and XML of the same shape, and errors as a list of codes and descriptions.

Source: Open311 GeoReport v2, sections Format Support and Errors; the JSON follows its Spark convention.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from api.errors import ApiError
from api.problems import STATUS
from layers.errors import LayersError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Open311Route(APIRoute):
    """Answers errors as the specification does: a list of codes and descriptions."""

    def get_route_handler(self) -> Handler:
        """The handler, with errors told in the format that was asked for."""
        handle = super().get_route_handler()

        async def handle_and_explain(request: Request) -> Response:
            form = request.path_params.get("form", "json")
            try:
                return await handle(request)
            except RequestValidationError as error:
                said = "; ".join(f"{item['loc'][-1]}: {item['msg']}" for item in error.errors())
                return answer([{"code": 400, "description": said}], form, ("errors", "error"), 400)
            except (LayersError, ApiError) as error:
                status = _of_specification(next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS))
                return answer([{"code": status, "description": str(error)}], form, ("errors", "error"), status)

        return handle_and_explain


def answer(rows: Sequence[dict[str, Any]], form: str, names: tuple[str, str], status: int = 200) -> Response:
    """Rows as a JSON list, or as XML elements inside another; `names` are those of the outer and the inner element."""
    if form != "xml":
        return as_json(list(rows), status)
    root = ET.Element(names[0])
    root.extend(as_element(names[1], row) for row in rows)
    return as_xml(root, status)


def as_element(name: str, values: dict[str, Any]) -> ET.Element:
    """An element with one child for each value; nothing is an empty child, and signs that XML lacks are left out."""
    element = ET.Element(name)
    for key, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        ET.SubElement(element, key).text = _NOT_XML.sub("", text)
    return element


def as_xml(root: ET.Element, status: int) -> Response:
    """A document in UTF-8 that says so."""
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type="text/xml; charset=utf-8")


def as_json(content: Any, status: int = 200) -> Response:
    """Content in UTF-8 that says so."""
    return JSONResponse(content, status, media_type="application/json; charset=utf-8")


def _of_specification(status: int) -> int:
    """404 for what is not there, 403 for keys, 400 for all else; how busy we are is told as HTTP tells it."""
    if status in {403, 404, 429} or status >= 500:
        return status
    return 403 if status == 401 else 400
