// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/config_file.h"

#include <catch2/catch.hpp>

#include "tests/support/temporary_file.h"

namespace skiff::api {
namespace {

std::string error_of(std::string_view text) {
    const auto commands = parse_config(text, ConfigForm::kJson);
    REQUIRE_FALSE(commands.ok());
    CHECK(commands.error().kind() == ErrorKind::kUser);
    return commands.error().message();
}

TEST_CASE("A configuration file is the commands that it stands for") {
    const auto commands = parse_config(R"({
        "boot-source": {"kernel_image_path": "/k"},
        "machine-config": {"vcpu_count": 1, "mem_size_mib": 64},
        "drives": [{"drive_id": "a", "path_on_host": "/a", "is_root_device": false},
                   {"drive_id": "b", "path_on_host": "/b", "is_root_device": true}],
        "network-interfaces": [], "vsock": null, "mmds-config": null, "pmem": []})",
                                       ConfigForm::kJson);
    REQUIRE(commands.ok());
    REQUIRE(commands->size() == 4);
    CHECK(std::get<BootSource>(commands->at(0)).kernel_image_path == "/k");
    CHECK(std::get<Drive>(commands->at(3)).drive_id == "b");
}

TEST_CASE("Unknown keys of a configuration file are refused at every level") {
    const std::string boot = R"("boot-source": {"kernel_image_path": "/k"})";
    CHECK(error_of("{" + boot + R"(, "drive": []})") == "drive: unknown key: did you mean drives?");
    CHECK(error_of("{" + boot + R"(, "machine_config": {}})") ==
          "machine_config: unknown key: did you mean machine-config?");
    CHECK(error_of("{" + boot + R"(, "drives": [{"drive_id": "a", "is_root_device": true,
                   "path_on_hots": "/a"}]})") ==
          "drives[0].path_on_hots: unknown key: did you mean path_on_host?");
    CHECK(error_of("{" + boot + R"(, "drives": {}})") ==
          "drives: an array was expected, this is an object");
    CHECK(error_of("{}") == "boot-source: missing: an object is needed");
    CHECK(error_of("{" + boot + R"(, "mmds-config": {"network_interfaces": []}})") ==
          "mmds-config.network_interfaces: at least one interface was expected");
}

TEST_CASE("A file that cannot be read, or says what cannot be, is named") {
    const auto missing = load_config("/no/such/vm.json", nullptr);
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().kind() == ErrorKind::kUser);
    CHECK(missing.error().message() == "cannot read '/no/such/vm.json': No such file or directory");
    CHECK_FALSE(load_config("/", nullptr).ok());

    const std::string text = R"({"boot-source": {"kernel_image_path": "/no/such/kernel"}})";
    const test::TemporaryFile file(test::Bytes(text.begin(), text.end()));
    const auto wrong = load_config(file.path(), nullptr);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().message() == file.path() +
                                         ": kernel_image_path: cannot open '/no/such/kernel': No "
                                         "such file or directory");
}

}  // namespace
}  // namespace skiff::api
