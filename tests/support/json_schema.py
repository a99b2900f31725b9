# SPDX-License-Identifier: Apache-2.0
"""Holds JSON to a schema, with the words that docs/api/ uses; any other word is an error."""

import re

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
KNOWN = {"type", "properties", "required", "additionalProperties", "items", "enum", "minimum", "maximum",
         "pattern", "description", "default", "example", "$ref"}


def resolve(document, schema):
    while "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def complaints(document, schema, value, where="$"):
    """What is wrong with the value, in words."""
    schema = resolve(document, schema)
    if unknown := set(schema) - KNOWN:
        raise ValueError(f"{where}: this checker does not know {unknown}")
    if "type" not in schema:  # anything
        return []
    wanted = TYPES[schema["type"]]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return [f"{where}: {value!r} is no {schema['type']}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} is not as {schema['pattern']}")
    if not schema.get("minimum", 0) <= (value if wanted is int else 0) <= schema.get("maximum", 1 << 64):
        found.append(f"{where}: {value} is out of range")
    if wanted is list:
        for number, item in enumerate(value):
            found += complaints(document, schema["items"], item, f"{where}[{number}]")
    if wanted is dict:
        found += [f"{where}: {key} is missing" for key in schema.get("required", ()) if key not in value]
        others = schema.get("additionalProperties", True)
        for key, item in value.items():
            if key in schema.get("properties", {}):
                found += complaints(document, schema["properties"][key], item, f"{where}.{key}")
            elif isinstance(others, dict):
                found += complaints(document, others, item, f"{where}.{key}")
            elif not others:
                found.append(f"{where}: {key} is unknown")
    return found
