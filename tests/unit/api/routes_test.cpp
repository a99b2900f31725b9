// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/routes.h"

#include <catch2/catch.hpp>
#include <optional>

#include "vmm/api/text/json_value.h"

namespace skiff::api {
namespace {

struct Asked {
    HttpAnswer answer;
    std::optional<Command> command;
};

Asked ask(const std::string& method, const std::string& path, const std::string& body = "",
          const Result<std::string>& result = std::string()) {
    Asked asked;
    asked.answer =
        answer({.method = method, .path = path, .body = body}, [&](const Command& given) {
            asked.command = given;
            return result;
        });
    return asked;
}

std::string member(const HttpAnswer& answer, std::string_view key) {
    const auto json = parse_json(answer.body);
    REQUIRE(json.ok());
    for (const auto& entry : *json->object()) {
        if (entry.key == key) {
            return *entry.value.string();
        }
    }
    return {};
}

TEST_CASE("A route makes its command, and an empty result is 204") {
    const Asked asked = ask("PUT", "/machine-config", R"({"vcpu_count": 2, "mem_size_mib": 64})");
    CHECK(asked.answer.status == 204);
    CHECK(asked.answer.body.empty());
    CHECK(std::get<MachineShape>(*asked.command).vcpu_count == 2);
    const Asked get = ask("GET", "/", "", std::string("{}"));
    CHECK(get.answer.status == 200);
    CHECK(get.answer.body == "{}");
    CHECK(std::holds_alternative<DescribeInstance>(*get.command));
    CHECK(std::holds_alternative<BalloonHintingStart>(
        *ask("PATCH", "/balloon/hinting/start").command));
}

TEST_CASE("The id in the path and the one in the body are the same") {
    const std::string body =
        R"({"drive_id": "rootfs", "path_on_host": "/x", "is_root_device": true})";
    CHECK(std::get<Drive>(*ask("PUT", "/drives/rootfs", body).command).drive_id == "rootfs");
    const Asked other = ask("PUT", "/drives/data", body);
    CHECK(other.answer.status == 400);
    CHECK_FALSE(other.command.has_value());
    CHECK_THAT(member(other.answer, "fault_message"),
               Catch::Contains("'data'") && Catch::Contains("'rootfs'"));
    CHECK(ask("PUT", "/drives/", body).answer.status == 404);
    CHECK(ask("PUT", "/drives/rootfs/x", body).answer.status == 404);
}

TEST_CASE("Faults have one form, with the path and the field") {
    const Asked wrong = ask("PUT", "/vsock", R"({"guest_cid": 1, "uds_path": "\"\n"})");
    CHECK(wrong.answer.status == 400);
    CHECK(wrong.answer.content_type == "application/json");
    CHECK(member(wrong.answer, "path") == "/vsock");
    CHECK(member(wrong.answer, "field") == "guest_cid");
    CHECK_THAT(member(wrong.answer, "fault_message"), Catch::StartsWith("guest_cid: "));
    const Asked failed = ask("PUT", "/actions", R"({"action_type": "InstanceStart"})",
                             Error::host("no \"KVM\"\x01"));
    CHECK(failed.answer.status == 400);
    CHECK(member(failed.answer, "fault_message") == "no \"KVM\"\x01");
    CHECK(ask("PUT", "/vsock", "{").answer.status == 400);
}

TEST_CASE("Unknown paths are 404 and wrong verbs 405 with Allow") {
    const Asked unknown = ask("PUT", "/machine-confg", "{}");
    CHECK(unknown.answer.status == 404);
    CHECK_THAT(member(unknown.answer, "fault_message"),
               Catch::Contains("did you mean /machine-config?"));
    const Asked verb = ask("POST", "/machine-config", "{}");
    CHECK(verb.answer.status == 405);
    CHECK(verb.answer.allow == "GET, PUT, PATCH");
    CHECK_FALSE(member(verb.answer, "fault_message").empty());
    CHECK_FALSE(verb.command.has_value());
}

TEST_CASE("Bodies are there where they are needed, and only there") {
    CHECK(ask("PUT", "/vsock").answer.status == 400);
    CHECK(ask("GET", "/version", "{}").answer.status == 400);
    CHECK(ask("PATCH", "/balloon/hinting/start", "{}").answer.status == 204);
}

TEST_CASE("What Firecracker has and skiff has not is 400 and says so") {
    for (const auto& [method, path] : {std::pair{"PUT", "/snapshot/create"},
                                       {"PUT", "/snapshot/load"},
                                       {"GET", "/hotplug/memory"},
                                       {"DELETE", "/drives/rootfs"}}) {
        INFO(path);
        const Asked asked = ask(method, path, "{\"anything\": 1}");
        CHECK(asked.answer.status == 400);
        CHECK_THAT(member(asked.answer, "fault_message"), Catch::EndsWith("not supported yet"));
        CHECK_FALSE(asked.command.has_value());
    }
}

}  // namespace
}  // namespace skiff::api
