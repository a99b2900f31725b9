// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/routes.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

#include "base/suggestion.h"
#include "vmm/api/openapi_document.h"
#include "vmm/api/reports/prometheus_text.h"
#include "vmm/api/resources/cpu_config.h"
#include "vmm/api/resources/parse_resources.h"
#include "vmm/api/resources/write_resources.h"

namespace skiff::api {
namespace {

/// The part of a path that a client chooses: "/drives/{}".
constexpr std::string_view kId = "{}";

constexpr std::string_view kDocumentPath = "/openapi.yaml";

struct StreamRoute {
    std::string_view path;
    StreamKind kind;
};
constexpr std::array kStreamRoutes = {
    StreamRoute{"/v1/events", StreamKind::kEvents},
    StreamRoute{"/v1/console", StreamKind::kConsole},
};

enum class Body {
    kNone,      ///< A body is an error.
    kOptional,  ///< None is as {}.
    kRequired,
};

struct Route {
    std::string_view path;
    std::string_view method;
    Body body;
    /// Makes the command; `id` is what stood in the place of kId.
    Result<Command> (*parse)(const JsonValue& json, const std::string& id);
    /// Of an answer with a body.
    std::string_view content_type = "application/json";
};

template <typename T>
Result<Command> plain(const JsonValue& /*json*/, const std::string& /*id*/) {
    return Command(T{});
}

/// What may be any JSON.
template <typename T>
Result<Command> whole_body(const JsonValue& json, const std::string& /*id*/) {
    return Command(T{json});
}

/// A parser that takes the object's path in errors, which for a body is nothing.
template <auto kParse>
Result<Command> body(const JsonValue& json, const std::string& /*id*/) {
    const auto parse = [&json] {
        if constexpr (requires { kParse(json, std::string()); }) {
            return kParse(json, std::string());
        } else {
            return kParse(json);
        }
    };
    auto resource = parse();
    if (!resource.ok()) {
        return resource.error();
    }
    return Command(std::move(resource).value());
}

/// The same, where the body names the id of the path once more.
template <auto kParse, auto kIdField>
Result<Command> body_with_id(const JsonValue& json, const std::string& id) {
    SKIFF_ASSIGN_OR_RETURN(Command command, body<kParse>(json, id));
    const std::string* named = nullptr;
    std::visit(
        [&](const auto& resource) {
            if constexpr (requires { resource.*kIdField; }) {
                named = &(resource.*kIdField);
            }
        },
        command);
    if (named == nullptr || *named != id) {
        return Error::user(fmt::format("the path names '{}', the body '{}': they must be the same",
                                       id, named == nullptr ? "" : *named));
    }
    return command;
}

Result<Command> not_supported(const JsonValue& /*json*/, const std::string& /*id*/) {
    return Error::user("not supported yet");
}

constexpr std::array kRoutes = {
    Route{"/", "GET", Body::kNone, plain<DescribeInstance>},
    Route{"/version", "GET", Body::kNone, plain<GetVersion>},
    Route{"/vm/config", "GET", Body::kNone, plain<GetVmConfig>},
    Route{"/vm", "PATCH", Body::kRequired, body<parse_state_change>},
    Route{"/actions", "PUT", Body::kRequired, body<parse_action>},
    Route{"/machine-config", "GET", Body::kNone, plain<GetMachineShape>},
    Route{"/machine-config", "PUT", Body::kRequired, body<parse_machine_shape>},
    Route{"/machine-config", "PATCH", Body::kRequired, body<parse_machine_shape_update>},
    Route{"/cpu-config", "PUT", Body::kRequired, body<parse_cpu_config>},
    Route{"/boot-source", "PUT", Body::kRequired, body<parse_boot_source>},
    Route{"/drives/{}", "PUT", Body::kRequired, body_with_id<parse_drive, &Drive::drive_id>},
    Route{"/drives/{}", "PATCH", Body::kRequired,
          body_with_id<parse_drive_update, &DriveUpdate::drive_id>},
    Route{"/drives/{}", "DELETE", Body::kOptional, not_supported},
    Route{"/network-interfaces/{}", "PUT", Body::kRequired,
          body_with_id<parse_network_interface, &NetworkInterface::iface_id>},
    Route{"/network-interfaces/{}", "PATCH", Body::kRequired,
          body_with_id<parse_network_interface_update, &NetworkInterfaceUpdate::iface_id>},
    Route{"/network-interfaces/{}", "DELETE", Body::kOptional, not_supported},
    Route{"/balloon", "GET", Body::kNone, plain<GetBalloon>},
    Route{"/balloon", "PUT", Body::kRequired, body<parse_balloon>},
    Route{"/balloon", "PATCH", Body::kRequired, body<parse_balloon_update>},
    Route{"/balloon/statistics", "GET", Body::kNone, plain<GetBalloonStatistics>},
    Route{"/balloon/statistics", "PATCH", Body::kRequired, body<parse_balloon_statistics_update>},
    Route{"/balloon/hinting/start", "PATCH", Body::kOptional, body<parse_balloon_hinting_start>},
    Route{"/balloon/hinting/status", "GET", Body::kNone, plain<GetBalloonHinting>},
    Route{"/balloon/hinting/stop", "PATCH", Body::kOptional, plain<BalloonHintingStop>},
    Route{"/vsock", "PUT", Body::kRequired, body<parse_vsock>},
    Route{"/entropy", "PUT", Body::kRequired, body<parse_entropy>},
    Route{"/serial", "PUT", Body::kRequired, body<parse_serial>},
    Route{"/logger", "PUT", Body::kRequired, body<parse_logger>},
    Route{"/metrics", "PUT", Body::kRequired, body<parse_metrics>},
    // Ours.
    Route{"/metrics/prometheus", "GET", Body::kNone, plain<GetPrometheusMetrics>,
          kPrometheusContentType},
    Route{"/v1/stats", "GET", Body::kNone, plain<GetStats>},
    Route{"/v1/shutdown", "POST", Body::kOptional, body<parse_shutdown>},
    Route{"/v1/balloon", "GET", Body::kNone, plain<GetBalloonSize>},
    Route{"/v1/balloon", "PUT", Body::kRequired, body<parse_balloon_target>},
    Route{"/v1/run-options", "GET", Body::kNone, plain<GetMachineOptions>},
    Route{"/v1/run-options", "PUT", Body::kRequired, body<parse_machine_options>},
    Route{"/mmds", "GET", Body::kNone, plain<GetMetadata>},
    Route{"/mmds", "PUT", Body::kRequired, whole_body<Metadata>},
    Route{"/mmds", "PATCH", Body::kRequired, whole_body<MetadataPatch>},
    Route{"/mmds/config", "PUT", Body::kRequired, body<parse_mmds_config>},
    // Firecracker's, and not ours yet. What they take is not looked at.
    Route{"/snapshot/create", "PUT", Body::kOptional, not_supported},
    Route{"/snapshot/load", "PUT", Body::kOptional, not_supported},
    Route{"/pmem/{}", "PUT", Body::kOptional, not_supported},
    Route{"/pmem/{}", "PATCH", Body::kOptional, not_supported},
    Route{"/pmem/{}", "DELETE", Body::kOptional, not_supported},
    Route{"/hotplug/memory", "GET", Body::kOptional, not_supported},
    Route{"/hotplug/memory", "PUT", Body::kOptional, not_supported},
    Route{"/hotplug/memory", "PATCH", Body::kOptional, not_supported},
};

/// Whether the path is the route's; `id` gets what stands for kId.
bool matches(std::string_view route, std::string_view path, std::string& id) {
    if (!route.ends_with(kId)) {
        return route == path;
    }
    const std::string_view before = route.substr(0, route.size() - kId.size());
    if (!path.starts_with(before) || path.size() == before.size() ||
        path.find('/', before.size()) != std::string_view::npos) {
        return false;
    }
    id = path.substr(before.size());
    return true;
}

HttpAnswer fault(unsigned status, const HttpRequest& request, const Error& error) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = fault_json(error.message(), request.path, error.field());
    return answer;
}

HttpAnswer unknown_path(const HttpRequest& request) {
    std::vector<std::string_view> known;
    known.reserve(kRoutes.size() + kStreamRoutes.size() + 1);
    for (const Route& route : kRoutes) {
        known.push_back(route.path);
    }
    for (const StreamRoute& route : kStreamRoutes) {
        known.push_back(route.path);
    }
    known.push_back(kDocumentPath);
    const std::string_view meant = nearest(request.path, known);
    return fault(404, request,
                 Error::user(fmt::format(
                     "there is no path {}{}", request.path,
                     meant.empty() ? std::string() : fmt::format(": did you mean {}?", meant))));
}

HttpAnswer wrong_verb(const HttpRequest& request, const std::string& allowed) {
    HttpAnswer answer = fault(405, request,
                              Error::user(fmt::format("{} is not possible on {}: {} is",
                                                      request.method, request.path, allowed)));
    answer.allow = allowed;
    return answer;
}

Result<Command> parse(const Route& route, const HttpRequest& request, const std::string& id) {
    if (route.parse == not_supported) {
        return Error::user(fmt::format("{} {}: not supported yet", route.method, request.path));
    }
    if (route.body == Body::kNone && !request.body.empty()) {
        return Error::user(fmt::format("{} {} takes no body", route.method, request.path));
    }
    if (request.body.empty()) {
        if (route.body == Body::kRequired) {
            return Error::user(fmt::format("{} {} needs a body", route.method, request.path));
        }
        return route.parse(JsonValue(JsonValue::Object()), id);
    }
    SKIFF_ASSIGN_OR_RETURN(const JsonValue json, parse_json(request.body));
    return route.parse(json, id);
}

HttpAnswer document() {
    HttpAnswer answer;
    answer.status = 200;
    answer.body = kOpenApiDocument;
    answer.content_type = "application/yaml";
    return answer;
}

HttpAnswer run(const Route& route, const HttpRequest& request, const std::string& id,
               const CommandHandler& handle) {
    const Result<Command> command = parse(route, request, id);
    if (!command.ok()) {
        return fault(400, request, command.error());
    }
    Result<std::string> result = handle(*command);
    if (!result.ok()) {
        return fault(400, request, result.error());
    }
    HttpAnswer answer;
    answer.status = result->empty() ? 204 : 200;
    answer.body = std::move(*result);
    answer.content_type = route.content_type;
    return answer;
}

}  // namespace

HttpAnswer answer(const HttpRequest& request, const CommandHandler& handle,
                  const StreamHandler& open_stream) {
    if (request.path == kDocumentPath) {
        return request.method == "GET" ? document() : wrong_verb(request, "GET");
    }
    for (const StreamRoute& route : kStreamRoutes) {
        if (route.path == request.path) {
            return request.method == "GET" ? open_stream(route.kind, request)
                                           : wrong_verb(request, "GET");
        }
    }
    std::string allowed;
    for (const Route& route : kRoutes) {
        std::string id;
        if (!matches(route.path, request.path, id)) {
            continue;
        }
        if (route.method == request.method) {
            return run(route, request, id, handle);
        }
        allowed += allowed.empty() ? "" : ", ";
        allowed += route.method;
    }
    return allowed.empty() ? unknown_path(request) : wrong_verb(request, allowed);
}

}  // namespace skiff::api
