# SPDX-License-Identifier: Apache-2.0
"""skiff's answers against its contract, docs/api/openapi.yaml, and what the contract allows and forbids
against what skiff takes."""

import copy
import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase  # noqa: E402
from json_schema import complaints, resolve  # noqa: E402
from skiff_runner import main, payload_path  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "docs/api"


def json_of(yaml):
    """The document is JSON, but for comments before it."""
    return json.loads("".join(line for line in yaml.splitlines(keepends=True) if not line.startswith("#")))


DOCUMENT = json_of((FOLDER / "openapi.yaml").read_text())
VERBS = {"get", "put", "patch", "post", "delete"}


def operations():
    """(verb, path, operation) of the whole document."""
    for path, item in DOCUMENT["paths"].items():
        for verb, operation in item.items():
            if verb in VERBS:
                yield verb.upper(), path, operation


def body_schema(operation):
    body = operation.get("requestBody")
    return body and resolve(DOCUMENT, body["content"]["application/json"]["schema"])


def is_supported(operation):
    return set(operation["responses"]) != {"400"}


class Contract(ApiTestCase):
    def setUp(self):
        super().setUp()
        self.file = self.scratch / "file"
        self.file.write_bytes(bytes(1 << 20))

    def example(self, schema):
        """The least that the schema takes."""
        schema = resolve(DOCUMENT, schema)
        if schema["type"] == "object":
            return {key: self.example(schema["properties"][key]) for key in schema.get("required", ())}
        return self.value(schema)

    def value(self, schema, name=""):
        if "enum" in schema:
            return schema["enum"][0]
        if schema["type"] == "string":
            return {"guest_mac": "06:00:ac:10:00:02", "level": "Info",
                    "log_path": str(self.scratch / "log"), "kvm_capabilities": "7", "leaf": "0x1",
                    "subleaf": "0b0", "addr": "0x10a", "bitmap": "0bx",
                    "ipv4_address": "169.254.1.2", "network_interfaces": "x"}.get(
                        name, "x" if "pattern" in schema else str(self.file))
        return {"integer": schema.get("minimum", 0), "boolean": True, "array": ["x"]}[schema["type"]]

    def filled(self, schema, name=""):
        """All of the schema; of an array, one element."""
        schema = resolve(DOCUMENT, schema)
        if schema.get("type") == "object":
            return {key: self.filled(member, key) for key, member in schema.get("properties", {"any": {"type": "string"}}).items()
                    if "type" in resolve(DOCUMENT, member) or "example" in member}
        if "example" in schema:
            return schema["example"]
        if schema["type"] == "array":
            return [self.filled(schema["items"], name)]
        return self.value(schema, name)

    def assert_as_promised(self, verb, path, operation, answer):
        promised = operation["responses"].get(str(answer.status))
        self.assertIsNotNone(promised, f"{verb} {path}: {answer.status} {answer.text}")
        content = resolve(DOCUMENT, promised).get("content")
        if content is None:
            self.assertEqual(answer.text, "")
            return
        kind = answer.headers["Content-Type"]
        self.assertIn(kind, content)
        value = {"application/json": json.loads, "application/yaml": json_of}.get(kind, str)(answer.text)
        self.assertEqual(complaints(DOCUMENT, content[kind]["schema"], value), [])

    def test_the_document_is_served(self):
        _, client = self.serve()
        answer = client.get("/openapi.yaml")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.text, (FOLDER / "openapi.yaml").read_text())

    def test_each_path_has_the_verbs_of_the_document_and_no_others(self):
        _, client = self.serve()
        for path, item in DOCUMENT["paths"].items():
            with self.subTest(path=path):
                answer = client.ask("OPTIONS", path.replace("{id}", "x"))
                self.assertEqual(answer.status, 405)
                allowed = {verb.lower() for verb in answer.headers["Allow"].split(", ")}
                self.assertEqual(allowed, VERBS & set(item))
                self.assertEqual(complaints(DOCUMENT, {"$ref": "#/components/schemas/Error"},
                                            answer.json), [])

    def test_every_operation_answers_as_promised_before_the_start_and_after_it(self):
        for started in (False, True):
            _, client = self.start_one() if started else self.serve()
            for verb, path, operation in operations():
                if (verb, path) in (("PUT", "/actions"), ("PATCH", "/vm"), ("POST", "/v1/shutdown"),
                                    ("GET", "/v1/events")):
                    continue
                with self.subTest(verb=verb, path=path, started=started):
                    schema = body_schema(operation)
                    body = None if schema is None else self.example(schema)
                    answer = client.ask(verb, path.replace("{id}", "x"), body)
                    self.assert_as_promised(verb, path, operation, answer)
                    if not started and is_supported(operation) and verb == "PUT":
                        self.assertIn(answer.status, (200, 204), answer.text)
        self.assertEqual(self.state(client), "Running")

    def start_one(self):
        """A skiff that runs with everything that has something to tell."""
        self.socket = self.scratch / "second.sock"
        skiff, client = self.serve(stdin="pipe")
        self.describe(client, "virtio_balloon", "area=64")
        self.accepted(client.put("/balloon", {"amount_mib": 0, "deflate_on_oom": True,
                                              "stats_polling_interval_s": 1,
                                              "free_page_hinting": True}))
        self.accepted(client.put("/drives/x", {"drive_id": "x", "path_on_host": str(self.file),
                                               "is_root_device": True}))
        self.begin(client)
        skiff.expect("balloon features")
        for path in ("/balloon/statistics", "/balloon/hinting/status", "/vm/config"):
            self.assertEqual(client.get(path).status, 200)
        return skiff, client

    def test_everything_that_the_document_allows_is_taken(self):
        _, client = self.serve()
        for verb, path, operation in operations():
            schema = body_schema(operation)
            if verb != "PUT" or schema is None or path == "/actions":
                continue
            with self.subTest(path=path):
                body = self.filled(schema)
                self.assertEqual(complaints(DOCUMENT, schema, body), [])
                answer = client.put(path.replace("{id}", "x"), body)
                self.assertIn(answer.status, (200, 204), answer.text)
        told = client.get("/vm/config")
        self.assertEqual(complaints(DOCUMENT, {"$ref": "#/components/schemas/VmConfiguration"},
                                    told.json), [])

    def test_what_the_document_forbids_is_refused_by_the_name_of_its_field(self):
        _, client = self.serve()
        count = 0
        for verb, path, operation in operations():
            schema = body_schema(operation)
            if schema is None or schema.get("additionalProperties") is not False:
                continue
            for field, body in self.wrong_bodies(schema, self.filled(schema)):
                with self.subTest(verb=verb, path=path, field=field):
                    self.assertNotEqual(complaints(DOCUMENT, schema, body), [])
                    answer = client.ask(verb, path.replace("{id}", "x"), body)
                    self.assertEqual(answer.status, 400, answer.text)
                    self.assertEqual(answer.json.get("field"), field, answer.text)
                    count += 1
        self.assertGreater(count, 200)

    def wrong_bodies(self, schema, body, path=()):
        """(field, the body with just this wrong) for each member at every level."""
        level = resolve(DOCUMENT, schema)

        def with_member(key, value):
            changed = copy.deepcopy(body)
            inner = changed
            for step in path:
                inner = inner[0 if step == "[0]" else step]
            if value is None:
                del inner[key]
            else:
                inner[key] = value
            return changed

        def name(key):
            return ".".join((*path, key)).replace(".[0]", "[0]")

        yield name("no_such_key"), with_member("no_such_key", 1)
        for key, member in level.get("properties", {}).items():
            member = resolve(DOCUMENT, member)
            if "type" not in member:  # of the command line's many forms
                continue
            if key in level.get("required", ()):
                yield name(key), with_member(key, None)
            yield name(key), with_member(key, 7 if member["type"] != "integer" else "7")
            for limit, step in (("minimum", -1), ("maximum", 1)):
                if limit in member:
                    yield name(key), with_member(key, member[limit] + step)
            if "enum" in member or "pattern" in member:
                yield name(key), with_member(key, "!")
            if member["type"] == "object":
                yield from self.wrong_bodies(member, body, (*path, key))
            if member["type"] == "array":
                if resolve(DOCUMENT, member["items"])["type"] == "object":
                    yield from self.wrong_bodies(member["items"], body, (*path, key, "[0]"))
                else:
                    yield name(key) + "[0]", with_member(key, [7])

    def test_run_options_are_those_of_the_command_line(self):
        told = self.run_skiff("run", "--help").text
        options = set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", told, re.MULTILINE))
        known = set(DOCUMENT["components"]["schemas"]["RunOptions"]["properties"])
        self.assertEqual(known - options, set())
        _, client = self.serve()
        for option in sorted(options):
            with self.subTest(option=option):
                answer = client.put("/v1/run-options", {option: [[]]})
                self.assertIn("array", answer.json["fault_message"])
                answer = client.put("/v1/run-options", {option: True})
                has_no_place = answer.status == 400 and "no place" in answer.text
                self.assertEqual(has_no_place or "no such" in answer.text, option not in known)

    def test_the_schema_of_configuration_files_is_that_of_the_document(self):
        text = (FOLDER / "config.schema.json").read_text()
        schema = json.loads(text.replace("#/definitions/", "#/components/schemas/"))
        wanted = DOCUMENT["components"]["schemas"]
        for name, definition in schema["definitions"].items():
            self.assertEqual(definition, wanted[name])
        self.assertEqual(schema["properties"], wanted["VmConfiguration"]["properties"])
        self.assertEqual(schema["required"], ["boot-source"])

    def test_a_file_with_all_of_the_schema_is_fine(self):
        config = self.filled({"$ref": "#/components/schemas/VmConfiguration"})
        config["boot-source"]["kernel_image_path"] = payload_path("hello")
        # The least that is in range is too little for this.
        config["machine-config"]["mem_size_mib"] = 64
        file = self.scratch / "vm.json"
        file.write_text(json.dumps(config))
        finished = self.run_skiff("config", "check", file)
        self.assertEqual((finished.status, finished.error_text), (0, ""), os.fsdecode(file))


if __name__ == "__main__":
    main()
